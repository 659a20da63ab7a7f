// Strategic merge patches by table: each directive on each kind of list and map, and the words of what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deployment } from '#api/apps/v1/deployment.ts';
import { Pod } from '#api/core/v1/pod.ts';
import { Service } from '#api/core/v1/service.ts';
import { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import type { Json, Struct } from '#api/dsl.ts';
import { applyStrategicPatch, StrategicPatchError } from './strategic.ts';

const containers = (...list: Json[]): Json => ({ spec: { containers: list } });
const named = (name: string): Json => ({ name });
const [a, b, c, d] = [named('a'), named('b'), named('c'), named('d')];
const spec = (fields: Json): Json => ({ spec: fields });
const meta = (fields: Json): Json => ({ metadata: fields });

type Row = readonly [name: string, before: Json, patch: Json, after: Json, struct?: Struct];
const rows: readonly Row[] = [
  // Maps and leaves.
  ['a leaf is replaced', spec({ nodeName: 'x' }), spec({ nodeName: 'y' }), spec({ nodeName: 'y' })],
  ['a leaf is added', spec({}), spec({ nodeName: 'y' }), spec({ nodeName: 'y' })],
  ['null removes a leaf', spec({ nodeName: 'x', hostname: 'h' }), spec({ nodeName: null }), spec({ hostname: 'h' })],
  ['null removes a map', spec({ nodeSelector: { a: '1' } }), spec({ nodeSelector: null }), spec({})],
  ['null removes a list', containers(a), spec({ containers: null }), spec({})],
  ['null where nothing is', {}, meta({ labels: null }), meta({})],
  ['an empty patch changes nothing', containers(a, b), {}, containers(a, b)],
  ['maps merge', spec({ nodeSelector: { a: '1' } }), spec({ nodeSelector: { b: '2' } }), spec({ nodeSelector: { a: '1', b: '2' } })],
  ['an empty map changes nothing', meta({ labels: { a: '1' } }), meta({ labels: {} }), meta({ labels: { a: '1' } })],
  ['$patch: replace on a map', meta({ labels: { a: '1' } }), meta({ labels: { $patch: 'replace', b: '2' } }), meta({ labels: { b: '2' } })],
  ['$patch: replace with nothing', meta({ labels: { a: '1' } }), meta({ labels: { $patch: 'replace' } }), meta({ labels: {} })],
  ['$patch: delete on a map', meta({ labels: { a: '1' } }), meta({ labels: { $patch: 'delete' } }), meta({ labels: {} })],
  [
    '$patch: delete on a map takes the rest of the patch with it',
    meta({ labels: { a: '1' } }),
    meta({ labels: { $patch: 'delete', b: '2' } }),
    meta({ labels: {} }),
  ],
  [
    '$patch: replace at the top',
    { metadata: { name: 'x' }, spec: { nodeName: 'n' } },
    { $patch: 'replace', metadata: { name: 'x' } },
    { metadata: { name: 'x' } },
  ],
  ['$patch: delete at the top', { metadata: { name: 'x' } }, { $patch: 'delete' }, {}],
  ['directives where nothing is are dropped', {}, meta({ labels: { $patch: 'replace', b: '2' } }), meta({ labels: { b: '2' } })],
  ['a type changes', spec({ nodeSelector: { a: '1' } }), spec({ nodeSelector: 'x' }), spec({ nodeSelector: 'x' })],
  [
    'keys that objects have by nature',
    meta({ labels: { constructor: '1' } }),
    meta({ labels: { toString: '2' } }),
    meta({ labels: { constructor: '1', toString: '2' } }),
  ],

  // Lists by key.
  [
    'an item is changed',
    containers({ name: 'a', image: '1' }, b),
    containers({ name: 'a', image: '2' }),
    containers({ name: 'a', image: '2' }, b),
  ],
  ['an item is added before the server’s own', containers(a, b), containers(c), containers(c, a, b)],
  ['items in the patch’s order', containers(a, b), containers(b, a), containers(b, a)],
  ['a new one between known ones', containers(a, b), containers(a, c, b), containers(a, c, b)],
  ['null in an item', containers({ name: 'a', image: '1' }), containers({ name: 'a', image: null }), containers(a)],
  ['$patch: delete', containers(a, b), containers({ $patch: 'delete', name: 'a' }), containers(b)],
  ['$patch: delete of what is not there', containers(a), containers({ $patch: 'delete', name: 'z' }), containers(a)],
  [
    '$patch: delete takes every item of that key',
    containers(a, { name: 'a', image: '2' }, b),
    containers({ $patch: 'delete', name: 'a' }),
    containers(b),
  ],
  [
    '$patch: delete and an item of the same key',
    containers({ name: 'a', image: '1' }),
    containers({ $patch: 'delete', name: 'a' }, { name: 'a', args: ['x'] }),
    containers({ name: 'a', args: ['x'] }),
  ],
  ['$patch: replace on a list', containers(a, b), containers({ $patch: 'replace' }, c), containers(c)],
  ['$patch: replace on a list, at its end', containers(a, b), containers(c, { $patch: 'replace' }), containers(c)],
  ['$patch: replace with nothing', containers(a, b), containers({ $patch: 'replace' }), containers()],
  [
    '$patch: replace in an item',
    containers({ name: 'a', image: '1', args: ['x'] }),
    containers({ name: 'a', resources: { $patch: 'replace', limits: { cpu: '1' } } }),
    containers({ name: 'a', image: '1', args: ['x'], resources: { limits: { cpu: '1' } } }),
  ],
  ['a list where none was', spec({}), containers(a), containers(a)],
  ['directives in a list where none was', spec({}), containers({ $patch: 'delete', name: 'a' }, b), containers(b)],
  ['an empty list changes nothing', containers(a), containers(), containers(a)],
  [
    'a nested list',
    containers({ name: 'a', env: [{ name: 'X', value: '1' }] }),
    containers({ name: 'a', env: [{ name: 'Y', value: '2' }] }),
    containers({
      name: 'a',
      env: [
        { name: 'Y', value: '2' },
        { name: 'X', value: '1' },
      ],
    }),
  ],
  [
    'a nested deletion',
    containers({
      name: 'a',
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '2' },
      ],
    }),
    containers({ name: 'a', env: [{ $patch: 'delete', name: 'X' }] }),
    containers({ name: 'a', env: [{ name: 'Y', value: '2' }] }),
  ],
  [
    'mounts by path',
    containers({ name: 'a', volumeMounts: [{ mountPath: '/x', name: 'v' }] }),
    containers({ name: 'a', volumeMounts: [{ mountPath: '/x', readOnly: true }] }),
    containers({ name: 'a', volumeMounts: [{ mountPath: '/x', name: 'v', readOnly: true }] }),
  ],
  [
    'container ports by number',
    containers({ name: 'a', ports: [{ containerPort: 80, name: 'x' }] }),
    containers({ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }),
    containers({ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }),
  ],
  [
    'service ports by number',
    spec({ ports: [{ port: 80, name: 'x' }] }),
    spec({ ports: [{ port: 80, targetPort: 8080 }] }),
    spec({ ports: [{ port: 80, name: 'x', targetPort: 8080 }] }),
    Service,
  ],
  [
    'host aliases by address',
    spec({ hostAliases: [{ ip: '1.1.1.1', hostnames: ['a'] }] }),
    spec({ hostAliases: [{ ip: '1.1.1.1', hostnames: ['b'] }] }),
    spec({ hostAliases: [{ ip: '1.1.1.1', hostnames: ['b'] }] }),
  ],
  [
    'owner references by uid',
    meta({ ownerReferences: [{ uid: '1', name: 'x' }] }),
    meta({ ownerReferences: [{ uid: '1', controller: true }] }),
    meta({ ownerReferences: [{ uid: '1', name: 'x', controller: true }] }),
  ],
  ['secrets of an account by name', { secrets: [a] }, { secrets: [b] }, { secrets: [b, a] }, ServiceAccount],
  [
    'deep in a template',
    spec({ template: { spec: { containers: [{ name: 'a', image: '1' }, b] } } }),
    spec({ template: { spec: { containers: [{ name: 'a', image: '2' }] } } }),
    spec({ template: { spec: { containers: [{ name: 'a', image: '2' }, b] } } }),
    Deployment,
  ],

  // Atomic lists.
  [
    'arguments are replaced',
    containers({ name: 'a', args: ['1', '2'] }),
    containers({ name: 'a', args: ['3'] }),
    containers({ name: 'a', args: ['3'] }),
  ],
  [
    'arguments are emptied',
    containers({ name: 'a', args: ['1'] }),
    containers({ name: 'a', args: [] }),
    containers({ name: 'a', args: [] }),
  ],
  [
    'tolerations are replaced',
    spec({ tolerations: [{ key: 'a' }, { key: 'b' }] }),
    spec({ tolerations: [{ key: 'c' }] }),
    spec({ tolerations: [{ key: 'c' }] }),
  ],

  // Lists of plain values.
  ['a value is added before the server’s own', meta({ finalizers: ['a'] }), meta({ finalizers: ['b'] }), meta({ finalizers: ['b', 'a'] })],
  ['a value that is there stays once', meta({ finalizers: ['a', 'b'] }), meta({ finalizers: ['b'] }), meta({ finalizers: ['a', 'b'] })],
  [
    '$deleteFromPrimitiveList',
    meta({ finalizers: ['a', 'b', 'c'] }),
    meta({ '$deleteFromPrimitiveList/finalizers': ['a', 'c'] }),
    meta({ finalizers: ['b'] }),
  ],
  [
    '$deleteFromPrimitiveList of what is not there',
    meta({ finalizers: ['a'] }),
    meta({ '$deleteFromPrimitiveList/finalizers': ['z'] }),
    meta({ finalizers: ['a'] }),
  ],
  [
    '$deleteFromPrimitiveList where no list is',
    meta({ name: 'x' }),
    meta({ '$deleteFromPrimitiveList/finalizers': ['z'] }),
    meta({ name: 'x' }),
  ],
  [
    'deletion and addition',
    meta({ finalizers: ['a', 'b'] }),
    meta({ '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] }),
    meta({ finalizers: ['c', 'b'] }),
  ],
  [
    'order of plain values',
    meta({ finalizers: ['a', 'b'] }),
    meta({ '$setElementOrder/finalizers': ['b', 'a'] }),
    meta({ finalizers: ['b', 'a'] }),
  ],
  [
    'order, addition and deletion of plain values',
    meta({ finalizers: ['a', 'b', 'x'] }),
    meta({ '$setElementOrder/finalizers': ['c', 'b'], '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] }),
    meta({ finalizers: ['c', 'b', 'x'] }),
  ],

  // Order.
  ['$setElementOrder alone', containers(a, b, c), spec({ '$setElementOrder/containers': [c, b, a] }), containers(c, b, a)],
  [
    '$setElementOrder with a change',
    containers(a, b),
    spec({ '$setElementOrder/containers': [b, a], containers: [{ name: 'a', image: '2' }] }),
    containers(b, { name: 'a', image: '2' }),
  ],
  [
    '$setElementOrder with an addition',
    containers(a, b),
    spec({ '$setElementOrder/containers': [a, c, b], containers: [c] }),
    containers(a, c, b),
  ],
  [
    '$setElementOrder with a deletion',
    containers(a, b, c),
    spec({ '$setElementOrder/containers': [c, a], containers: [{ $patch: 'delete', name: 'b' }] }),
    containers(c, a),
  ],
  [
    'what only the server has stays where it is',
    containers(a, d, b),
    spec({ '$setElementOrder/containers': [a, b, c], containers: [c] }),
    containers(a, d, b, c),
  ],
  [
    '$setElementOrder where no list is',
    spec({}),
    spec({ '$setElementOrder/containers': [a, c, b], containers: [a, b] }),
    spec({ containers: [a, b] }),
  ],
  ['$setElementOrder names what is nowhere', containers(a), spec({ '$setElementOrder/containers': [b, a] }), containers(a)],

  // Retained keys.
  [
    '$retainKeys drops the other union member',
    spec({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } }),
    spec({ strategy: { $retainKeys: ['type'], type: 'Recreate' } }),
    spec({ strategy: { type: 'Recreate' } }),
    Deployment,
  ],
  [
    '$retainKeys keeps what it lists',
    spec({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } }),
    spec({ strategy: { $retainKeys: ['type', 'rollingUpdate'], rollingUpdate: { maxUnavailable: 2 } } }),
    spec({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 2 } } }),
    Deployment,
  ],
  [
    '$retainKeys in an item',
    spec({ volumes: [{ name: 'v', emptyDir: {} }] }),
    spec({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] }),
    spec({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
  ],
  [
    '$retainKeys where nothing is',
    spec({}),
    spec({ volumes: [{ name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {} }] }),
    spec({ volumes: [{ name: 'v', emptyDir: {} }] }),
  ],
  ['$retainKeys of nothing', spec({ volumes: [{ name: 'v', emptyDir: {} }] }), { spec: { $retainKeys: [] } }, spec({})],
];
for (const [name, before, patch, after, struct = Pod] of rows)
  test(`strategic merge patch: ${name}`, () => {
    const frozen = JSON.stringify(before);
    assert.deepEqual(applyStrategicPatch(before, patch, struct), after);
    assert.equal(JSON.stringify(before), frozen, 'the document itself is never changed');
  });

