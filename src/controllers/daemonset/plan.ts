// What a DaemonSet does next. Pure: nodes and pods in, actions and status out.
import type { DaemonSet, DaemonSetStatus } from '#api/apps/v1/daemonset.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodAvailable, isPodReady } from '#api/podutil.ts';
import { scaledIntOrPercent } from '#format/intorstring.ts';
import { revisionLabel } from '../history/revisions.ts';
import { nextAvailable } from '../replicas/plan.ts';
import { type Fit, fitting, nodeOf } from './nodes.ts';

/** Pods made, and pods removed, at most in one round. */
export const burst = 250;

export interface Observed {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** The pods that the set controls. */
  readonly pods: readonly Pod[];
  /** What pods of the current template carry as label. */
  readonly hash: string;
  readonly now: number;
  /** Milliseconds to wait before a failed pod of this node is replaced. */
  backoff(node: string): number;
}

export interface Plan {
  /** Names of the nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly events: readonly { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }[];
  /** Nodes whose failed pod is replaced now. */
  readonly failed: readonly string[];
  /** Milliseconds until something is due without an event. */
  readonly wait?: number;
}

const isLeaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
const created = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;

/** Pods that are placed come before those that are not; then the older ones. */
function bySeniority(a: Pod, b: Pod): number {
  const placed = Number(Boolean(b.spec.nodeName)) - Number(Boolean(a.spec.nodeName));
  return placed || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/** The set's pods by node. */
function byNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const map = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = nodeOf(pod);
    if (node === undefined) continue;
    const list = map.get(node);
    if (list === undefined) map.set(node, [pod]);
    else list.push(pod);
  }
  return map;
}

