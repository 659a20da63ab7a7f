// Conformance of admission webhooks: servers in pods, behind Services, asked about what is written to the API.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MutatingWebhookConfiguration } from '#api/admissionregistration/v1/mutatingwebhookconfiguration.ts';
import type { ValidatingWebhookConfiguration } from '#api/admissionregistration/v1/validatingwebhookconfiguration.ts';
import type { KubeObject } from '#api/object.ts';
import {
  ConfigMaps,
  CustomResourceDefinitions,
  MutatingWebhookConfigurations,
  Namespaces,
  Pods,
  type ResourceRef,
  ValidatingWebhookConfigurations,
} from '#api/refs.ts';
import type { ResourceClient } from '#client/client.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { configured, define, deployHooks, hook, type HookServer, marker, openScope, refused, rule, type Scope } from './hooksupport.ts';
import { inSpace, isReady, pod, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

type Hooks = readonly ReturnType<typeof hook>[];
interface Bench {
  readonly space: Space;
  readonly server: HookServer;
  readonly scope: Scope;
  readonly maps: ResourceClient<KubeObject & { data?: Record<string, string> }>;
  /** Creates a configuration with a marker and waits until it counts. */
  validate(name: string, hooks: Hooks, labels?: Record<string, string>): Promise<ValidatingWebhookConfiguration>;
  mutate(name: string, hooks: Hooks, labels?: Record<string, string>): Promise<MutatingWebhookConfiguration>;
  /** A name that no other test uses. */
  unique(name: string): string;
}

/** Runs a test beside a webhook server of its own; its configurations go away afterwards. */
const withHooks = (check: (bench: Bench) => Promise<void>): Promise<void> =>
  inSpace(cluster, async (space) => {
    const [server, scope] = [await deployHooks(space, 'webhook'), await openScope(space)];
    const { client } = space.cluster;
    const made: (() => Promise<unknown>)[] = [];
    const configure =
      <T extends KubeObject>(ref: ResourceRef<T>) =>
      async (name: string, hooks: Hooks, labels: Record<string, string> = {}): Promise<T> => {
        const configuration = { metadata: { name, labels }, webhooks: [...hooks, marker(scope, server)] };
        const created = await client.resource(ref).create(configuration as never);
        made.push(() =>
          client
            .resource(ref)
            .delete(name)
            .catch(() => undefined),
        );
        await configured(space, scope);
        return created;
      };
    try {
      await check({
        space,
        server,
        scope,
        maps: client.resource(ConfigMaps) as never,
        validate: configure(ValidatingWebhookConfigurations),
        mutate: configure(MutatingWebhookConfigurations),
        unique: (name) => `${space.namespace}-${name}`,
      });
    } finally {
      await Promise.all(made.map((remove) => remove()));
      await client.resource(Namespaces).delete(scope.markers);
    }
  });

const unwanted = { 'webhook-e2e-test': 'webhook-disallow' };
const start = { 'mutation-start': 'yes' };
const both = { ...start, 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' };
const maps = (...operations: string[]): object[] => [rule(operations, '', ['v1'], ['configmaps'])];
const denyMaps = ({ scope, server }: Bench) =>
  hook(scope, 'deny-unwanted-configmap-data.k8s.io', server.at('/configmaps'), maps('CREATE', 'UPDATE'));
const mutateMaps = ({ scope, server }: Bench, stage: number) =>
  hook(scope, `adding-configmap-data-stage-${stage}.k8s.io`, server.at('/mutating-configmaps'), maps('CREATE'));

/** Creates configmaps until one meets `check`; each is removed again. */
async function untilMade({ maps: client, space }: Bench, data: Record<string, string>, check: (data: object | undefined) => boolean) {
  const { namespace } = space;
  await until('a configmap is let through as it should be', async () => {
    const made = await client.create({ metadata: { generateName: 'm-' }, data } as never, { namespace }).catch(() => undefined);
    if (!made) return false;
    await client.delete(made.metadata.name, { namespace });
    return check(made.data);
  });
}
async function untilDenied({ maps: client, space }: Bench): Promise<void> {
  const { namespace } = space;
  await until('a configmap is refused', async () => {
    const draft = { metadata: { generateName: 'm-' }, data: unwanted };
    return await client.create(draft as never, { namespace }).then(
      () => false,
      (error: unknown) => String(error).includes('denied'),
    );
  });
}

describe('webhooks', { concurrency: 6 }, () => {
  // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents [Conformance]
  test('are in the discovery documents', async () => {
    const get = async (path: string) => JSON.parse(await cluster.kubectl.ok('get', '--raw', path));
    const group = 'admissionregistration.k8s.io';
    const found = (await get('/apis')).groups.find(({ name }: { name: string }) => name === group);
    assert.ok(
      found.versions.some(({ groupVersion, version }: Record<string, string>) => groupVersion === `${group}/v1` && version === 'v1'),
    );
    assert.ok((await get(`/apis/${group}`)).versions.some(({ version }: { version: string }) => version === 'v1'));
    const resources = (await get(`/apis/${group}/v1`)).resources.map(({ name }: { name: string }) => name);
    for (const name of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) assert.ok(resources.includes(name), name);
  });

  // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation [Conformance]
  test('deny pods and configmaps', () =>
    withHooks(async (bench) => {
      const { space, scope, server, maps: client, validate, unique } = bench;
      const { namespace } = space;
      const skip = { matchExpressions: [{ key: 'skip-webhook-admission', operator: 'NotIn', values: ['yes'] }] };
      const namespaceSelector = { matchLabels: { [scope.label]: 'true' } };
      const podHook = hook(scope, 'deny-unwanted-pod-container-name-and-label.k8s.io', server.at('/pods'), [
        rule(['CREATE'], '', ['v1'], ['pods']),
      ]);
      const { caBundle: _, ...unknown } = server.at('/configmaps');
      await validate(unique('deny'), [
        podHook,
        { ...denyMaps(bench), namespaceSelector: { ...skip, ...namespaceSelector } } as never,
        // Nothing vouches for its certificate, so that it always fails; with this policy that does no harm.
        hook(scope, 'fail-open.k8s.io', unknown, maps('CREATE'), { failurePolicy: 'Ignore' }),
      ]);
      const bad = pod('disallowed-pod', { name: 'webhook-disallow' }, { labels: unwanted });
      const { message } = await refused(space.create(Pods, bad));
      assert.match(message, /the pod contains unwanted container name/);
      assert.match(message, /the pod contains unwanted label/);
      const hanging = pod('hanging-pod', { name: 'wait-forever' }, { labels: { 'webhook-e2e-test': 'wait-forever' } });
      assert.match((await refused(space.create(Pods, hanging))).message, /deadline|timeout/);

      const denied = /the configmap contains unwanted key and value/;
      assert.match((await refused(client.create({ metadata: { name: 'bad' }, data: unwanted }, { namespace }))).message, denied);
      const good = await client.create({ metadata: { name: 'good' }, data: { admit: 'this' } }, { namespace });
      assert.match((await refused(client.update({ ...good, data: unwanted }))).message, denied);
      assert.match((await refused(client.patch('good', { data: unwanted }, { namespace, type: 'strategic' }))).message, denied);

      const exempt = unique('exempt');
      const labels = { 'skip-webhook-admission': 'yes', [scope.label]: 'true' };
      await space.cluster.client.resource(Namespaces).create({ metadata: { name: exempt, labels } });
      await client.create({ metadata: { name: 'bad' }, data: unwanted }, { namespace: exempt });
      await space.cluster.client.resource(Namespaces).delete(exempt);
    }));

  // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny attaching pod [Conformance]
  test('deny attaching to a pod', () =>
    withHooks(async ({ space, scope, server, validate, unique }) => {
      const rules = [rule(['CONNECT'], '', ['v1'], ['pods/attach'])];
      await validate(unique('attach'), [hook(scope, 'deny-attaching-pod.k8s.io', server.at('/pods/attach'), rules)]);
      await space.create(Pods, pod('to-be-attached-pod', { name: 'container1' }));
      await space.until(Pods, 'to-be-attached-pod', isReady);
      const attached = await space.kubectl('attach', 'to-be-attached-pod', '-i', '-c=container1');
      assert.equal(attached.code, 1);
      assert.match(attached.stderr, /attaching to pod 'to-be-attached-pod' is not allowed/);
    }));

  test('deny everything where they cannot be asked and must be', () =>
    withHooks(async ({ space, scope, server, maps: client, validate, unique }) => {
      const { caBundle: _, ...unknown } = server.at('/configmaps');
      await validate(unique('closed'), [hook(scope, 'fail-closed.k8s.io', unknown, maps('CREATE'), { failurePolicy: 'Fail' })]);
      const { reason, code, message } = await refused(client.create({ metadata: { name: 'foo' } }, { namespace: space.namespace }));
      assert.deepEqual([reason, code], ['InternalError', 500]);
      assert.match(
        message,
        /failed calling webhook "fail-closed\.k8s\.io": failed to call webhook: .*x509: certificate signed by unknown authority/,
      );
    }));

  test('change configmaps in two stages', () =>
    withHooks(async (bench) => {
      await bench.mutate(bench.unique('stages'), [mutateMaps(bench, 1), mutateMaps(bench, 2)]);
      const made = await bench.maps.create({ metadata: { name: 'to-be-mutated' }, data: start }, { namespace: bench.space.namespace });
      assert.deepEqual(made.data, both);
    }));

  // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation [Conformance]
  test('change pods, and what they add gets its defaults', () =>
    withHooks(async ({ space, scope, server, mutate, unique }) => {
      const rules = [rule(['CREATE'], '', ['v1'], ['pods'])];
      await mutate(unique('pods'), [hook(scope, 'adding-init-container.k8s.io', server.at('/mutating-pods'), rules)]);
      const made = await space.create(Pods, pod('webhook-to-be-mutated', {}));
      assert.equal(made.spec.initContainers?.length, 1);
      assert.equal(made.spec.initContainers[0]?.name, 'webhook-added-init-container');
      assert.equal(made.spec.initContainers[0]?.terminationMessagePolicy, 'File');
    }));

  // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should not be able to mutate or prevent deletion of webhook configuration objects [Conformance]
  test('neither change nor keep configurations of webhooks', () =>
    withHooks(async ({ space, scope, server, validate, mutate, unique }) => {
      const rules = [
        rule(['DELETE'], 'admissionregistration.k8s.io', ['*'], ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations']),
      ];
      const everywhere = { namespaceSelector: {} };
      const changing = rules.map((one) => ({ ...one, operations: ['CREATE'] }));
      await validate(unique('keep'), [
        hook(scope, 'deny-webhook-configuration-deletions.k8s.io', server.at('/always-deny'), rules, everywhere),
      ]);
      await mutate(unique('change'), [
        hook(scope, 'add-label-to-webhook-configurations.k8s.io', server.at('/add-label'), changing, everywhere),
      ]);
      const dummy = [
        hook(scope, 'dummy.k8s.io', { service: { ...server.at('').service, path: '' } }, [rule(['CREATE'], '', ['v1'], ['invalid'])], {
          failurePolicy: 'Ignore',
        }),
      ];
      for (const [make, ref] of [
        [validate, ValidatingWebhookConfigurations],
        [mutate, MutatingWebhookConfigurations],
      ] as const) {
        const made = await make(unique('dummy'), dummy);
        assert.equal(made.metadata.labels?.['added-label'], undefined);
        await space.cluster.client.resource(ref as ResourceRef<KubeObject>).delete(unique('dummy'));
      }
    }));

  test('are changed, left out by an update and let in again by a patch: validating', () =>
    withHooks(async (bench) => {
      const name = bench.unique('changed');
      const made = await bench.validate(name, [denyMaps(bench)]);
      await untilDenied(bench);
      const configurations = cluster.client.resource(ValidatingWebhookConfigurations);
      const [first, ...rest] = made.webhooks ?? [];
      const rules = first?.rules?.map((one) => ({ ...one, operations: ['UPDATE'] }));
      await configurations.update({ ...made, webhooks: [{ ...first, rules }, ...rest] } as never);
      await untilMade(bench, unwanted, () => true);
      await configurations.patch(name, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], { type: 'json' });
      await untilDenied(bench);
    }));

  // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a mutating webhook should work [Conformance]
  test('are changed, left out by an update and let in again by a patch: mutating', () =>
    withHooks(async (bench) => {
      const name = bench.unique('changed');
      const made = await bench.mutate(name, [mutateMaps(bench, 1)]);
      const configurations = cluster.client.resource(MutatingWebhookConfigurations);
      const [first, ...rest] = made.webhooks ?? [];
      const rules = first?.rules?.map((one) => ({ ...one, operations: ['UPDATE'] }));
      await configurations.update({ ...made, webhooks: [{ ...first, rules }, ...rest] } as never);
      await untilMade(bench, start, (data) => !Object.keys(data ?? {}).includes('mutation-stage-1'));
      await configurations.patch(name, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], { type: 'json' });
      await untilMade(bench, start, (data) => Object.keys(data ?? {}).includes('mutation-stage-1'));
    }));

  for (const [kind, ref] of [
    ['validating', ValidatingWebhookConfigurations],
    ['mutating', MutatingWebhookConfigurations],
  ] as const) {
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing validating webhooks should work [Conformance]
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing mutating webhooks should work [Conformance]
    test(`are listed and deleted together: ${kind}`, () =>
      withHooks(async (bench) => {
        const labels = { 'e2e-list-test-uuid': bench.scope.label };
        const labelSelector = `e2e-list-test-uuid=${bench.scope.label}`;
        const configurations = cluster.client.resource(ref as ResourceRef<KubeObject>);
        const validating = kind === 'validating';
        for (let i = 0; i < 10; i++) {
          if (validating) await bench.validate(bench.unique(`list-${i}`), [denyMaps(bench)], labels);
          else await bench.mutate(bench.unique(`list-${i}`), [mutateMaps(bench, 1)], labels);
        }
        assert.equal((await configurations.list({ labelSelector })).items.length, 10);
        if (validating) await untilDenied(bench);
        else await untilMade(bench, start, (data) => Object.keys(data ?? {}).includes('mutation-stage-1'));
        await configurations.deleteCollection({ labelSelector });
        assert.equal((await configurations.list({ labelSelector })).items.length, 0);
        if (validating) await untilMade(bench, unwanted, () => true);
        else await untilMade(bench, start, (data) => !Object.keys(data ?? {}).includes('mutation-stage-1'));
      }));
  }

  test('are given the time that they are to have, and no more', () =>
    withHooks(async ({ space, scope, server, maps: client, validate, unique }) => {
      const { namespace } = space;
      const name = unique('slow');
      const slow = async (more: object): Promise<void> => {
        await validate(name, [
          hook(scope, 'allow-configmap-with-delay-webhook.k8s.io', server.at('/always-allow-delay-5s'), maps('CREATE'), more),
        ]);
      };
      const remove = () => cluster.client.resource(ValidatingWebhookConfigurations).delete(name);
      await slow({ failurePolicy: 'Fail', timeoutSeconds: 1 });
      const { message } = await refused(client.create({ metadata: { name: 'e2e-test-slow-webhook-configmap' } }, { namespace }));
      assert.match(message, /context deadline exceeded/);
      assert.match(message, /slow-webhook|always-allow-delay-5s\?timeout=1s/);
      await remove();
      for (const more of [
        { failurePolicy: 'Ignore', timeoutSeconds: 1 },
        { failurePolicy: 'Fail', timeoutSeconds: 10 },
        { failurePolicy: 'Fail' },
      ]) {
        await slow(more);
        await client.create({ metadata: { name: 'let-through' } }, { namespace });
        await client.delete('let-through', { namespace });
        await remove();
      }
    }));
});

describe('conditions of webhooks', { concurrency: 6 }, () => {
  const first = [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }];
  const second = [...first, { name: 'expression-2', expression: "object.metadata.namespace == 'staging'" }];
  const broken = [{ name: 'invalid-expression-1', expression: '... [] bad expression' }];
  for (const [kind, ref] of [
    ['validating', ValidatingWebhookConfigurations],
    ['mutating', MutatingWebhookConfigurations],
  ] as const) {
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update validating webhook configurations with match conditions [Conformance]
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update mutating webhook configurations with match conditions [Conformance]
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject validating webhook configurations with invalid match conditions [Conformance]
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject mutating webhook configurations with invalid match conditions [Conformance]
    test(`are kept and changed, and refused where they cannot be read: ${kind}`, () =>
      withHooks(async ({ scope, server, validate, mutate, unique }) => {
        const configurations = cluster.client.resource(
          ref as unknown as ResourceRef<KubeObject & { webhooks: readonly { matchConditions?: unknown }[] }>,
        );
        const make = (name: string, matchConditions: object[]): Promise<KubeObject> => {
          const hooks = [hook(scope, 'with-match-conditions.k8s.io', server.at('/always-deny'), maps('CREATE'), { matchConditions })];
          return kind === 'validating' ? validate(name, hooks) : mutate(name, hooks);
        };
        await make(unique('conditions'), first);
        const made = await configurations.get(unique('conditions'));
        const [one, ...rest] = made.webhooks;
        assert.deepEqual(one?.matchConditions, first);
        await configurations.update({ ...made, webhooks: [{ ...one, matchConditions: second }, ...rest] });
        assert.deepEqual((await configurations.get(unique('conditions'))).webhooks[0]?.matchConditions, second);
        const { message, code } = await refused(make(unique('broken'), broken));
        assert.match(message, /compilation failed/);
        assert.equal(code, 422);
      }));
  }

  // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate everything except 'skip-me' configmaps [Conformance]
  test('leave an object out by its name', () =>
    withHooks(async (bench) => {
      const matchConditions = [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }];
      await bench.mutate(bench.unique('skip'), [{ ...mutateMaps(bench, 1), matchConditions }]);
      const { namespace } = bench.space;
      const made = await bench.maps.create({ metadata: { name: 'other' }, data: start }, { namespace });
      assert.deepEqual(made.data, { ...start, 'mutation-stage-1': 'yes' });
      assert.deepEqual((await bench.maps.create({ metadata: { name: 'skip-me' }, data: start }, { namespace })).data, start);
    }));
});

