// Keeps the picture of the cluster and the queue current: what informers tell, turned into bookings and events.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { Namespaces, Nodes, Pods } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Nominator } from './nominator.ts';
import { isDone, type PodInfo, podInfo } from './podinfo.ts';
import type { SchedulingQueue } from './queue.ts';
import type { ClusterCache } from './snapshot.ts';

export interface Watched {
  readonly informers: Informers;
  readonly cache: ClusterCache;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  /** Pods that this scheduler places, by their `schedulerName`. */
  isOurs(pod: Pod): boolean;
  /** The pod needs no verdict any more: it has a node or is gone. */
  settled(podKey: string): void;
  /** Every state of every pod; called before anything is made of it. */
  seen?(pod: Pod): void;
  /** A pod has ended or is gone. */
  gone?(pod: Pod): void;
}

function nodeChanges(next: Node, previous: Node): Set<string> {
  const changed = new Set<string>();
  if (next.spec.taints !== previous.spec.taints) changed.add('taints');
  if (next.metadata.labels !== previous.metadata.labels) changed.add('labels');
  if (next.status.allocatable !== previous.status.allocatable) changed.add('allocatable');
  if (next.spec.unschedulable !== previous.spec.unschedulable) changed.add('unschedulable');
  return changed;
}

function podChanges(next: PodInfo, previous: PodInfo): Set<string> {
  const changed = new Set<string>();
  if (next.labels !== previous.labels) changed.add('labels');
  if (next.requests !== previous.requests) changed.add('requests');
  if (next.terminating !== previous.terminating) changed.add('terminating');
  return changed;
}

/** Connects informers to the cache and the queue. */
export function watchCluster(watched: Watched): void {
  const { informers, cache, queue, nominator } = watched;

  function podGone(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    watched.gone?.(pod);
    queue.remove(uid);
    nominator.delete(uid);
    watched.settled(keyOf(pod));
    const info = cache.placed(uid);
    const node = cache.get(cache.placeOf(uid) ?? '');
    if (info === undefined) return;
    cache.forget(info);
    queue.notify({ resource: 'AssignedPod', action: 'delete', pod, info, ...(node ? { node } : {}) });
  }

  function boundPod(pod: Pod, nodeName: string, previous: Pod | undefined): void {
    const uid = pod.metadata.uid ?? '';
    queue.remove(uid);
    nominator.delete(uid);
    watched.settled(keyOf(pod));
    if (isDone(pod)) return podGone(pod);
    const before = cache.placed(uid);
    const info = podInfo(pod, before);
    cache.place(info, nodeName);
    if (previous === undefined || !previous.spec.nodeName || before === undefined) {
      queue.notify({ resource: 'AssignedPod', action: 'add', pod, info });
      return;
    }
    const changed = podChanges(info, before);
    if (changed.size > 0) queue.notify({ resource: 'AssignedPod', action: 'update', pod, info, changed });
  }

  function podChanged(pod: Pod, previous: Pod | undefined): void {
    watched.seen?.(pod);
    const uid = pod.metadata.uid ?? '';
    if (pod.spec.nodeName) return boundPod(pod, pod.spec.nodeName, previous);
    if (!watched.isOurs(pod) || isDone(pod) || pod.metadata.deletionTimestamp !== undefined) {
      queue.remove(uid);
      nominator.delete(uid);
      return;
    }
    // A pod that is assumed to be on a node is being bound: it is not queued a second time.
    if (cache.placeOf(uid) !== undefined && !queue.has(uid)) return;
    const info = podInfo(pod, queue.infoOf(uid));
    const nominated = pod.status.nominatedNodeName ?? '';
    // Our own nominations are known before the API tells them; only what others change is taken over.
    if (nominated !== '' || (previous?.status.nominatedNodeName ?? '') !== '') nominator.set(info, nominated);
    queue.add(info);
  }

  informers.of(Pods).onChange({ added: (pod) => podChanged(pod, undefined), updated: podChanged, deleted: podGone });
  informers.of(Nodes).onChange({
    added: (node) => queue.notify({ resource: 'Node', action: 'add', node: cache.setNode(node) }),
    updated: (node, previous) => {
      const info = cache.setNode(node);
      const changed = nodeChanges(node, previous);
      if (changed.size > 0) queue.notify({ resource: 'Node', action: 'update', node: info, changed });
    },
    deleted: (node) => {
      const info = cache.get(node.metadata.name);
      cache.removeNode(node.metadata.name);
      // The smallest domain may be gone with it.
      queue.notify({ resource: 'Node', action: 'delete', ...(info ? { node: info } : {}) });
    },
  });
  informers.of(Namespaces).onChange({
    updated: (next, previous) => {
      if (next.metadata.labels !== previous.metadata.labels) cache.index.namespacesChanged();
    },
  });
}
