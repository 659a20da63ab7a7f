// What is true of a cluster to which nothing has happened for a while: everything is as its owner wants it.
import type { KubeObject } from '#api/object.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { isConditionTrue, isPodReady, isPodTerminal } from '#api/podutil.ts';
import { podCounts, podUsage } from '#api/quota.ts';
import {
  ConfigMaps,
  CronJobs,
  DaemonSets,
  Deployments,
  EndpointSlices,
  HorizontalPodAutoscalers,
  Jobs,
  Namespaces,
  Nodes,
  PersistentVolumeClaims,
  PersistentVolumes,
  PodDisruptionBudgets,
  Pods,
  ReplicaSets,
  ResourceQuotas,
  Services,
  StatefulSets,
} from '#api/refs.ts';
import { label } from '#agent/sync/labels.ts';
import { quantityMilli } from '#format/quantity.ts';
import { selectorOf } from '#format/selector.ts';
import type { Cluster } from '../cluster.ts';
import { isAvailable, podsOf } from './rule.ts';

/** What is not yet at rest; empty when all is. */
export function unrest(cluster: Cluster): string[] {
  return [
    ...nodes(cluster),
    ...owned(cluster),
    ...workloads(cluster),
    ...jobs(cluster),
    ...pods(cluster),
    ...limits(cluster),
    ...slices(cluster),
    ...cronJobs(cluster),
    ...volumes(cluster),
    ...autoscalers(cluster),
  ];
}

/** True when somebody waits for room: he may be told of that, and get it, much later. */
export function isSomebodyStarved(cluster: Cluster): boolean {
  return cluster.truth.list(ResourceQuotas).length > 0 || cluster.truth.list(Pods).some(({ spec }) => !spec.nodeName);
}

const leaving = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/** A reason for which an owner of pods cannot have all of them: no node has room, or a quota is used up. */
function starved(cluster: Cluster, uid: string | undefined, namespace: string | undefined): boolean {
  const limited = cluster.truth.list(ResourceQuotas).some(({ metadata }) => metadata.namespace === namespace);
  const waiting = (pod: (typeof mine)[number]): boolean =>
    pod.status.conditions?.some(
      ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
    ) === true;
  const mine = podsOf(cluster, uid);
  return limited || mine.some(waiting);
}

function* nodes(cluster: Cluster): Generator<string> {
  for (const { name } of cluster.machines) {
    if (!cluster.isNodeReady(name)) yield `node ${name} is not ready`;
    const node = cluster.truth.get(Nodes, name);
    const taints = node?.spec.taints?.filter(({ key }) => key !== 'node.kubernetes.io/unschedulable') ?? [];
    if (taints.length > 0) yield `node ${name} is tainted: ${taints.map(({ key }) => key).join()}`;
  }
}

/** A claim that somebody has deleted stays for as long as a pod uses it. */
function isHeld(cluster: Cluster, { kind, metadata }: KubeObject): boolean {
  if (kind !== 'PersistentVolumeClaim') return false;
  return cluster.truth
    .list(Pods)
    .some(
      (pod) =>
        pod.metadata.namespace === metadata.namespace &&
        !isPodTerminal(pod) &&
        pod.spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === metadata.name) === true,
    );
}

function* owned(cluster: Cluster): Generator<string> {
  for (const object of cluster.truth.all()) {
    if (leaving(object) && !isHeld(cluster, object)) yield `${object.kind} ${keyOf(object)} is still there`;
    const owners = object.metadata.ownerReferences ?? [];
    if (object.kind === 'Lease' || owners.length === 0) continue;
    if (!owners.some(({ uid }) => cluster.truth.byUid(uid) !== undefined)) yield `${object.kind} ${keyOf(object)} has no owner any more`;
  }
  for (const { metadata, status } of cluster.truth.list(Namespaces))
    if (status?.phase !== 'Active') yield `namespace ${metadata.name} is ${status?.phase}`;
  for (const { metadata } of cluster.truth.list(ConfigMaps))
    if (metadata.ownerReferences?.length === 2) yield `config map ${metadata.name} has two owners, one of which is gone`;
}

