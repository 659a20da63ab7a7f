// What is said to extenders and what they answer: the types of `k8s.io/kube-scheduler/extender/v1`, whose fields have Go's own
// names. Answers may write them in any case, as Go's decoder allows.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Candidate } from '../preemption/pick.ts';

/** Scores of extenders go from 0 to 10, those of plugins to 100. */
const scale = 10;

type Folded = ReadonlyMap<string, unknown>;

function folded(value: unknown, what: string): Folded {
  if (value === undefined || value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`${what} must be an object`);
  return new Map(Object.entries(value).map(([name, item]) => [name.toLowerCase(), item]));
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${what} must be a list`);
  return value;
}

function textOf(value: unknown, what: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new Error(`${what} must be a text`);
  return value;
}

function numberOf(value: unknown, what: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Error(`${what} must be a whole number`);
  return value;
}

function textsBy(value: unknown, what: string): ReadonlyMap<string, string> {
  if (value === undefined || value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`${what} must be an object`);
  return new Map(Object.entries(value).map(([name, item]) => [name, textOf(item, `${what}.${name}`)]));
}

/** ExtenderArgs: whole nodes, or names for those who know them. */
export function extenderArgs(pod: Pod, nodes: readonly Node[], namesOnly: boolean): object {
  if (namesOnly) return { Pod: pod, Nodes: null, NodeNames: nodes.map((node) => node.metadata.name) };
  return { Pod: pod, Nodes: { metadata: {}, items: nodes }, NodeNames: null };
}

/** ExtenderFilterResult. */
export interface FilterAnswer {
  /** Nodes that pass; undefined when none are told, which is no node. */
  readonly nodes: readonly string[];
  readonly failed: ReadonlyMap<string, string>;
  readonly unresolvable: ReadonlyMap<string, string>;
}

/** Reads an answer to a filter call. Throws with the extender's own words when it says that something is wrong. */
export function filterAnswer(value: unknown, namesOnly: boolean): FilterAnswer {
  const given = folded(value, 'ExtenderFilterResult');
  throwIfWrong(given);
  const names = given.get('nodenames');
  const nodes = listOf(folded(given.get('nodes'), 'Nodes').get('items'), 'Nodes.items').map((item, i) =>
    textOf(folded(folded(item, `Nodes.items[${i}]`).get('metadata'), 'metadata').get('name'), `Nodes.items[${i}].metadata.name`),
  );
  const byName = namesOnly && names !== undefined && names !== null;
  return {
    nodes: byName ? listOf(names, 'NodeNames').map((name, i) => textOf(name, `NodeNames[${i}]`)) : nodes,
    failed: textsBy(given.get('failednodes'), 'FailedNodes'),
    unresolvable: textsBy(given.get('failedandunresolvablenodes'), 'FailedAndUnresolvableNodes'),
  };
}

function throwIfWrong(given: Folded): void {
  const error = textOf(given.get('error'), 'Error');
  if (error !== '') throw new Error(error);
}

/** Reads an ExtenderBindingResult. Throws what went wrong. */
export function checkBound(value: unknown): void {
  throwIfWrong(folded(value, 'ExtenderBindingResult'));
}

/** ExtenderBindingArgs. */
export function bindingArgs({ pod, namespace, uid }: PodInfo, node: string): object {
  return { PodName: pod.metadata.name, PodNamespace: namespace, PodUID: uid, Node: node };
}

/** Reads a HostPriorityList: points by node, in the measure of plugins and weighted. */
export function scoresAnswer(value: unknown, weight: number): ReadonlyMap<string, number> {
  const points = new Map<string, number>();
  listOf(value, 'HostPriorityList').forEach((item, i) => {
    const given = folded(item, `HostPriorityList[${i}]`);
    const host = textOf(given.get('host'), `HostPriorityList[${i}].Host`);
    const score = numberOf(given.get('score'), `HostPriorityList[${i}].Score`);
    points.set(host, (points.get(host) ?? 0) + score * weight * scale);
  });
  return points;
}

/** ExtenderPreemptionArgs: whole victims, or their identities for those who know them. */
export function preemptionArgs(pod: Pod, candidates: readonly Candidate[], namesOnly: boolean): object {
  const by = (show: (victim: PodInfo) => unknown) =>
    Object.fromEntries(
      candidates.map(({ node, victims, violations }) => [node.name, { Pods: victims.map(show), NumPDBViolations: violations }]),
    );
  return {
    Pod: pod,
    NodeNameToVictims: namesOnly ? null : by((victim) => victim.pod),
    NodeNameToMetaVictims: namesOnly ? by((victim) => ({ UID: victim.uid })) : null,
  };
}

/** Victims on a node, as an ExtenderPreemptionResult tells them. */
export interface ToldVictims {
  readonly node: string;
  readonly uids: readonly string[];
  readonly violations: number;
}

/** Reads an ExtenderPreemptionResult. */
export function preemptionAnswer(value: unknown): readonly ToldVictims[] {
  const told = folded(value, 'ExtenderPreemptionResult').get('nodenametometavictims');
  if (told === undefined || told === null) return [];
  if (typeof told !== 'object' || Array.isArray(told)) throw new Error('NodeNameToMetaVictims must be an object');
  return Object.entries(told).map(([node, item]) => {
    const given = folded(item, `NodeNameToMetaVictims.${node}`);
    const uids = listOf(given.get('pods'), 'Pods').map((pod) => textOf(folded(pod, 'Pods').get('uid'), 'UID'));
    return { node, uids, violations: numberOf(given.get('numpdbviolations'), 'NumPDBViolations') };
  });
}
