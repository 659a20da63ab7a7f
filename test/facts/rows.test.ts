// The rows of resources against the table: names, verbs, subresources, selectors and what updates may do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as refs from '#api/refs.ts';
import { allRows, groupVersions } from '#apiserver/resources/all.ts';
import type { ResourceRow } from '#apiserver/resources/row.ts';
import { withFacts } from './facts.ts';

interface FactRow extends Partial<Omit<ResourceRow, 'struct' | 'storagePrefix'>> {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly schema: string;
  readonly etcdPrefix?: string;
}
interface Facts {
  readonly resources: readonly FactRow[];
  readonly groups: readonly {
    readonly group: string;
    readonly versions: readonly { readonly version: string; readonly stage: string }[];
  }[];
}

const compared = [
  'kind',
  'singular',
  'namespaced',
  'stage',
  'storageVersionHash',
  'generation',
  'defaultPropagation',
  'createOnUpdate',
  'unconditionalUpdate',
] as const;

withFacts('resources', (load) => {
  const facts = load('resources.json') as Facts;
  for (const wanted of facts.resources) {
    const name = `${wanted.resource}.${wanted.version}.${wanted.group}`;
    test(name, () => {
      const row = allRows.find(
        ({ group, version, resource }) => group === wanted.group && version === wanted.version && resource === wanted.resource,
      );
      assert.ok(row, `no row ${name}`);
      assert.equal(row.struct.name, wanted.schema);
      for (const field of compared) if (wanted[field] !== undefined) assert.deepEqual(row[field], wanted[field], field);
      for (const field of ['shortNames', 'categories', 'fieldSelectors', 'verbs', 'subresources'] as const) {
        assert.deepEqual(row[field], wanted[field] ?? [], field);
      }
      assert.equal(row.storagePrefix, wanted.etcdPrefix ?? wanted.resource);
    });
  }
  test('no row is missing from the table', () => assert.equal(allRows.length, facts.resources.length));
  test('groups and versions', () => {
    assert.deepEqual(
      groupVersions.map(({ group, versions }) => ({ group, versions: versions.map(({ version, stage }) => ({ version, stage })) })),
      facts.groups.map(({ group, versions }) => ({ group, versions: versions.map(({ version, stage }) => ({ version, stage })) })),
    );
  });
  test('references', () => {
    for (const ref of Object.values(refs)) {
      const wanted = facts.resources.find(
        ({ group, version, resource }) => group === ref.group && version === ref.version && resource === ref.resource,
      );
      assert.ok(wanted, `${ref.resource}.${ref.version}.${ref.group}`);
      assert.equal(ref.kind, wanted.kind);
      assert.equal(ref.namespaced, wanted.namespaced);
      assert.equal(ref.struct?.name, wanted.schema);
    }
  });
});
