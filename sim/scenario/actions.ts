// What users do to a cluster. Each action is one request or a few; a refusal is an answer like any other.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type Draft, keyOf, type KubeObject } from '#api/object.ts';
import {
  ConfigMaps,
  CronJobs,
  DaemonSets,
  Deployments,
  HorizontalPodAutoscalers,
  Jobs,
  Namespaces,
  Nodes,
  PersistentVolumes,
  PodDisruptionBudgets,
  Pods,
  PriorityClasses,
  ResourceQuotas,
  type ResourceRef,
  Services,
  StatefulSets,
  StorageClasses,
} from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { below, pick } from '#base/seeded.ts';
import type { Client } from '#client/client.ts';
import { ensureLocalClass } from '#cmd/localclass.ts';
import type { Cluster } from '../cluster.ts';
import { type Action, creates, fresh, namespaces, one, patch } from './action.ts';
import { claimed, unclaim, volumeSet } from './storage.ts';
import * as workloads from './workloads.ts';

const templated = [Deployments, StatefulSets, DaemonSets] as const;
const scaled = [Deployments, StatefulSets] as const;
const any = [Deployments, StatefulSets, DaemonSets, Jobs, CronJobs] as const;

const daemonSet: Action = (cluster, client) =>
  cluster.truth.list(DaemonSets).length > 1 ? undefined : creates(DaemonSets, 'ds', workloads.daemonSet)(cluster, client);

const cronJob: Action = (cluster, client) =>
  cluster.truth.list(CronJobs).length > 1 ? undefined : creates(CronJobs, 'cron', workloads.cronJob)(cluster, client);

/** What every life has from the start: a priority above the others, volumes on every node, and a class that
 * makes more on demand. */
export async function prepare(cluster: Cluster, client: Client): Promise<void> {
  await client.resource(Namespaces).create({ metadata: { name: 'team' } });
  await client.resource(PriorityClasses).create({ metadata: { name: workloads.urgent }, value: 1_000 });
  const provisioner = 'kubernetes.io/no-provisioner';
  await client
    .resource(StorageClasses)
    .create({ metadata: { name: workloads.disks }, provisioner, volumeBindingMode: 'WaitForFirstConsumer' });
  for (const { name } of cluster.machines) {
    for (const disk of ['a', 'b', 'c']) {
      const here = { key: 'kubernetes.io/hostname', operator: 'In', values: [name] };
      const spec = {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        storageClassName: workloads.disks,
        persistentVolumeReclaimPolicy: 'Retain',
        local: { path: `/disks/${disk}` },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [here] }] } },
      };
      await client.resource(PersistentVolumes).create({ metadata: { name: `${name}-${disk}` }, spec } as Draft<PersistentVolume>);
    }
  }
  await ensureLocalClass(client);
}

const roll: Action = (cluster, client) => {
  const target = one(cluster, templated as readonly ResourceRef<KubeObject>[]);
  const spec = workloads.template(cluster.random, {}).spec;
  const annotations = { version: String(below(cluster.random, 4)) };
  const template =
    cluster.random.next() < 0.5 ? { metadata: { annotations } } : { spec: { containers: spec?.containers }, metadata: { annotations } };
  return patch(client, target, { spec: { template } });
};

const scale: Action = (cluster, client) =>
  patch(client, one(cluster, scaled as readonly ResourceRef<KubeObject>[]), { spec: { replicas: below(cluster.random, 8) } });

const pause: Action = (cluster, client) => {
  const target = one(cluster, [Deployments]);
  return patch(client, target, { spec: { paused: target?.object.spec.paused !== true } });
};

const suspend: Action = (cluster, client) => {
  const target = one(cluster, [Jobs]);
  return patch(client, target, { spec: { suspend: target?.object.spec.suspend !== true } });
};

const resizeJob: Action = (cluster, client) => patch(client, one(cluster, [Jobs]), { spec: { parallelism: below(cluster.random, 5) } });

const remove: Action = (cluster, client) => {
  const target = one(cluster, any as readonly ResourceRef<KubeObject>[]);
  if (target === undefined) return undefined;
  const { name, namespace } = target.object.metadata;
  const propagationPolicy = pick(cluster.random, ['Background', 'Background', 'Foreground', 'Orphan']);
  return client.resource(target.ref).delete(name, { namespace, options: { propagationPolicy } });
};

