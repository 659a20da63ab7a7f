// The CPU manager's static policy: containers of Guaranteed pods that ask for whole processors get them for themselves, and
// all others keep off them.
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityMilli } from '#format/quantity.ts';
import type { CpuManagerOptions } from '../options.ts';
import { formatCpuset, parseCpuset } from '../settings/cpuset.ts';
import { initContainers, isSidecar, uidOf } from '../sync/spec.ts';
import { type CpuState, exclusiveCpus, formatState, parseState } from './state.ts';
import { CpuError, takeProcessors } from './take.ts';
import { type Processor, readTopology, threadsPerCore } from './topology.ts';

/** The processors of a container. */
export interface ContainerCpus {
  /** In the kernel's list form. */
  readonly cpus: string;
  readonly exclusive: boolean;
}

export interface CpuManager {
  /** Promises a pod's containers their processors; throws when there are too few. Idempotent. */
  admit(pod: Pod): Promise<void>;
  /** Where a container may run; undefined: everywhere, as no policy is in force. */
  of(pod: Pod, container: string): ContainerCpus | undefined;
  /** True when a container of the pod has processors of its own. */
  exclusive(pod: Pod): boolean;
  /** Pods with processors of their own. */
  pods(): readonly string[];
  forget(podUid: string): Promise<void>;
}

/** No policy: everybody runs everywhere. */
export const noCpuManager: CpuManager = {
  admit: () => Promise.resolve(),
  of: () => undefined,
  exclusive: () => false,
  pods: () => [],
  forget: () => Promise.resolve(),
};

const knownOptions = new Set(['full-pcpus-only', 'strict-cpu-reservation']);

export interface CpuManagerDeps {
  readonly options: CpuManagerOptions;
  /** The node's reserved processor time, as a quantity. */
  readonly reserved: string;
  /** Where promises are kept. */
  readonly file: string;
  /** The processors for everybody have changed: containers that run on them must follow. */
  readonly changed: () => void;
}

