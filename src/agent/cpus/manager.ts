// The CPU manager's static policy: containers of Guaranteed pods that ask for whole processors get them for themselves, and
// all others keep off them.
import type { World } from '#base/world.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityMilli } from '#format/quantity.ts';
import { AdmissionError } from '../numa/admission.ts';
import { CheckpointFile } from '../numa/checkpoint.ts';
import { type Hint, type HintProvider, type Hints, noProvider } from '../numa/hints.ts';
import type { NumaLayout } from '../numa/layout.ts';
import { counted, newPinning, type Pinning } from '../numa/pinning.ts';
import type { CpuManagerOptions } from '../options.ts';
import { formatCpuset, parseCpuset } from '../settings/cpuset.ts';
import { uidOf } from '../sync/spec.ts';
import { distributeProcessors } from './distribute.ts';
import { containerHints, leftByInit, podHints, within } from './hints.ts';
import { type CpuOptions, readCpuOptions } from './options.ts';
import { type CpuState, exclusiveCpus, formatState, parseState } from './state.ts';
import { takeProcessors } from './take.ts';
import { type Processor, readTopology, threadsPerCore } from './topology.ts';

/** The processors of a container. */
export interface ContainerCpus {
  /** In the kernel's list form. */
  readonly cpus: string;
  readonly exclusive: boolean;
}

export interface CpuManager extends HintProvider {
  /** Where a container may run; undefined: everywhere, as no policy is in force. */
  of(pod: Pod, container: string): ContainerCpus | undefined;
  /** True when a container of the pod has processors of its own. */
  exclusive(pod: Pod): boolean;
  /** Processors that containers can have for themselves, whoever has them now. */
  readonly givable: ReadonlySet<number>;
  /** How often processors were to be given, and could not be. */
  readonly pinning: Readonly<Pinning>;
}

/** No policy: everybody runs everywhere. */
export const noCpuManager: CpuManager = {
  ...noProvider,
  of: () => undefined,
  exclusive: () => false,
  givable: new Set(),
  pinning: newPinning(),
};

export interface CpuManagerDeps {
  readonly options: CpuManagerOptions;
  readonly layout: NumaLayout;
  /** The node's reserved processor time, as a quantity. */
  readonly reserved: string;
  /** Where promises are kept. */
  readonly file: string;
  /** The processors for everybody have changed: containers that run on them must follow. */
  readonly changed: () => void;
}

class StaticCpuManager implements CpuManager {
  readonly #deps: CpuManagerDeps;
  readonly #topology: readonly Processor[];
  readonly #reserved: ReadonlySet<number>;
  readonly #options: CpuOptions;
  readonly #checkpoint: CheckpointFile;
  #state: CpuState;
  readonly pinning = newPinning();

  constructor(
    world: Pick<World, 'fs'>,
    deps: CpuManagerDeps,
    about: { topology: readonly Processor[]; reserved: ReadonlySet<number>; state: CpuState; options: CpuOptions },
  ) {
    this.#deps = deps;
    this.#topology = about.topology;
    this.#reserved = about.reserved;
    this.#state = about.state;
    this.#checkpoint = new CheckpointFile(world, deps.file);
    this.#options = about.options;
  }

  get #choice() {
    const { shared, assigned } = this.#state;
    return { topology: this.#topology, nodes: this.#deps.layout.length, free: shared.difference(this.#reserved), assigned };
  }

  lacks(pod: Pod, container: Container): boolean {
    return exclusiveCpus(pod, container) > 0 && !this.#state.assigned.get(uidOf(pod))?.has(container.name);
  }

