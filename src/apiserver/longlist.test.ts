import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { encodeStored } from './cacher/codec.ts';
import { Entry } from './cacher/entry.ts';
import type { Answer } from './chain.ts';
import { partsOf } from './longlist.ts';
import { accepted, encodeAnswer } from './negotiate.ts';
import { allRows } from './resources/all.ts';
import type { ResourceRow } from './resources/row.ts';

const now = Date.UTC(2026, 0, 1);
const as = (type: string, form: string, version = 'v1'): string => `${type};as=${form};v=${version};g=meta.k8s.io`;
const protobuf = 'application/vnd.kubernetes.protobuf';

function rowOf(resource: string): ResourceRow {
  const row = allRows.find((one) => one.resource === resource && one.group === '');
  assert.ok(row);
  return row;
}

function listOf(row: ResourceRow, count: number, parts: (i: number) => object): Answer & { kind: 'list' } {
  const items = Array.from({ length: count }, (_, i) => {
    const metadata = { name: `o-${i}`, namespace: 'ä"', labels: { i: String(i) }, creationTimestamp: '2025-12-31T23:00:00Z' };
    const object = { kind: row.kind, apiVersion: 'v1', metadata, ...parts(i) } as unknown as KubeObject;
    return new Entry(`/registry/x/${i}`, i + 1, encodeStored(object), true);
  });
  return { kind: 'list', row, listMeta: { resourceVersion: '77', continue: 'c', remainingItemCount: 3 }, items };
}
const pods = rowOf('pods');
const phases = ['Succeeded', 'Failed', 'Running'];
const pod = (i: number): object => ({ spec: { containers: [{ name: 'c', image: 'i' }] }, status: { phase: phases[i % 3] } });
const custom = {
  ...pods,
  group: 'example.com',
  kind: 'Thing',
  resource: 'things',
  custom: { listKind: 'ThingList', columns: [] },
} as never;
const lists = {
  pods: listOf(pods, 1234, pod),
  configmaps: listOf(rowOf('configmaps'), 1001, (i) => ({ data: { k: 'x'.repeat(i) } })),
  things: listOf(custom, 1100, (i) => ({ spec: { i, big: 2n ** 60n } })),
};

test('the parts of a long list are the bytes of the whole', () => {
  const accepts = [
    'application/json',
    as('application/json', 'Table'),
    as('application/json', 'Table', 'v1beta1'),
    as('application/json', 'PartialObjectMetadataList'),
    `${protobuf},application/json`,
    as(protobuf, 'PartialObjectMetadataList'),
    'application/yaml',
    as('application/yaml', 'Table'),
    as('application/yaml', 'PartialObjectMetadataList'),
  ];
  for (const [name, list] of Object.entries(lists)) {
    for (const accept of accepts) {
      for (const [includeObject, pretty] of [
        ['None', false],
        ['Metadata', true],
        ['Object', false],
      ] as const) {
        const options = { includeObject, now, pretty };
        const parts = partsOf(list, accepted(accept), options);
        assert.ok(parts, `${name} ${accept}`);
        const whole = encodeAnswer(list, accepted(accept), options);
        const made = Array.from(parts.parts);
        assert.ok(made.length > list.items.length / 100);
        assert.deepEqual(
          Buffer.concat(made).toString('latin1'),
          Buffer.from(whole.bytes as string).toString('latin1'),
          `${name} ${accept} ${pretty ? 'indented' : ''}`,
        );
        assert.deepEqual(parts.headers, whole.headers);
      }
    }
  }
});

test('all else is made in one piece, or refused', () => {
  const options = { includeObject: 'None', now, pretty: false } as const;
  const short = { ...lists.pods, items: lists.pods.items.slice(0, 1000) };
  assert.equal(partsOf(short, accepted(undefined), options), undefined);
  assert.equal(partsOf(lists.pods, accepted(as('application/json', 'PartialObjectMetadata')), options), undefined);
  const reviews = { ...pods, verbs: ['create'] } as ResourceRow;
  assert.equal(partsOf({ ...lists.pods, row: reviews }, accepted(as('application/json', 'Table')), options), undefined);
  assert.throws(() => partsOf(lists.things, accepted(protobuf), options), /only the following media types are accepted/);
});

test('items say what they are only in lists of custom resources, in every form', () => {
  for (const [list, kind] of [
    [lists.pods, undefined],
    [lists.things, 'Thing'],
  ] as const) {
    for (const pretty of [false, true]) {
      const { bytes } = encodeAnswer(list, accepted(undefined), { includeObject: 'None', now, pretty });
      const { items } = JSON.parse(Buffer.from(bytes as string).toString()) as { items: { kind?: string; apiVersion?: string }[] };
      assert.equal(items[0]?.kind, kind);
      assert.equal(items[0]?.apiVersion, kind && 'v1');
    }
    const yaml = encodeAnswer(list, accepted('application/yaml'), { includeObject: 'None', now, pretty: false });
    assert.equal(/^ {2}kind: /m.test(yaml.bytes as string), kind !== undefined);
  }
});
