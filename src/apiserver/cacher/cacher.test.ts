import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { cutVersion, decodeStored, encodeStored, spliceVersion } from './codec.ts';
import { Entry } from './entry.ts';
import { type Change, Table } from './table.ts';

const object = (name: string, extra: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...extra });
const key = (name: string): string => `/registry/configmaps/default/${name}`;

function put(table: Table, name: string, revision: number): void {
  const entry = { key: key(name), value: encodeStored(object(name)), createRevision: revision, modRevision: revision, version: 1 };
  table.apply({ type: 'put', entry, previous: undefined });
}
const table = (history = 4): Table => new Table({ prefix: '/registry/configmaps/', freeze: true, history });

describe('stored bytes', () => {
  it('carry no version until they are read', () => {
    const bytes = encodeStored({ ...object('a', { data: { metadata: '"metadata":{' } }), metadata: { name: 'a', resourceVersion: '7' } });
    assert.equal(decodeStored(Buffer.from(bytes)).metadata.resourceVersion, undefined);
    const json = spliceVersion(bytes, 42);
    const read = JSON.parse(Buffer.from(json).toString()) as KubeObject;
    assert.equal(read.metadata.resourceVersion, '42');
    assert.equal(read.metadata.name, 'a');
    assert.deepEqual(Buffer.from(cutVersion(json, 42)), Buffer.from(bytes));
  });
  it('are the same whether or not the texts of shared parts are known', () => {
    const spec = { containers: [{ name: 'a', image: 'b' }], 'odd "name"': null };
    const fieldsV1 = { 'f:spec': { 'k:{"name":"a"}': { '.': {} } } };
    const owned = (name: string, time?: string): KubeObject =>
      ({
        ...object(name, { spec, status: { phase: 'x' }, absent: undefined }),
        metadata: {
          name,
          uid: undefined,
          managedFields: [{ manager: 'm "', operation: 'Update', time, fieldsV1, subresource: 's' }],
          labels: {},
        },
      }) as unknown as KubeObject;
    for (let i = 0; i < 4; i++) {
      const one = owned(`a-${i}`, i % 2 ? 'now' : undefined);
      assert.equal(Buffer.from(encodeStored(one)).toString(), JSON.stringify({ kind: one.kind, ...one }));
      const bare = object(`b-${i}`, { spec });
      assert.deepEqual(JSON.parse(Buffer.from(encodeStored(bare)).toString()), bare);
    }
  });
  it('keep all digits of whole numbers', () => {
    const bytes = encodeStored(object('a', { spec: { most: 2n ** 63n - 1n, list: [-(2n ** 63n)], small: 2 ** 53 - 1 } }));
    const text = Buffer.from(bytes).toString();
    assert.ok(text.includes('"spec":{"most":9223372036854775807,"list":[-9223372036854775808],"small":9007199254740991}'), text);
    assert.deepEqual(decodeStored(Buffer.from(text)), decodeStored(bytes));
  });
  it('are shared between writer and watch', () => {
    const bytes = encodeStored(object('a'));
    const entry = Entry.of(key('a'), 5, bytes, true);
    assert.equal(Entry.of(key('a'), 5, bytes, true), entry);
    assert.notEqual(Entry.of(key('a'), 6, bytes, true), entry);
    assert.deepEqual(Buffer.from(entry.json()), Buffer.from(spliceVersion(bytes, 5)));
    assert.deepEqual(Buffer.from(entry.stored), Buffer.from(bytes));
    assert.equal(entry.at(9).object.metadata.resourceVersion, '9');
  });
});

describe('table', () => {
  it('keeps key order and counts ranges', () => {
    const rows = table();
    for (const [index, name] of ['b', 'a', 'c', 'ab'].entries()) put(rows, name, index + 1);
    assert.deepEqual(
      [...rows.range('/registry/configmaps/')].map((entry) => entry.object.metadata.name),
      ['a', 'ab', 'b', 'c'],
    );
    assert.equal(rows.count('/registry/configmaps/default/', key('b')), 2);
    rows.apply({ type: 'delete', key: key('ab'), revision: 5, previous: undefined });
    assert.equal(rows.count('/registry/configmaps/'), 3);
  });
  it('ignores what it has seen', () => {
    const rows = table();
    put(rows, 'a', 5);
    put(rows, 'a', 4);
    assert.equal(rows.get(key('a'))?.revision, 5);
    rows.apply({ type: 'delete', key: key('a'), revision: 3, previous: undefined });
    assert.equal(rows.size, 1);
  });
  it('remembers recent changes only', () => {
    const rows = table(4);
    for (let revision = 1; revision <= 20; revision++) put(rows, 'a', revision);
    assert.equal(rows.since(1), undefined);
    const changes = rows.since(18) as readonly Change[];
    assert.deepEqual(
      changes.map((change) => change.revision),
      [19, 20],
    );
    assert.equal(rows.since(20)?.length, 0);
  });
  it('finds listeners by key', () => {
    const rows = table();
    const seen: string[] = [];
    const listener = (name: string | undefined) => ({
      key: name && key(name),
      trigger: undefined,
      notify: (change: Change) => seen.push(`${name ?? '*'} ${change.type} ${change.entry.object.metadata.name}`),
      interrupted: () => seen.push('interrupted'),
    });
    rows.subscribe(listener(undefined));
    const stop = rows.subscribe(listener('a'));
    put(rows, 'a', 1);
    put(rows, 'b', 2);
    stop();
    put(rows, 'a', 3);
    assert.deepEqual(seen, ['* ADDED a', 'a ADDED a', '* ADDED b', '* MODIFIED a']);
    rows.interrupt();
    assert.equal(seen.at(-1), 'interrupted');
  });
});