const refusals: readonly (readonly [name: string, before: Json, patch: Json, message: string, kind?: string])[] = [
  [
    'an unknown action on a map',
    meta({ labels: { a: '1' } }),
    meta({ labels: { $patch: 'fly', b: '1' } }),
    'unknown patch type: fly in map: map[$patch:fly b:1]',
  ],
  [
    'merge as an action on a map',
    meta({ labels: { a: '1' } }),
    meta({ labels: { $patch: 'merge' } }),
    'unknown patch type: merge in map: map[$patch:merge]',
  ],
  [
    'an unknown action in a list',
    containers(a),
    containers({ $patch: 'fly', name: 'a' }),
    'unknown patch type: fly in map: map[$patch:fly name:a]',
  ],
  [
    'merge as an action in a list',
    containers(a),
    containers({ $patch: 'merge', name: 'a' }),
    'merging lists cannot yet be specified in the patch',
  ],
  [
    'an item without its key',
    containers(a),
    containers({ image: 'i', args: ['x', 'y'] }),
    'map: map[args:[x y] image:i] does not contain declared merge key: name',
  ],
  [
    'a deletion without its key',
    containers(a),
    containers({ $patch: 'delete' }),
    'map: map[$patch:delete] does not contain declared merge key: name',
  ],
  [
    'keys to retain that are no list',
    spec({ volumes: [{ name: 'v' }] }),
    spec({ volumes: [{ name: 'v', $retainKeys: 'name' }] }),
    'invalid patch format of retainKeys',
  ],
  [
    'a field that is not to be retained',
    spec({ volumes: [{ name: 'v' }] }),
    spec({ volumes: [{ name: 'v', $retainKeys: ['name'], emptyDir: {} }] }),
    'invalid patch format of retainKeys',
  ],
  [
    'an order that is no list',
    containers(a),
    spec({ '$setElementOrder/containers': 'a' }),
    'expected a []interface {}, but received a string',
  ],
  [
    'an order of what is no list',
    spec({ containers: { x: 1 } }),
    spec({ '$setElementOrder/containers': [a] }),
    'expected a []interface {}, but received a map[string]interface {}',
  ],
  [
    'items against the order',
    containers(a, b),
    spec({ '$setElementOrder/containers': [a, b], containers: [b, a] }),
    "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
  ],
  [
    'an item that the order does not name',
    containers(a, b),
    spec({ '$setElementOrder/containers': [a], containers: [b] }),
    "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
  ],
  [
    'plain values against the order',
    meta({ finalizers: ['a'] }),
    meta({ '$setElementOrder/finalizers': ['a'], finalizers: ['b'] }),
    "The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n",
  ],
  ['items of several types', containers(a), containers('x'), 'list element types are not identical: [[map[name:a]] [x]]'],
  ['lists of lists', meta({ finalizers: [['a']] }), meta({ finalizers: [['b']] }), 'lists of lists are not supported', 'unprocessable'],
];
for (const [name, before, patch, message, kind = 'malformed'] of refusals)
  test(`strategic merge patch: ${name} is refused`, () => {
    assert.throws(
      () => applyStrategicPatch(before, patch, Pod),
      (error) => error instanceof StrategicPatchError && (assert.deepEqual([error.message, error.kind], [message, kind]), true),
    );
  });

