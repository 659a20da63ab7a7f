// The smallest strategic merge patch that brings a pod's status to what the node knows: pure.
import type { PodCondition, PodStatus } from '#api/core/v1/podstatus.ts';

/** Deep equality of JSON values; absent and undefined are the same. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return (a ?? undefined) === (b ?? undefined);
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) if (!sameJson(left[key], right[key])) return false;
  return true;
}

/** Conditions of the node's that go away again. */
const transient = ['PodResizePending', 'PodResizeInProgress'];
const ownConditions = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'DisruptionTarget',
  ...transient,
]);

/** Conditions as they are to be known: the node's from `ours`, those of others from the API. */
export function mergeConditions(api: readonly PodCondition[], ours: readonly PodCondition[]): PodCondition[] {
  return [
    ...ours.filter((condition) => ownConditions.has(condition.type)),
    ...api.filter(({ type }) => !transient.includes(type) && (!ownConditions.has(type) || !ours.some((own) => own.type === type))),
  ];
}

/** Fields that the node decides; everything else in the status belongs to others. */
const ownFields = [
  'phase',
  'observedGeneration',
  'reason',
  'message',
  'hostIP',
  'podIP',
  'startTime',
  'qosClass',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
] as const;
/** Lists that a strategic merge would unite by key: they are replaced whole. */
const replacedLists = ['hostIPs', 'podIPs'] as const;

/**
 * The patch of `status`, or undefined when nothing differs. `mirror`: it is that of a static pod, whose disruptions are all the
 * node's own and end with the machine's next start.
 */
export function statusPatch(
  api: PodStatus,
  wanted: PodStatus,
  about: { readonly mirror?: boolean } = {},
): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const field of ownFields) if (!sameJson(api[field], wanted[field])) patch[field] = wanted[field] ?? null;
  for (const field of replacedLists) {
    if (!sameJson(api[field], wanted[field])) patch[field] = [...(wanted[field] ?? []), { $patch: 'replace' }];
  }
  const conditions: unknown[] = (wanted.conditions ?? []).flatMap((condition) => {
    if (!ownConditions.has(condition.type)) return [];
    const known = api.conditions?.find((candidate) => candidate.type === condition.type);
    return known && sameJson(normal(known), normal(condition)) ? [] : [over(known, condition)];
  });
  for (const type of about.mirror ? [...transient, 'DisruptionTarget'] : transient) {
    const has = (list: PodStatus['conditions']): boolean => (list ?? []).some((condition) => condition.type === type);
    if (has(api.conditions) && !has(wanted.conditions)) conditions.push({ type, $patch: 'delete' });
  }
  if (conditions.length > 0) patch['conditions'] = conditions;
  return Object.keys(patch).length > 0 ? patch : undefined;
}

const minorFields = new Set(['observedGeneration', 'podIP', 'podIPs', 'conditions']);

/**
 * True for a patch that nobody waits for: the sandbox and its address are there, a generation was seen. More will follow in a
 * moment, and one write can tell both.
 */
export function isMinor(patch: Record<string, unknown>, api: PodStatus): boolean {
  if (Object.keys(patch).some((field) => !minorFields.has(field))) return false;
  return ((patch['conditions'] ?? []) as PodCondition[]).every(
    ({ type, status }) =>
      type === 'PodReadyToStartContainers' || api.conditions?.some((known) => known.type === type && known.status === status),
  );
}

const normal = (condition: PodCondition): unknown => ({ ...condition, lastProbeTime: undefined });

/** A merged condition keeps what isn't mentioned: reason and message that no longer hold are removed by name. */
const over = (known: PodCondition | undefined, condition: PodCondition): unknown => ({
  ...(known?.reason && !condition.reason ? { reason: null } : {}),
  ...(known?.message && !condition.message ? { message: null } : {}),
  ...condition,
});
