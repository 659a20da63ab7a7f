// Stock kubectl with policies and rules written in CEL: what it applies, what it is refused and what it prints.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';
import { until } from '../../support/until.ts';

let bench: KubectlBench;
before(async () => {
  bench = await startKubectlBench();
});
after(() => bench[Symbol.asyncDispose]());

const policy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: replica-limit }
spec:
  failurePolicy: Fail
  paramKind: { apiVersion: v1, kind: ConfigMap }
  matchConstraints:
    resourceRules:
    - { apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments] }
  variables:
  - { name: most, expression: "int(params.data.most)" }
  validations:
  - expression: "object.spec.replicas <= variables.most"
    messageExpression: "'more than ' + string(variables.most) + ' replicas'"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: replica-limit }
spec:
  policyName: replica-limit
  paramRef: { name: limits, namespace: default, parameterNotFoundAction: Deny }
  validationActions: [ACTION]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: limits, namespace: default }
data: { most: "2" }
`;
const deploy = ['create', 'deployment', 'web', '--image=nginx', '--replicas=3', '--dry-run=server'];

describe('kubectl and policies', () => {
  it('applies a policy and is held to it', async () => {
    const applied = await bench.k.pipe(policy.replace('ACTION', 'Deny'), 'apply', '-f', '-');
    assert.deepEqual(applied.trim().split('\n'), [
      'validatingadmissionpolicy.admissionregistration.k8s.io/replica-limit created',
      'validatingadmissionpolicybinding.admissionregistration.k8s.io/replica-limit created',
      'configmap/limits created',
    ]);
    const refused = await until('the refusal', async () => {
      const result = await bench.k(...deploy);
      return result.stderr.includes('more than') && result;
    });
    assert.equal(
      refused.stderr.trim(),
      `error: failed to create deployment: deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'replica-limit' with binding 'replica-limit' denied request: more than 2 replicas`,
    );
    const stdout = await bench.k.ok('get', 'validatingadmissionpolicies,validatingadmissionpolicybindings');
    assert.match(stdout, /replica-limit +1 +v1\/ConfigMap/);
    assert.match(stdout, /replica-limit +default\/limits/);
  });

  it('sees a warning where the binding only warns', async () => {
    await bench.k.pipe(policy.replace('ACTION', 'Warn'), 'apply', '-f', '-');
    const warned = await until('the warning', async () => {
      const result = await bench.k(...deploy);
      return result.code === 0 && result.stderr !== '' && result;
    });
    assert.equal(
      warned.stderr.trim(),
      "Warning: Validation failed for ValidatingAdmissionPolicy 'replica-limit' with binding 'replica-limit': more than 2 replicas",
    );
  });

  it('is told what does not compile', async () => {
    const bad = policy.replace('ACTION', 'Deny').replace('object.spec.replicas <=', 'object.spec.replicas <<');
    const { code, stderr } = await bench.k.with({ input: bad })('apply', '-f', '-');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /spec\.validations\[0\]\.expression: Invalid value: "object\.spec\.replicas << variables\.most": compilation failed: ERROR: <input>:1:23: Syntax error: /,
    );
  });
});