/** How many nodes may be without a pod, and how many may have two. */
function limits(set: DaemonSet, desired: number): { unavailable: number; surge: number } {
  const rolling = set.spec.updateStrategy?.rollingUpdate;
  const surge = scaledIntOrPercent(rolling?.maxSurge ?? 0, desired, 'up');
  const unavailable = scaledIntOrPercent(rolling?.maxUnavailable ?? 0, desired, 'up');
  // Both zero could never move (percentages may round to it).
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

class Round {
  readonly create: string[] = [];
  readonly remove: Pod[] = [];
  readonly events: Plan['events'][number][] = [];
  readonly failed: string[] = [];
  readonly waits: number[] = [];
  readonly observed: Observed;
  readonly surging: boolean;

  constructor(observed: Observed) {
    this.observed = observed;
    const strategy = observed.set.spec.updateStrategy;
    const surge = strategy?.type === 'RollingUpdate' ? strategy.rollingUpdate?.maxSurge : undefined;
    this.surging = surge !== undefined && surge !== 0 && surge !== '0%';
  }

  isAvailable(pod: Pod): boolean {
    return isPodAvailable(pod, this.observed.set.spec.minReadySeconds ?? 0, this.observed.now);
  }

  isUpdated(pod: Pod): boolean {
    return pod.metadata.labels?.[revisionLabel] === this.observed.hash;
  }

  /** Gives up a pod that ended; a failed one only after a while, so that a broken daemon is not restarted in a loop. */
  giveUp(pod: Pod, node: string): void {
    const { namespace, name } = pod.metadata;
    if (pod.status.phase === 'Failed') {
      const wait = this.observed.backoff(node);
      if (wait > 0) {
        this.waits.push(wait);
        return;
      }
      this.failed.push(node);
      const message = `Found failed daemon pod ${namespace}/${name} on node ${node}, will try to kill it`;
      this.events.push({ type: 'Warning', reason: 'FailedDaemonPod', message });
    } else {
      const message = `Found succeeded daemon pod ${namespace}/${name} on node ${node}, will try to delete it`;
      this.events.push({ type: 'Normal', reason: 'SucceededDaemonPod', message });
    }
    this.remove.push(pod);
  }

  /** One node gets its pod, loses what it has too much, or loses all. */
  manage(node: string, { run, stay }: Fit, pods: readonly Pod[]): void {
    if (pods.length === 0) {
      if (run) this.create.push(node);
      return;
    }
    const present = pods.filter((pod) => !isLeaving(pod));
    if (!stay) {
      this.remove.push(...present);
      return;
    }
    const ended = present.filter(({ status }) => status.phase === 'Failed' || status.phase === 'Succeeded');
    for (const pod of ended) this.giveUp(pod, node);
    const running = present.filter((pod) => !ended.includes(pod)).toSorted(bySeniority);
    if (!this.surging) this.remove.push(...running.slice(1));
    else if (running.length === 0 && ended.length === 0 && run) this.create.push(node);
    else if (running.length > 1) this.thin(running);
  }

  /** Of two generations on one node the old pod goes when it does not serve, or when the new one does. */
  thin(running: readonly Pod[]): void {
    const next = running.find((pod) => this.isUpdated(pod));
    const old = running.find((pod) => !this.isUpdated(pod));
    this.remove.push(...running.filter((pod) => pod !== next && pod !== old));
    if (next !== undefined && old !== undefined && (!isPodReady(old) || this.isAvailable(next))) this.remove.push(old);
  }

  /** The old and the new pod of a node; undefined while there are several of a kind. */
  pair(pods: readonly Pod[]): { readonly next: Pod | undefined; readonly old: Pod | undefined } | undefined {
    const present = pods.filter((pod) => !isLeaving(pod));
    const next = present.filter((pod) => this.isUpdated(pod));
    const old = present.filter((pod) => !this.isUpdated(pod));
    return next.length > 1 || old.length > 1 ? undefined : { next: next[0], old: old[0] };
  }

  /** Removes old pods, as many as may be missing; those that do not serve are free. */
  replace(placed: ReadonlyMap<string, readonly Pod[]>, most: number): void {
    let missing = 0;
    const serving: Pod[] = [];
    for (const pods of placed.values()) {
      const pair = this.pair(pods);
      if (pair === undefined || (pair.next === undefined) === (pair.old === undefined)) missing++;
      else if (pair.old === undefined) missing += this.isAvailable(pair.next as Pod) ? 0 : 1;
      else if (this.isAvailable(pair.old)) serving.push(pair.old);
      else this.remove.push(pair.old);
    }
    this.remove.push(...serving.slice(0, Math.max(0, most - missing)));
  }

  /** Adds new pods beside old ones; removes the old ones where the new ones serve. */
  surge(placed: ReadonlyMap<string, readonly Pod[]>, most: number, runs: (node: string) => boolean): void {
    let surging = 0;
    const candidates: string[] = [];
    for (const [node, pods] of placed) {
      const pair = this.pair(pods);
      if (pair === undefined) surging++;
      else if (pair.old !== undefined && pair.next === undefined && runs(node)) {
        if (this.isAvailable(pair.old)) candidates.push(node);
        else this.create.push(node);
      } else if (pair.old !== undefined && pair.next !== undefined) {
        if (this.isAvailable(pair.next)) this.remove.push(pair.old);
        else surging++;
      }
    }
    this.create.push(...candidates.slice(0, Math.max(0, most - surging)));
  }
}

/** Plans one round: every node gets what it should have; only when all have, the update goes on. */
export function planDaemonSet(observed: Observed): Plan {
  const { set, nodes, pods, now } = observed;
  const round = new Round(observed);
  const placed = byNode(pods);
  const fit = fitting(set);
  const known = new Map<string, Fit>();
  for (const node of nodes) {
    const { name } = node.metadata;
    known.set(name, fit(node));
    round.manage(name, known.get(name) as Fit, placed.get(name) ?? []);
  }
  // A pod that waits for a node that is gone would wait for ever.
  for (const pod of pods) if (!pod.spec.nodeName && !isLeaving(pod) && !known.has(nodeOf(pod) ?? '')) round.remove.push(pod);

  if (round.create.length === 0 && round.remove.length === 0 && set.spec.updateStrategy?.type === 'RollingUpdate') {
    const { unavailable, surge } = limits(set, [...known.values()].filter(({ run }) => run).length);
    if (surge === 0) round.replace(placed, unavailable);
    else round.surge(placed, surge, (node) => known.get(node)?.run ?? false);
  }
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const ready = minReadySeconds > 0 ? nextAvailable({ pods, minReadySeconds, now }) : undefined;
  const waits = [...round.waits, ...(ready === undefined ? [] : [ready])];
  return {
    create: round.create.slice(0, burst),
    remove: round.remove.slice(0, burst),
    events: round.events,
    failed: round.failed,
    ...(waits.length > 0 ? { wait: Math.min(...waits) } : {}),
  };
}

/** The whole status. */
export function daemonSetStatus({ set, nodes, pods, hash, now }: Omit<Observed, 'backoff'>, collisionCount: number): DaemonSetStatus {
  const placed = byNode(pods);
  const fit = fitting(set);
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
  for (const node of nodes) {
    const first = placed.get(node.metadata.name)?.toSorted(bySeniority)[0];
    if (!fit(node).run) {
      if (first !== undefined) count.misscheduled++;
      continue;
    }
    count.desired++;
    if (first === undefined) continue;
    count.current++;
    if (isPodReady(first)) count.ready++;
    if (isPodAvailable(first, set.spec.minReadySeconds ?? 0, now)) count.available++;
    if (first.metadata.labels?.[revisionLabel] === hash) count.updated++;
  }
  return {
    ...set.status,
    observedGeneration: set.metadata.generation ?? 0,
    desiredNumberScheduled: count.desired,
    currentNumberScheduled: count.current,
    numberMisscheduled: count.misscheduled,
    updatedNumberScheduled: count.updated,
    numberReady: count.ready,
    numberAvailable: count.available,
    numberUnavailable: count.desired - count.available,
    ...(collisionCount > 0 || set.status.collisionCount !== undefined ? { collisionCount } : {}),
  };
}
