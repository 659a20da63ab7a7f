// Rules about pods: no name runs twice, no node is booked over what it has, nobody is evicted from a healthy node.
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { podRequests } from '#api/podrequests.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { label } from '#agent/sync/labels.ts';
import { quantityMilli } from '#format/quantity.ts';
import type { Cluster } from '../cluster.ts';
import { controllerUser, lag, managersCalmFor, onDeletion } from './rule.ts';

/** Containers of two pods of one name never run at the same time: the ordinal of a StatefulSet is one pod. */
export function oneOfEachName(cluster: Cluster): void {
  let started = false;
  for (const { onStarted } of cluster.machines) onStarted.add(() => (started = true));
  cluster.onStep.add(() => {
    if (!started) return;
    started = false;
    const running = new Map<string, string>();
    for (const { runtime } of cluster.machines) {
      for (const { labels } of runtime?.uses() ?? []) {
        const name = `${labels[label.podNamespace]}/${labels[label.podName]}`;
        const uid = labels[label.podUid] ?? '';
        const other = running.get(name) ?? uid;
        if (other !== uid) cluster.violated('one pod of a name', `${name} runs as ${other} and as ${uid}`);
        running.set(name, uid);
      }
    }
  });
}

/** The pods of a node never ask for more than it has. */
export function nobodyOverbooked(cluster: Cluster): void {
  cluster.truth.on(Pods, (next, previous) => {
    const node = next?.spec.nodeName;
    if (next === undefined || !node || previous?.spec.nodeName === node) return;
    // A dead scheduler's binding may arrive after its successor's.
    if (cluster.isReborn('scheduler', lag)) return;
    const allocatable = cluster.truth.get(Nodes, node)?.status?.allocatable;
    if (allocatable === undefined) return;
    const pods = cluster.truth.list(Pods).filter((pod) => pod.spec.nodeName === node && !isPodTerminal(pod));
    for (const resource of ['cpu', 'memory']) {
      const asked = pods.reduce((sum, pod) => sum + quantityMilli(podRequests(pod.spec)[resource] ?? 0), 0);
      if (asked > quantityMilli(allocatable[resource] ?? 0))
        cluster.violated('no node is overbooked', `${keyOf(next)} makes ${asked}m of ${resource} on ${node}`);
    }
    if (pods.length > Number(allocatable['pods'])) cluster.violated('no node is overbooked', `${pods.length} pods on ${node}`);
  });
}

/**
 * A node that could be reached all the time (for a minute and longer) is not given up, whatever clocks say and whatever happens
 * to managers: who hears nothing blames nobody. It loses no pods to taints, where managers know its taints.
 */
export function healthyNodesKeepPods(cluster: Cluster): void {
  const patience = 60_000;
  const healthy = (node: string, since: number): boolean => cluster.calmFor(`${node}/agent`) > since;
  cluster.truth.on(Nodes, (next, previous) => {
    if (next === undefined || previous === undefined) return;
    const unknown = (one: typeof next): boolean =>
      one.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'Unknown') === true;
    if (unknown(next) && !unknown(previous) && healthy(next.metadata.name, patience))
      cluster.violated('healthy nodes stay', `${next.metadata.name} was given up`);
  });
  onDeletion(cluster, 'pods', ({ user, uid, key }) => {
    if (user !== controllerUser('node-controller')) return;
    const pod = cluster.truth.lastOf(uid) as Pod | undefined;
    const node = pod?.spec.nodeName;
    if (node && healthy(node, 6 * patience) && managersCalmFor(cluster) > 1.5 * patience)
      cluster.violated('healthy nodes keep their pods', `${key} was evicted from ${node}`);
  });
}

/** A machine without power is given up in time, whatever clocks say. */
export function silentNodesAreGivenUp(cluster: Cluster): void {
  const patience = 150_000;
  cluster.onStep.add(() => {
    for (const { name, powered } of cluster.machines) {
      if (powered || cluster.silentFor(name) <= patience || !cluster.isNodeReady(name)) continue;
      if (managersCalmFor(cluster) > patience)
        cluster.violated('silent nodes are given up', `${name} has had no power for ${cluster.silentFor(name)} ms and is Ready`);
    }
  });
}

/** What the garbage collector takes has no owner left. */
export function ownedObjectsStay(cluster: Cluster): void {
  for (const resource of ['pods', 'replicasets', 'configmaps', 'jobs', 'controllerrevisions', 'endpointslices']) {
    onDeletion(cluster, resource, ({ user, uid, key }) => {
      if (user !== controllerUser('generic-garbage-collector')) return;
      const object = cluster.truth.lastOf(uid);
      if (object === undefined) return;
      for (const ref of object.metadata.ownerReferences ?? []) {
        const owner = cluster.truth.byUid(ref.uid);
        if (owner === undefined || owner.metadata.finalizers?.includes('foregroundDeletion') === true) continue;
        cluster.violated('owned objects stay', `${resource} ${key} was collected while ${ref.kind} ${ref.name} lives`);
      }
    });
  }
}
