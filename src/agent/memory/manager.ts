// The memory manager's static policy: containers of Guaranteed pods have their memory of certain NUMA nodes, promised to them
// before they start.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { CheckpointFile } from '../numa/checkpoint.ts';
import { type Hint, type HintProvider, type Hints, noProvider } from '../numa/hints.ts';
import type { NumaLayout } from '../numa/layout.ts';
import { counted, newPinning, type Pinning } from '../numa/pinning.ts';
import { uidOf } from '../sync/spec.ts';
import { emptyMachine, givableOf, machineWith, sameMachine, type SystemReserved } from './machine.ts';
import { containerHints, podHints, promise, type Situation, wantedOf } from './plan.ts';
import { type Block, formatState, parseState, type Promises } from './state.ts';

export interface MemoryManager extends HintProvider {
  /** Ids of the NUMA nodes that a container has its memory of, as `cpuset.mems` takes them; undefined: of any. */
  of(pod: Pod, container: string): string | undefined;
  /** The memory that a container has of certain NUMA nodes. */
  blocks(pod: Pod, container: string): readonly Block[];
  /** The memory that containers can have of each node, whoever has it now. */
  readonly givable: readonly Block[];
  /** How often memory was to be promised, and could not be. */
  readonly pinning: Readonly<Pinning>;
}

/** No policy: everybody has memory of every node. */
export const noMemoryManager: MemoryManager = { ...noProvider, of: () => undefined, blocks: () => [], givable: [], pinning: newPinning() };

export interface MemoryManagerDeps {
  readonly layout: NumaLayout;
  readonly reserved: SystemReserved;
  /** Where promises are kept. */
  readonly file: string;
}

class StaticMemoryManager implements MemoryManager {
  readonly #deps: MemoryManagerDeps;
  readonly #checkpoint: CheckpointFile;
  #promises: Promises;
  readonly pinning = newPinning();

  constructor(world: Pick<World, 'fs'>, deps: MemoryManagerDeps, promises: Promises) {
    this.#deps = deps;
    this.#promises = promises;
    this.#checkpoint = new CheckpointFile(world, deps.file);
  }

  get #situation(): Situation {
    const { layout, reserved } = this.#deps;
    return { layout, promises: this.#promises, machine: machineWith(layout, reserved, this.#promises) };
  }

  lacks(pod: Pod, container: Container): boolean {
    return wantedOf(pod, container).size > 0 && !this.#promises.get(uidOf(pod))?.has(container.name);
  }

  hints(pod: Pod, container: Container): Hints {
    return containerHints(pod, container, this.#situation);
  }

  podHints(pod: Pod): Hints {
    return podHints(pod, this.#situation);
  }

  async allocate(pod: Pod, container: Container, hint: Hint): Promise<void> {
    if (!this.lacks(pod, container)) return;
    this.#promises = counted(this.pinning, () => promise(pod, container, { situation: this.#situation, hint }));
    await this.save();
  }

  of(pod: Pod, container: string): string | undefined {
    const ids = new Set(this.blocks(pod, container).flatMap(({ numaAffinity }) => numaAffinity));
    return ids.size === 0 ? undefined : [...ids].sort((a, b) => a - b).join(',');
  }

  blocks(pod: Pod, container: string): readonly Block[] {
    return this.#promises.get(uidOf(pod))?.get(container) ?? [];
  }

  get givable(): readonly Block[] {
    return givableOf(emptyMachine(this.#deps.layout, this.#deps.reserved));
  }

  pods(): Iterable<string> {
    return this.#promises.keys();
  }

  async forget(podUid: string): Promise<void> {
    if (!this.#promises.has(podUid)) return;
    const rest = new Map(this.#promises);
    rest.delete(podUid);
    this.#promises = rest;
    await this.save();
  }

  /** Writes the promises down. */
  save(): Promise<void> {
    return this.#checkpoint.save(() => formatState(this.#promises, this.#situation.machine));
  }
}

/** What an earlier life of the agent has promised. A file that does not fit this machine and configuration is refused: containers run by it. */
function restore(text: string, { layout, reserved, file }: MemoryManagerDeps): Promises {
  try {
    const { promises, machine } = parseState(text);
    if (!sameMachine(machine, machineWith(layout, reserved, promises))) {
      throw new Error('[memorymanager] the expected machine state is different from the real one');
    }
    return promises;
  } catch (error) {
    throw new Error(
      `${messageOf(error)}, please drain this node and delete the memory manager checkpoint file ${JSON.stringify(file)} before starting again`,
      { cause: error },
    );
  }
}

/** Starts the static policy. Rejects with what does not fit together. */
export async function startMemoryManager(world: Pick<World, 'fs'>, deps: MemoryManagerDeps): Promise<MemoryManager> {
  const text = await world.fs.readText(deps.file).catch(() => undefined);
  const manager = new StaticMemoryManager(world, deps, text === undefined ? new Map() : restore(text, deps));
  await manager.save();
  return manager;
}
