// Revisions: which ReplicaSet carries the wanted template, what it is called, and what the annotations remember. Pure.
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { fnv32a, safeEncode, stableJson } from '#format/hash.ts';
import { semanticEqual } from '../equal.ts';

export const hashLabel = 'pod-template-hash';
export const annotation = {
  revision: 'deployment.kubernetes.io/revision',
  history: 'deployment.kubernetes.io/revision-history',
  desired: 'deployment.kubernetes.io/desired-replicas',
  max: 'deployment.kubernetes.io/max-replicas',
  rollbackTo: 'deprecated.deployment.rollback.to',
  lastApplied: 'kubectl.kubernetes.io/last-applied-configuration',
} as const;
const ours: ReadonlySet<string> = new Set(Object.values(annotation));
const historyLimit = 2000;

type Annotations = Readonly<Record<string, string>>;

/** The hash that tells templates apart; `collisions` makes a new one when a name is taken by something else. */
export function templateHash(template: PodTemplateSpec, collisions: number | undefined): string {
  return safeEncode(String(fnv32a(stableJson(template) + (collisions === undefined ? '' : `/${collisions}`))));
}

/** The template without the label that we add ourselves. */
function bare(template: PodTemplateSpec | undefined): unknown {
  const labels = template?.metadata?.labels;
  if (labels?.[hashLabel] === undefined) return template;
  const { [hashLabel]: _hash, ...others } = labels;
  return { ...template, metadata: { ...template?.metadata, labels: others } };
}

/** True when the set's pods are what the Deployment wants. */
export function hasTemplate(set: ReplicaSet, deployment: Deployment): boolean {
  return semanticEqual(bare(set.spec.template), bare(deployment.spec.template));
}

const createdAt = (set: ReplicaSet): number => Date.parse(set.metadata.creationTimestamp ?? '') || 0;

/** Oldest first; by name when of one second. */
export function byAge(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return sets.toSorted((a, b) => createdAt(a) - createdAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** The set with the wanted template: the oldest, if there are several. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return byAge(sets).find((set) => hasTemplate(set, deployment));
}

/** The number in an annotation, a 64-bit one; 0 when there is none. */
const numberIn = (text: string | undefined): bigint =>
  text !== undefined && /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : 0n;

export const revisionOf = (object: Deployment | ReplicaSet): bigint => numberIn(object.metadata.annotations?.[annotation.revision]);

/** The Deployment's annotations that its sets share. */
export function sharedAnnotations(deployment: Deployment): Annotations {
  return Object.fromEntries(Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !ours.has(key)));
}

/** Annotations of the new set at a revision: a set that is used again remembers the revisions that it had. */
export function annotationsAt(set: ReplicaSet | undefined, deployment: Deployment, revision: bigint): Annotations {
  const old = set?.metadata.annotations ?? {};
  const next: Record<string, string> = { ...old, ...sharedAnnotations(deployment) };
  const before = numberIn(old[annotation.revision]);
  if (before >= revision) return next;
  next[annotation.revision] = String(revision);
  if (before > 0n) {
    const history = [...(old[annotation.history]?.split(',').filter(Boolean) ?? []), String(before)];
    while (history.length > 1 && history.join(',').length > historyLimit) history.shift();
    next[annotation.history] = history.join(',');
  }
  return next;
}