const deletePod: Action = (cluster, client) => {
  const pod = one(cluster, [Pods])?.object;
  return pod && client.resource(Pods).delete(pod.metadata.name, { namespace: pod.metadata.namespace });
};

/** Asks for a pod's eviction. */
function askEviction(client: Client, { metadata: { name, namespace } }: Pod): Promise<unknown> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  return client.resource(Pods).createSub(name, 'eviction', eviction, { namespace });
}

const evict: Action = (cluster, client) => {
  const pod = one(cluster, [Pods])?.object;
  return pod && askEviction(client, pod);
};

/** Cordons a node and asks for the eviction of all its pods at once, again and again for those that a budget keeps. */
const drain: Action = async (cluster, client) => {
  const node = one(cluster, [Nodes])?.object.metadata.name;
  if (node === undefined) return;
  const cordon = (by: Client | undefined, unschedulable: true | null) =>
    by?.resource(Nodes).patch(node, { spec: { unschedulable } }, { type: 'merge' });
  await cordon(client, true);
  for (let round = 0; round < 5; round++) {
    const present = cluster.client();
    const pods = cluster.truth.list(Pods).filter(({ spec, metadata }) => spec.nodeName === node && !metadata.deletionTimestamp);
    if (present !== undefined) {
      const answers = await Promise.allSettled(pods.map((pod) => askEviction(present, pod)));
      const failed = answers.find((answer) => answer.status === 'rejected' && !(answer.reason instanceof StatusError));
      if (failed?.status === 'rejected') throw failed.reason;
    }
    await cluster.time.sleep(5_000);
  }
  await cordon(cluster.client(), null)?.catch(() => undefined);
};

const budget: Action = (cluster, client) => {
  const target = one(cluster, scaled as readonly ResourceRef<KubeObject>[]);
  if (target === undefined || cluster.truth.list(PodDisruptionBudgets).length > 3) return undefined;
  const { name, namespace } = target.object.metadata;
  const limit = pick(cluster.random, [{ minAvailable: 1 }, { minAvailable: '50%' }, { maxUnavailable: 1 }, { maxUnavailable: 0 }]);
  const made = { metadata: { name, namespace }, spec: { ...limit, selector: { matchLabels: { app: name } } } };
  return client.resource(PodDisruptionBudgets).create(made);
};

const quota: Action = (cluster, client) => {
  const namespace = pick(cluster.random, namespaces);
  const hard = { pods: String(4 + below(cluster.random, 16)), 'requests.cpu': String(2 + below(cluster.random, 6)) };
  const target = cluster.truth.get(ResourceQuotas, 'limits', namespace);
  if (target === undefined) return client.resource(ResourceQuotas).create({ metadata: { name: 'limits', namespace }, spec: { hard } });
  if (cluster.random.next() < 0.4) return client.resource(ResourceQuotas).delete('limits', { namespace });
  return client.resource(ResourceQuotas).patch('limits', { spec: { hard } }, { type: 'merge', namespace });
};

/** An autoscaler of the Deployment's name: what its pods use goes by their scripts, whatever their number. */
const autoscaler: Action = (cluster, client) => {
  const target = one(cluster, [Deployments])?.object;
  if (target === undefined) return undefined;
  const { name, namespace } = target.metadata;
  const minReplicas = 1 + below(cluster.random, 3);
  const averageUtilization = pick(cluster.random, [50, 80]);
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas,
    maxReplicas: minReplicas + below(cluster.random, 4),
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
  };
  return client.resource(HorizontalPodAutoscalers).create({ metadata: { name, namespace }, spec });
};

const service: Action = (cluster, client) => {
  const target = one(cluster, scaled as readonly ResourceRef<KubeObject>[]);
  if (target === undefined) return undefined;
  const { name, namespace } = target.object.metadata;
  const made = { metadata: { name, namespace }, spec: { selector: { app: name }, ports: [{ port: 80 }] } };
  return client.resource(Services).create(made);
};

