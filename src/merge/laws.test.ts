// What holds for every applied configuration: once more changes nothing, order does not matter where managers do not overlap,
// and what one lets go leaves nothing behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pod } from '#api/core/v1/pod.ts';
import { Service } from '#api/core/v1/service.ts';
import { applyPatch, type OwnedObject, trackUpdate } from './apply.ts';

interface Config {
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly containers?: readonly {
    readonly name: string;
    readonly image?: string;
    readonly env?: readonly { name: string; value: string }[];
  }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

const plain = { noNullPrototype: true };
const value = fc.constantFrom('1', '2');

/** Configurations that use only these names: two of disjoint names do not overlap. */
function configs(names: readonly string[]): fc.Arbitrary<Config> {
  const name = fc.constantFrom(...names);
  // Empty lists and maps say nothing; they are left out.
  const env = fc.uniqueArray(fc.record({ name, value }, plain), { selector: (item) => item.name, minLength: 1 });
  const container = fc.record({ name, image: value, env }, { ...plain, requiredKeys: ['name'] });
  return fc.record(
    {
      labels: fc.dictionary(name, value, { ...plain, minKeys: 1 }),
      finalizers: fc.uniqueArray(name, { minLength: 1 }),
      containers: fc.uniqueArray(container, { selector: (item) => item.name, minLength: 1 }),
      annotations: fc.dictionary(name, value, { ...plain, minKeys: 1 }),
    },
    { ...plain, requiredKeys: [] },
  );
}

const asPod = ({ labels, finalizers, containers, annotations }: Config): OwnedObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'n',
      ...(labels ? { labels } : {}),
      ...(finalizers ? { finalizers } : {}),
      ...(annotations ? { annotations } : {}),
    },
    ...(containers ? { spec: { containers } } : {}),
  }) as unknown as OwnedObject;

function apply(live: OwnedObject | undefined, manager: string, config: Config, now = '2026-01-01T00:00:00Z'): OwnedObject {
  const result = applyPatch({ live, patch: asPod(config), manager, apiVersion: 'v1', now, struct: Pod });
  assert.ok(result.object, result.conflicts?.message ?? '');
  return result.object;
}

const keyOf = (item: unknown): string =>
  typeof item === 'object' && item !== null && 'name' in item ? String(item.name) : JSON.stringify(item);

/** The object with all lists in one order: which manager came first shows in the order of items. */
function ordered(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(ordered).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  if (typeof item !== 'object' || item === null) return item;
  return Object.fromEntries(Object.entries(item).map(([key, member]) => [key, ordered(member)]));
}

const any = configs(['a', 'b', 'c', 'd']);

test('applying the same again changes nothing, whatever was applied before', () => {
  fc.assert(
    fc.property(configs(['a', 'b']), configs(['a', 'b']), configs(['c', 'd']), (first, config, other) => {
      const before = apply(apply(apply(undefined, 'm', first), 'n', other), 'm', config);
      assert.deepEqual(apply(before, 'm', config, '2026-02-02T00:00:00Z'), before);
    }),
    { seed: 31, numRuns: 300 },
  );
});

test('two managers that do not overlap may come in any order', () => {
  fc.assert(
    fc.property(configs(['a', 'b', 'c']), configs(['x', 'y', 'z']), (mine, yours) => {
      const one = apply(apply(undefined, 'm', mine), 'n', yours);
      const other = apply(apply(undefined, 'n', yours), 'm', mine);
      assert.deepEqual(ordered(one), ordered(other));
    }),
    { seed: 32, numRuns: 300 },
  );
});

test('what a manager applied and lets go leaves no trace in what another has', () => {
  const nothing: Config = {};
  fc.assert(
    fc.property(configs(['a', 'b', 'c']), configs(['x', 'y', 'z']), (mine, yours) => {
      const alone = apply(undefined, 'n', { ...yours, labels: { x: '1', ...yours.labels } });
      const after = apply(apply(alone, 'm', mine), 'm', nothing);
      const { labels, finalizers } = after.metadata;
      assert.deepEqual(labels ?? {}, alone.metadata.labels ?? {});
      assert.deepEqual(finalizers ?? [], alone.metadata.finalizers ?? []);
      const containersOf = (object: OwnedObject): unknown =>
        (object as unknown as { spec?: { containers?: unknown[] } }).spec?.containers ?? [];
      assert.deepEqual(containersOf(after), containersOf(alone));
    }),
    { seed: 33, numRuns: 300 },
  );
});

test('whoever applies with force gets what it says', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('m', 'n', 'o'), any), { minLength: 1, maxLength: 5 }), (steps) => {
      let live: OwnedObject | undefined;
      for (const [manager, config] of steps) {
        const result = applyPatch({
          live,
          patch: asPod(config),
          manager,
          apiVersion: 'v1',
          now: '2026-01-01T00:00:00Z',
          struct: Pod,
          force: true,
        });
        assert.ok(result.object);
        live = result.object;
        const { labels = {}, finalizers = [] } = live.metadata;
        for (const [key, wanted] of Object.entries(config.labels ?? {})) assert.equal(labels[key], wanted);
        for (const wanted of config.finalizers ?? []) assert.ok(finalizers.includes(wanted));
      }
    }),
    { seed: 34, numRuns: 200 },
  );
});

test('who owned parts of what has become one piece owns all of it', () => {
  const fieldsV1 = { 'f:spec': { 'f:selector': { 'f:app': {}, 'f:tier': {} }, 'f:type': {} } };
  const managedFields = [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 }];
  const live = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', managedFields },
    spec: { selector: { app: 'x' }, type: 'ClusterIP' },
  };
  const next = { ...live, spec: { ...live.spec, type: 'NodePort' } };
  const tracked = trackUpdate({ live, next, manager: 'n', apiVersion: 'v1', now: '2026-01-01T00:00:00Z', struct: Service });
  assert.deepEqual(tracked?.find((entry) => entry.manager === 'm')?.fieldsV1, { 'f:spec': { 'f:selector': {} } });
});