describe('webhooks and custom resources', { concurrency: 6 }, () => {
  const group = 'webhook.example.com';
  const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const version = (name: string, storage: boolean, schema: object = open): object => ({ name, served: true, storage, schema });
  const custom = (kind: string, data: object, apiVersion = `${group}/v1`): never =>
    ({ apiVersion, kind, metadata: { name: 'cr-instance' }, data }) as never;

  test('deny creation, update and deletion', () =>
    withHooks(async ({ space, scope, server, validate, unique }) => {
      const crd = await define(space, group, [version('v1', true), version('v2', false)]);
      const { namespace } = space;
      const rules = [rule(['CREATE', 'UPDATE', 'DELETE'], group, ['v1', 'v2'], [crd.plural])];
      await validate(unique('custom'), [hook(scope, 'deny-unwanted-custom-resource-data.k8s.io', server.at('/custom-resource'), rules)]);
      const things = cluster.client.resource(crd.ref('v1'));
      const denied = /the custom resource contains unwanted data/;
      assert.match((await refused(things.create(custom(crd.kind, unwanted), { namespace }))).message, denied);
      const kept = await things.create(custom(crd.kind, { 'webhook-e2e-test': 'webhook-nondeletable' }), { namespace });
      assert.match((await refused(things.update({ ...kept, data: unwanted }))).message, denied);
      const { message } = await refused(things.delete('cr-instance', { namespace }));
      assert.match(message, /the custom resource cannot be deleted because it contains unwanted key and value/);
      await things.update({ ...kept, data: { 'webhook-e2e-test': 'webhook-allow' } });
      await things.delete('cr-instance', { namespace });
      await crd.remove();
    }));

  for (const [what, schema, expected] of [
    ['change them', open, both],
    [
      'change them, and what the schema does not know is pruned',
      {
        openAPIV3Schema: {
          type: 'object',
          properties: {
            data: { type: 'object', properties: { 'mutation-start': { type: 'string' }, 'mutation-stage-1': { type: 'string' } } },
          },
        },
      },
      { ...start, 'mutation-stage-1': 'yes' },
    ],
  ] as const) {
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource [Conformance]
    // Conformance: [sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with pruning [Conformance]
    test(what, () =>
      withHooks(async ({ space, scope, server, mutate, unique }) => {
        const crd = await define(space, group, [version('v1', true, schema), version('v2', false, schema)]);
        const at = server.at('/mutating-custom-resource');
        await mutate(unique('custom'), [
          hook(scope, 'mutate-custom-resource-data-stage-1.k8s.io', at, [rule(['CREATE', 'UPDATE'], group, ['v1', 'v2'], [crd.plural])]),
          hook(scope, 'mutate-custom-resource-data-stage-2.k8s.io', at, [rule(['CREATE'], group, ['v1', 'v2'], [crd.plural])]),
        ]);
        const { namespace } = space;
        const made = await cluster.client.resource(crd.ref('v1')).create(custom(crd.kind, start), { namespace });
        assert.deepEqual(made['data'], expected);
        await crd.remove();
      }),
    );
  }

  test('change those of another version than the stored one', () =>
    withHooks(async ({ space, scope, server, mutate, unique }) => {
      const crd = await define(space, group, [version('v1', true), version('v2', false)]);
      const { namespace } = space;
      const rules = [rule(['CREATE', 'UPDATE'], group, ['v1', 'v2'], [crd.plural])];
      await mutate(unique('stored'), [
        hook(scope, 'mutate-custom-resource-data-stage-1.k8s.io', server.at('/mutating-custom-resource'), rules),
      ]);
      const things = cluster.client.resource(crd.ref('v1'));
      const made = await things.create(custom(crd.kind, start), { namespace });
      assert.deepEqual(made['data'], { ...start, 'mutation-stage-1': 'yes' });
      const definitions = cluster.client.resource(CustomResourceDefinitions);
      await definitions.patch(
        crd.name,
        [
          { op: 'replace', path: '/spec/versions/1/storage', value: true },
          { op: 'replace', path: '/spec/versions/0/storage', value: false },
        ],
        { type: 'json' },
      );
      // It is stored as v2 from now on; a patch of v1 is changed nevertheless.
      const patched = await things.patch('cr-instance', { data: { 'mutation-start': 'yes', other: 'x' } }, { namespace, type: 'merge' });
      assert.deepEqual(patched['data'], { ...both, other: 'x' });
      await crd.remove();
    }));

  test('deny definitions', () =>
    withHooks(async ({ space, scope, server, validate, unique }) => {
      const rules = [rule(['CREATE'], 'apiextensions.k8s.io', ['*'], ['customresourcedefinitions'])];
      const objectSelector = { matchLabels: { [scope.label]: 'true' } };
      await validate(unique('crd'), [
        hook(scope, 'deny-crd-with-unwanted-label.k8s.io', server.at('/crd'), rules, { namespaceSelector: {}, objectSelector }),
      ]);
      const draft = {
        metadata: { name: `denied.${group}`, labels: { ...unwanted, [scope.label]: 'true' } },
        spec: { group, scope: 'Cluster', names: { plural: 'denied', kind: 'Denied' }, versions: [version('v1', true)] },
      };
      const { message } = await refused(space.cluster.client.resource(CustomResourceDefinitions).create(draft as never));
      assert.match(message, /the crd contains unwanted label/);
    }));
});

