// DefaultPreemption, the deciding half: which pods would have to go for a pod to fit. Tries it on the live picture of the
// cluster and puts everything back, which nobody sees because nothing awaits in between.
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import type { Random } from '#base/random.ts';
import type { Cycle } from '../cycle.ts';
import { type Rejection, unresolvable } from '../framework.ts';
import { noneAvailable } from '../message.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Prepared } from '../search.ts';
import type { ClusterCache } from '../snapshot.ts';
import { histogram, rejectionAt, type Verdict } from '../verdict.ts';
import { splitByBudgets } from './budgets.ts';
import { byImportance, type Candidate, pickCandidate } from './pick.ts';

const name = 'DefaultPreemption';
const notHelpful = unresolvable(name, 'Preemption is not helpful for scheduling');
const noVictims = unresolvable(name, 'No preemption victims found for incoming pod');

/** Arguments of the plugin's configuration. */
export interface DefaultPreemptionArgs {
  /** Nodes to try: this share of those that might help, but at least so many. Defaults 10 and 100. */
  readonly minCandidateNodesPercentage?: number;
  readonly minCandidateNodesAbsolute?: number;
}

export interface PreemptionInput {
  readonly pod: PodInfo;
  readonly verdict: Verdict;
  /** Undefined when the attempt ended before nodes were looked at: then taking pods away cannot help. */
  readonly prepared: Prepared | undefined;
  readonly cache: ClusterCache;
  readonly cycle: Pick<Cycle, 'fits'>;
  readonly budgets: readonly PodDisruptionBudget[];
  readonly random: Random;
  /** The node that the pod has been nominated to. */
  readonly nominatedNode: string;
  readonly args?: DefaultPreemptionArgs;
}

/** Nobody goes. `nominate`: the empty name to give up a nomination; undefined leaves it as it is. */
export interface NoPreemption {
  readonly candidate: undefined;
  readonly message: string;
  readonly nominate: '' | undefined;
  /** It could not be decided. */
  readonly broken?: true;
}

/** `nominate`: the node to wait for. */
export type PreemptionOutcome = { readonly candidate: Candidate; readonly message: ''; readonly nominate: string } | NoPreemption;

/** The pod is going because the scheduler preempted it. */
function isLeaving({ pod }: PodInfo): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false;
  const condition = pod.status.conditions?.find((entry) => entry.type === 'DisruptionTarget');
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
}

/** Why the pod may not preempt now, if so. */
function ineligible({ pod, verdict, cache, nominatedNode }: PreemptionInput): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  if (nominatedNode === '') return undefined;
  const index = verdict.nodes.findIndex((node) => node.name === nominatedNode);
  if (index >= 0 && rejectionAt(verdict, index)?.code === 'unresolvable') return undefined;
  const node = cache.get(nominatedNode);
  if (node === undefined) return undefined;
  for (const other of node.pods.values())
    if (other.priority < pod.priority && isLeaving(other)) return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}

/** What must go from the node for the pod to fit, or why that does not help. */
export function victimsOn(input: PreemptionInput & { readonly prepared: Prepared }, node: NodeInfo): Candidate | Rejection {
  const { pod, prepared, cache, cycle, budgets } = input;
  const lesser = [...node.pods.values()].filter((other) => other.priority < pod.priority);
  if (lesser.length === 0) return noVictims;
  const away = new Map(lesser.map((other) => [other.uid, other]));
  const remove = (other: PodInfo): void => {
    cache.forget(other);
    away.set(other.uid, other);
  };
  const putBack = (other: PodInfo): void => {
    cache.place(other, node.name);
    away.delete(other.uid);
  };
  for (const other of lesser) cache.forget(other);
  try {
    const rejection = cycle.fits(prepared, node, cache);
    if (rejection !== undefined) return rejection;
    const { violating, harmless } = splitByBudgets(lesser.toSorted(byImportance), budgets);
    const victims: PodInfo[] = [];
    let violations = 0;
    // Each may stay if the pod fits beside it: those that a budget protects first, the more important ones first.
    for (const [group, violates] of [
      [violating, 1],
      [harmless, 0],
    ] as const) {
      for (const other of group) {
        putBack(other);
        if (cycle.fits(prepared, node, cache) === undefined) continue;
        remove(other);
        victims.push(other);
        violations += violates;
      }
    }
    return { node, victims: victims.toSorted(byImportance), violations };
  } finally {
    for (const other of away.values()) putBack(other);
  }
}

const isCandidate = (value: Candidate | Rejection): value is Candidate => 'victims' in value;

/** Decides what to preempt. The picture of the cluster is as it was when this returns. */
export function evaluatePreemption(input: PreemptionInput): PreemptionOutcome {
  const candidates = preemptionCandidates(input);
  return Array.isArray(candidates) ? decidePreemption(candidates) : candidates;
}

/** The least harmful of candidates. */
export function decidePreemption(candidates: readonly Candidate[]): PreemptionOutcome {
  const candidate = pickCandidate(candidates);
  if (candidate !== undefined) return { candidate, message: '', nominate: candidate.node.name };
  return { candidate: undefined, message: 'preemption: no candidate node for preemption', nominate: undefined };
}

/** All that could be preempted, at least one; or why nothing is. */
export function preemptionCandidates(input: PreemptionInput): Candidate[] | NoPreemption {
  const { pod, verdict, prepared, cache, random, args } = input;
  const refusal = ineligible(input);
  if (refusal !== undefined) return { candidate: undefined, message: `preemption: ${refusal}`, nominate: undefined };
  const outcomes: (Rejection | undefined)[] = verdict.nodes.map(() => notHelpful);
  const candidates: Candidate[] = [];
  if (prepared !== undefined) {
    const hopeful = verdict.nodes.flatMap((_, index) => (rejectionAt(verdict, index)?.code === 'unschedulable' ? [index] : []));
    const lowest = cache.lowestPriority;
    // In a cluster where nobody is lower nothing needs to be tried node by node.
    const inVain = lowest === undefined || lowest >= pod.priority;
    const share = Math.floor((hopeful.length * (args?.minCandidateNodesPercentage ?? 10)) / 100);
    const enough = Math.min(hopeful.length, Math.max(share, args?.minCandidateNodesAbsolute ?? 100));
    const start = hopeful.length === 0 ? 0 : Math.floor(random.next() * hopeful.length);
    for (let i = 0; i < hopeful.length && candidates.length < enough; i++) {
      const index = hopeful[(start + i) % hopeful.length] as number;
      const node = verdict.nodes[index] as NodeInfo;
      const found = inVain ? noVictims : victimsOn({ ...input, prepared }, node);
      if (!isCandidate(found)) outcomes[index] = found;
      else if (found.victims.length > 0) candidates.push(found);
    }
  }
  if (candidates.length > 0) return candidates;
  return { candidate: undefined, message: `preemption: ${noneAvailable(verdict.nodes.length, histogram(outcomes))}`, nominate: '' };
}
