// JSON patch and merge patch by table: the cases of RFC 6902 and RFC 7386, and what the Go libraries do where those are silent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '#api/dsl.ts';
import { applyJsonPatch, JsonPatchError, parseJsonPatch, type PatchOperation } from './jsonPatch.ts';
import { applyMergePatch } from './mergePatch.ts';

const op = (name: string, path: string, value?: Json): PatchOperation => ({ op: name, path, ...(value === undefined ? {} : { value }) });
const from = (name: string, source: string, path: string): PatchOperation => ({ op: name, from: source, path });

const jsonRows: readonly (readonly [name: string, before: Json, patch: readonly PatchOperation[], after: Json])[] = [
  ['no operations', { a: 1 }, [], { a: 1 }],
  ['add a member', { foo: 'bar' }, [op('add', '/baz', 'qux')], { foo: 'bar', baz: 'qux' }],
  ['add replaces a member', { foo: 'bar' }, [op('add', '/foo', 'qux')], { foo: 'qux' }],
  ['add to a list', { foo: ['bar', 'baz'] }, [op('add', '/foo/1', 'qux')], { foo: ['bar', 'qux', 'baz'] }],
  ['add to the start of a list', { foo: ['bar'] }, [op('add', '/foo/0', 'qux')], { foo: ['qux', 'bar'] }],
  ['add behind the last item', { foo: ['bar'] }, [op('add', '/foo/1', 'qux')], { foo: ['bar', 'qux'] }],
  ['add by -', { foo: ['bar'] }, [op('add', '/foo/-', ['abc', 'def'])], { foo: ['bar', ['abc', 'def']] }],
  ['add a nested map', { foo: 'bar' }, [op('add', '/child', { grandchild: {} })], { foo: 'bar', child: { grandchild: {} } }],
  ['add null', { foo: 'bar' }, [op('add', '/foo', null)], { foo: null }],
  ['add the whole document', { foo: 'bar' }, [op('add', '', { x: 1 })], { x: 1 }],
  ['add a member with an empty name', { foo: 1 }, [op('add', '/', 2)], { foo: 1, '': 2 }],
  ['add in a list of lists', [[1], [2]], [op('add', '/0/-', 3)], [[1, 3], [2]]],
  ['remove a member', { foo: 1, bar: 2 }, [op('remove', '/bar')], { foo: 1 }],
  ['remove an item', { foo: [1, 2, 3] }, [op('remove', '/foo/1')], { foo: [1, 3] }],
  ['remove null', { foo: null }, [op('remove', '/foo')], {}],
  ['remove twice at one index', { foo: [1, 2, 3] }, [op('remove', '/foo/0'), op('remove', '/foo/0')], { foo: [3] }],
  ['replace a member', { foo: 1 }, [op('replace', '/foo', [1])], { foo: [1] }],
  ['replace an item', { foo: [1, 2] }, [op('replace', '/foo/0', 9)], { foo: [9, 2] }],
  ['replace null', { foo: null }, [op('replace', '/foo', 1)], { foo: 1 }],
  ['replace the whole document', { foo: 1 }, [op('replace', '', { bar: 2 })], { bar: 2 }],
  ['move a member', { foo: { bar: 1 }, qux: {} }, [from('move', '/foo/bar', '/qux/x')], { foo: {}, qux: { x: 1 } }],
  ['move an item', { foo: ['a', 'b', 'c', 'd'] }, [from('move', '/foo/1', '/foo/3')], { foo: ['a', 'c', 'd', 'b'] }],
  ['move to itself', { foo: 1 }, [from('move', '/foo', '/foo')], { foo: 1 }],
  ['copy a member', { foo: { x: 1 } }, [from('copy', '/foo', '/bar')], { foo: { x: 1 }, bar: { x: 1 } }],
  ['copy an item', { foo: [1, 2] }, [from('copy', '/foo/0', '/foo/-')], { foo: [1, 2, 1] }],
  ['a copy is its own', { foo: { x: 1 } }, [from('copy', '/foo', '/bar'), op('replace', '/bar/x', 2)], { foo: { x: 1 }, bar: { x: 2 } }],
  ['test a member', { foo: { a: [1, 'x'] } }, [op('test', '/foo', { a: [1, 'x'] })], { foo: { a: [1, 'x'] } }],
  ['test does not care for the order of keys', { foo: { a: 1, b: 2 } }, [op('test', '/foo', { b: 2, a: 1 })], { foo: { a: 1, b: 2 } }],
  ['test null', { foo: null }, [op('test', '/foo', null)], { foo: null }],
  ['test what is absent against null', {}, [op('test', '/foo', null)], {}],
  ['escapes', { 'a/b': 1, 'm~n': 2 }, [op('replace', '/a~1b', 3), op('replace', '/m~0n', 4)], { 'a/b': 3, 'm~n': 4 }],
  ['an escaped escape', { '~1': 1 }, [op('replace', '/~01', 2)], { '~1': 2 }],
  ['numbers as names', { foo: { 1: 'x' } }, [op('replace', '/foo/1', 'y')], { foo: { 1: 'y' } }],
  ['later operations see earlier ones', {}, [op('add', '/a', {}), op('add', '/a/b', []), op('add', '/a/b/-', 1)], { a: { b: [1] } }],
  [
    'names that objects have by nature',
    { a: {} },
    [op('add', '/a/constructor', 1), op('add', '/a/toString', 2)],
    { a: { constructor: 1, toString: 2 } },
  ],
];
for (const [name, before, patch, after] of jsonRows)
  test(`JSON patch: ${name}`, () => {
    const frozen = JSON.stringify(before);
    assert.deepEqual(applyJsonPatch(before, parseJsonPatch(patch)), after);
    assert.equal(JSON.stringify(before), frozen, 'the document itself is never changed');
  });

