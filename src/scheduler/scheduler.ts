// The scheduler: keeps the cluster's picture current, takes pods from the queue, finds a node, binds.
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import { rfc3339 } from '#base/clock.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { createRecorder } from '#client/events.ts';
import { type Attempt, Cycle, type Verdict } from './cycle.ts';
import { defaultPlugins } from './defaults.ts';
import type { PluginSet } from './framework.ts';
import { pendingMessage, preemptionMessage } from './message.ts';
import { isDone, type PodInfo, podInfo } from './podinfo.ts';
import { type Popped, SchedulingQueue } from './queue.ts';
import { ClusterCache } from './snapshot.ts';

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  /** Which pods are ours by `spec.schedulerName`. */
  readonly name?: string;
  readonly plugins?: PluginSet;
  readonly percentageOfNodesToScore?: number;
}

export interface Scheduler extends Component {
  /** The last verdict about a pod that found no node. */
  verdictOf(podKey: string): Verdict | undefined;
  readonly counters: { readonly scheduled: number; readonly unschedulable: number; readonly errors: number };
}

/** Milliseconds that the loop may run before it lets others have the thread. */
const slice = 5;
/** Bindings on their way at a time; more wait, so that a burst does not pile up requests without end. */
const mostBindings = 64;

function nodeChanges(next: Node, previous: Node): Set<string> {
  const changed = new Set<string>();
  if (next.spec.taints !== previous.spec.taints) changed.add('taints');
  if (next.metadata.labels !== previous.metadata.labels) changed.add('labels');
  if (next.status.allocatable !== previous.status.allocatable) changed.add('allocatable');
  if (next.spec.unschedulable !== previous.spec.unschedulable) changed.add('unschedulable');
  return changed;
}

