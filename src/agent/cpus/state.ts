// What the CPU manager has promised, as its file keeps it: kubelet's form. Pure.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isObject } from '#format/own.ts';
import { quantityMilli } from '#format/quantity.ts';
import { seal, unseal } from '../numa/checkpoint.ts';
import { formatCpuset, parseCpuset } from '../settings/cpuset.ts';
import { qosClass } from '../status/qos.ts';

/** Processors by container, by pod uid. */
export type Assignments = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<number>>>;

export interface CpuState {
  /** For everybody who has none of their own. */
  readonly shared: ReadonlySet<number>;
  readonly assigned: Assignments;
}

/** The text of the file. */
export function formatState(state: CpuState): string {
  const entries = Object.fromEntries(
    [...state.assigned].map(([uid, containers]) => [
      uid,
      Object.fromEntries([...containers].map(([name, cpus]) => [name, formatCpuset(cpus)])),
    ]),
  );
  return seal({ policyName: 'static', defaultCpuSet: formatCpuset(state.shared), entries });
}

/** Reads the file; throws when it is damaged or of another policy. */
export function parseState(text: string): CpuState {
  const { defaultCpuSet, entries } = unseal(text, 'static');
  if (!isObject(entries)) throw new Error('could not restore state from checkpoint: it is not one');
  const containers = (of: unknown): ReadonlyMap<string, ReadonlySet<number>> =>
    new Map(Object.entries(isObject(of) ? of : {}).map(([name, cpus]) => [name, parseCpuset(String(cpus))]));
  return {
    shared: parseCpuset(String(defaultCpuSet)),
    assigned: new Map(Object.entries(entries).map(([uid, of]) => [uid, containers(of)])),
  };
}

/** Processors that a container gets for itself: whole ones asked for in a Guaranteed pod whose containers say so themselves. */
export function exclusiveCpus(pod: Pod, container: Container): number {
  if (qosClass(pod) !== 'Guaranteed' || pod.spec.resources) return 0;
  const milli = quantityMilli(container.resources?.requests?.['cpu'] ?? container.resources?.limits?.['cpu'] ?? '0');
  return milli % 1000 === 0 ? milli / 1000 : 0;
}
