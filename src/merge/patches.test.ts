import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deployment } from '#api/apps/v1/deployment.ts';
import { Pod } from '#api/core/v1/pod.ts';
import { Service } from '#api/core/v1/service.ts';
import type { Json } from '#api/dsl.ts';
import { applyJsonPatch, parseJsonPatch } from './jsonPatch.ts';
import { applyMergePatch } from './mergePatch.ts';
import { applyStrategicPatch } from './strategic.ts';

test('JSON patch: each operation, escapes, list ends', () => {
  const doc = { a: { 'b/c': 1 }, list: [1, 2, 3] };
  assert.deepEqual(applyJsonPatch(doc, [{ op: 'add', path: '/a/x~0y', value: 2 }]), { a: { 'b/c': 1, 'x~y': 2 }, list: [1, 2, 3] });
  assert.deepEqual(applyJsonPatch(doc, [{ op: 'replace', path: '/a/b~1c', value: 5 }]), { a: { 'b/c': 5 }, list: [1, 2, 3] });
  assert.deepEqual(
    applyJsonPatch(doc, [
      { op: 'add', path: '/list/-', value: 4 },
      { op: 'add', path: '/list/0', value: 0 },
    ]),
    { ...doc, list: [0, 1, 2, 3, 4] },
  );
  assert.deepEqual(applyJsonPatch(doc, [{ op: 'remove', path: '/list/1' }]), { ...doc, list: [1, 3] });
  assert.deepEqual(applyJsonPatch(doc, [{ op: 'move', from: '/list/0', path: '/first' }]), { a: { 'b/c': 1 }, list: [2, 3], first: 1 });
  assert.deepEqual(
    applyJsonPatch(doc, [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'test', path: '/b', value: { 'b/c': 1 } },
    ]),
    { ...doc, b: { 'b/c': 1 } },
  );
  assert.deepEqual(doc, { a: { 'b/c': 1 }, list: [1, 2, 3] });
});

test('JSON patch: what does not apply is refused', () => {
  const doc = { list: [1] };
  for (const operation of [
    { op: 'remove', path: '/none' },
    { op: 'replace', path: '/none', value: 1 },
    { op: 'add', path: '/no/where', value: 1 },
    { op: 'add', path: '/list/3', value: 1 },
    { op: 'test', path: '/list/0', value: 2 },
    { op: 'move', from: '/none', path: '/x' },
    { op: 'fly', path: '/list' },
  ])
    assert.throws(
      () => applyJsonPatch(doc, [operation]),
      { kind: operation.op === 'test' ? 'untrue' : 'inapplicable' },
      JSON.stringify(operation),
    );
  assert.throws(() => parseJsonPatch({}), { kind: 'malformed' });
});

test('merge patch: the examples of RFC 7386', () => {
  const table: [Json, Json, Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [doc, patch, want] of table) assert.deepEqual(applyMergePatch(doc, patch), want);
});

const containers = (...list: Json[]): Json => ({ spec: { containers: list } });
const strategic: [string, Json, Json, Json][] = [
  [
    'containers merge by name',
    containers({ name: 'a', image: '1' }, { name: 'b', image: '1' }),
    containers({ name: 'b', image: '2' }),
    containers({ name: 'a', image: '1' }, { name: 'b', image: '2' }),
  ],
  [
    'a new container comes first, as in Kubernetes',
    containers({ name: 'a' }),
    containers({ name: 'b', image: '2' }),
    containers({ name: 'b', image: '2' }, { name: 'a' }),
  ],
  [
    '$patch: delete removes one',
    containers({ name: 'a' }, { name: 'b' }),
    containers({ name: 'a', $patch: 'delete' }),
    containers({ name: 'b' }),
  ],
  [
    '$patch: replace replaces the list',
    containers({ name: 'a' }, { name: 'b' }),
    containers({ $patch: 'replace' }, { name: 'c' }),
    containers({ name: 'c' }),
  ],
  [
    'nested lists merge too',
    containers({
      name: 'a',
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '1' },
      ],
    }),
    containers({ name: 'a', env: [{ name: 'Y', value: '2' }] }),
    containers({
      name: 'a',
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '2' },
      ],
    }),
  ],
  [
    'atomic lists are replaced',
    containers({ name: 'a', args: ['1', '2'] }),
    containers({ name: 'a', args: ['3'] }),
    containers({ name: 'a', args: ['3'] }),
  ],
  [
    'null removes a key',
    { metadata: { labels: { a: '1', b: '2' } } },
    { metadata: { labels: { a: null } } },
    { metadata: { labels: { b: '2' } } },
  ],
  ['nulls where there is nothing are dropped', {}, { metadata: { labels: { a: null, b: '1' } } }, { metadata: { labels: { b: '1' } } }],
  [
    '$setElementOrder arranges',
    containers({ name: 'a' }, { name: 'b' }, { name: 'c' }),
    { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }], containers: [{ name: 'c', image: '2' }] } },
    containers({ name: 'b' }, { name: 'c', image: '2' }, { name: 'a' }),
  ],
  [
    'finalizers are a set',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { finalizers: ['b', 'c'] } },
    { metadata: { finalizers: ['a', 'b', 'c'] } },
  ],
  [
    '$deleteFromPrimitiveList',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    { metadata: { finalizers: ['b'] } },
  ],
  [
    '$retainKeys drops what is not listed',
    { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
    { spec: { volumes: [{ $retainKeys: ['name', 'configMap'], name: 'v', configMap: { name: 'c' } }] } },
    { spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] } },
  ],
  [
    '$patch: replace on a map',
    { spec: { nodeSelector: { a: '1' } } },
    { spec: { nodeSelector: { $patch: 'replace', b: '2' } } },
    { spec: { nodeSelector: { b: '2' } } },
  ],
];
for (const [name, doc, patch, want] of strategic)
  test(`strategic merge: ${name}`, () => assert.deepEqual(applyStrategicPatch(doc, patch, Pod), want));