/** Starts a scheduler. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { client, informers, world } = options;
  const name = options.name ?? 'default-scheduler';
  const set = options.plugins ?? defaultPlugins();
  const cache = new ClusterCache();
  const queue = new SchedulingQueue({ clock: world.clock, plugins: set.plugins });
  const cycle = new Cycle({
    set,
    random: world.random,
    ...(options.percentageOfNodesToScore ? { percentageOfNodesToScore: options.percentageOfNodesToScore } : {}),
  });
  const recorder = createRecorder(client, world, { component: name });
  const verdicts = new Map<string, Verdict>();
  const counters = { scheduled: 0, unschedulable: 0, errors: 0 };
  const pods = informers.of(Pods);
  const nodes = informers.of(Nodes);
  const binding = new Set<Promise<void>>();
  let stopped = false;
  let problem: string | undefined;

  const isOurs = (pod: Pod): boolean => (pod.spec.schedulerName ?? 'default-scheduler') === name;

  function podChanged(pod: Pod, previous: Pod | undefined): void {
    const uid = pod.metadata.uid ?? '';
    if (pod.spec.nodeName) {
      queue.remove(uid);
      verdicts.delete(keyOf(pod));
      if (isDone(pod)) return podGone(pod);
      const info = podInfo(pod);
      const added = previous === undefined || !previous.spec.nodeName;
      cache.place(info, pod.spec.nodeName);
      if (added) queue.notify({ resource: 'AssignedPod', action: 'add', pod });
      else if (previous.spec !== pod.spec || previous.metadata.labels !== pod.metadata.labels)
        queue.notify({ resource: 'AssignedPod', action: 'update', pod });
      return;
    }
    if (!isOurs(pod) || isDone(pod) || pod.metadata.deletionTimestamp !== undefined) return queue.remove(uid);
    // A pod that is assumed to be on a node is being bound: it is not queued a second time.
    if (cache.placeOf(uid) === undefined) queue.add(podInfo(pod));
  }

  function podGone(pod: Pod): void {
    queue.remove(pod.metadata.uid ?? '');
    verdicts.delete(keyOf(pod));
    if (cache.placeOf(pod.metadata.uid ?? '') === undefined) return;
    cache.forget(podInfo(pod));
    queue.notify({ resource: 'AssignedPod', action: 'delete', pod });
  }

  pods.onChange({ added: (pod) => podChanged(pod, undefined), updated: podChanged, deleted: podGone });
  nodes.onChange({
    added: (node) => queue.notify({ resource: 'Node', action: 'add', node: cache.setNode(node) }),
    updated: (node, previous) => {
      const info = cache.setNode(node);
      const changed = nodeChanges(node, previous);
      if (changed.size > 0) queue.notify({ resource: 'Node', action: 'update', node: info, changed });
    },
    deleted: (node) => cache.removeNode(node.metadata.name),
  });

  async function reportPending(info: PodInfo, verdict: Verdict): Promise<void> {
    const message = pendingMessage(verdict, preemptionMessage(verdict, info.pod.spec.preemptionPolicy));
    recorder.event(info.pod, 'Warning', 'FailedScheduling', message, 'Scheduling');
    const known = pods.lister.getByKey(info.key);
    if (known === undefined || known.metadata.uid !== info.uid) return;
    const condition = known.status.conditions?.find((entry) => entry.type === 'PodScheduled');
    if (condition?.status === 'False' && condition.reason === 'Unschedulable' && condition.message === message) return;
    const lastTransitionTime = condition?.status === 'False' ? condition.lastTransitionTime : rfc3339(world.clock.now());
    const next = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime,
      ...(known.metadata.generation === undefined ? {} : { observedGeneration: known.metadata.generation }),
    };
    await client
      .resource(Pods)
      .patch(
        info.pod.metadata.name,
        { metadata: { uid: info.uid }, status: { conditions: [next] } },
        { type: 'strategic', subresource: 'status', namespace: info.pod.metadata.namespace ?? '' },
      );
  }

  async function bind(info: PodInfo, nodeName: string): Promise<void> {
    const { name: podName, namespace = '' } = info.pod.metadata;
    try {
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: podName, namespace, uid: info.uid },
        target: { kind: 'Node', name: nodeName },
      };
      await client.resource(Pods).createSub(podName, 'binding', body, { namespace });
      counters.scheduled++;
      recorder.event(info.pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${nodeName}`, 'Binding');
    } catch (error) {
      if (!pods.lister.getByKey(info.key)?.spec.nodeName) cache.forget(info);
      if (isNotFound(error) || stopped) return;
      counters.errors++;
      world.log.warn('binding failed', { pod: info.key, node: nodeName, error: messageOf(error) });
      recorder.event(info.pod, 'Warning', 'FailedScheduling', `running Bind plugin "DefaultBinder": ${messageOf(error)}`, 'Scheduling');
      queue.retry(info.uid);
    }
  }

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        counters.errors++;
        world.log.debug('not reported', { error: messageOf(error) });
      })
      .finally(() => binding.delete(tracked));
    binding.add(tracked);
  }

  function handle(popped: Popped): void {
    const { info } = popped;
    let attempt: Attempt;
    try {
      attempt = cycle.attempt(info, cache);
    } catch (error) {
      counters.errors++;
      world.log.error('scheduling attempt failed', { pod: info.key, error: messageOf(error) });
      queue.retry(info.uid);
      return;
    }
    if (attempt.ok) {
      verdicts.delete(info.key);
      cache.place(info, attempt.node);
      track(bind(info, attempt.node));
      return;
    }
    counters.unschedulable++;
    verdicts.set(info.key, attempt.verdict);
    queue.unschedulable(info.uid, attempt.verdict.plugins);
    track(reportPending(info, attempt.verdict));
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const popped = await queue.pop();
      if (popped === undefined) return;
      handle(popped);
      const until = world.clock.monotonic() + slice;
      while (!stopped && world.clock.monotonic() < until && binding.size < mostBindings) {
        const more = queue.tryPop();
        if (more === undefined) break;
        handle(more);
      }
      if (binding.size >= mostBindings) await Promise.race(binding);
      else if (world.clock.monotonic() >= until) await world.clock.sleep(0);
    }
  }

  const ready = informers.synced();
  const loop = ready.then(run).catch((error: unknown) => {
    problem = messageOf(error);
  });

  return {
    ready,
    counters,
    health: () => problem,
    verdictOf: (key) => verdicts.get(key),
    async [Symbol.asyncDispose]() {
      stopped = true;
      queue.close();
      await loop;
      await Promise.all(binding);
    },
  };
}
