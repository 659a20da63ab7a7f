// Histories of workloads: ControllerRevisions, each with one pod template that the workload had. Pure.
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import type { JsonObject } from '#api/object.ts';
import { fnv32a, safeEncode, stableJson } from '#format/hash.ts';
import { semanticEqual } from '../equal.ts';

/** What tells the revisions of one workload apart, and the pods that were made from them. */
export const revisionLabel = 'controller-revision-hash';

/** A strategic merge patch that gives a workload this template; keys sorted, so that equal templates give equal bytes. */
export function templatePatch(template: PodTemplateSpec): JsonObject {
  return JSON.parse(stableJson({ spec: { template: { ...template, $patch: 'replace' } } })) as JsonObject;
}

/** The template that a revision remembers. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const data = revision.data as { readonly spec?: { readonly template?: PodTemplateSpec & { readonly $patch?: string } } } | undefined;
  const { $patch: _directive, ...template } = data?.spec?.template ?? {};
  return template as PodTemplateSpec;
}

/** Oldest first; by age and name where numbers are equal. */
export function byRevision(revisions: readonly ControllerRevision[]): readonly ControllerRevision[] {
  const created = (revision: ControllerRevision): number => Date.parse(revision.metadata.creationTimestamp ?? '') || 0;
  return revisions.toSorted(
    (a, b) => Number(a.revision) - Number(b.revision) || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}

/** JSON text as Kubernetes writes it: what could end a script in a page is written as an escape. */
const escaped = (json: string): string =>
  json.replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Hash of a revision's data; `collisions` makes another one when its name is taken by something else. */
export function revisionHash(data: JsonObject, collisions: number): string {
  return safeEncode(String(fnv32a(escaped(stableJson(data)) + (collisions === 0 ? '' : `/${collisions}`))));
}

/** The name of a workload's revision: cut so that it fits with its hash. */
export const revisionName = (owner: string, hash: string): string => `${owner.slice(0, 223)}-${hash}`;

export type RevisionStep =
  /** The newest revision is the wanted one. */
  | { readonly type: 'keep'; readonly revision: ControllerRevision }
  /** An older revision is wanted again: it becomes the newest (a rollback). */
  | { readonly type: 'renumber'; readonly revision: ControllerRevision; readonly number: number }
  | { readonly type: 'create'; readonly number: number };

/** How the wanted data becomes the newest revision. */
export function planRevision(revisions: readonly ControllerRevision[], data: JsonObject): RevisionStep {
  const sorted = byRevision(revisions);
  const newest = sorted.at(-1);
  const number = Number(newest?.revision ?? 0) + 1;
  const equal = sorted.findLast((revision) => semanticEqual(revision.data, data));
  if (equal === undefined) return { type: 'create', number };
  if (equal === newest || semanticEqual(newest?.data, data)) return { type: 'keep', revision: equal };
  return { type: 'renumber', revision: equal, number };
}

/** The oldest revisions beyond the limit that nothing uses any more. */
export function obsoleteRevisions(
  revisions: readonly ControllerRevision[],
  inUse: (revision: ControllerRevision) => boolean,
  limit: number,
): readonly ControllerRevision[] {
  const free = byRevision(revisions).filter((revision) => !inUse(revision));
  return free.slice(0, Math.max(0, free.length - limit));
}
