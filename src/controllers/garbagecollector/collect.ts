// Carries out verdicts of the garbage collector on live objects, each with preconditions.
import type { KubeObject } from '#api/object.ts';
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { foregroundFinalizer, type GraphNode, type Identity, orphanFinalizer, type OwnerGraph } from './graph.ts';
import { judge, type OwnerState, withoutBlocking, withoutFinalizer, withoutOwners } from './plan.ts';
import type { ServedKinds } from './resources.ts';

export interface CollectorParts {
  readonly client: Client;
  readonly graph: OwnerGraph;
  readonly kinds: ServedKinds;
}

/** What is to be looked at next. `gone`: the object is not there any more. */
export interface Outcome {
  readonly gone?: boolean;
  readonly judge?: readonly string[];
}

const nothing: Outcome = {};

class Live {
  readonly #parts: CollectorParts;
  readonly #signal: AbortSignal;

  constructor(parts: CollectorParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  async get(identity: Identity): Promise<KubeObject | undefined> {
    const ref = await this.#parts.kinds.require(identity.apiVersion, identity.kind);
    try {
      const namespace = ref.namespaced ? { namespace: identity.namespace } : {};
      return await this.#parts.client.resource(ref).get(identity.name, { ...namespace, signal: this.#signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Merge-patches with the uid and resourceVersion that the patch was made from; a missing object is as good as patched. */
  async patch(identity: Identity, body: object | undefined): Promise<void> {
    if (body === undefined) return;
    const ref = await this.#parts.kinds.require(identity.apiVersion, identity.kind);
    try {
      const params = { type: 'merge', namespace: identity.namespace, signal: this.#signal } as const;
      await this.#parts.client.resource(ref).patch(identity.name, body, params);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async delete(identity: Identity, object: KubeObject, propagationPolicy: string): Promise<void> {
    const ref = await this.#parts.kinds.require(identity.apiVersion, identity.kind);
    const { uid, resourceVersion } = object.metadata;
    try {
      await this.#parts.client.resource(ref).delete(identity.name, {
        namespace: identity.namespace,
        signal: this.#signal,
        options: { propagationPolicy, preconditions: { uid, resourceVersion } },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Looks for an owner that is known from references only: when it is not there, all who name it are to be judged. */
export async function judgeUnseenOwner({ kinds, ...parts }: CollectorParts, node: GraphNode, signal: AbortSignal): Promise<Outcome> {
  const { apiVersion, kind, namespace, uid } = node.identity;
  const ref = await kinds.require(apiVersion, kind);
  // Nobody can be in no namespace; those who say so are found wrong one by one.
  const found = ref.namespaced && namespace === '' ? undefined : await new Live({ kinds, ...parts }, signal).get(node.identity);
  return found?.metadata.uid === uid ? nothing : { judge: [...node.dependents].map((dependent) => dependent.identity.uid) };
}

/** Looks at one object and does what its owners call for. */
export async function judgeObject(parts: CollectorParts, node: GraphNode, signal: AbortSignal): Promise<Outcome> {
  const { graph, kinds } = parts;
  if (node.beingDeleted && !node.deletingDependents) return nothing;
  const live = new Live(parts, signal);
  const object = await live.get(node.identity);
  if (object === undefined || object.metadata.uid !== node.identity.uid) return { gone: true };
  if (node.deletingDependents) return finishForeground(live, node, { graph, object });

  const states = new Map<string, OwnerState>();
  for (const reference of object.metadata.ownerReferences ?? []) {
    const ref = await kinds.require(reference.apiVersion, reference.kind);
    // Such a reference can never be resolved; the object stays.
    if (ref.namespaced && node.identity.namespace === '') return nothing;
    states.set(reference.uid, await ownerState(live, reference, ref.namespaced ? node.identity.namespace : ''));
  }
  const dependents = [...node.dependents];
  const around = { hasDependents: dependents.length > 0, dependentWaits: dependents.some((dependent) => dependent.deletingDependents) };
  const verdict = judge(object, ({ uid }) => states.get(uid) ?? 'solid', around);
  if (verdict.action === 'keep') return nothing;
  if (verdict.action === 'unlink') {
    await live.patch(node.identity, withoutOwners(object, verdict.uids));
    return nothing;
  }
  let current = object;
  if (verdict.unblock) {
    await live.patch(node.identity, withoutBlocking(object));
    current = (await live.get(node.identity)) ?? object;
  }
  await live.delete(node.identity, current, verdict.policy);
  return nothing;
}

async function ownerState(live: Live, reference: OwnerReference, namespace: string): Promise<OwnerState> {
  const owner = await live.get({ ...reference, namespace });
  if (owner === undefined || owner.metadata.uid !== reference.uid) return 'absent';
  const waiting = owner.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(foregroundFinalizer);
  return waiting ? 'waiting' : 'solid';
}

/** An object that waits for its dependents: it goes when none of them blocks it. */
async function finishForeground(live: Live, node: GraphNode, seen: { graph: OwnerGraph; object: KubeObject }): Promise<Outcome> {
  const blocking = seen.graph.blocking(node);
  if (blocking.length > 0)
    return { judge: blocking.filter((dependent) => !dependent.deletingDependents).map(({ identity }) => identity.uid) };
  await live.patch(node.identity, withoutFinalizer(seen.object, foregroundFinalizer));
  return nothing;
}

/** Lets all dependents of an owner go, then the owner itself. */
export async function orphanDependents(parts: CollectorParts, node: GraphNode, signal: AbortSignal): Promise<void> {
  const live = new Live(parts, signal);
  const uids = new Set([node.identity.uid]);
  for (const { identity } of node.dependents) {
    const dependent = await live.get(identity);
    if (dependent?.metadata.uid !== identity.uid) continue;
    await retried(async () => live.patch(identity, withoutOwners((await live.get(identity)) ?? dependent, uids)));
  }
  const owner = await live.get(node.identity);
  if (owner?.metadata.uid === node.identity.uid) await live.patch(node.identity, withoutFinalizer(owner, orphanFinalizer));
}

async function retried(attempt: () => Promise<void>): Promise<void> {
  for (let left = 3; ; left--) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isConflict(error) || left === 0) throw error;
    }
  }
}
