// What the memory manager has promised, as its file keeps it: kubelet's form. Pure.
import { isObject } from '#format/own.ts';
import { seal, unseal } from '../numa/checkpoint.ts';
import { formatMachine, type Machine } from './machine.ts';

/** Memory of one kind that a container has of some NUMA nodes together. */
export interface Block {
  /** Ids of the nodes, growing. */
  readonly numaAffinity: readonly number[];
  /** `memory` or a size of huge pages. */
  readonly type: string;
  readonly size: number;
}

/** Blocks by container, by pod uid. */
export type Promises = ReadonlyMap<string, ReadonlyMap<string, readonly Block[]>>;

/** The text of the file. */
export function formatState(promises: Promises, machine: Machine): string {
  const entries = Object.fromEntries([...promises].map(([uid, containers]) => [uid, Object.fromEntries(containers)]));
  return seal({ policyName: 'Static', machineState: formatMachine(machine), ...(promises.size === 0 ? {} : { entries }) });
}

const damaged = (): Error => new Error('could not restore state from checkpoint: it is not one');

function blocksOf(value: unknown): readonly Block[] {
  if (!Array.isArray(value)) throw damaged();
  return value.map((block: unknown) => {
    if (!isObject(block) || !Array.isArray(block['numaAffinity'])) throw damaged();
    return { numaAffinity: block['numaAffinity'].map(Number), type: String(block['type']), size: Number(block['size']) };
  });
}

/** Reads the file; throws when it is damaged or of another policy. The machine is as it was told, to be compared. */
export function parseState(text: string): { readonly promises: Promises; readonly machine: unknown } {
  const { machineState, entries = {} } = unseal(text, 'Static');
  if (!isObject(entries)) throw damaged();
  const containers = (of: unknown): [string, readonly Block[]][] =>
    Object.entries(isObject(of) ? of : {}).map(([name, blocks]) => [name, blocksOf(blocks)]);
  return {
    promises: new Map(Object.entries(entries).map(([uid, of]) => [uid, new Map(containers(of))])),
    machine: machineState,
  };
}
