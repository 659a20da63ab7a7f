// Answers of webhooks: what is taken, what is refused and how; and that no answer whatsoever does more than be refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rejection, verdictOf } from './review.ts';
import { ruleMatches, type RuleSubject } from './rules.ts';

const v1 = 'admission.k8s.io/v1';
const asked = { uid: 'u', apiVersion: v1, kind: 'mutating' as const };
const answer = (response: object, more: object = {}) => ({
  apiVersion: v1,
  kind: 'AdmissionReview',
  response: { uid: 'u', ...response },
  ...more,
});
const patch = Buffer.from('[]').toString('base64');

describe('answers', () => {
  const wrong: readonly (readonly [unknown, string, 'mutating' | 'validating'])[] = [
    [undefined, 'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got , Kind=', 'mutating'],
    [{ apiVersion: v1, kind: 'AdmissionReview' }, 'webhook response was absent', 'mutating'],
    [answer({ uid: 'x' }), 'expected response.uid="u", got "x"', 'mutating'],
    [
      answer({}, { apiVersion: 'admission.k8s.io/v1beta1' }),
      'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v1beta1, Kind=AdmissionReview',
      'mutating',
    ],
    [answer({ patch }), 'webhook returned response.patch but not response.patchType', 'mutating'],
    [answer({ patchType: 'JSONPatch' }), 'webhook returned response.patchType but not response.patch', 'mutating'],
    [answer({ patch, patchType: '' }), 'webhook returned invalid response.patchType of ""', 'mutating'],
    [answer({ patch, patchType: 'Merge' }), 'unsupported patch type "Merge"', 'mutating'],
    [answer({ patch }), 'validating webhook may not return response.patch', 'validating'],
    [answer({ patchType: 'JSONPatch' }), 'validating webhook may not return response.patchType', 'validating'],
  ];
  for (const [value, message, kind] of wrong) it(message, () => assert.throws(() => verdictOf(value, { ...asked, kind }), { message }));

  it('of version v1beta1 are taken less strictly', () => {
    const verdict = verdictOf({ response: { allowed: true, patch } }, { ...asked, apiVersion: 'admission.k8s.io/v1beta1' });
    assert.deepEqual(verdict, { allowed: true, status: undefined, patch: '[]', warnings: [], annotations: {} });
  });

  it('whatever they are, give a verdict or an Error with a message', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({ apiVersion: fc.oneof(fc.constant(v1), fc.jsonValue()), kind: fc.constant('AdmissionReview'), response: fc.jsonValue() }),
      fc
        .record({
          uid: fc.constant('u'),
          allowed: fc.jsonValue(),
          status: fc.jsonValue(),
          patch: fc.jsonValue(),
          patchType: fc.jsonValue(),
          warnings: fc.jsonValue(),
          auditAnnotations: fc.jsonValue(),
        })
        .map((response) => answer(response)),
    );
    fc.assert(
      fc.property(value, fc.constantFrom('mutating' as const, 'validating' as const), (given, kind) => {
        let verdict;
        try {
          verdict = verdictOf(given, { ...asked, kind });
        } catch (error) {
          assert.ok(error instanceof Error && error.message !== '' && !(error instanceof TypeError), String(error));
          return;
        }
        assert.ok(verdict.warnings.every((text) => typeof text === 'string'));
        const { code, status, message } = rejection('x', verdict.status);
        assert.ok(code >= 400 && code <= 599);
        assert.equal(status.status, 'Failure');
        assert.ok(message.startsWith('admission webhook "x" denied the request'));
      }),
      { seed: 20_261_125, numRuns: 2000 },
    );
  });
});

describe('rules', () => {
  const subject: RuleSubject = {
    operation: 'CREATE',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    subresource: '',
    inNamespace: true,
  };
  const rule = { operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] } as const;
  const rows: readonly (readonly [string, object, Partial<RuleSubject>, boolean])[] = [
    ['as it is', {}, {}, true],
    ['another operation', {}, { operation: 'DELETE' }, false],
    ['any operation', { operations: ['*'] }, { operation: 'CONNECT' }, true],
    ['another group', { apiGroups: [''] }, {}, false],
    ['any version', { apiVersions: ['*'] }, { version: 'v1beta1' }, true],
    ['a resource is not its subresource', {}, { subresource: 'scale' }, false],
    ['a subresource', { resources: ['deployments/scale'] }, { subresource: 'scale' }, true],
    ['all subresources', { resources: ['deployments/*'] }, { subresource: 'scale' }, true],
    ['a resource and all its subresources', { resources: ['deployments/*'] }, {}, true],
    ['everything', { resources: ['*/*'] }, { subresource: 'scale' }, true],
    ['every resource without subresources', { resources: ['*'] }, { subresource: 'scale' }, false],
    ['one subresource of everything', { resources: ['*/scale'] }, { subresource: 'scale' }, true],
    ['in namespaces only', { scope: 'Namespaced' }, { inNamespace: false }, false],
    ['in no namespace only', { scope: 'Cluster' }, {}, false],
    ['no resources at all', { resources: undefined }, {}, false],
  ];
  for (const [what, more, of, matches] of rows) {
    it(`${what}: ${matches}`, () => assert.equal(ruleMatches({ ...rule, ...more } as never, { ...subject, ...of }), matches));
  }
});
