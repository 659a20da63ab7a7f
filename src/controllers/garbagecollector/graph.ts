// Pure: who owns whom, over all objects of all kinds. Changes go in, uids to look at come out.
import type { KubeObject } from '#api/object.ts';
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

/** How an object is found. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface GraphNode {
  identity: Identity;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  /** Known only from references to it; whether it exists must be asked. */
  virtual: boolean;
  beingDeleted: boolean;
  /** Waits in the foreground for its dependents to go. */
  deletingDependents: boolean;
  orphaning: boolean;
}

/** What a change calls for. */
export interface Effects {
  /** Uids to judge: delete, unblock or keep. */
  readonly judge: ReadonlySet<string>;
  /** Uids of owners whose dependents must be let go. */
  readonly orphan: ReadonlySet<string>;
  /** References across namespaces: the reference names an owner that cannot be one. */
  readonly invalid: readonly { readonly dependent: Identity; readonly reference: OwnerReference }[];
}

class Collected implements Effects {
  readonly judge = new Set<string>();
  readonly orphan = new Set<string>();
  readonly invalid: { dependent: Identity; reference: OwnerReference }[] = [];
}

export interface GraphOptions {
  /** Is this kind namespaced? Undefined: the kind is not served. */
  readonly namespaced: (apiVersion: string, kind: string) => boolean | undefined;
}

function sameReference(a: OwnerReference, b: OwnerReference): boolean {
  return a.uid === b.uid && a.name === b.name && a.kind === b.kind && a.apiVersion === b.apiVersion;
}

/** The graph of owner references. Bounded by the number of objects and of the owners that they name. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #options: GraphOptions;

  constructor(options: GraphOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** An object appeared or changed. */
  observe(object: KubeObject, type: { readonly apiVersion: string; readonly kind: string }): Effects {
    const effects = new Collected();
    const { metadata } = object;
    const uid = metadata.uid ?? '';
    const identity: Identity = { ...type, namespace: metadata.namespace ?? '', name: metadata.name, uid };
    let node = this.#nodes.get(uid);
    if (node === undefined) {
      node = this.#add(identity);
      node.virtual = false;
    } else if (node.virtual) {
      node.virtual = false;
      node.identity = identity;
      // Those that named this owner wrongly are judged again now that it is known.
      for (const dependent of node.dependents) this.#checkReference(dependent, node, effects);
    }
    const owners = metadata.ownerReferences ?? [];
    if (owners !== node.owners) this.#relink(node, owners, effects);
    this.#transition(node, object, effects);
    return effects;
  }

  /** An object is gone, or was found not to be there. */
  remove(uid: string): Effects {
    const effects = new Collected();
    const node = this.#nodes.get(uid);
    if (node === undefined) return effects;
    this.#nodes.delete(uid);
    for (const reference of node.owners) {
      const owner = this.#nodes.get(reference.uid);
      if (owner === undefined) continue;
      owner.dependents.delete(node);
      if (owner.deletingDependents) effects.judge.add(owner.identity.uid);
      if (owner.virtual && owner.dependents.size === 0) this.#nodes.delete(owner.identity.uid);
    }
    for (const dependent of node.dependents) effects.judge.add(dependent.identity.uid);
    return effects;
  }

  /** The dependents of a node that block its deletion in the foreground. */
  blocking(node: GraphNode): GraphNode[] {
    return [...node.dependents].filter((dependent) =>
      dependent.owners.some(({ uid, blockOwnerDeletion }) => uid === node.identity.uid && blockOwnerDeletion === true),
    );
  }

  #add(identity: Identity): GraphNode {
    const node: GraphNode = {
      identity,
      owners: [],
      dependents: new Set(),
      virtual: true,
      beingDeleted: false,
      deletingDependents: false,
      orphaning: false,
    };
    this.#nodes.set(identity.uid, node);
    return node;
  }

  #relink(node: GraphNode, owners: readonly OwnerReference[], effects: Collected): void {
    const before = node.owners;
    node.owners = owners;
    for (const old of before) {
      const now = owners.find(({ uid }) => uid === old.uid);
      const owner = this.#nodes.get(old.uid);
      if (owner === undefined) continue;
      if (now === undefined) {
        owner.dependents.delete(node);
        if (owner.virtual && owner.dependents.size === 0) this.#nodes.delete(old.uid);
      }
      const unblocked = old.blockOwnerDeletion === true && now?.blockOwnerDeletion !== true;
      if (owner.deletingDependents && (now === undefined || unblocked)) effects.judge.add(old.uid);
    }
    for (const reference of owners) {
      const known = before.find(({ uid }) => uid === reference.uid);
      if (known !== undefined && sameReference(known, reference)) continue;
      let owner = this.#nodes.get(reference.uid);
      if (owner === undefined) {
        // A cluster-scoped object cannot name a namespaced owner; where the kind is unknown the dependent's namespace is a guess.
        const namespaced = this.#options.namespaced(reference.apiVersion, reference.kind) ?? true;
        const { apiVersion, kind, name, uid } = reference;
        owner = this.#add({ apiVersion, kind, name, uid, namespace: namespaced ? node.identity.namespace : '' });
      }
      owner.dependents.add(node);
      // Whether it exists has to be asked for all who name it, and again for who comes after the answer.
      if (owner.virtual) effects.judge.add(reference.uid);
      else this.#checkReference(node, owner, effects);
      if (owner.deletingDependents) effects.judge.add(node.identity.uid);
    }
  }

  /** A reference must name its owner's kind and name, and a namespaced owner must be in the dependent's namespace. */
  #checkReference(dependent: GraphNode, owner: GraphNode, effects: Collected): void {
    const reference = dependent.owners.find(({ uid }) => uid === owner.identity.uid);
    if (reference === undefined) return;
    const { namespace, kind, name, apiVersion } = owner.identity;
    const elsewhere = namespace !== '' && namespace !== dependent.identity.namespace;
    // A kind may be served in several versions: only the group counts.
    const group = (text: string): string => (text.includes('/') ? text.slice(0, text.indexOf('/')) : '');
    const misnamed = reference.kind !== kind || reference.name !== name || group(reference.apiVersion) !== group(apiVersion);
    if (elsewhere) effects.invalid.push({ dependent: dependent.identity, reference });
    if (elsewhere || misnamed) effects.judge.add(dependent.identity.uid);
  }

  #transition(node: GraphNode, object: KubeObject, effects: Collected): void {
    const { deletionTimestamp, finalizers } = object.metadata;
    const deleting = deletionTimestamp !== undefined;
    const orphaning = deleting && (finalizers?.includes(orphanFinalizer) ?? false);
    const foreground = deleting && (finalizers?.includes(foregroundFinalizer) ?? false);
    const { uid } = node.identity;
    if (orphaning && !node.orphaning) effects.orphan.add(uid);
    if (foreground && !node.deletingDependents) {
      effects.judge.add(uid);
      for (const dependent of node.dependents) effects.judge.add(dependent.identity.uid);
    }
    node.beingDeleted = deleting;
    node.orphaning = orphaning;
    node.deletingDependents = foreground;
  }
}
