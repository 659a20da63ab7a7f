// Which devices belong to which container: pure but for its own books.
import type { ContainerDevices } from './messages.ts';

export interface Allocation {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly ids: readonly string[];
  /** Ids of the NUMA nodes of each device, as its plugin told them then; left out where it did not. */
  readonly nodes?: Readonly<Record<string, readonly number[]>>;
  /** What the plugin has said that the container needs to use them; left out until it was asked. */
  readonly use?: ContainerDevices;
}

/** A container that wants devices. */
export interface Claim {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly count: number;
}

/** Healthy devices that a claim may choose from. */
export interface Offer {
  /** Of nobody. */
  readonly free: readonly string[];
  /** Of init containers of the same pod. */
  readonly own: readonly string[];
}

export class DeviceLedger {
  #allocations: Allocation[];

  constructor(allocations: readonly Allocation[] = []) {
    this.#allocations = [...allocations];
  }

  get allocations(): readonly Allocation[] {
    return this.#allocations;
  }

  of(podUid: string, container: string): readonly Allocation[] {
    return this.#allocations.filter((one) => one.podUid === podUid && one.container === container);
  }

  /**
   * What a claim may choose from: the healthy devices that no container of another pod has. `own` are those that init
   * containers of the same pod had: they have ended when the others start, so their devices are used again first.
   */
  offer(claim: Claim, healthy: readonly string[], initContainers: ReadonlySet<string>): Offer {
    const same = this.#allocations.filter((one) => one.resource === claim.resource);
    const own = same.filter((one) => one.podUid === claim.podUid && initContainers.has(one.container)).flatMap(({ ids }) => ids);
    const kept = new Set(own);
    const taken = new Set(same.flatMap(({ ids }) => ids).filter((id) => !kept.has(id)));
    // A regular container of the pod has taken some of its init containers' devices already.
    const regular = same.filter((one) => one.podUid === claim.podUid && !initContainers.has(one.container)).flatMap(({ ids }) => ids);
    for (const id of regular) taken.add(id);
    const good = healthy.filter((id) => !taken.has(id));
    return { own: good.filter((id) => kept.has(id)), free: good.filter((id) => !kept.has(id)) };
  }

  /** What a pod has of a resource. */
  ofPod(podUid: string, resource: string): readonly string[] {
    return this.#allocations.filter((one) => one.podUid === podUid && one.resource === resource).flatMap(({ ids }) => ids);
  }

  note(claim: Claim, ids: readonly string[], nodes: Readonly<Record<string, readonly number[]>> = {}): void {
    const { podUid, container, resource } = claim;
    this.#allocations.push({ podUid, container, resource, ids, ...(Object.keys(nodes).length === 0 ? {} : { nodes }) });
  }

  /** Notes what a plugin has said of an allocation; nothing when that was freed meanwhile. */
  answered(allocation: Allocation, use: ContainerDevices): void {
    this.#allocations = this.#allocations.map((one) => (one === allocation ? { ...one, use } : one));
  }

  /** Frees the devices of a pod; true when it had any. */
  forget(podUid: string): boolean {
    const before = this.#allocations.length;
    this.#allocations = this.#allocations.filter((one) => one.podUid !== podUid);
    return this.#allocations.length !== before;
  }
}

/** Where a choice of devices begins: those that must be taken, and those that the plugin may choose among. */
export interface Opening {
  readonly taken: readonly string[];
  readonly from: readonly string[];
}

/**
 * The first step of a choice: the pod's own devices, then those near the container's NUMA nodes. The plugin has a say among the
 * near ones when there are more than enough of them, else among all others.
 */
export function open(count: number, offer: Offer, near: ReadonlySet<string>): Opening {
  const own = offer.own.slice(0, count);
  const close = offer.free.filter((id) => near.has(id));
  if (close.length > count - own.length) return { taken: own, from: close };
  const taken = [...own, ...close];
  return { taken, from: offer.free.filter((id) => !taken.includes(id)) };
}

/** The devices of a choice: those that must be taken, then what the plugin prefers, then any. */
export function choose(count: number, { taken, from }: Opening, preferred: readonly string[]): string[] {
  const allowed = new Set(from);
  return [...new Set([...taken, ...preferred.filter((id) => allowed.has(id)), ...from])].slice(0, count);
}
