// Who controls whom: an owner claims the objects that its selector matches and lets go of those that it no longer does.
import { apiVersionOf, controllerOf, type KubeObject } from '#api/object.ts';
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import type { ResourceRef } from '#api/refs.ts';
import { isInvalid, isNotFound } from '#api/status.ts';
import type { ResourceClient } from './client.ts';

export interface LabelMatcher {
  matches(labels: Readonly<Record<string, string>>): boolean;
}

export interface Claims<T> {
  /** Controlled by the owner and matching. */
  readonly owned: readonly T[];
  /** Matching and controlled by nobody. */
  readonly adopt: readonly T[];
  /** Controlled by the owner and no longer matching. */
  readonly release: readonly T[];
}

/** Sorts objects by what their owner should do with them. */
export function planClaims<T extends KubeObject>(owner: KubeObject, selector: LabelMatcher, objects: readonly T[]): Claims<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  for (const object of objects) {
    const controller = controllerOf(object);
    const matches = selector.matches(object.metadata.labels ?? {});
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) owned.push(object);
      else if (!deleting) release.push(object);
    } else if (matches && !deleting && object.metadata.deletionTimestamp === undefined) adopt.push(object);
  }
  return { owned, adopt, release };
}

/** The reference that makes `owner` the controller of an object. */
export function controllerRef(owner: KubeObject, ref: Pick<ResourceRef, 'group' | 'version' | 'kind'>): OwnerReference {
  return {
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  readonly owner: O;
  readonly owners: ResourceClient<O>;
  readonly dependents: ResourceClient<T>;
  readonly selector: LabelMatcher;
  readonly candidates: readonly T[];
  /** A further condition for adopting. */
  readonly adoptable?: (object: T) => boolean;
  /** A finalizer that the owner's dependents have: adopted ones get it, released ones lose it. */
  readonly finalizer?: string;
}

/** Adopts and releases; resolves with everything that the owner controls now. Objects that vanish meanwhile are left out. */
export async function claimObjects<O extends KubeObject, T extends KubeObject>(options: ClaimOptions<O, T>): Promise<readonly T[]> {
  const { owner, owners, dependents, selector, candidates } = options;
  const plan = planClaims(owner, selector, candidates);
  const adopt = plan.adopt.filter(options.adoptable ?? (() => true));
  if (adopt.length === 0 && plan.release.length === 0) return plan.owned;
  if (adopt.length > 0) await assertAlive(owner, owners);
  const claimed = [...plan.owned];
  for (const object of adopt) {
    const held = options.finalizer ? { finalizers: [options.finalizer] } : {};
    const body = { metadata: { ownerReferences: [controllerRef(owner, owners.ref)], uid: object.metadata.uid, ...held } };
    const adopted = await ignoring(() => patchOwners(dependents, object, body), isNotFound);
    if (adopted !== undefined) claimed.push(adopted);
  }
  for (const object of plan.release) {
    const ownerReferences = [{ $patch: 'delete', uid: owner.metadata.uid }];
    const freed = options.finalizer ? { '$deleteFromPrimitiveList/finalizers': [options.finalizer] } : {};
    const body = { metadata: { ownerReferences, uid: object.metadata.uid, ...freed } };
    // Invalid: the uid differs, the object was made anew.
    await ignoring(
      () => patchOwners(dependents, object, body),
      (error) => isNotFound(error) || isInvalid(error),
    );
  }
  return claimed;
}

/** Adopting on the word of a stale cache would give children to a dead owner. */
async function assertAlive<O extends KubeObject>(owner: O, owners: ResourceClient<O>): Promise<void> {
  const { name, namespace, uid } = owner.metadata;
  const fresh = await owners.get(name, namespace ? { namespace } : {});
  if (fresh.metadata.uid !== uid)
    throw new Error(`original ${owners.ref.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`);
  if (fresh.metadata.deletionTimestamp !== undefined)
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
}

function patchOwners<T extends KubeObject>(client: ResourceClient<T>, object: T, body: unknown): Promise<T> {
  const { name, namespace } = object.metadata;
  return client.patch(name, body, { type: 'strategic', ...(namespace ? { namespace } : {}) });
}

async function ignoring<T>(run: () => Promise<T>, ignored: (error: unknown) => boolean): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (ignored(error)) return undefined;
    throw error;
  }
}
