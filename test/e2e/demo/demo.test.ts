// The main job as a user does it, in a network namespace of its own: the demo, then `down`, then nothing of it is left.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');
const netns = `tdemo${process.pid % 100_000}`;
const dataDir = mkdtempSync(join(tmpdir(), 'tutti-demo-'));
const sh = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });

/** Runs the command in the namespace; gives its exit code and everything that it said. */
function tutti(...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${netns}`, process.execPath, join(root, 'bin/tutti.mjs'), ...args, '--data-dir', dataDir],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  return new Promise((done) => child.on('close', (code) => done({ code, text })));
}

before(() => {
  sh(`ip netns add ${netns}; ip -n ${netns} link set lo up; ip -n ${netns} link add up0 type bridge
    ip -n ${netns} addr add 192.0.2.1/24 dev up0; ip -n ${netns} link set up0 up; ip -n ${netns} route add default via 192.0.2.254`);
});

after(async () => {
  await tutti('down');
  sh(`ip netns del ${netns} || true`);
  rmSync(dataDir, { recursive: true, force: true });
});

test('the demo scales, heals and rolls without a failed request, and down leaves nothing', { timeout: 560_000 }, async () => {
  const demo = await tutti('demo', '--fast');
  assert.equal(demo.code, 0, demo.text);
  assert.match(demo.text, /requests failed {4}0\n/);
  assert.match(demo.text, /scaled +from 2 to ([3-9]|10) replicas, and back to 2/);
  assert.match(demo.text, /, 0 during the rolling update/);

  const status = await tutti('status');
  assert.deepEqual([status.code, /nodes: +1\/1 ready/.test(status.text)], [0, true], status.text);
  const down = await tutti('down');
  assert.equal(down.code, 0, down.text);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(dataDir));
  assert.equal(sh(`ip netns exec ${netns} nft list tables`), '');
  const commands = readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
    } catch {
      return [];
    }
  });
  assert.deepEqual(
    commands.filter((command) => command.includes(dataDir)),
    [],
  );
  assert.equal(sh(`ip -n ${netns} -o link show type veth`), '');
});
