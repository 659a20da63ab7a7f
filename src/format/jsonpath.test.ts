import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonPath } from './jsonpath.ts';

const pod = {
  metadata: { name: 'p', labels: { 'app.kubernetes.io/name': 'web' }, annotations: { "it's": 'x' } },
  spec: { containers: [{ name: 'a', ports: [{ port: 80 }] }, { name: 'b' }, { name: 'c' }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', n: 3 },
      { type: 'Other', status: 'False', n: 5 },
    ],
  },
};

test('JSONPath finds what kubectl finds', () => {
  const table: readonly [string, unknown[]][] = [
    ['.metadata.name', ['p']],
    ['{.metadata.name}', ['p']],
    ['$.metadata.name', ['p']],
    ['metadata.name', ['p']],
    ['.spec.containers[*].name', ['a', 'b', 'c']],
    ['.spec.containers[0].name', ['a']],
    ['.spec.containers[-1].name', ['c']],
    ['.spec.containers[1:].name', ['b', 'c']],
    ['.spec.containers[0:3:2].name', ['a', 'c']],
    ['.spec.containers[:-1].name', ['a', 'b']],
    ['.spec.containers[0,2].name', ['a', 'c']],
    ['.spec.containers[9].name', []],
    ["['metadata']['name']", ['p']],
    ['.metadata.labels.app\\.kubernetes\\.io/name', ['web']],
    ["{.metadata.labels['app.kubernetes.io/name']}", ['web']],
    [".metadata.annotations['it\\'s']", ['x']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type != 'Ready')].status", ['False']],
    ['.status.conditions[?(@.n >= 4)].type', ['Other']],
    ['.spec.containers[?(@.ports)].name', ['a']],
    ['.status.conditions[?(@.missing=="x")].type', []],
    ['..port', [80]],
    ['.metadata.missing.deeper', []],
    ['.metadata.toString', []],
    ['.metadata.*', ['p', pod.metadata.labels, pod.metadata.annotations]],
    ['.', [pod]],
    ['{}', [pod]],
  ];
  for (const [path, found] of table) assert.deepEqual(parseJsonPath(path).find(pod), found, path);
});

test('what is no JSONPath is refused', () => {
  for (const path of ['.a[', '.a[x]', '.a[?(@.b==)]', '.a[?(@.b==1]', '.a b', '.a[::0]', '.a[0:1:-1]'])
    assert.throws(() => parseJsonPath(path), { name: 'JsonPathError' }, path);
});