  hints(pod: Pod, container: Container): Hints {
    return containerHints(pod, container, this.#choice);
  }

  podHints(pod: Pod): Hints {
    return podHints(pod, this.#choice);
  }

  /** Throws when so many processors are not whole cores, or when so many whole cores are not free. */
  #checkCores(wanted: number, left: ReadonlySet<number>): void {
    const perCore = threadsPerCore(this.#topology);
    const refuse = (why: string): AdmissionError => new AdmissionError('SMTAlignmentError', `SMT Alignment Error: ${why}`);
    if (wanted % perCore !== 0) throw refuse(`requested ${wanted} cpus not multiple cpus per core = ${perCore}`);
    // Cores of which some thread is reserved are nobody's.
    const closed = new Set(this.#topology.filter(({ id }) => this.#reserved.has(id)).map(({ core }) => core));
    const open = this.#topology.filter(({ id, core }) => !closed.has(core) && (this.#state.shared.has(id) || left.has(id)));
    if (wanted > open.length) {
      throw refuse(
        `not enough free physical CPUs: available physical CPUs = ${open.length}, requested CPUs = ${wanted}, CPUs per core = ${perCore}`,
      );
    }
  }

  /** What one container gets, given what earlier init containers of the pod leave to it. */
  #take(wanted: number, left: ReadonlySet<number>, { nodes }: Hint): ReadonlySet<number> {
    if (this.#options.wholeCores) this.#checkCores(wanted, left);
    const { free } = this.#choice;
    const near = nodes === undefined ? undefined : within(this.#topology, nodes);
    // First what the pod has already, then what is free; first of the hint's nodes, then of all.
    const pools = near ? [left.intersection(near), free.intersection(near), left, free] : [left, free];
    const taken = new Set<number>();
    for (const pool of pools) {
      const open = pool.difference(taken);
      const missing = wanted - taken.size;
      if (missing > 0) for (const cpu of this.#pick(open, Math.min(missing, open.size))) taken.add(cpu);
    }
    if (taken.size < wanted) takeProcessors(this.#topology, free.union(left), wanted);
    return taken;
  }

  #pick(from: ReadonlySet<number>, wanted: number): ReadonlySet<number> {
    const { wholeCores, distribute, caches } = this.#options;
    if (!distribute) return takeProcessors(this.#topology, from, wanted, { caches });
    const group = wholeCores ? threadsPerCore(this.#topology) : 1;
    return distributeProcessors(this.#topology, from, wanted, { nodes: this.#deps.layout.length, group });
  }

  async allocate(pod: Pod, container: Container, hint: Hint): Promise<void> {
    if (!this.lacks(pod, container)) return;
    const uid = uidOf(pod);
    const { shared, assigned } = this.#state;
    const left = leftByInit(pod, container.name, assigned);
    const got = counted(this.pinning, () => this.#take(exclusiveCpus(pod, container), left, hint));
    const mine = new Map([...(assigned.get(uid) ?? []), [container.name, got]]);
    await this.#become({ shared: shared.difference(got), assigned: new Map([...assigned, [uid, mine]]) });
  }

  of(pod: Pod, container: string): ContainerCpus {
    const own = this.#state.assigned.get(uidOf(pod))?.get(container);
    return { cpus: formatCpuset(own ?? this.#state.shared), exclusive: own !== undefined };
  }

  get givable(): ReadonlySet<number> {
    return new Set(this.#topology.map(({ id }) => id)).difference(this.#reserved);
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

  /** Takes the state and writes it down. */
  async #become(state: CpuState): Promise<void> {
    this.#state = state;
    await this.#checkpoint.save(() => formatState(this.#state));
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
  const options = readCpuOptions(deps.options.options);
  const topology = await readTopology(world, deps.layout);
  const all: ReadonlySet<number> = new Set(topology.map(({ id }) => id));
  const reserved = reservedCpus(topology, deps);
  if (!reserved.isSubsetOf(all)) throw new Error(`reservedSystemCPUs ${formatCpuset(reserved)} are not all online: ${formatCpuset(all)}`);
  const strict = options.strictReservation;
  const fresh: CpuState = { shared: strict ? all.difference(reserved) : all, assigned: new Map() };
  const text = await world.fs.readText(deps.file).catch(() => undefined);
  const state = text === undefined ? fresh : checked(parseState(text), { fresh, reserved, strict, file: deps.file });
  return new StaticCpuManager(world, deps, { topology, reserved, state, options });
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