/** Two owners and an object of both; then one owner goes. */
const sharedOwner: Action = async (cluster, client) => {
  const namespace = pick(cluster.random, namespaces);
  const maps = client.resource(ConfigMaps);
  const name = fresh(cluster, 'shared');
  const owners = await Promise.all(['a', 'b'].map((end) => maps.create({ metadata: { name: `${name}-${end}`, namespace } })));
  const ownerReferences = owners.map(({ metadata }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: metadata.name,
    uid: metadata.uid ?? '',
    blockOwnerDeletion: cluster.random.next() < 0.5,
  }));
  await maps.create({ metadata: { name, namespace, ownerReferences } });
  const propagationPolicy = pick(cluster.random, ['Background', 'Foreground']);
  await maps.delete(`${name}-a`, { namespace, options: { propagationPolicy } });
  if (cluster.random.next() < 0.3) await maps.delete(`${name}-b`, { namespace, options: { propagationPolicy } });
};

const namespaceLife: Action = (cluster, client) => {
  const { random } = cluster;
  const extra = cluster.truth.list(Namespaces).find(({ metadata }) => metadata.name.startsWith('extra-'));
  if (extra !== undefined) return client.resource(Namespaces).delete(extra.metadata.name);
  const name = fresh(cluster, 'extra');
  return client
    .resource(Namespaces)
    .create({ metadata: { name } })
    .then(() => cluster.time.sleep(1000))
    .then(() => client.resource(Deployments).create(workloads.deployment(random, fresh(cluster, 'web'), name)))
    .then(() => client.resource(Jobs).create(workloads.job(random, fresh(cluster, 'job'), name)));
};

/** Actions by name, with how often they are chosen. */
export const actions: Readonly<Record<string, { readonly weight: number; readonly act: Action }>> = {
  deployment: { weight: 3, act: creates(Deployments, 'web', workloads.deployment) },
  statefulSet: { weight: 2, act: creates(StatefulSets, 'db', workloads.statefulSet) },
  volumeSet: { weight: 1, act: volumeSet },
  claimed: { weight: 1, act: claimed },
  unclaim: { weight: 1, act: unclaim },
  daemonSet: { weight: 1, act: daemonSet },
  job: { weight: 2, act: creates(Jobs, 'job', workloads.job) },
  cronJob: { weight: 1, act: cronJob },
  urgent: { weight: 1, act: creates(Deployments, 'web', workloads.urgentDeployment) },
  roll: { weight: 6, act: roll },
  scale: { weight: 6, act: scale },
  pause: { weight: 1, act: pause },
  suspend: { weight: 1, act: suspend },
  resizeJob: { weight: 1, act: resizeJob },
  remove: { weight: 3, act: remove },
  deletePod: { weight: 2, act: deletePod },
  evict: { weight: 3, act: evict },
  drain: { weight: 2, act: drain },
  budget: { weight: 3, act: budget },
  quota: { weight: 2, act: quota },
  service: { weight: 2, act: service },
  autoscaler: { weight: 1, act: autoscaler },
  sharedOwner: { weight: 1, act: sharedOwner },
  namespace: { weight: 1, act: namespaceLife },
};

/** Chooses by weight. */
export function weighted<T extends { readonly weight: number }>(cluster: Cluster, choices: Readonly<Record<string, T>>): [string, T] {
  const all = Object.entries(choices);
  let left = cluster.random.next() * all.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const entry of all) {
    left -= entry[1].weight;
    if (left < 0) return entry;
  }
  return all.at(-1) as [string, T];
}

/** Runs an action; a refusal of the server is said, anything else is a failure. */
export async function act(cluster: Cluster, name: string, action: Action): Promise<void> {
  const client = cluster.client();
  if (client === undefined) return;
  cluster.say(`user ${name}`);
  try {
    const result = await action(cluster, client);
    const object = result as KubeObject | undefined;
    if (object?.metadata?.name !== undefined) cluster.say(`user ${name}: ${object.kind} ${keyOf(object)}`);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    cluster.say(`user ${name}: refused: ${error.message}`);
    if (error.code >= 500) cluster.violated('no internal errors', error.message);
  }
}
