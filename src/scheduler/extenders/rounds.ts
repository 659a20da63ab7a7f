// All extenders of a scheduler, asked in their order: who fails and may be ignored is left out, with a line in the log.
import { messageOf } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { extenderName, type Rejection } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Candidate } from '../preemption/pick.ts';
import type { Extender } from './extender.ts';

export interface Round {
  /** Those that the pod is the business of. */
  readonly extenders: readonly Extender[];
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Passed {
  readonly nodes: readonly NodeInfo[];
  readonly rejections: ReadonlyMap<string, Rejection>;
}

const rejection = (code: Rejection['code'], ...reasons: string[]): Rejection => ({ code, plugin: extenderName, reasons });

/** The nodes that all extenders let pass, each asked about what the one before has left. */
export async function passFilters({ extenders, log, signal }: Round, pod: Pod, given: readonly NodeInfo[]): Promise<Passed> {
  let nodes = given;
  const rejections = new Map<string, Rejection>();
  for (const extender of extenders) {
    if (nodes.length === 0) break;
    if (!extender.filters) continue;
    try {
      const answer = await extender.filter(pod, nodes, signal);
      for (const [node, reason] of answer.failed) rejections.set(node, rejection('unschedulable', reason));
      for (const [node, reason] of answer.unresolvable) rejections.set(node, rejection('unresolvable', reason));
      const left = new Set(answer.nodes);
      // Left out without a word: nothing is said of them, and preemption does not help there.
      for (const node of nodes) if (!left.has(node) && !rejections.has(node.name)) rejections.set(node.name, rejection('unresolvable'));
      ({ nodes } = answer);
    } catch (error) {
      if (!extender.ignorable) throw error;
      log.warn('extender skipped', { extender: extender.name, error: messageOf(error) });
    }
  }
  return { nodes, rejections };
}

/** Points of all extenders by node. Whoever fails gives none. */
export async function pointsOf(
  { extenders, log, signal }: Round,
  pod: Pod,
  nodes: readonly NodeInfo[],
): Promise<ReadonlyMap<string, number>> {
  const points = new Map<string, number>();
  const ask = async (extender: Extender): Promise<void> => {
    try {
      for (const [node, more] of await extender.prioritize(pod, nodes, signal)) points.set(node, (points.get(node) ?? 0) + more);
    } catch (error) {
      log.info('an extender gave no points', { extender: extender.name, error: messageOf(error) });
    }
  };
  await Promise.all(extenders.filter((extender) => extender.prioritizes).map(ask));
  return points;
}

/** What the extenders leave of the candidates of a preemption. */
export async function passPreemption(
  { extenders, log, signal }: Round,
  pod: Pod,
  given: { readonly candidates: readonly Candidate[]; readonly nodeOf: (name: string) => NodeInfo | undefined },
): Promise<readonly Candidate[]> {
  let { candidates } = given;
  for (const extender of extenders) {
    if (candidates.length === 0) break;
    if (!extender.preempts) continue;
    try {
      const left = await extender.preempt(pod, { ...given, candidates }, signal);
      const empty = left.find(({ victims }) => victims.length === 0);
      if (empty !== undefined && !extender.ignorable) throw new Error(`expected at least one victim pod on node "${empty.node.name}"`);
      candidates = left.filter(({ victims }) => victims.length > 0);
    } catch (error) {
      if (!extender.ignorable) throw error;
      log.warn('extender skipped', { extender: extender.name, error: messageOf(error) });
    }
  }
  return candidates;
}

/** Lets the extender bind that does so; false when none does, or the one that does may be ignored and failed. */
export async function boundByExtender({ extenders, log, signal }: Round, pod: PodInfo, node: string): Promise<boolean> {
  for (const extender of extenders) {
    if (!extender.binds) continue;
    try {
      await extender.bind(pod, node, signal);
      return true;
    } catch (error) {
      if (!extender.ignorable) throw error;
      log.warn('extender skipped', { extender: extender.name, error: messageOf(error) });
    }
  }
  return false;
}