test('strategic merge: Deployment strategy and Service ports', () => {
  const rolling = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
  assert.deepEqual(applyStrategicPatch(rolling, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, Deployment), {
    spec: { strategy: { type: 'Recreate' } },
  });
  const ports = {
    spec: {
      ports: [
        { port: 80, name: 'a' },
        { port: 443, name: 'b' },
      ],
    },
  };
  assert.deepEqual(applyStrategicPatch(ports, { spec: { ports: [{ port: 443, targetPort: 8443 }] } }, Service), {
    spec: {
      ports: [
        { port: 80, name: 'a' },
        { port: 443, name: 'b', targetPort: 8443 },
      ],
    },
  });
});

test('strategic merge: what makes no sense is refused', () => {
  assert.throws(
    () => applyStrategicPatch({}, { spec: { $patch: 'fly' } }, Pod) && applyStrategicPatch({ spec: {} }, { spec: { $patch: 'fly' } }, Pod),
    /unknown patch type/,
  );
  assert.throws(
    () => applyStrategicPatch(containers({ name: 'a' }), containers({ image: '1' }), Pod),
    /does not contain declared merge key: name/,
  );
});

test('JSON patch: errors read as those of the Go library', () => {
  const doc = { list: [1], map: {} };
  const table: [string, string, string][] = [
    ['remove', '/none', "error in remove for path: '/none': Unable to remove nonexistent key: none: missing value"],
    ['remove', '/no/where', 'remove operation does not apply: doc is missing path: "/no/where": missing value'],
    ['replace', '/none', 'replace operation does not apply: doc is missing key: /none: missing value'],
    ['add', '/no/where', 'add operation does not apply: doc is missing path: "/no/where": missing value'],
    ['add', '/list/3', "error in add for path: '/list/3': Unable to access invalid index: 3: invalid index referenced"],
    [
      'add',
      '/list/x',
      `error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax`,
    ],
    ['test', '/list/0', 'testing value /list/0 failed: test failed'],
    ['fly', '/list', 'Unexpected kind: fly'],
  ];
  for (const [op, path, message] of table) assert.throws(() => applyJsonPatch(doc, [{ op, path, value: 2 }]), { message });
  assert.deepEqual(applyJsonPatch(doc, [{ op: 'replace', path: '/list/-1', value: 2 }]), { list: [2], map: {} });
});

test('JSON patch: copies cannot blow a document up', () => {
  const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '', path: `/c${index}` }));
  assert.throws(() => applyJsonPatch({ a: 'x'.repeat(100) }, doubling), /accumulated size increase of copy/);
});

test('patches cannot reach the prototype', () => {
  const hostile = JSON.parse('{"metadata":{"labels":{"__proto__":{"x":"1"}}}}') as Json;
  for (const result of [
    applyMergePatch({ metadata: { labels: {} } }, hostile),
    applyStrategicPatch({ metadata: { labels: {} } }, hostile, Pod),
  ]) {
    const { labels } = (result as { metadata: { labels: object } }).metadata;
    assert.equal(Object.getPrototypeOf(labels), Object.prototype);
    assert.equal(Object.hasOwn(labels, '__proto__'), true);
  }
});

test('strategic merge: the patch decides the order of its items, the server that of its own', () => {
  const names = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f'));
  fc.assert(
    fc.property(names, names, (live, wanted) => {
      const result = applyStrategicPatch(
        containers(...live.map((name) => ({ name }))),
        containers(...wanted.map((name) => ({ name }))),
        Pod,
      );
      const got = (result as { spec: { containers: { name: string }[] } }).spec.containers.map((item) => item.name);
      assert.deepEqual(
        got.filter((name) => wanted.includes(name)),
        wanted,
      );
      assert.deepEqual(
        got.filter((name) => !wanted.includes(name)),
        live.filter((name) => !wanted.includes(name)),
      );
      assert.equal(new Set(got).size, got.length);
    }),
    { seed: 9, numRuns: 300 },
  );
});
