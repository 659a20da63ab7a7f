// Deletes pods from nodes whose NoExecute taints they do not tolerate (any longer).
import { rfc3339 } from '#base/clock.ts';
import type { Component } from '#base/world.ts';
import type { Taint } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { semanticEqual } from '../equal.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { leaveAt, noExecute, stays } from './plan.ts';

const byNode = 'node';

/** Starts the controller. */
export function startTaintEvictionController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const nodes = informers.of(Nodes);
  const pods = informers.of(Pods);
  pods.addIndex(byNode, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  const recorder = createRecorder(client, world, { component: 'taint-eviction-controller' });
  /** When a taint without a time of its own was first seen, by node and taint. */
  const firstSeen = new Map<string, Map<string, number>>();
  /** Pods that wait for their end, by uid. */
  const waiting = new Set<string>();

  function since(nodeName: string, pod: Pod): (taint: Taint) => number {
    const now = world.clock.now();
    const placed = Date.parse(pod.status.startTime ?? pod.metadata.creationTimestamp ?? '');
    return (taint) => {
      const seen = firstSeen.get(nodeName) ?? new Map<string, number>();
      firstSeen.set(nodeName, seen);
      const key = `${taint.key}=${taint.value ?? ''}`;
      const known = seen.get(key) ?? now;
      seen.set(key, known);
      const added = taint.timeAdded ? Date.parse(taint.timeAdded) : known;
      return Math.min(now, Math.max(added, Number.isNaN(placed) ? added : placed));
    };
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    const pod = pods.lister.getByKey(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || !pod.spec.nodeName) return;
    const { uid = '', name, namespace = '' } = pod.metadata;
    const node = nodes.lister.get(pod.spec.nodeName);
    const at = leaveAt(node?.spec.taints ?? [], pod.spec.tolerations, since(pod.spec.nodeName, pod));
    if (at === stays) {
      if (waiting.delete(uid)) recorder.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
      return;
    }
    const left = at - world.clock.now();
    if (left > 0) {
      waiting.add(uid);
      return { requeueAfter: left };
    }
    waiting.delete(uid);
    recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: rfc3339(world.clock.now()),
    };
    try {
      const body = { metadata: { uid }, status: { conditions: [condition] } };
      await client.resource(Pods).patch(name, body, { type: 'strategic', subresource: 'status', namespace, signal });
      await client.resource(Pods).delete(name, { namespace, signal, options: { preconditions: { uid } } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  const handle = startController({ name: 'taint-eviction', world, workers: 8, synced: allSynced(nodes, pods), reconcile });
  const lookNode = (node: Node): void => {
    for (const pod of pods.lister.byIndex(byNode, node.metadata.name)) handle.enqueue(keyOf(pod));
  };
  const lookPod = (pod: Pod): void => {
    const nodeName = pod.spec.nodeName ?? '';
    if (nodeName === '' || (nodes.synced && noExecute(nodes.lister.get(nodeName)?.spec.taints).length === 0)) return;
    handle.enqueue(keyOf(pod));
  };
  return withCleanup(
    handle,
    nodes.onChange({
      added: (node) => {
        if (noExecute(node.spec.taints).length > 0) lookNode(node);
      },
      updated: (node, previous) => {
        const now = noExecute(node.spec.taints);
        if (semanticEqual(now, noExecute(previous.spec.taints))) return;
        const present = new Set(now.map(({ key, value }) => `${key}=${value ?? ''}`));
        for (const key of firstSeen.get(node.metadata.name)?.keys() ?? [])
          if (!present.has(key)) firstSeen.get(node.metadata.name)?.delete(key);
        lookNode(node);
      },
      deleted: (node) => firstSeen.delete(node.metadata.name),
    }),
    pods.onChange({
      added: lookPod,
      updated: (pod, previous) => {
        if (pod.spec.nodeName !== previous.spec.nodeName || !semanticEqual(pod.spec.tolerations, previous.spec.tolerations)) lookPod(pod);
      },
      deleted: (pod) => waiting.delete(pod.metadata.uid ?? ''),
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
