// Pure: what becomes of an object, given what is known of its owners.
import type { KubeObject } from '#api/object.ts';
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import { foregroundFinalizer, orphanFinalizer } from './graph.ts';

/** State of one owner: there, gone, or waiting in the foreground for its dependents. */
export type OwnerState = 'solid' | 'absent' | 'waiting';

export type Verdict =
  | { readonly action: 'keep' }
  /** Drop the references to owners that are gone or on their way. */
  | { readonly action: 'unlink'; readonly uids: ReadonlySet<string> }
  | {
      readonly action: 'delete';
      readonly policy: 'Orphan' | 'Foreground' | 'Background';
      /** First break the cycle: let no dependent block this object any more. */
      readonly unblock: boolean;
    };

export interface Surroundings {
  readonly hasDependents: boolean;
  /** A dependent itself waits in the foreground: the references may form a cycle. */
  readonly dependentWaits: boolean;
}

/** The verdict on an object that is not itself being deleted in the foreground. */
export function judge(object: KubeObject, stateOf: (reference: OwnerReference) => OwnerState, around: Surroundings): Verdict {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return { action: 'keep' };
  const states = owners.map((reference) => ({ uid: reference.uid, state: stateOf(reference) }));
  const leaving = states.filter(({ state }) => state !== 'solid').map(({ uid }) => uid);
  if (leaving.length < states.length) return leaving.length === 0 ? { action: 'keep' } : { action: 'unlink', uids: new Set(leaving) };
  if (states.some(({ state }) => state === 'waiting') && around.hasDependents) {
    return { action: 'delete', policy: 'Foreground', unblock: around.dependentWaits };
  }
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(orphanFinalizer)) return { action: 'delete', policy: 'Orphan', unblock: false };
  if (finalizers.includes(foregroundFinalizer)) return { action: 'delete', policy: 'Foreground', unblock: false };
  return { action: 'delete', policy: 'Background', unblock: false };
}

/** A patch that drops owner references; undefined when the object has none of them. */
export function withoutOwners(object: KubeObject, uids: ReadonlySet<string>): object | undefined {
  const owners = object.metadata.ownerReferences ?? [];
  const kept = owners.filter(({ uid }) => !uids.has(uid));
  if (kept.length === owners.length) return undefined;
  const { uid, resourceVersion } = object.metadata;
  return { metadata: { uid, resourceVersion, ownerReferences: kept.length > 0 ? kept : null } };
}

/** A patch after which the object no longer blocks the deletion of any owner; undefined when it blocks none. */
export function withoutBlocking(object: KubeObject): object | undefined {
  const owners = object.metadata.ownerReferences ?? [];
  if (!owners.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)) return undefined;
  const { uid, resourceVersion } = object.metadata;
  return { metadata: { uid, resourceVersion, ownerReferences: owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })) } };
}

/** A patch that takes a finalizer away; undefined when the object does not have it. */
export function withoutFinalizer(object: KubeObject, name: string): object | undefined {
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(name)) return undefined;
  const { uid, resourceVersion } = object.metadata;
  return { metadata: { uid, resourceVersion, finalizers: finalizers.filter((finalizer) => finalizer !== name) } };
}
