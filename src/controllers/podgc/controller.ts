// Pod garbage collection: pods of nodes that are gone, pods that end before they were ever placed, too many ended pods.
import { rfc3339 } from '#base/clock.ts';
import type { Component } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { planPodGc, type Victim } from './plan.ts';

export interface PodGcConfig {
  /** Terminated pods that may stay. Default 12500. */
  readonly terminatedThreshold?: number;
  /** Milliseconds for which a node must be missing. Default 40 s. */
  readonly quarantine?: number;
}

const everything = 'pods';

/** Starts the controller. */
export function startPodGcController(deps: ControllerDeps & PodGcConfig): Component {
  const { client, informers, world } = deps;
  const threshold = deps.terminatedThreshold ?? 12_500;
  const quarantine = deps.quarantine ?? 40_000;
  const pods = informers.of(Pods);
  const nodes = informers.of(Nodes);
  /** Since when (monotonic) a node that pods are bound to is missing. */
  const missingSince = new Map<string, number>();

  function nodeState(name: string): { outOfService: boolean; ready: boolean } | undefined {
    const node = nodes.lister.get(name);
    if (node === undefined) return undefined;
    return {
      outOfService: node.spec.taints?.some((taint) => taint.key === 'node.kubernetes.io/out-of-service') ?? false,
      ready: node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    };
  }

  async function confirm(now: number, signal: AbortSignal): Promise<Set<string>> {
    const confirmed = new Set<string>();
    for (const [name, since] of missingSince) {
      if (now - since < quarantine) continue;
      try {
        await client.resource(Nodes).get(name, { signal });
        missingSince.delete(name);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        confirmed.add(name);
      }
    }
    return confirmed;
  }

  async function markFailed(pod: Pod, condition: { reason: string; message: string }, signal: AbortSignal): Promise<void> {
    if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return;
    const conditions = [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: rfc3339(world.clock.now()), ...condition }];
    const { name, namespace = '', uid } = pod.metadata;
    const body = { metadata: { uid }, status: { phase: 'Failed', conditions } };
    await client.resource(Pods).patch(name, body, { type: 'strategic', subresource: 'status', namespace, signal });
  }

  async function remove({ pod, why }: Victim, signal: AbortSignal): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata;
    world.log.info('pod collected', { pod: `${namespace}/${name}`, why });
    try {
      if (why === 'orphaned') await markFailed(pod, { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' }, signal);
      else if (why === 'unscheduled' || why === 'out-of-service') {
        // Such a pod is not disrupted, it was being deleted anyway: it only gets a final phase.
        if (pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed') {
          const body = { metadata: { uid }, status: { phase: 'Failed' } };
          await client.resource(Pods).patch(name, body, { type: 'strategic', subresource: 'status', namespace, signal });
        }
      }
      await client.resource(Pods).delete(name, { namespace, signal, options: { gracePeriodSeconds: 0, preconditions: { uid } } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async function reconcile(_key: string, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    const now = world.clock.monotonic();
    const confirmedMissing = await confirm(now, signal);
    const { victims, missingNodes } = planPodGc({ pods: pods.lister.list(), node: nodeState, confirmedMissing, threshold });
    for (const name of missingSince.keys()) if (!missingNodes.has(name)) missingSince.delete(name);
    for (const name of missingNodes) if (!missingSince.has(name)) missingSince.set(name, now);
    for (const victim of victims) await remove(victim, signal);
    const waiting = [...missingSince].filter(([name]) => !confirmedMissing.has(name)).map(([, since]) => since + quarantine - now);
    if (waiting.length > 0) return { requeueAfter: Math.max(1, Math.min(...waiting)) };
  }

  const handle = startController({ name: 'podgc', world, workers: 1, synced: allSynced(pods, nodes), reconcile });
  let ended = 0;
  const isEnded = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
  const look = (pod: Pod): void => {
    const nodeName = pod.spec.nodeName ?? '';
    const deleting = pod.metadata.deletionTimestamp !== undefined;
    const lost = nodeName !== '' && nodes.synced && nodes.lister.get(nodeName) === undefined;
    if (lost || (deleting && (nodeName === '' || nodeState(nodeName)?.outOfService)) || (threshold > 0 && ended > threshold)) {
      handle.enqueue(everything);
    }
  };
  const nodeChanged = (node: Node): void => {
    if (nodeState(node.metadata.name)?.outOfService) handle.enqueue(everything);
  };
  handle.enqueue(everything);
  return withCleanup(
    handle,
    pods.onChange({
      added: (pod) => {
        if (isEnded(pod)) ended++;
        look(pod);
      },
      updated: (pod, previous) => {
        ended += Number(isEnded(pod)) - Number(isEnded(previous));
        look(pod);
      },
      deleted: (pod) => {
        if (isEnded(pod)) ended--;
      },
    }),
    nodes.onChange({ added: nodeChanged, updated: nodeChanged, deleted: () => handle.enqueue(everything) }),
  );
}