function flag(options: CpuManagerOptions['options'], name: string): boolean {
  const value = options[name] ?? 'false';
  if (value !== 'true' && value !== 'false') throw new Error(`bad value for option ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return value === 'true';
}

class StaticCpuManager implements CpuManager {
  readonly #world: Pick<World, 'fs'>;
  readonly #deps: CpuManagerDeps;
  readonly #topology: readonly Processor[];
  readonly #reserved: ReadonlySet<number>;
  readonly #wholeCores: boolean;
  #state: CpuState;
  #written: Promise<void> = Promise.resolve();

  constructor(
    world: Pick<World, 'fs'>,
    deps: CpuManagerDeps,
    about: { topology: readonly Processor[]; reserved: ReadonlySet<number>; state: CpuState },
  ) {
    this.#world = world;
    this.#deps = deps;
    this.#topology = about.topology;
    this.#reserved = about.reserved;
    this.#state = about.state;
    this.#wholeCores = flag(deps.options.options, 'full-pcpus-only');
  }

  /** What one container gets, given what earlier init containers of the pod had and leave behind. */
  #take(about: { wanted: number; shared: ReadonlySet<number>; reusable: ReadonlySet<number> }): ReadonlySet<number> {
    const { wanted, shared, reusable } = about;
    const perCore = threadsPerCore(this.#topology);
    if (this.#wholeCores && wanted % perCore !== 0) {
      throw new CpuError(`SMT Alignment Error: requested ${wanted} cpus not multiple cpus per core = ${perCore}`);
    }
    const again = [...reusable].slice(0, wanted);
    const free = shared.difference(this.#reserved).difference(new Set(again));
    if (again.length === wanted) return new Set(again);
    return new Set([...again, ...takeProcessors(this.#topology, free, wanted - again.length)]);
  }

  async admit(pod: Pod): Promise<void> {
    const uid = uidOf(pod);
    const before = this.#state.assigned.get(uid) ?? new Map<string, ReadonlySet<number>>();
    const mine = new Map(before);
    let shared = this.#state.shared;
    let reusable: ReadonlySet<number> = new Set();
    for (const container of [...initContainers(pod), ...pod.spec.containers]) {
      const init = pod.spec.initContainers?.includes(container) === true && !isSidecar(container);
      const wanted = exclusiveCpus(pod, container);
      if (wanted === 0) continue;
      const got = mine.get(container.name) ?? this.#take({ wanted, shared, reusable });
      mine.set(container.name, got);
      shared = shared.difference(got);
      // An init container has ended when the next one starts: its processors serve again.
      reusable = init ? reusable.union(got) : reusable.difference(got);
    }
    if (mine.size === before.size) return;
    await this.#become({ shared, assigned: new Map([...this.#state.assigned, [uid, mine]]) });
  }

  of(pod: Pod, container: string): ContainerCpus {
    const own = this.#state.assigned.get(uidOf(pod))?.get(container);
    return { cpus: formatCpuset(own ?? this.#state.shared), exclusive: own !== undefined };
  }

  exclusive(pod: Pod): boolean {
    return this.#state.assigned.has(uidOf(pod));
  }

  pods(): readonly string[] {
    return [...this.#state.assigned.keys()];
  }

  async forget(podUid: string): Promise<void> {
    const mine = this.#state.assigned.get(podUid);
    if (!mine) return;
    const assigned = new Map(this.#state.assigned);
    assigned.delete(podUid);
    const shared = [...mine.values()].reduce((sum: ReadonlySet<number>, cpus) => sum.union(cpus), this.#state.shared);
    await this.#become({ shared, assigned });
  }

  /** Takes the state and writes it down, one after the other. */
  async #become(state: CpuState): Promise<void> {
    this.#state = state;
    this.#written = this.#written
      .catch(() => undefined)
      .then(() => this.#world.fs.write(this.#deps.file, formatState(this.#state), { mode: 0o600, atomic: true }));
    await this.#written;
    this.#deps.changed();
  }
}

/** The processors that nobody gets for themselves: those named, else the first of as many as are reserved. */
function reservedCpus(topology: readonly Processor[], { options, reserved }: CpuManagerDeps): ReadonlySet<number> {
  if (options.reservedCpus !== '') return parseCpuset(options.reservedCpus);
  const count = Math.ceil(quantityMilli(reserved) / 1000);
  if (count === 0) {
    throw new Error(
      '[cpumanager] unable to determine reserved CPU resources for static policy: reserve some by systemReserved, kubeReserved or reservedSystemCPUs',
    );
  }
  return takeProcessors(topology, new Set(topology.map(({ id }) => id)), count);
}

/** Starts the static policy with what an earlier life of the agent has promised. Rejects with what does not fit together. */
export async function startCpuManager(world: Pick<World, 'fs'>, deps: CpuManagerDeps): Promise<CpuManager> {
  for (const name of Object.keys(deps.options.options)) {
    if (!knownOptions.has(name)) throw new Error(`CPU Manager policy option ${JSON.stringify(name)} is not supported`);
  }
  const topology = await readTopology(world);
  const all: ReadonlySet<number> = new Set(topology.map(({ id }) => id));
  const reserved = reservedCpus(topology, deps);
  if (!reserved.isSubsetOf(all)) throw new Error(`reservedSystemCPUs ${formatCpuset(reserved)} are not all online: ${formatCpuset(all)}`);
  const strict = flag(deps.options.options, 'strict-cpu-reservation');
  const fresh: CpuState = { shared: strict ? all.difference(reserved) : all, assigned: new Map() };
  const text = await world.fs.readText(deps.file).catch(() => undefined);
  const state = text === undefined ? fresh : checked(parseState(text), { fresh, reserved, strict, file: deps.file });
  return new StaticCpuManager(world, deps, { topology, reserved, state });
}

/** A state that does not belong to this machine and configuration is refused: containers run by it. */
function checked(state: CpuState, about: { fresh: CpuState; reserved: ReadonlySet<number>; strict: boolean; file: string }): CpuState {
  const advice = `please drain this node and delete the CPU manager checkpoint file ${JSON.stringify(about.file)} before starting again`;
  const { shared, assigned } = state;
  if (!about.strict && !about.reserved.isSubsetOf(shared)) {
    throw new Error(
      `some of reserved cpus: ${JSON.stringify(formatCpuset(about.reserved))} are not present in defaultCpuSet: ${JSON.stringify(formatCpuset(shared))}; ${advice}`,
    );
  }
  let known = shared;
  for (const containers of assigned.values()) for (const cpus of containers.values()) known = known.union(cpus);
  if (known.symmetricDifference(about.fresh.shared).size > 0) {
    throw new Error(
      `current set of available CPUs ${JSON.stringify(formatCpuset(about.fresh.shared))} doesn't match with CPUs in state ${JSON.stringify(formatCpuset(known))}; ${advice}`,
    );
  }
  return state;
}