describe('conversion webhooks', { concurrency: 2 }, () => {
  const group = 'stable.example.com';
  const text = { type: 'string' };
  const versions = (stored: string): object[] => [
    { name: 'v1', served: true, storage: stored === 'v1', schema: { openAPIV3Schema: { type: 'object', properties: { hostPort: text } } } },
    {
      name: 'v2',
      served: true,
      storage: stored === 'v2',
      schema: { openAPIV3Schema: { type: 'object', properties: { host: text, port: text } } },
    },
  ];
  const withConversion = (check: (space: Space, crd: Awaited<ReturnType<typeof define>>) => Promise<void>): Promise<void> =>
    inSpace(cluster, async (space) => {
      const server = await deployHooks(space, 'crd-conversion-webhook');
      const webhook = { clientConfig: server.at('/crdconvert'), conversionReviewVersions: ['v1', 'v1beta1'] };
      const crd = await define(space, group, versions('v1'), { conversion: { strategy: 'Webhook', webhook } });
      await check(space, crd);
      await crd.remove();
    });
  const thing = (kind: string, name: string): never =>
    ({ apiVersion: `${group}/v1`, kind, metadata: { name }, hostPort: 'localhost:8080' }) as never;
  const shown = ({ apiVersion, hostPort, host, port }: Record<string, unknown>) => ({ apiVersion, hostPort, host, port });
  const asFirst = { apiVersion: `${group}/v1`, hostPort: 'localhost:8080', host: undefined, port: undefined };
  const asSecond = { apiVersion: `${group}/v2`, hostPort: undefined, host: 'localhost', port: '8080' };

  // Conformance: [sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector [Conformance]
  test('objects are listed, watched and deleted by the fields of each version', () =>
    withConversion(async ({ namespace, cluster: { client } }, crd) => {
      const paths: Record<string, string[]> = { v1: ['.hostPort'], v2: ['.host', '.port'] };
      const selectable = versions('v1').map((one) => ({
        ...one,
        selectableFields: paths[(one as { name: string }).name]?.map((jsonPath) => ({ jsonPath })),
      }));
      await client.resource(CustomResourceDefinitions).patch(crd.name, { spec: { versions: selectable } }, { type: 'merge' });
      const [first, second] = [client.resource(crd.ref('v1')), client.resource(crd.ref('v2'))];
      const list = async (things: typeof first, fieldSelector: string): Promise<string[]> =>
        (await things.list({ namespace, fieldSelector })).items.map(({ metadata }) => metadata.name);
      await until('fields are selectable', () =>
        list(first, 'hostPort=x').then(
          () => true,
          () => false,
        ),
      );
      const { resourceVersion = '' } = (await second.list({ namespace })).metadata;
      const stop = new AbortController();
      const watched = async (things: typeof first, fieldSelector: string, events: number): Promise<string[]> => {
        const seen: string[] = [];
        for await (const { type, object } of things.watch({ namespace, fieldSelector, resourceVersion, signal: stop.signal })) {
          if (type !== 'BOOKMARK') seen.push(`${type} ${object.metadata.name}`);
          if (seen.length === events) break;
        }
        return seen;
      };
      const watches = Promise.all([
        watched(second, 'host=host1', 4),
        watched(second, 'host=host1,port=80', 2),
        watched(first, 'hostPort=host1:80', 2),
      ]);
      const make = (name: string, host: string, port?: string): never =>
        ({ apiVersion: `${group}/v2`, kind: crd.kind, metadata: { name }, host, ...(port ? { port } : {}) }) as never;
      await second.create(make('a', 'host1', '80'), { namespace });
      const b = await second.create(make('b', 'host1', '8080'), { namespace });
      await second.create(make('c', 'host2'), { namespace });
      assert.deepEqual(await list(second, 'host=host1'), ['a', 'b']);
      assert.deepEqual(await list(second, 'host=host1,port=80'), ['a']);
      assert.deepEqual(await list(first, 'hostPort=host1:80'), ['a']);
      assert.deepEqual(await list(first, 'hostPort=host1:8080'), ['b']);
      await second.deleteCollection({ namespace, fieldSelector: 'host=host1,port=80' });
      await second.update({ ...b, host: 'host2' });
      assert.deepEqual(await list(second, 'host=host1'), []);
      assert.deepEqual(await list(second, 'host=host1,port=80'), []);
      const two = ['ADDED a', 'DELETED a'];
      assert.deepEqual(await watches, [['ADDED a', 'ADDED b', 'DELETED a', 'DELETED b'], two, two]);
      stop.abort();
    }));

  // Conformance: [sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2 [Conformance]
  test('an object of v1 is read as v2', () =>
    withConversion(async ({ namespace, cluster: { client } }, crd) => {
      await client.resource(crd.ref('v1')).create(thing(crd.kind, 'cr-instance-1'), { namespace });
      assert.deepEqual(shown(await client.resource(crd.ref('v2')).get('cr-instance-1', { namespace })), asSecond);
    }));

  // Conformance: [sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs [Conformance]
  test('a list of objects that are stored in both versions', () =>
    withConversion(async ({ namespace, cluster: { client } }, crd) => {
      const things = client.resource(crd.ref('v1'));
      await things.create(thing(crd.kind, 'cr-instance-1'), { namespace });
      await client.resource(CustomResourceDefinitions).patch(crd.name, { spec: { versions: versions('v2') } }, { type: 'merge' });
      await things.create(thing(crd.kind, 'cr-instance-2'), { namespace });
      for (const [name, expected] of [
        ['v1', asFirst],
        ['v2', asSecond],
      ] as const) {
        const { items } = await client.resource(crd.ref(name)).list({ namespace });
        assert.deepEqual(
          items.map(({ metadata }) => metadata.name),
          ['cr-instance-1', 'cr-instance-2'],
        );
        for (const item of items) assert.deepEqual(shown(item), expected);
      }
    }));
});