function* workloads(cluster: Cluster): Generator<string> {
  const { truth } = cluster;
  for (const { metadata, spec, status } of truth.list(Deployments)) {
    const name = `deployment ${metadata.namespace}/${metadata.name}`;
    if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) yield `${name} was not observed`;
    const wanted = spec.replicas ?? 1;
    const sets = truth.list(ReplicaSets).filter((set) => controllerOf(set)?.uid === metadata.uid);
    if (spec.paused === true || sets.some((set) => starved(cluster, set.metadata.uid, metadata.namespace))) continue;
    const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
    if (replicas !== wanted || updatedReplicas !== wanted || availableReplicas !== wanted)
      yield `${name} has ${replicas} pods, ${updatedReplicas} updated, ${availableReplicas} available of ${wanted}`;
  }
  for (const set of truth.list(ReplicaSets)) {
    const { metadata, spec, status } = set;
    const name = `replica set ${metadata.namespace}/${metadata.name}`;
    const mine = podsOf(cluster, metadata.uid).filter((pod) => !isPodTerminal(pod));
    const available = mine.filter((pod) => isAvailable(cluster, pod, spec.minReadySeconds ?? 0)).length;
    if ((status?.replicas ?? 0) !== mine.length || (status?.availableReplicas ?? 0) !== available)
      yield `${name} counts ${status?.replicas}/${status?.availableReplicas}, has ${mine.length}/${available}`;
    if (mine.length > (spec.replicas ?? 1)) yield `${name} has ${mine.length} pods of ${spec.replicas}`;
    if (mine.length < (spec.replicas ?? 1) && !starved(cluster, metadata.uid, metadata.namespace))
      yield `${name} has only ${mine.length} pods of ${spec.replicas}`;
  }
  for (const { metadata, spec, status } of truth.list(StatefulSets)) {
    const name = `stateful set ${metadata.namespace}/${metadata.name}`;
    if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) yield `${name} was not observed`;
    const wanted = spec.replicas ?? 1;
    if (starved(cluster, metadata.uid, metadata.namespace)) continue;
    const { replicas = 0, availableReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status ?? {};
    if (replicas !== wanted || availableReplicas !== wanted)
      yield `${name} has ${replicas} pods, ${availableReplicas} available of ${wanted}`;
    const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
    if (partition === 0 && wanted > 0 && (updatedReplicas !== wanted || currentRevision !== updateRevision))
      yield `${name} has rolled ${updatedReplicas} of ${wanted}`;
  }
  for (const { metadata, status } of truth.list(DaemonSets)) {
    const name = `daemon set ${metadata.namespace}/${metadata.name}`;
    if (starved(cluster, metadata.uid, metadata.namespace)) continue;
    const wanted = cluster.machines.length;
    const { desiredNumberScheduled = 0, numberAvailable = 0, updatedNumberScheduled = 0 } = status ?? {};
    if (desiredNumberScheduled !== wanted || numberAvailable !== wanted || updatedNumberScheduled !== wanted)
      yield `${name} has ${numberAvailable} available and ${updatedNumberScheduled} updated of ${desiredNumberScheduled} on ${wanted} nodes`;
  }
}

function* jobs(cluster: Cluster): Generator<string> {
  for (const { metadata, spec, status } of cluster.truth.list(Jobs)) {
    const name = `job ${metadata.namespace}/${metadata.name}`;
    const mine = podsOf(cluster, metadata.uid);
    const active = mine.filter((pod) => !isPodTerminal(pod));
    const ended = ['Complete', 'Failed'].some((type) => isConditionTrue(status?.conditions, type));
    if (ended && active.length > 0) yield `${name} has ended and has ${active.length} pods at work`;
    if ((status?.active ?? 0) !== active.length) yield `${name} counts ${status?.active} active pods of ${active.length}`;
    if (!ended && active.some((pod) => pod.spec.nodeName)) yield `${name} is at work`;
    if (spec.suspend === true || spec.parallelism === 0 || starved(cluster, metadata.uid, metadata.namespace)) continue;
    if (!ended) yield `${name} has not ended`;
    if (mine.some((pod) => pod.metadata.finalizers?.includes('batch.kubernetes.io/job-tracking')))
      yield `${name} has pods that are not counted`;
    if (isConditionTrue(status?.conditions, 'Complete') && status?.succeeded !== spec.completions)
      yield `${name} counts ${status?.succeeded} of ${spec.completions}`;
  }
}

function* pods(cluster: Cluster): Generator<string> {
  const running = new Set(cluster.machines.flatMap(({ runtime }) => (runtime?.uses() ?? []).map(({ labels }) => labels[label.podUid])));
  for (const pod of cluster.truth.list(Pods)) {
    const { uid = '' } = pod.metadata;
    if (isPodTerminal(pod)) continue;
    if (pod.spec.nodeName && !running.has(uid) && isPodReady(pod)) yield `pod ${keyOf(pod)} is ready and does not run`;
    if (pod.spec.nodeName && !isPodReady(pod) && controllerOf(pod)?.kind !== 'Job') yield `pod ${keyOf(pod)} is not ready`;
    if (!pod.spec.nodeName && pod.status.conditions?.some(({ type }) => type === 'PodScheduled') !== true)
      yield `pod ${keyOf(pod)} was not looked at`;
    running.delete(uid);
  }
  for (const uid of running) if (cluster.truth.byUid(uid) === undefined) yield `containers of pod ${uid} run on`;
}

