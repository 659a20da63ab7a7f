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
