// ReplicaSets and ReplicationControllers, as test/e2e/apps/{replica_set,rc}.go of the conformance suite try them.
import assert from 'node:assert/strict';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, type KubeObject } from '#api/object.ts';
import { Pods, ReplicaSets, ReplicationControllers, ResourceQuotas, type ResourceRef } from '#api/refs.ts';
import { isForbidden } from '#api/status.ts';
import { until } from '../until.ts';
import { agnhost, event, type Ground, patience, patched, readyPods, updated, versionOf } from './ground.ts';
import { deleteCollection, scaleSubresource, statusSubresource } from './parts.ts';

interface Replicas extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status: {
    readonly replicas: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}
type Ref = ResourceRef<Replicas>;
const sets = ReplicaSets as unknown as Ref;
const controllers = ReplicationControllers as unknown as Ref;

/** One of either kind. */
function replicas(ref: Ref, name: string, count: number, labels: Readonly<Record<string, string>>, template: object) {
  const selector = ref.kind === 'ReplicaSet' ? { matchLabels: labels } : labels;
  return { metadata: { name, labels }, spec: { replicas: count, selector, template } } as never;
}
const ready = (ground: Ground, ref: Ref, name: string, count: number) =>
  ground.until(ref, name, ({ status }) => status.replicas === count && (status.readyReplicas ?? 0) === count, patience);

/** Every replica answers with its own name, asked through the API server. */
async function serves(ground: Ground, ref: Ref): Promise<void> {
  const labels = { name: 'my-hostname-basic' };
  const server = { image: agnhost, command: ['/agnhost', 'serve-hostname'], ports: [{ containerPort: 9376 }], readinessProbe: null };
  const template = ground.template(labels, '1', ground.real ? { containers: [server] as never } : {});
  await ground.create(ref, replicas(ref, 'my-hostname-basic', ground.real ? 2 : 3, labels, template));
  const pods = await readyPods(ground, 'name=my-hostname-basic', ground.real ? 2 : 3);
  assert.ok(pods.every((pod) => controllerOf(pod)?.kind === ref.kind));
  if (!ground.real) return;
  for (const { metadata } of pods) {
    const path = `/api/v1/namespaces/${ground.namespace}/pods/${metadata.name}:9376/proxy/`;
    await until(
      `${metadata.name} answers`,
      async () => (await ground.kubectl('get', '--raw', path)).stdout.trim() === metadata.name,
      patience,
    );
  }
}

/** A pod that was there before is adopted; one whose labels change is let go and replaced. */
async function adopts(ground: Ground, ref: Ref): Promise<void> {
  const name = 'pod-adoption';
  const labels = { name };
  const { spec } = ground.template(labels) as { spec: object };
  await ground.create(Pods, { metadata: { name, labels }, spec } as never);
  await readyPods(ground, `name=${name}`, 1);
  const owner = await ground.create(ref, replicas(ref, name, 1, labels, ground.template(labels)));
  const adopted = await ground.until(Pods, name, (pod) => controllerOf(pod)?.uid === owner.metadata.uid);
  assert.equal(controllerOf(adopted)?.kind, ref.kind);
}
async function releases(ground: Ground, ref: Ref, name: string): Promise<void> {
  const [pod] = await readyPods(ground, `name=${name}`, 1);
  await updated(ground, Pods, pod?.metadata.name ?? '', (old) => ({ ...old, metadata: { ...old.metadata, labels: { name: 'released' } } }));
  await ground.until(Pods, pod?.metadata.name ?? '', (now: Pod) => controllerOf(now) === undefined);
  await ready(ground, ref, name, 1);
  const [next] = await readyPods(ground, `name=${name}`, 1);
  assert.notEqual(next?.metadata.name, pod?.metadata.name);
}

export const setServes = (ground: Ground): Promise<void> => serves(ground, sets);
export const controllerServes = (ground: Ground): Promise<void> => serves(ground, controllers);
export async function setAdoptsAndReleases(ground: Ground): Promise<void> {
  await adopts(ground, sets);
  await releases(ground, sets, 'pod-adoption');
}
export const controllerAdopts = (ground: Ground): Promise<void> => adopts(ground, controllers);
export async function controllerReleases(ground: Ground): Promise<void> {
  const labels = { name: 'pod-release' };
  await ground.create(controllers, replicas(controllers, 'pod-release', 1, labels, ground.template(labels)));
  await releases(ground, controllers, 'pod-release');
}

export async function setScale(ground: Ground): Promise<void> {
  const labels = { name: 'test-rs' };
  await ground.create(sets, replicas(sets, 'test-rs', 1, labels, ground.template(labels)));
  await ready(ground, sets, 'test-rs', 1);
  await scaleSubresource(ground, sets, 'test-rs');
  await ready(ground, sets, 'test-rs', 4);
}
export async function controllerScale(ground: Ground): Promise<void> {
  const labels = { name: 'e2e-rc' };
  await ground.create(controllers, replicas(controllers, 'e2e-rc', 1, labels, ground.template(labels)));
  await ready(ground, controllers, 'e2e-rc', 1);
  await scaleSubresource(ground, controllers, 'e2e-rc', 2);
  await ready(ground, controllers, 'e2e-rc', 2);
}