// A diff as kubectl computes it, between what is there and what is wanted.
interface Wanted {
  readonly labels: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly containers: readonly { readonly name: string; readonly image: string; readonly args: readonly string[] }[];
}
const asPod = ({ labels, finalizers, containers: list }: Wanted): Json => ({
  metadata: { labels, finalizers },
  spec: { containers: list },
});

function diffOf(from: Wanted, to: Wanted): Json {
  const labels: Record<string, string | null> = { ...to.labels };
  for (const key of Object.keys(from.labels)) if (!(key in to.labels)) labels[key] = null;
  const known = new Set(to.containers.map((item) => item.name));
  return {
    metadata: {
      labels,
      finalizers: to.finalizers.filter((value) => !from.finalizers.includes(value)),
      '$setElementOrder/finalizers': to.finalizers,
      '$deleteFromPrimitiveList/finalizers': from.finalizers.filter((value) => !to.finalizers.includes(value)),
    },
    spec: {
      '$setElementOrder/containers': to.containers.map(({ name }) => ({ name })),
      containers: [
        ...to.containers,
        ...from.containers.filter((item) => !known.has(item.name)).map(({ name }) => ({ $patch: 'delete', name })),
      ],
    },
  };
}

test('strategic merge patch: the patch of a difference gives what is wanted', () => {
  const text = fc.constantFrom('1', '2', '3');
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const wanted: fc.Arbitrary<Wanted> = fc.record({
    labels: fc.dictionary(name, text, { noNullPrototype: true }),
    finalizers: fc.uniqueArray(name),
    containers: fc.uniqueArray(fc.record({ name, image: text, args: fc.array(text, { maxLength: 3 }) }, { noNullPrototype: true }), {
      selector: (item) => item.name,
    }),
  });
  fc.assert(
    fc.property(wanted, wanted, (from, to) => {
      assert.deepEqual(applyStrategicPatch(asPod(from), diffOf(from, to), Pod), asPod(to));
    }),
    { seed: 5, numRuns: 500 },
  );
});

test('strategic merge patch: the same patch again changes nothing', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const item = fc.record({ name, image: fc.constantFrom('1', '2') }, { noNullPrototype: true });
  const list = fc.uniqueArray(item, { selector: (one) => one.name });
  fc.assert(
    fc.property(list, list, (live, patch) => {
      const once = applyStrategicPatch(containers(...live), containers(...patch), Pod);
      assert.deepEqual(applyStrategicPatch(once, containers(...patch), Pod), once);
    }),
    { seed: 6, numRuns: 300 },
  );
});
