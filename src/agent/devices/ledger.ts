// Which devices belong to which container: pure but for its own books.

export interface Allocation {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly ids: readonly string[];
}

/** A container that wants devices. */
export interface Claim {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly count: number;
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
  offer(claim: Claim, healthy: readonly string[], initContainers: ReadonlySet<string>): { free: string[]; own: string[] } {
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

  note(claim: Claim, ids: readonly string[]): void {
    const { podUid, container, resource } = claim;
    this.#allocations.push({ podUid, container, resource, ids });
  }

  /** Frees the devices of a pod; true when it had any. */
  forget(podUid: string): boolean {
    const before = this.#allocations.length;
    this.#allocations = this.#allocations.filter((one) => one.podUid !== podUid);
    return this.#allocations.length !== before;
  }
}

/** Devices in the order of choice: the pod's own first, then what the plugin prefers, then any. */
export function choose(count: number, offer: { free: readonly string[]; own: readonly string[] }, preferred: readonly string[]): string[] {
  const allowed = new Set([...offer.own, ...offer.free]);
  return [...new Set([...offer.own, ...preferred.filter((id) => allowed.has(id)), ...offer.free])].slice(0, count);
}
