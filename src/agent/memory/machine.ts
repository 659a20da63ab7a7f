// How much memory each NUMA node has, and how much of it is promised: computed from the promises. Pure.
import { isObject, sameJson } from '#format/own.ts';
import type { NumaLayout } from '../numa/layout.ts';
import type { Block, Promises } from './state.ts';

/** Memory of one kind on one node, in bytes. */
export interface MemoryTable {
  readonly total: number;
  readonly systemReserved: number;
  readonly allocatable: number;
  reserved: number;
  free: number;
}

export interface NodeMemory {
  numberOfAssignments: number;
  readonly memoryMap: Readonly<Record<string, MemoryTable>>;
  /** Ids of the nodes that give memory together with this one; it alone, where it gives to single-node containers only. */
  cells: readonly number[];
}

/** By id of the node, growing. */
export type Machine = ReadonlyMap<number, NodeMemory>;

/** Bytes that no container gets, by type, by id of the node. */
export type SystemReserved = ReadonlyMap<number, Readonly<Record<string, number>>>;

function table(total: number, systemReserved: number, elsewhere = 0): MemoryTable {
  const allocatable = Math.max(0, total - systemReserved - elsewhere);
  return { total, systemReserved, allocatable, reserved: 0, free: allocatable };
}

/** The machine when nothing is promised. */
export function emptyMachine(layout: NumaLayout, reserved: SystemReserved): Machine {
  return new Map(
    layout.map(({ id, memory, hugepages }) => {
      const away = reserved.get(id) ?? {};
      const huge = Object.entries(hugepages).map(([type, total]) => [type, table(total, away[type] ?? 0)] as const);
      const pages = Object.values(hugepages).reduce((sum, total) => sum + total, 0);
      const memoryMap = { ...Object.fromEntries(huge), memory: table(memory, away['memory'] ?? 0, pages) };
      return [id, { numberOfAssignments: 0, memoryMap, cells: [id] }];
    }),
  );
}

/** Takes a block from its nodes, each as much as it has. */
function take(machine: Machine, block: Block, owner: string): void {
  let rest = block.size;
  for (const id of block.numaAffinity) {
    const node = machine.get(id);
    if (!node) throw new Error(`[memorymanager] (${owner}) the memory assignment uses the NUMA that does not exist`);
    node.numberOfAssignments++;
    node.cells = block.numaAffinity;
    const memory = node.memoryMap[block.type];
    if (!memory) throw new Error(`[memorymanager] (${owner}) the memory assignment uses memory resource that does not exist`);
    const part = Math.min(rest, memory.free);
    memory.reserved += part;
    memory.free -= part;
    rest -= part;
  }
}

/** The machine with these promises. Throws where a promise is of what it does not have. */
export function machineWith(layout: NumaLayout, reserved: SystemReserved, promises: Promises): Machine {
  const machine = emptyMachine(layout, reserved);
  for (const [uid, containers] of promises) {
    for (const [name, blocks] of containers) for (const block of blocks) take(machine, block, `pod: ${uid}, container: ${name}`);
  }
  return machine;
}

/** What containers can have of each node at most; types of which there is nothing are left out. */
export const givableOf = (machine: Machine): readonly Block[] =>
  [...machine].flatMap(([id, { memoryMap }]) =>
    Object.entries(memoryMap)
      .filter(([, { allocatable }]) => allocatable > 0)
      .map(([type, { allocatable }]) => ({ numaAffinity: [id], type, size: allocatable })),
  );

/** As the file has it. */
export const formatMachine = (machine: Machine): Readonly<Record<string, NodeMemory>> => Object.fromEntries(machine);

/** What must not differ between a file and the machine: all but how a group of nodes shares out what it has promised. */
function essence(told: Readonly<Record<string, unknown>>): unknown {
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  const memoryOf = (id: unknown): Readonly<Record<string, unknown>> => {
    const node = told[String(id)];
    return isObject(node) && isObject(node['memoryMap']) ? node['memoryMap'] : {};
  };
  const sum = (cells: readonly unknown[], type: string, field: string): number =>
    cells.reduce((all: number, id) => {
      const memory = memoryOf(id)[type];
      return all + number(isObject(memory) ? memory[field] : 0);
    }, 0);
  return Object.entries(told)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([id, node]) => {
      const { numberOfAssignments, cells } = isObject(node) ? node : {};
      const group = Array.isArray(cells) ? cells.map(number).sort((a, b) => a - b) : [];
      const types = Object.keys(memoryOf(id)).sort();
      const own = types.map((type) => ['total', 'systemReserved', 'allocatable'].map((field) => sum([id], type, field)));
      const shared = types.map((type) => ['reserved', 'free'].map((field) => sum(group, type, field)));
      return [id, numberOfAssignments, group, types, own, shared];
    });
}

/** True when what a file tells of the machine is what the machine is now. */
export const sameMachine = (told: unknown, machine: Machine): boolean =>
  isObject(told) && sameJson(essence(told), essence({ ...formatMachine(machine) }));
