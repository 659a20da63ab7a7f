// Scheme defaulting against the table: every rule without a phase is driven, from a bare object where its condition is only
// that the field is absent, from a hand-made one (defaultcases.ts) where there is more to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '#api/rules.ts';
import { structs } from '#api/structs.ts';
import { type DefaultCase, defaultCases } from './defaultcases.ts';
import { withFacts } from './facts.ts';

interface Rule {
  readonly kind: string;
  readonly path: string;
  readonly when: string;
  readonly value: unknown;
  readonly phase?: string;
  readonly gate?: string;
}

/** Rules that belong elsewhere: gates that are off, values that need a clock, types that the DSL does not name. */
const elsewhere = new Set([
  'apps.v1.StatefulSet spec.updateStrategy.rollingUpdate.maxUnavailable',
  'resource.v1.DeviceTaint timeAdded',
  'core.v1.ResourceList {}',
  'core.v1.PodLogOptions stream',
]);
/** Rules of the conversion phase that happen on decoding here. */
const onDecoding = new Set(Object.keys(defaultCases));

function valueAt(object: unknown, path: string): unknown {
  const steps =
    path
      .replace(/\[\]/g, '.0')
      .replace(/\{[^}]*\}$/, '')
      .match(/[^.[\]"]+(?:\/[^\]"]+)?|\["[^"]+"\]/g) ?? [];
  const quoted = /^(.*)\["(.+)"\]$/.exec(path);
  const names = quoted ? [...(quoted[1] as string).split('.'), quoted[2] as string] : steps;
  return names.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], object);
}

/** An object with everything above the path, and nothing else. */
function bare(path: string): object {
  const names = path.split('.').slice(0, -1);
  return names.reduceRight<object>((inner, name) => ({ [name]: inner }), {});
}

function casesOf(rule: Rule, number: number): DefaultCase {
  const known = defaultCases[`${rule.kind} ${rule.path}`]?.[number];
  if (known) return known;
  const simple = ['absent', 'absent|""', 'absent|zero'].includes(rule.when);
  assert.ok(simple && !/[[{]/.test(rule.path), `no case for ${rule.kind} ${rule.path} when ${rule.when}`);
  return { input: bare(rule.path), want: rule.value };
}

withFacts('defaults', (load) => {
  const { rules } = load('defaults.json') as { readonly rules: readonly Rule[] };
  const numbers = new Map<string, number>();
  for (const rule of rules) {
    const key = `${rule.kind} ${rule.path}`;
    if (elsewhere.has(key) || (rule.phase && !(rule.phase === 'conversion' && onDecoding.has(key)))) continue;
    const number = numbers.get(key) ?? 0;
    numbers.set(key, number + 1);
    test(`${key} (${rule.when})`, () => {
      const struct = structs.get(rule.kind);
      assert.ok(struct, rule.kind);
      const { input, want } = casesOf(rule, number);
      const { object } = decode<object>(struct, input);
      assert.deepEqual(valueAt(object, rule.path), want);
      // Without defaulting nothing of it happens.
      if (want !== undefined && rule.phase === undefined && !rule.when.includes('set')) {
        assert.notDeepEqual(valueAt(decode<object>(struct, input, { defaults: false }).object, rule.path), want);
      }
    });
  }
  test('amounts finer than one thousandth are rounded up', () => {
    const struct = structs.get('core.v1.ResourceRequirements');
    assert.ok(struct);
    const { object } = decode<object>(struct, { limits: { cpu: '100u', memory: '1' } });
    assert.deepEqual(object, { limits: { cpu: '1m', memory: '1' } });
  });
  test('embedded types get their defaults wherever they occur', () => {
    const struct = structs.get('apps.v1.Deployment');
    assert.ok(struct);
    const { object } = decode<{ spec: { template: { spec: Record<string, unknown> } } }>(struct, {
      spec: { template: { spec: { containers: [{ name: 'c', image: 'a' }] } } },
    });
    assert.equal(object.spec.template.spec['dnsPolicy'], 'ClusterFirst');
    assert.equal((object.spec.template.spec['containers'] as { imagePullPolicy: string }[])[0]?.imagePullPolicy, 'Always');
  });
});
