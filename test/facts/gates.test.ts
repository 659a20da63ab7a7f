// The fields behind gates that are off agree with the tables.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatedFields } from '#api/gated.ts';
import { withFacts } from './facts.ts';

interface Facts {
  readonly fieldsOff: Readonly<Record<string, readonly string[]>>;
  readonly gates: Readonly<Record<string, { readonly default: boolean }>>;
}

/** Of fields off in the tables, those that are on in 1.35.0, the version that is served. */
const onIn1350 = new Set(['apps.v1.RollingUpdateStatefulSetStrategy.maxUnavailable']);
/** Fields that the tables leave out. */
const more = new Set(['core.v1.Lifecycle.stopSignal']);

withFacts('gates', (load) => {
  const { fieldsOff, gates } = load('featuregates.json') as Facts;

  test('every field behind a gate that is off is cleared, and no other', () => {
    const expected = Object.entries(fieldsOff).filter(([field]) => !onIn1350.has(field));
    const ours = [...gatedFields].filter(([field]) => !more.has(field));
    const sorted = (entries: readonly (readonly [string, readonly string[]])[]) =>
      entries.map(([field, names]) => `${field}: ${[...names].sort().join()}`).sort();
    assert.deepEqual(sorted(ours), sorted(expected));
  });

  test('of the gates of each field at least one is off', () => {
    for (const [field, names] of gatedFields)
      assert.ok(
        names.some((name) => gates[name]?.default === false),
        field,
      );
  });
});