const jsonRefusals: readonly (readonly [name: string, before: Json, patch: readonly PatchOperation[], message: string])[] = [
  ['test finds something else', { a: 1 }, [op('test', '/a', 2)], 'testing value /a failed: test failed'],
  ['test tells numbers from texts', { a: 1 }, [op('test', '/a', '1')], 'testing value /a failed: test failed'],
  ['test finds a longer list', { a: [1, 2] }, [op('test', '/a', [1])], 'testing value /a failed: test failed'],
  [
    'remove what is not there',
    { a: 1 },
    [op('remove', '/b')],
    "error in remove for path: '/b': Unable to remove nonexistent key: b: missing value",
  ],
  [
    'remove by -',
    { a: [1] },
    [op('remove', '/a/-')],
    `error in remove for path: '/a/-': value was not a proper array index: '-': strconv.Atoi: parsing "-": invalid syntax`,
  ],
  [
    'remove behind the end',
    { a: [1] },
    [op('remove', '/a/1')],
    "error in remove for path: '/a/1': Unable to access invalid index: 1: invalid index referenced",
  ],
  ['replace what is not there', {}, [op('replace', '/a', 1)], 'replace operation does not apply: doc is missing key: /a: missing value'],
  [
    'replace below what is not there',
    {},
    [op('replace', '/a/b', 1)],
    'replace operation does not apply: doc is missing path: /a/b: missing value',
  ],
  ['add below what is not there', {}, [op('add', '/a/b', 1)], 'add operation does not apply: doc is missing path: "/a/b": missing value'],
  ['add below a leaf', { a: 1 }, [op('add', '/a/b', 1)], 'add operation does not apply: doc is missing path: "/a/b": missing value'],
  [
    'add behind the end',
    { a: [1] },
    [op('add', '/a/5', 1)],
    "error in add for path: '/a/5': Unable to access invalid index: 5: invalid index referenced",
  ],
  ['move what is not there', {}, [from('move', '/a', '/b')], 'move operation does not apply: doc is missing from path: /a: missing value'],
  ['copy what is not there', {}, [from('copy', '/a', '/b')], 'copy operation does not apply: doc is missing from path: /a: missing value'],
  [
    'copy to where nothing is',
    { a: 1 },
    [from('copy', '/a', '/b/c')],
    'copy operation does not apply: doc is missing destination path: /b/c: missing value',
  ],
  ['an operation that is none', {}, [op('fly', '/a')], 'Unexpected kind: fly'],
];
for (const [name, before, patch, message] of jsonRefusals)
  test(`JSON patch: ${name} is refused`, () => assert.throws(() => applyJsonPatch(before, patch), { message }));

