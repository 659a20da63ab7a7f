// ValidatingAdmissionPolicy: what the conformance suite does with it, and the rest of its contract.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  ClusterRoleBindings,
  ClusterRoles,
  ConfigMaps,
  Deployments,
  Namespaces,
  ReplicaSets,
  ValidatingAdmissionPolicies,
  ValidatingAdmissionPolicyBindings,
} from '#api/refs.ts';
import { isAlreadyExists, type StatusError } from '#api/status.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { customRef, establish, versionOf } from '../../support/definitions.ts';
import { until } from '../../support/until.ts';

const labels = { app: 'nginx' };
const workload = (name: string, namespace: string, replicas: number) => ({
  metadata: { name, namespace, labels },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'nginx', image: 'nginx:latest' }] } },
  },
});
const ruleFor = (group: string, resource: string, operations: ('CREATE' | 'UPDATE' | 'DELETE')[] = ['CREATE', 'UPDATE']) => ({
  apiGroups: [group],
  apiVersions: ['v1'],
  operations,
  resources: [resource],
});

interface PolicyOptions {
  readonly namespace: string;
  readonly group?: string;
  readonly resource?: string;
  readonly operations?: ('CREATE' | 'UPDATE' | 'DELETE')[];
  readonly binding?: object;
}

describe('ValidatingAdmissionPolicy', () => {
  let api: TestApi;
  /** What the chain has noted on requests. */
  const seen: { warnings: string[]; annotations: object }[] = [];
  before(async () => {
    const recorder: AdmissionPlugin = {
      name: 'Recorder',
      handles: () => true,
      validate({ ctx }) {
        seen.push({ warnings: [...ctx.warnings], annotations: Object.fromEntries(ctx.annotations ?? []) });
      },
    };
    api = await startTestApi({ admission: [recorder] });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });
  const deployments = () => api.client.resource(Deployments);
  const configMaps = () => api.client.resource(ConfigMaps);
  const policies = () => api.client.resource(ValidatingAdmissionPolicies);
  const bindings = () => api.client.resource(ValidatingAdmissionPolicyBindings);

  /** A policy for one namespace, with its binding. */
  async function bind(name: string, spec: object, options: PolicyOptions): Promise<void> {
    const { namespace, group = '', resource = 'configmaps', operations, binding = {} } = options;
    await api.client
      .resource(Namespaces)
      .create({ metadata: { name: namespace } })
      .catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    await policies().create({
      metadata: { name },
      spec: { matchConstraints: { resourceRules: [ruleFor(group, resource, operations)] }, ...spec },
    });
    await bindings().create({
      metadata: { name: `${name}-binding` },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
        ...binding,
      },
    });
  }
  const map = (namespace: string, name: string, data: Record<string, string> = {}, extra: object = {}) => ({
    metadata: { name, namespace, ...extra },
    data,
  });
  /** Waits until the policy is live: the marker is refused. */
  const refused = async (attempt: () => Promise<unknown>): Promise<StatusError> => {
    let error: unknown;
    await until('a refusal', async () => {
      try {
        await attempt();
        return false;
      } catch (thrown) {
        error = thrown;
        return true;
      }
    });
    return error as StatusError;
  };
  const allowed = (attempt: () => Promise<unknown>): Promise<boolean> =>
    attempt().then(
      () => true,
      () => false,
    );
  const dry = { dryRun: true };

  // Conformance: [sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment [Conformance]
  it('judges deployments and leaves other kinds alone', async () => {
    const namespace = 'vap-deployments';
    await bind(
      'replicated',
      { validations: [{ expression: 'object.spec.replicas > 1', messageExpression: "'wants replicas > 1, got ' + object.spec.replicas" }] },
      { namespace, group: 'apps', resource: 'deployments' },
    );
    const error = await refused(() => deployments().create(workload('marker', namespace, 1), dry));
    assert.equal(error.code, 422);
    assert.equal(error.reason, 'Invalid');
    const text =
      "ValidatingAdmissionPolicy 'replicated' with binding 'replicated-binding' denied request: failed expression: object.spec.replicas > 1";
    assert.equal(error.message, `deployments.apps "marker" is forbidden: ${text}`);
    assert.deepEqual(error.status.details, { name: 'marker', group: 'apps', kind: 'deployments', causes: [{ message: text }] });
    await deployments().create(workload('replicated', namespace, 2));
    await api.client.resource(ReplicaSets).create(workload('single', namespace, 1));
    await deployments().create(workload('elsewhere', 'default', 1), dry);
  });

  // Conformance: [sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables. [Conformance]
  it('lets expressions use variables and parameters', async () => {
    const namespace = 'vap-variables';
    await configMaps().create(map('default', 'limits', { max: '3' }));
    await bind(
      'variables',
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        variables: [
          { name: 'replicas', expression: 'object.spec.replicas' },
          { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
          { name: 'max', expression: 'int(params.data.max)' },
        ],
        validations: [
          { expression: 'variables.replicas > 1' },
          { expression: 'variables.oddReplicas' },
          {
            expression: 'variables.replicas <= variables.max',
            messageExpression: "'at most ' + string(variables.max) + ' in ' + namespaceObject.metadata.name",
            reason: 'Forbidden',
          },
        ],
      },
      {
        namespace,
        group: 'apps',
        resource: 'deployments',
        binding: { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } },
      },
    );
    const message = async (replicas: number): Promise<[number, string]> => {
      const error = await refused(() => deployments().create(workload('d', namespace, replicas), dry));
      return [error.code, error.message.slice(error.message.indexOf('request: ') + 9)];
    };
    assert.deepEqual(await message(1), [422, 'failed expression: variables.replicas > 1']);
    assert.deepEqual(await message(4), [422, 'failed expression: variables.oddReplicas']);
    assert.deepEqual(await message(5), [403, 'at most 3 in vap-variables']);
    await deployments().create(workload('d', namespace, 3));
    // Parameters count as they are now.
    await configMaps().update({ ...(await configMaps().get('limits', { namespace: 'default' })), data: { max: '5' } });
    await until('new parameters', () =>
      deployments()
        .create(workload('e', namespace, 5), dry)
        .then(
          () => true,
          () => false,
        ),
    );
    await configMaps().delete('limits', { namespace: 'default' });
    const error = await refused(() => deployments().create(workload('f', namespace, 3), dry));
    assert.match(error.message, /failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/);
  });

  it('picks parameters by labels', async () => {
    const namespace = 'vap-selected';
    await bind(
      'selected',
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConditions: [{ name: 'not-params', expression: '!has(object.metadata.labels)' }],
        validations: [{ expression: '!(params.data.forbidden in object.data)', messageExpression: "params.metadata.name + ' forbids it'" }],
      },
      { namespace, binding: { paramRef: { selector: { matchLabels: { role: 'ban' } }, parameterNotFoundAction: 'Allow' } } },
    );
    await configMaps().create(map(namespace, 'free', { a: '1' }));
    await configMaps().create(map(namespace, 'ban-a', { forbidden: 'a' }, { labels: { role: 'ban' } }));
    await configMaps().create(map(namespace, 'ban-b', { forbidden: 'b' }, { labels: { role: 'ban' } }));
    const error = await refused(() => configMaps().create(map(namespace, 'm', { b: '1' }), dry));
    assert.match(error.message, /denied request: ban-b forbids it$/);
    await configMaps().create(map(namespace, 'm', { c: '1' }));
  });

  it('warns and notes instead of denying, when the binding says so', async () => {
    const namespace = 'vap-warn';
    await bind(
      'advice',
      {
        validations: [{ expression: 'size(object.data) > 1', message: 'empty is pointless' }],
        auditAnnotations: [{ key: 'who', valueExpression: "request.userInfo.username + ' ' + request.operation" }],
      },
      { namespace, binding: { validationActions: ['Warn', 'Audit'] } },
    );
    seen.length = 0;
    await until('a warning', async () => {
      await configMaps().create(map(namespace, 'm', { a: '1' }), dry);
      return seen.at(-1)?.warnings.length;
    });
    assert.deepEqual(seen.at(-1), {
      warnings: ["Validation failed for ValidatingAdmissionPolicy 'advice' with binding 'advice-binding': empty is pointless"],
      annotations: {
        'advice/who': 'kubernetes-admin CREATE',
        'validation.policy.admission.k8s.io/validation_failure':
          '[{"message":"empty is pointless","policy":"advice","binding":"advice-binding","expressionIndex":0,"validationActions":["Warn","Audit"]}]',
      },
    });
  });

  it('asks the authorizer in the name of the user', async () => {
    const namespace = 'vap-authorizer';
    await bind(
      'authorized',
      {
        validations: [
          {
            expression: "authorizer.group('').resource('secrets').namespace(object.metadata.namespace).check('list').allowed()",
            message: 'only for those who may list secrets',
          },
        ],
      },
      { namespace },
    );
    await until('the administrator', () => allowed(() => configMaps().create(map(namespace, 'ok'), dry)));
    // May write config maps, by RBAC, but not list secrets.
    const writer = api.clientFor({ name: 'writer', groups: ['system:authenticated'] });
    await api.client
      .resource(ClusterRoles)
      .create({ metadata: { name: 'map-writer' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }] });
    await api.client.resource(ClusterRoleBindings).create({
      metadata: { name: 'map-writer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'map-writer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'writer' }],
    });
    await until('the refusal of the policy', async () => {
      const error = await refused(() => writer.resource(ConfigMaps).create(map(namespace, 'no'), dry));
      return error.message.endsWith('only for those who may list secrets');
    });
  });

  it('follows its failure policy when an expression fails', async () => {
    const namespace = 'vap-failing';
    await bind('failing', { validations: [{ expression: "object.data.missing == 'x'" }] }, { namespace });
    const error = await refused(() => configMaps().create(map(namespace, 'm', { a: '1' }), dry));
    assert.match(
      error.message,
      /^configmaps "m" is forbidden: ValidatingAdmissionPolicy 'failing' with binding 'failing-binding' denied request: expression 'object.data.missing == 'x'' resulted in error: no such key: missing$/,
    );
    const policy = await policies().get('failing');
    await policies().update({ ...policy, spec: { ...policy.spec, failurePolicy: 'Ignore' } });
    await until('failing open', () =>
      configMaps()
        .create(map(namespace, 'm', { a: '1' }), dry)
        .then(
          () => true,
          () => false,
        ),
    );
  });

  it('judges deletions and updates, and sees the old object', async () => {
    const namespace = 'vap-old';
    await bind(
      'old',
      {
        matchConditions: [{ name: 'kept', expression: "request.operation != 'CREATE'" }],
        validations: [
          { expression: "request.operation != 'DELETE' || oldObject.data.locked != 'true'", message: 'locked' },
          { expression: "request.operation != 'UPDATE' || object.data.v >= oldObject.data.v", message: 'must not shrink' },
        ],
      },
      { namespace, operations: ['CREATE', 'UPDATE', 'DELETE'] },
    );
    const made = await configMaps().create(map(namespace, 'm', { locked: 'true', v: '5' }));
    assert.match(
      (await refused(() => configMaps().update({ ...made, data: { locked: 'true', v: '4' } }, dry))).message,
      /must not shrink$/,
    );
    assert.match((await refused(() => configMaps().delete('m', { namespace, dryRun: true }))).message, /locked$/);
    const grown = await configMaps().update({ ...made, data: { locked: 'false', v: '6' } });
    assert.equal(grown.data?.['v'], '6');
    await configMaps().delete('m', { namespace });
  });

  it('cuts off what costs too much', async () => {
    const namespace = 'vap-cost';
    const loop = 'object.data.all(a, object.data.all(b, object.data.all(c, object.data.all(d, a != b || true))))';
    await bind('costly', { validations: [{ expression: loop }] }, { namespace });
    const data = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 'v']));
    const error = await refused(() => configMaps().create(map(namespace, 'm', data), dry));
    assert.match(error.message, /resulted in error: operation cancelled: actual cost limit exceeded$/);
  });

  it('checks types against the kinds that it matches', async () => {
    const checked = async (name: string, validation: object, more: object = {}) => {
      await policies().create({
        metadata: { name },
        spec: { matchConstraints: { resourceRules: [ruleFor('apps', 'deployments')] }, validations: [validation as never], ...more },
      });
      return until('type checking', async () => {
        const { status } = await policies().get(name);
        return status.typeChecking ? status : undefined;
      });
    };
    const right = await checked('right-types', { expression: 'object.spec.replicas > 1' });
    assert.deepEqual(right, { observedGeneration: 1, typeChecking: {} });
    const wrong = await checked('wrong-types', {
      expression: "object.spec.replicas > '1'",
      messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
    });
    assert.deepEqual(wrong?.typeChecking?.expressionWarnings, [
      {
        fieldRef: 'spec.validations[0].expression',
        warning:
          "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n",
      },
      {
        fieldRef: 'spec.validations[0].messageExpression',
        warning:
          "apps/v1, Kind=Deployment: ERROR: <input>:1:28: found no matching overload for '_+_' applied to '(string, int)'\n | 'wants replicas > 1, got ' + object.spec.replicas\n | ...........................^\n",
      },
    ]);
    const through = await checked(
      'variable-types',
      { expression: 'variables.names.all(n, n.size() < 10) && variables.typo' },
      {
        variables: [
          { name: 'names', expression: 'object.spec.template.spec.containers.map(c, c.name)' },
          { name: 'typo', expression: 'object.spec.replicaz == 1' },
        ],
      },
    );
    assert.equal(through?.typeChecking?.expressionWarnings, undefined);
  });

  it('judges custom resources and checks types against their schemas', async () => {
    const schema = {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { replicas: { type: 'integer' }, names: { type: 'array', items: { type: 'string' } } } },
      },
    };
    const crd = await establish(api.client, {
      group: 'policies.example.com',
      plural: 'widgets',
      kind: 'Widget',
      versions: [versionOf('v1', schema)],
    });
    const widgets = api.client.resource(customRef(crd));
    const namespace = 'vap-custom';
    const widget = (name: string, replicas: number) => ({ metadata: { name, namespace }, spec: { replicas, names: ['a'] } });
    await api.client.resource(Namespaces).create({ metadata: { name: namespace } });
    await widgets.create(widget('limit', 3));
    await bind(
      'custom',
      {
        paramKind: { apiVersion: 'policies.example.com/v1', kind: 'Widget' },
        matchConditions: [{ name: 'no-params', expression: "object.metadata.name != 'limit'" }],
        validations: [
          { expression: 'object.spec.replicas <= params.spec.replicas', messageExpression: "'at most ' + string(params.spec.replicas)" },
          { expression: "object.spec.names.all(n, n != 1) || object.spec.missing == ''" },
        ],
      },
      {
        namespace,
        group: 'policies.example.com',
        resource: 'widgets',
        binding: { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } },
      },
    );
    const error = await refused(() => widgets.create(widget('big', 4), dry));
    assert.equal(error.code, 422);
    assert.match(error.message, /^widgets.policies.example.com "big" is forbidden: .* denied request: at most 3$/);
    await widgets.create(widget('small', 3));
    const status = await until('type checking', async () => (await policies().get('custom')).status.typeChecking);
    assert.deepEqual(
      status.expressionWarnings?.map(({ fieldRef, warning }) => [fieldRef, warning.split('\n')[0], warning.split('\n')[3]]),
      [
        [
          'spec.validations[1].expression',
          "policies.example.com/v1, Kind=Widget: ERROR: <input>:1:28: found no matching overload for '_!=_' applied to '(string, int)'",
          "ERROR: <input>:1:48: undefined field 'missing'",
        ],
      ],
    );
  });

  it('lets nobody read by policies what they may not read', async () => {
    const mine = api.clientFor({ name: 'author', groups: ['system:authenticated', 'authors'] });
    const rule = { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] };
    await api.client.resource(ClusterRoles).create({ metadata: { name: 'policy-author' }, rules: [rule] });
    await api.client.resource(ClusterRoleBindings).create({
      metadata: { name: 'policy-author' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'policy-author' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'author' }],
    });
    const spec = { matchConstraints: { resourceRules: [ruleFor('', 'pods')] }, validations: [{ expression: 'true' }] };
    const paramKind = { apiVersion: 'v1', kind: 'Secret' };
    const denied = await until('the role counts', async () => {
      const error = await refused(() =>
        mine.resource(ValidatingAdmissionPolicies).create({ metadata: { name: 'spy' }, spec: { ...spec, paramKind } }),
      );
      return error.code === 422 ? error : undefined;
    });
    const who = '&{author  [system:authenticated authors] map[]}';
    assert.deepEqual(denied.status.details?.causes, [
      {
        reason: 'FieldValueForbidden',
        field: 'spec.paramKind',
        message: `Forbidden: user ${who} must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)`,
      },
    ]);
    await policies().create({ metadata: { name: 'spy' }, spec: { ...spec, paramKind } });
    const paramRef = { name: 'token', namespace: 'kube-system', parameterNotFoundAction: 'Deny' };
    const binding = { metadata: { name: 'spy' }, spec: { policyName: 'spy', validationActions: ['Deny' as const], paramRef } };
    const bound = await refused(() => mine.resource(ValidatingAdmissionPolicyBindings).create(binding));
    assert.match(bound.message, /spec\.paramRef: Forbidden: user .* does not have "get" permission on the object referenced by paramRef$/);
  });

  it('refuses expressions that do not compile', async () => {
    const refusal = async (spec: object): Promise<string[]> => {
      const error = await policies()
        .create({ metadata: { name: 'bad' }, spec: { matchConstraints: { resourceRules: [ruleFor('', 'configmaps')] }, ...spec } })
        .then(
          () => assert.fail('accepted'),
          (thrown: StatusError) => thrown,
        );
      assert.equal(error.code, 422);
      return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message?.split('\n')[0]}`);
    };
    assert.deepEqual(await refusal({ validations: [{ expression: 'object.x = 1' }, { expression: "'text'" }] }), [
      `spec.validations[0].expression: Invalid value: "object.x = 1": compilation failed: ERROR: <input>:1:10: Syntax error: token recognition error at: '= '`,
      `spec.validations[1].expression: Invalid value: "'text'": must evaluate to bool`,
    ]);
    assert.deepEqual(
      await refusal({ validations: [{ expression: 'params.x' }, { expression: 'true', messageExpression: 'authorizer' }] }),
      [
        `spec.validations[0].expression: Invalid value: "params.x": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')`,
        `spec.validations[1].messageExpression: Invalid value: "authorizer": compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer' (in container '')`,
      ],
    );
    assert.deepEqual(
      await refusal({
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
        auditAnnotations: [{ key: 'k', valueExpression: 'variables.b' }],
      }),
      [
        `spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ERROR: <input>:1:10: undefined field 'b'`,
        `spec.auditAnnotations[0].valueExpression: Invalid value: "variables.b": must evaluate to one of [string null_type]`,
      ],
    );
  });
});
