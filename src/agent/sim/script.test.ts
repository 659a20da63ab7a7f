import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptAnnotation, scriptOf } from './script.ts';

const exitOf = (...command: string[]) => scriptOf('c', {}, command).exit;

test('simple commands end as they would', () => {
  assert.deepEqual(exitOf('true'), { afterMs: 0, code: 0 });
  assert.deepEqual(exitOf('/bin/false'), { afterMs: 0, code: 1 });
  assert.deepEqual(exitOf('sleep', '1.5'), { afterMs: 1500, code: 0 });
  assert.deepEqual(exitOf('sleep', '2m'), { afterMs: 120_000, code: 0 });
  assert.deepEqual(exitOf('sh', '-c', 'sleep 3 && exit 7'), { afterMs: 3000, code: 7 });
  assert.deepEqual(exitOf('/bin/sh', '-ec', 'echo hi; false'), { afterMs: 0, code: 1 });
  assert.equal(scriptOf('c', {}, ['sh', '-c', 'echo "hello world"; sleep 1']).output, 'hello world\n');
});

test('everything else runs for ever', () => {
  for (const command of [[], ['nginx'], ['sleep', 'infinity'], ['sh'], ['sh', '-c', 'while true; do sleep 1; done']]) {
    assert.equal(exitOf(...command), undefined, command.join(' '));
  }
});

test('the annotation says more, for one container or for all', () => {
  const annotations = {
    [scriptAnnotation]: JSON.stringify({ '*': { readySeconds: 2, cpuMillis: 250 }, job: { exitAfterSeconds: 1, exitCode: 3 } }),
  };
  assert.equal(scriptOf('web', annotations, []).readyMs, 2000);
  assert.equal(scriptOf('web', annotations, []).cpuMillis, 250);
  assert.deepEqual(scriptOf('job', annotations, ['true']).exit, { afterMs: 1000, code: 3 });
  assert.equal(scriptOf('job', annotations, []).readyMs, 0);
});

test('a broken annotation counts as none', () => {
  for (const text of ['{', 'null', '[]', '"x"', '{"*":5}', '{"c":{"readySeconds":"soon","exitAfterSeconds":-1}}']) {
    const script = scriptOf('c', { [scriptAnnotation]: text }, ['nginx']);
    assert.equal(script.readyMs, 0, text);
  }
});

test('scripts know variables, tests, files and how commands hang together', () => {
  const files = new Set<string>();
  const run = (script: string, env: Record<string, string> = {}) => scriptOf('c', {}, ['sh', '-c', script], { env, files });
  const once = 'if-not-known';
  assert.equal(run(once).exit, undefined);
  const failOnce = '[ -f /data/seen ] && exit 0; touch /data/seen; exit 1';
  assert.equal(run(failOnce).exit?.code, 1);
  assert.equal(run(failOnce).exit?.code, 0);
  const odd = '[ "$INDEX" = 0 ] || [ ${INDEX} = 2 ] || exit 42';
  assert.deepEqual(
    ['0', '1', '2', '3'].map((INDEX) => run(odd, { INDEX }).exit?.code),
    [0, 42, 0, 42],
  );
  assert.equal(run("[ $A != yes ] && echo '$A' $A", { A: 'no' }).output, '$A no\n');
  assert.deepEqual(run('[ $A = no ] && sleep 5 || sleep 60', { A: 'no' }).exit, { afterMs: 5000, code: 0 });
  assert.equal(scriptOf('c', {}, ['echo', '$A'], { env: { A: 'x' }, files }).output, '$A\n');
});
