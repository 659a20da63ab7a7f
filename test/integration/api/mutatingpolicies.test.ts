// MutatingAdmissionPolicy: apply configurations and JSON patches written in CEL, where the beta API is served.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  AlphaMutatingAdmissionPolicies,
  ConfigMaps,
  Deployments,
  MutatingAdmissionPolicies,
  MutatingAdmissionPolicyBindings,
  Namespaces,
  Pods,
  ServiceAccounts,
} from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const apply = (expression: string) => ({ patchType: 'ApplyConfiguration' as const, applyConfiguration: { expression } });
const patch = (expression: string) => ({ patchType: 'JSONPatch' as const, jsonPatch: { expression } });

describe('MutatingAdmissionPolicy', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({
      config: { runtimeConfig: ['admissionregistration.k8s.io/v1beta1', 'admissionregistration.k8s.io/v1alpha1'] },
    });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });
  const policies = () => api.client.resource(MutatingAdmissionPolicies);
  const bindings = () => api.client.resource(MutatingAdmissionPolicyBindings);
  const maps = () => api.client.resource(ConfigMaps);
  const map = (namespace: string, name: string, data: Record<string, string>) => ({ metadata: { name, namespace }, data });

  /** A namespace of its own, and policies that work only there. */
  async function namespace(name: string): Promise<string> {
    await api.client.resource(Namespaces).create({ metadata: { name } });
    await api.client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace: name } });
    return name;
  }
  async function bind(
    name: string,
    ns: string,
    spec: object,
    more: { group?: string; resource?: string; binding?: object } = {},
  ): Promise<void> {
    const { group = '', resource = 'configmaps', binding = {} } = more;
    await policies().create({
      metadata: { name },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [resource] }],
        },
        reinvocationPolicy: 'Never',
        ...spec,
      },
    });
    await bindings().create({
      metadata: { name },
      spec: { policyName: name, matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } } }, ...binding },
    });
  }
  /** The object as it is admitted once the policy is live. */
  const changed = <T>(attempt: () => Promise<T>, live: (made: T) => boolean): Promise<T> =>
    until('the policy is live', async () => {
      const made = await attempt();
      return live(made) ? made : undefined;
    });
  const dry = { dryRun: true };

  it('adds a sidecar by an apply configuration, and changes nothing that is not said', async () => {
    const ns = await namespace('map-sidecar');
    await bind(
      'sidecar',
      ns,
      {
        matchConditions: [{ name: 'once', expression: "!object.spec.?initContainers.orValue([]).exists(c, c.name == 'mesh')" }],
        variables: [{ name: 'image', expression: "'mesh:' + object.metadata.labels.version" }],
        mutations: [
          apply(`Object{
            metadata: Object.metadata{labels: {"meshed": "yes"}},
            spec: Object.spec{
              initContainers: [Object.spec.initContainers{name: "mesh", image: variables.image, restartPolicy: "Always"}]
            }
          }`),
        ],
      },
      { resource: 'pods' },
    );
    const pod = {
      metadata: { name: 'p', namespace: ns, labels: { version: '2' } },
      spec: { containers: [{ name: 'c', image: 'busybox' }], initContainers: [{ name: 'first', image: 'busybox' }] },
    };
    const made = await changed(
      () => api.client.resource(Pods).create(pod, dry),
      ({ metadata }) => metadata.labels?.['meshed'] === 'yes',
    );
    assert.deepEqual(made.metadata.labels, { version: '2', meshed: 'yes' });
    assert.deepEqual(
      made.spec.initContainers
        ?.map(({ name, image, restartPolicy, imagePullPolicy }) => [name, image, restartPolicy, imagePullPolicy])
        .sort(),
      [
        ['first', 'busybox', undefined, 'Always'],
        ['mesh', 'mesh:2', 'Always', 'IfNotPresent'],
      ],
    );
  });

  it('patches by JSON patch, with parameters', async () => {
    const ns = await namespace('map-patch');
    await maps().create(map('default', 'defaults', { size: 'large' }));
    await bind(
      'patching',
      ns,
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        mutations: [
          patch(
            `[
            JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("a~b"), value: "escaped"},
            JSONPatch{op: "add", path: "/data/size", value: params.data.size},
            JSONPatch{op: "add", path: "/metadata/labels", value: {"from": request.userInfo.username}}
          ]`.replace('a~b', 'a.b'),
          ),
          // Sees what the one before has made; does nothing where the test fails.
          patch('[JSONPatch{op: "test", path: "/data/size", value: "small"}, JSONPatch{op: "remove", path: "/data/size"}]'),
          patch('has(object.data.size) ? [JSONPatch{op: "add", path: "/data/seen", value: object.data.size}] : []'),
        ],
      },
      { binding: { paramRef: { name: 'defaults', namespace: 'default', parameterNotFoundAction: 'Deny' } } },
    );
    const made = await changed(
      () => maps().create(map(ns, 'm', { a: '1' }), dry),
      ({ data }) => data?.['size'] !== undefined,
    );
    assert.deepEqual(made.data, { a: '1', 'a.b': 'escaped', size: 'large', seen: 'large' });
    assert.deepEqual(made.metadata.labels, { from: 'kubernetes-admin' });
  });

  it('goes through again what others have changed, if the policy wishes', async () => {
    const ns = await namespace('map-again');
    const count = 'object.data.?count.orValue("")';
    const add = (text: string) => apply(`Object{data: {"count": ${count} + "${text}"}}`);
    await bind('a-again', ns, {
      reinvocationPolicy: 'IfNeeded',
      mutations: [apply(`Object{data: {"last": object.data.?mark.orValue("none")}}`)],
    });
    await bind('b-once', ns, { mutations: [add('b')] });
    await bind('c-mark', ns, { mutations: [apply('Object{data: {"mark": "set"}}')] });
    const made = await changed(
      () => maps().create(map(ns, 'm', { x: '1' }), dry),
      ({ data }) => data?.['mark'] === 'set' && data['count'] !== undefined && data['last'] !== undefined,
    );
    assert.equal(made.data?.['count'], 'b');
    // Later policies have changed the object: the first one, which wishes it, sees it again; the others do not.
    assert.equal(made.data?.['last'], 'set');
  });

  it('refuses what would lose data or has types in the wrong place', async () => {
    const ns = await namespace('map-refused');
    const refusal = async (name: string, expression: string): Promise<string> => {
      await bind(name, ns, { mutations: [apply(expression)] }, { group: 'apps', resource: 'deployments' });
      let message = '';
      await until('a refusal', async () => {
        const labels = { app: name };
        try {
          await api.client.resource(Deployments).create(
            {
              metadata: { name: 'd', namespace: ns },
              spec: {
                selector: { matchLabels: labels },
                template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i', args: ['x'] }] } },
              },
            },
            dry,
          );
          return false;
        } catch (error) {
          const { code, status } = error as StatusError;
          assert.equal(code, 422);
          assert.equal(status.reason, 'Invalid');
          ({ message } = error as StatusError);
          return true;
        }
      });
      await bindings().delete(name);
      await until('the binding is gone', async () => !(await bindings().list()).items.some(({ metadata }) => metadata.name === name));
      return message.slice(message.indexOf('policy '));
    };
    assert.equal(
      await refusal(
        'atomic',
        'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "c", args: ["y"]}]}}}}',
      ),
      "policy 'atomic' with binding 'atomic' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[0].args",
    );
    assert.equal(
      await refusal('misplaced', 'Object{spec: Object.status{replicas: 1}}'),
      `policy 'misplaced' with binding 'misplaced' denied request: type mismatch: unexpected type name "Object.status", expected "Object.spec", which matches field name path from root Object type`,
    );
    assert.equal(
      await refusal('failing', 'Object{spec: Object.spec{replicas: object.spec.missing}}'),
      "policy 'failing' with binding 'failing' denied request: expression 'Object{spec: Object.spec{replicas: object.spec.missing}}' resulted in error: no such key: missing",
    );
  });

  it('is checked when it is written, and is one object in both versions', async () => {
    const refused = async (spec: object): Promise<string[]> => {
      const error = await policies()
        .create({
          metadata: { name: 'bad' },
          spec: {
            matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] },
            ...spec,
          } as never,
        })
        .then(
          () => assert.fail('accepted'),
          (thrown: StatusError) => thrown,
        );
      return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message?.split('\n')[0]}`);
    };
    assert.deepEqual(await refused({}), [
      'spec.mutations: Required value: mutations must contain at least one item',
      'spec.reinvocationPolicy: Required value',
    ]);
    assert.deepEqual(await refused({ reinvocationPolicy: 'Never', mutations: [apply('1'), patch('Object{}'), apply('Object{spec: }')] }), [
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "1": must evaluate to Object',
      'spec.mutations[1].jsonPatch.expression: Invalid value: "Object{}": must evaluate to list(JSONPatch)',
      `spec.mutations[2].applyConfiguration.expression: Invalid value: "Object{spec: }": compilation failed: ERROR: <input>:1:14: Syntax error: mismatched input '}' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`,
    ]);
    const alpha = await until('the other version', () =>
      api.client
        .resource(AlphaMutatingAdmissionPolicies)
        .get('sidecar')
        .catch(() => undefined),
    );
    assert.equal(alpha.apiVersion, 'admissionregistration.k8s.io/v1alpha1');
    assert.equal(alpha.spec.failurePolicy, 'Fail');
  });

  it('is not served where nobody asked for it', async () => {
    await using plain = await startTestApi();
    await assert.rejects(plain.client.resource(MutatingAdmissionPolicies).list(), { code: 404 });
    await plain.client.resource(ConfigMaps).create(map('default', 'm', {}));
  });
});