test('JSON patch: what is no patch is refused', () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [{}, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
    [[1], 'json: cannot unmarshal number into Go value of type jsonpatch.Operation'],
    [['x'], 'json: cannot unmarshal string into Go value of type jsonpatch.Operation'],
    [[[]], 'json: cannot unmarshal array into Go value of type jsonpatch.Operation'],
    [[true], 'json: cannot unmarshal bool into Go value of type jsonpatch.Operation'],
  ];
  for (const [patch, message] of rows)
    assert.throws(
      () => parseJsonPatch(patch),
      (error) => error instanceof JsonPatchError && (assert.deepEqual([error.kind, error.message], ['malformed', message]), true),
    );
});

const mergeRows: readonly (readonly [name: string, before: Json, patch: Json, after: Json])[] = [
  ['a member is replaced', { a: 'b' }, { a: 'c' }, { a: 'c' }],
  ['a member is added', { a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  ['null removes', { a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  ['null of what is not there', { a: 'b' }, { x: null }, { a: 'b' }],
  ['a list is replaced', { a: ['b'] }, { a: ['c', 'd'] }, { a: ['c', 'd'] }],
  ['a list is emptied', { a: ['b'] }, { a: [] }, { a: [] }],
  ['nulls in a list are values', { a: [1] }, { a: [null, { b: null }] }, { a: [null, { b: null }] }],
  ['a map takes the place of a list', { a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
  ['a list takes the place of a map', { a: { b: 1 } }, { a: [1] }, { a: [1] }],
  ['maps merge in the depth', { a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 3 } } }, { a: { b: { c: 3, d: 2 } } }],
  ['nulls in the depth remove', { a: { b: { c: 1, d: 2 } } }, { a: { b: { c: null } } }, { a: { b: { d: 2 } } }],
  ['nulls where nothing is are dropped', {}, { a: { b: null, c: { d: null } } }, { a: { c: {} } }],
  ['an emptied map stays', { a: { b: 1 } }, { a: { b: null } }, { a: {} }],
  ['an empty patch', { a: 1 }, {}, { a: 1 }],
  ['false, zero and empty text are values', { a: true, b: 1, c: 'x' }, { a: false, b: 0, c: '' }, { a: false, b: 0, c: '' }],
  ['directives are plain keys', { a: { b: 1 } }, { a: { $patch: 'replace' } }, { a: { b: 1, $patch: 'replace' } }],
];
for (const [name, before, patch, after] of mergeRows)
  test(`merge patch: ${name}`, () => assert.deepEqual(applyMergePatch(before, patch), after));

/** The merge patch that leads from one document to another. */
function mergeDiff(before: Json, after: Json): Json {
  if (!isMap(before) || !isMap(after)) return after;
  const patch: Record<string, Json> = {};
  for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null;
  for (const [key, value] of Object.entries(after)) {
    if (!(key in before)) patch[key] = value;
    else if (JSON.stringify(before[key]) !== JSON.stringify(value)) patch[key] = mergeDiff(before[key] as Json, value);
  }
  return patch;
}
const isMap = (value: Json): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);

const { document } = fc.letrec<{ document: Record<string, Json>; value: Json }>((tie) => ({
  document: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { noNullPrototype: true }) as fc.Arbitrary<Record<string, Json>>,
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(0, 1, 'x', true),
    fc.array(fc.constantFrom<Json>(1, 'y'), { maxLength: 2 }),
    tie('document'),
  ) as fc.Arbitrary<Json>,
}));

test('merge patch: the patch of a difference gives what is wanted', () => {
  fc.assert(
    fc.property(document, document, (before, after) => {
      const patch = mergeDiff(before, after);
      assert.deepEqual(applyMergePatch(before, patch), after);
      assert.deepEqual(applyMergePatch(after, patch), after, 'once more changes nothing');
    }),
    { seed: 7, numRuns: 500 },
  );
});

test('JSON patch: what was added can be removed, and nothing is left of it', () => {
  fc.assert(
    fc.property(document, fc.constantFrom('x', 'y/z', '~'), (before, name) => {
      const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const after = applyJsonPatch(before, [op('add', path, 1), op('test', path, 1), op('remove', path)]);
      assert.deepEqual(after, before);
    }),
    { seed: 8, numRuns: 200 },
  );
});
