import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { nextStatus } from './naming.ts';

const now = '2026-01-01T00:00:00Z';
const later = '2026-01-02T00:00:00Z';

function crd(plural: string, more: object = {}, status: object = {}, group = 'a.example.com'): CustomResourceDefinition {
  const kind = plural.replace(/s$/, '').replace(/^./, (first) => first.toUpperCase());
  const names = { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, ...more };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: 'Namespaced', names, versions: [] },
    status: { conditions: [], storedVersions: ['v1'], acceptedNames: { plural: '', kind: '' }, ...status },
  } as unknown as CustomResourceDefinition;
}
const named = (definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[] = []): CustomResourceDefinition => ({
  ...definition,
  status: nextStatus(definition, [definition, ...others], now) ?? definition.status,
});
const summary = ({ status }: CustomResourceDefinition): string[] =>
  (status.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
const fine = ['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted'];

describe('names of definitions', () => {
  it('are given once, and then left alone', () => {
    const first = named(crd('bars', { shortNames: ['b'] }));
    assert.deepEqual(summary(first), fine);
    assert.equal(nextStatus(first, [first], later), undefined);
  });

  const cases: readonly (readonly [string, object, string, string])[] = [
    ['kind', { kind: 'Bar' }, 'KindConflict', '"Bar" is already in use'],
    ['list kind', { listKind: 'BarList' }, 'ListKindConflict', '"BarList" is already in use'],
    ['singular', { singular: 'bar' }, 'SingularConflict', '"bar" is already in use'],
    ['singular that is a plural', { singular: 'bars' }, 'SingularConflict', '"bars" is already in use'],
    ['short names', { shortNames: ['b', 'bar', 'free'] }, 'ShortNamesConflict', '["b" is already in use, "bar" is already in use]'],
  ];
  for (const [what, names, reason, message] of cases) {
    it(`are refused: ${what}`, () => {
      const first = named(crd('bars', { shortNames: ['b'] }));
      const second = named(crd('foos', names), [first]);
      assert.deepEqual(summary(second), [`NamesAccepted=False ${reason}`, 'Established=False NotAccepted']);
      assert.equal(second.status.conditions?.[0]?.message, message);
      assert.deepEqual(summary(named(second)), fine, 'once they are free');
      assert.deepEqual(summary(named(crd('foos', names, {}, 'b.example.com'), [first])), fine, 'another group does not matter');
    });
  }

  it('that are lost later leave the definition established', () => {
    const first = named(crd('bars'));
    const second = named(crd('foos'), [first]);
    const greedy = { ...second, spec: { ...second.spec, names: { ...second.spec.names, shortNames: ['bar'] } } };
    assert.deepEqual(summary(named(greedy, [first])), ['NamesAccepted=False ShortNamesConflict', 'Established=True InitialNamesAccepted']);
    assert.equal(named(greedy, [first]).status.acceptedNames?.shortNames, undefined);
  });

  it('of protected groups say whether they are approved', () => {
    const key = 'api-approved.kubernetes.io';
    const condition = (value: string | undefined): string | undefined => {
      const definition = crd('bars', {}, {}, 'x.k8s.io');
      const annotated = { ...definition, metadata: { ...definition.metadata, ...(value ? { annotations: { [key]: value } } : {}) } };
      return summary(named(annotated)).at(-1);
    };
    assert.equal(condition('https://github.com/x/y/pull/1'), 'KubernetesAPIApprovalPolicyConformant=True ApprovedAnnotation');
    assert.equal(condition('unapproved, testing'), 'KubernetesAPIApprovalPolicyConformant=False UnapprovedAnnotation');
    assert.equal(condition('yes'), 'KubernetesAPIApprovalPolicyConformant=False InvalidAnnotation');
    assert.equal(condition(undefined), 'KubernetesAPIApprovalPolicyConformant=False MissingAnnotation');
  });

  it('wait for certificates that can be used', () => {
    const definition = crd('bars');
    const withBundle = (text: string): CustomResourceDefinition => ({
      ...definition,
      spec: {
        ...definition.spec,
        conversion: {
          strategy: 'Webhook',
          webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://x', caBundle: Buffer.from(text).toString('base64') } },
        },
      },
    });
    assert.deepEqual(summary(named(withBundle('\n'))), ['NamesAccepted=True NoConflicts', 'Established=False InvalidCABundle']);
    assert.deepEqual(summary(named(withBundle('-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n'))), fine);
  });
});