function* limits(cluster: Cluster): Generator<string> {
  const { truth } = cluster;
  const now = cluster.time.now();
  for (const { metadata, spec, status } of truth.list(ResourceQuotas)) {
    const counted = truth.list(Pods).filter((pod) => pod.metadata.namespace === metadata.namespace && podCounts(pod, now));
    for (const [resource, hard] of Object.entries(spec.hard ?? {})) {
      const used = counted.reduce((sum, pod) => sum + quantityMilli(podUsage(pod, now)[resource] ?? 0), 0);
      if (quantityMilli(status?.used?.[resource] ?? -1) !== used || status?.hard?.[resource] !== hard)
        yield `quota ${metadata.namespace} says ${status?.used?.[resource]} of ${resource}, ${used}m are used`;
    }
  }
  for (const { metadata, spec, status } of truth.list(PodDisruptionBudgets)) {
    const selector = selectorOf(spec.selector);
    const healthy = truth
      .list(Pods)
      .filter((pod) => pod.metadata.namespace === metadata.namespace && selector.matches(pod.metadata.labels ?? {}))
      .filter((pod) => isPodReady(pod) && !leaving(pod)).length;
    if (status?.currentHealthy !== healthy) yield `budget ${metadata.name} counts ${status?.currentHealthy} healthy pods of ${healthy}`;
    if (Object.keys(status?.disruptedPods ?? {}).length > 0) yield `budget ${metadata.name} still expects disruptions`;
  }
}

function* slices(cluster: Cluster): Generator<string> {
  const { truth } = cluster;
  for (const { metadata, spec } of truth.list(Services)) {
    if (spec.selector === undefined) continue;
    const selector = selectorOf({ matchLabels: spec.selector as Record<string, string> });
    const ready = truth
      .list(Pods)
      .filter((pod) => pod.metadata.namespace === metadata.namespace && selector.matches(pod.metadata.labels ?? {}) && isPodReady(pod))
      .flatMap((pod) => pod.status.podIP ?? []);
    const listed = truth
      .list(EndpointSlices)
      .filter((slice) => slice.metadata.namespace === metadata.namespace)
      .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name)
      .flatMap(({ endpoints = [] }) =>
        endpoints.filter(({ conditions }) => conditions?.ready === true).flatMap(({ addresses }) => addresses),
      );
    if (listed.toSorted().join() !== ready.toSorted().join())
      yield `service ${metadata.name} leads to ${listed.join()} instead of ${ready.join()}`;
  }
}

function* cronJobs(cluster: Cluster): Generator<string> {
  for (const { metadata, spec, status } of cluster.truth.list(CronJobs)) {
    const name = `cron job ${metadata.namespace}/${metadata.name}`;
    // Who goes on for ever never rests: in the end all are suspended.
    if (spec.suspend !== true) yield `${name} goes on`;
    const mine = cluster.truth.list(Jobs).filter((job) => controllerOf(job)?.uid === metadata.uid);
    const ended = mine.filter((job) => isConditionTrue(job.status?.conditions, 'Complete')).length;
    if (ended > (spec.successfulJobsHistoryLimit ?? 3)) yield `${name} keeps ${ended} jobs of ${spec.successfulJobsHistoryLimit}`;
    const active = mine.filter((job) => !['Complete', 'Failed'].some((type) => isConditionTrue(job.status?.conditions, type)));
    for (const { name: job } of status?.active ?? [])
      if (!active.some((one) => one.metadata.name === job)) yield `${name} lists ${job}, which is not at work`;
  }
}

function* volumes(cluster: Cluster): Generator<string> {
  const { truth } = cluster;
  for (const { metadata, spec, status } of truth.list(PersistentVolumes)) {
    const claim = truth.byUid(spec.claimRef?.uid);
    const phase = spec.claimRef === undefined ? 'Available' : claim === undefined ? 'Released' : 'Bound';
    if (status?.phase !== phase) yield `volume ${metadata.name} is ${status?.phase} instead of ${phase}`;
    if (phase === 'Released' && spec.persistentVolumeReclaimPolicy === 'Delete') yield `volume ${metadata.name} outlives its claim`;
  }
  for (const claim of truth.list(PersistentVolumeClaims)) {
    const volume = truth.get(PersistentVolumes, claim.spec.volumeName ?? '');
    if (claim.spec.volumeName && volume?.spec.claimRef?.uid !== claim.metadata.uid)
      yield `claim ${keyOf(claim)} has ${claim.spec.volumeName}, which does not have it`;
    if (claim.status?.phase !== (claim.spec.volumeName ? 'Bound' : 'Pending')) yield `claim ${keyOf(claim)} is ${claim.status?.phase}`;
  }
}

/** Reasons for which an autoscaler will do more by itself. */
const unfinished = ['ScaleDownStabilized', 'ScaleUpLimit', 'ScaleDownLimit'];

function* autoscalers(cluster: Cluster): Generator<string> {
  const { truth } = cluster;
  for (const { metadata, spec, status } of truth.list(HorizontalPodAutoscalers)) {
    const name = `autoscaler ${metadata.namespace}/${metadata.name}`;
    const target = truth.get(Deployments, spec.scaleTargetRef.name, metadata.namespace);
    if (target === undefined || (target.spec.replicas ?? 1) === 0) continue;
    const replicas = target.spec.replicas ?? 1;
    if (replicas < (spec.minReplicas ?? 1) || replicas > spec.maxReplicas)
      yield `${name}: there are ${replicas} pods of ${spec.minReplicas} to ${spec.maxReplicas}`;
    const waiting = status.conditions?.find(({ reason }) => unfinished.includes(reason ?? ''));
    if (waiting !== undefined && !starved(cluster, undefined, metadata.namespace)) yield `${name} is not done: ${waiting.reason}`;
  }
}
