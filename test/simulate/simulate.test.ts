// Fifty lives of whole clusters, the same life twice, and the world's own examination: the mistakes that it has to find.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { live } from '../../sim/life.ts';
import { mutations } from '../../sim/mutations.ts';

const root = resolve(import.meta.dirname, '../..');

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(script: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const command = ['--disable-warning=ExperimentalWarning', join(root, 'sim', script), ...args];
    execFile(process.execPath, command, { cwd: root, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

describe('the simulated world', { concurrency: 2 }, () => {
  it('lives the same life twice', async () => {
    const first = await live({ seed: 5 });
    const again = await live({ seed: 5 });
    assert.ok(first.traceLength > 500, `only ${first.traceLength} lines`);
    assert.equal(again.traceHash, first.traceHash);
    assert.notEqual((await live({ seed: 14 })).traceHash, first.traceHash);
  });

  it('lives fifty lives in which no rule is broken', async () => {
    const { code, output } = await run('main.ts', '--seeds', '50', '--jobs', '2');
    assert.equal(code, 0, output);
    assert.equal([...output.matchAll(/^seed \d+: ok/gm)].length, 50, output);
  });

  // One process for all: loading the code takes as long as several lives.
  it('finds every mistake that it knows', async () => {
    const { code, output } = await run('hunt.ts');
    assert.equal(code, 0, output);
    assert.equal([...output.matchAll(/^found: /gm)].length, Object.keys(mutations).length, output);
  });
});