export async function setReplaceAndPatch(ground: Ground): Promise<void> {
  const labels = { name: 'sample-pod', pod: 'httpd' };
  const selector = 'name=sample-pod,pod=httpd';
  const from = await versionOf(ground, sets);
  await ground.create(sets, replicas(sets, 'test-rs', 1, labels, ground.template(labels)));
  await readyPods(ground, selector, 1);
  await updated(ground, sets, 'test-rs', (old) => ({ ...old, spec: { ...old.spec, replicas: 3 } }));
  await readyPods(ground, selector, 3);
  const containers = [{ name: 'web', env: [{ name: 'VERSION', value: '2' }] }];
  await patched(ground, sets, 'test-rs', {
    metadata: { labels: { 'test-rs': 'patched' } },
    spec: { replicas: 3, template: { spec: { terminationGracePeriodSeconds: 3, containers } } },
  });
  const after = await event(ground, sets, { resourceVersion: from }, ({ type, object }) => {
    return type === 'MODIFIED' && object.metadata.labels?.['test-rs'] === 'patched' && object.status.readyReplicas === 3;
  });
  const { spec } = after as unknown as { spec: { template: { spec: { terminationGracePeriodSeconds: number } } } };
  assert.equal(spec.template.spec.terminationGracePeriodSeconds, 3);
}

export async function setCollection(ground: Ground): Promise<void> {
  const labels = { name: 'sample-pod', pod: 'httpd' };
  await ground.create(
    sets,
    replicas(sets, 'test-rs', 3, { ...labels, e2e: ground.namespace }, ground.template({ ...labels, e2e: ground.namespace })),
  );
  await readyPods(ground, `e2e=${ground.namespace}`, 3);
  await deleteCollection(ground, sets, `e2e=${ground.namespace}`, 1, { gracePeriodSeconds: 1 });
}

export async function setStatus(ground: Ground): Promise<void> {
  const labels = { name: 'sample-pod', pod: 'httpd' };
  const from = await versionOf(ground, sets);
  await ground.create(sets, replicas(sets, 'test-rs', 1, labels, ground.template(labels)));
  await readyPods(ground, 'name=sample-pod', 1);
  await statusSubresource(ground, sets as never, { name: 'test-rs', from, labelSelector: 'name=sample-pod' });
}

/** A quota of two pods: three replicas fail with a condition, two do not. */
export async function controllerOverQuota(ground: Ground): Promise<void> {
  const name = 'condition-test';
  const labels = { name };
  await ground.create(ResourceQuotas, { metadata: { name }, spec: { hard: { pods: '2' } } } as never);
  await ground.until(ResourceQuotas, name, ({ status }) => status.hard?.['pods'] === '2' && status.used?.['pods'] === '0');
  await ground.create(controllers, replicas(controllers, name, 3, labels, ground.template(labels)));
  const failing = await ground.until(
    controllers,
    name,
    ({ status }) => status.conditions?.some(({ type }) => type === 'ReplicaFailure'),
    patience,
  );
  const condition = failing.status.conditions?.[0] as { reason?: string; message?: string };
  assert.equal(condition.reason, 'FailedCreate');
  assert.match(
    condition.message ?? '',
    /^pods "condition-test-\w+" is forbidden: exceeded quota: condition-test, requested: pods=1, used: pods=2, limited: pods=2$/,
  );
  await assert.rejects(
    ground.create(Pods, { metadata: { name: 'more' }, spec: { containers: [{ name: 'c', image: 'x' }] } } as never),
    isForbidden,
  );
  await updated(ground, controllers, name, (old) => ({ ...old, spec: { ...old.spec, replicas: 2 } }));
  await ground.until(
    controllers,
    name,
    ({ status, metadata }) => status.observedGeneration === metadata.generation && (status.conditions ?? []).length === 0,
    patience,
  );
}

export async function controllerLifecycle(ground: Ground): Promise<void> {
  const name = 'rc-test';
  const labels = { 'test-rc-static': 'true' };
  const labelSelector = 'test-rc-static=true';
  const from = await versionOf(ground, controllers, labelSelector);
  let last = from;
  /** Events are taken one after the other, each watch going on where the last one ended. */
  const next = async (check: (one: Replicas, type: string) => boolean): Promise<Replicas> => {
    const object = await event(ground, controllers, { resourceVersion: last, labelSelector }, (one) => check(one.object, one.type));
    last = object.metadata.resourceVersion ?? '';
    return object;
  };
  await ground.create(controllers, replicas(controllers, name, 1, labels, ground.template(labels)));
  await next((_, type) => type === 'ADDED');
  await next(({ status }) => status.replicas === 1 && status.readyReplicas === 1);
  const labelled = await patched(ground, controllers, name, { metadata: { labels: { 'test-rc': 'patched' } } });
  assert.equal(labelled.metadata.labels?.['test-rc'], 'patched');
  await next((_, type) => type === 'MODIFIED');
  const body = { status: { readyReplicas: 0, availableReplicas: 0 } };
  const written = await patched(ground, controllers, name, body, { subresource: 'status' });
  assert.equal(written.status.readyReplicas ?? 0, 0);
  await next((one, type) => type === 'MODIFIED' && one.status.replicas === 1);
  const status = await ground.of(controllers).get(name, { namespace: ground.namespace, subresource: 'status' });
  assert.equal(status.status.replicas, 1);
  await patched(ground, controllers, name, { spec: { replicas: 2 } }, { subresource: 'scale' });
  await next(({ status: now }) => now.replicas === 2 && now.readyReplicas === 2);
  assert.equal((await ground.get(controllers, name)).metadata.labels?.['test-rc'], 'patched');
  await updated(
    ground,
    controllers,
    name,
    (old) => ({ ...old, status: { ...old.status, availableReplicas: 1, readyReplicas: 1 } }),
    'status',
  );
  await next((_, type) => type === 'MODIFIED');
  const { items } = await ground.of(controllers).list({ labelSelector });
  assert.ok(items.some(({ metadata }) => metadata.name === name && metadata.namespace === ground.namespace));
  await ground.of(controllers).deleteCollection({ namespace: ground.namespace, labelSelector });
  await next((_, type) => type === 'DELETED');
}
