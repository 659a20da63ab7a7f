// Node lifecycle: notices silent nodes, says so in their status and taints, and takes their pods out of service.
import { rfc3339 } from '#base/clock.ts';
import { orAborted } from '#base/signal.ts';
import type { Component } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import { keyOf } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { Leases, Nodes, Pods } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { semanticEqual } from '../equal.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { nodeCondition, planSilence, readiness } from './health.ts';
import { attention, Hearing } from './hearing.ts';
import { evictionTaint, hasEvictionTaint, planTaints } from './taints.ts';
import { EvictionPace, ZoneCounts, type Zones, zoneOf } from './zones.ts';

export interface NodeLifecycleConfig {
  /** Milliseconds of silence after which a node is unknown. Default 50 s. */
  readonly gracePeriod?: number;
  /** The same for a node that has never reported. Default 60 s. */
  readonly startupGracePeriod?: number;
}

const byNode = 'node';

/** Starts the controller. */
export function startNodeLifecycleController(deps: ControllerDeps & NodeLifecycleConfig): Component {
  const { client, informers, world } = deps;
  const gracePeriod = deps.gracePeriod ?? 50_000;
  const startupGracePeriod = deps.startupGracePeriod ?? 60_000;
  const nodes = informers.of(Nodes);
  const pods = informers.of(Pods);
  const leases = informers.of(Leases, { namespace: 'kube-node-lease' });
  pods.addIndex(byNode, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  const recorder = createRecorder(client, world, { component: 'node-controller' });
  /** By our own clock, which cannot be set: those of nodes are not trusted. */
  const hearing = new Hearing(gracePeriod, world.clock.monotonic());
  const attending = world.clock.every(attention, () => hearing.attend(world.clock.monotonic()));
  /** When the leases were last listed because nobody was heard. */
  let listened = Number.NEGATIVE_INFINITY;
  const pace = new EvictionPace();
  let allDown = false;
  const counts = new ZoneCounts();
  const heardNow = (name: string): void => hearing.heard(name, world.clock.monotonic());

  function nodeEvent(node: Node, reason: string, message: string): void {
    const { name, uid } = node.metadata;
    recorder.event({ kind: 'Node', apiVersion: 'v1', name, ...(uid ? { uid } : {}) }, 'Normal', reason, message);
  }

  /** Milliseconds until the node counts as silent; 0 or less: it does. */
  function patience(node: Node): number {
    const grace = readiness(node) === undefined ? startupGracePeriod : gracePeriod;
    return hearing.patience(node.metadata.name, world.clock.monotonic(), grace);
  }

  /** Nobody is heard: the watch may be dead without our having been told, so the leases are listed before we believe it. */
  async function listenAgain(signal: AbortSignal): Promise<void> {
    if (!hearing.isDeaf(world.clock.monotonic()) || world.clock.monotonic() - listened < attention) return;
    await orAborted(leases.relist(), signal);
    listened = world.clock.monotonic();
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    let node = nodes.lister.getByKey(key);
    if (node === undefined) return;
    let left = patience(node);
    try {
      if (left <= 0 && planSilence(node, world.clock.now()) !== undefined) {
        await listenAgain(signal);
        left = patience(node);
        if (left <= 0) node = await declareSilent(node, signal);
      }
      const wait = await taint(node, signal);
      const next = Math.min(left > 0 ? left + 1 : Number.POSITIVE_INFINITY, wait);
      return Number.isFinite(next) ? { requeueAfter: next } : undefined;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function declareSilent(node: Node, signal: AbortSignal): Promise<Node> {
    const conditions = planSilence(node, world.clock.now());
    if (conditions === undefined) return node;
    world.log.info('node is silent', { node: node.metadata.name });
    return client.resource(Nodes).updateStatus({ ...node, status: { ...node.status, conditions } }, { signal });
  }

  /** The state of all zones, this node as given. */
  function zonesWith(node: Node): Zones {
    const cached = nodes.lister.getByKey(node.metadata.name);
    return cached === node ? counts.assess() : counts.assessWith(cached, node);
  }

  /** Brings the taints up to date; says in how many milliseconds the node may be emptied if it has to wait. */
  async function taint(node: Node, signal: AbortSignal): Promise<number> {
    const zones = zonesWith(node);
    if (zones.allDown !== allDown) {
      allDown = zones.allDown;
      world.log.info(allDown ? 'all nodes are not ready: no node is emptied' : 'a node is ready again: nodes may be emptied');
      // Who was cut off from one was cut off from all: they are given the time to be heard again.
      if (!allDown) hearing.startAnew(world.clock.monotonic());
      for (const { metadata } of nodes.lister.list()) handle.enqueue(metadata.name);
    }
    let wait = 0;
    if (evictionTaint(node) !== undefined && !allDown && !hasEvictionTaint(node)) {
      const zone = zoneOf(node);
      wait = readiness(node) === 'Unknown' ? Math.max(0, patience(node)) : 0;
      if (wait === 0) wait = pace.take(zone, zones.rates.get(zone) ?? 0, world.clock.monotonic());
    }
    const taints = planTaints(node, !allDown && wait === 0, world.clock.now());
    if (taints !== undefined) {
      const { name, resourceVersion } = node.metadata;
      const body = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
      await client.resource(Nodes).patch(name, body, { type: 'merge', signal });
    }
    return wait === 0 ? Number.POSITIVE_INFINITY : wait;
  }

  /** Pods of a node that is no longer ready do not serve, whatever they last said. */
  async function reconcilePods(key: string, signal: AbortSignal): Promise<void> {
    const node = nodes.lister.getByKey(key);
    if (node === undefined || readiness(node) === 'True') return;
    for (const pod of pods.lister.byIndex(byNode, key)) {
      if (!isPodReady(pod)) continue;
      const { name, namespace = '', uid } = pod.metadata;
      const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: rfc3339(world.clock.now()) }];
      const body = { metadata: { uid }, status: { conditions } };
      try {
        await client.resource(Pods).patch(name, body, { type: 'strategic', subresource: 'status', namespace, signal });
        recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  const synced = allSynced(nodes, pods, leases);
  const handle = startController({ name: 'nodelifecycle', world, workers: 8, synced, reconcile });
  const podHandle = startController({ name: 'nodelifecycle-pods', world, workers: 8, synced, reconcile: reconcilePods });
  const statuses = (node: Node): string[] => (node.status.conditions ?? []).map(({ type, status }) => `${type}=${status}`);
  return withCleanup(
    handle,
    nodes.onChange({
      added: (node) => {
        counts.add(node);
        heardNow(node.metadata.name);
        handle.enqueue(keyOf(node));
        nodeEvent(node, 'RegisteredNode', `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`);
      },
      updated: (node, previous) => {
        const name = node.metadata.name;
        counts.remove(previous);
        counts.add(node);
        const ready = nodeCondition(node, 'Ready');
        const before = nodeCondition(previous, 'Ready');
        if (ready?.lastHeartbeatTime !== before?.lastHeartbeatTime || (ready?.status !== before?.status && ready?.status !== 'Unknown'))
          heardNow(name);
        if (before?.status === 'True' && ready?.status !== 'True') {
          nodeEvent(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
          podHandle.enqueue(name);
        }
        const same =
          semanticEqual(statuses(node), statuses(previous)) &&
          node.spec.unschedulable === previous.spec.unschedulable &&
          semanticEqual(node.spec.taints, previous.spec.taints);
        if (!same) handle.enqueue(name);
      },
      deleted: (node) => {
        hearing.forget(node.metadata.name);
        nodeEvent(node, 'RemovingNode', `Node ${node.metadata.name} event: Removing Node ${node.metadata.name} from Controller`);
        counts.remove(node);
        // Those that wait to be emptied may go on; one more tells whether all that are left are down.
        const left = nodes.lister.list();
        for (const other of left) if (other === left[0] || evictionTaint(other) !== undefined) handle.enqueue(other.metadata.name);
      },
    }),
    leases.onChange({
      updated: (lease, previous) => {
        if (lease.spec.renewTime !== previous.spec.renewTime && hearing.knows(lease.metadata.name)) heardNow(lease.metadata.name);
      },
    }),
    () => attending.cancel(),
    () => podHandle[Symbol.asyncDispose](),
    () => recorder[Symbol.asyncDispose](),
  );
}
