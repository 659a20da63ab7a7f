// When the node is short of something: kubelet's signals and thresholds. Pure.
import { quantityValue } from '#format/quantity.ts';
import { parseDuration } from '#format/duration.ts';
import type { NodePressure } from '../node/facts.ts';

/** What is watched. The images lie on the file system of the pods' own files: `imagefs` is `nodefs` here. */
export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

export type PressureType = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

/** The condition of the node that a signal means, and the resource that pods are ranked by. */
export const meaning: Readonly<Record<Signal, { readonly condition: PressureType; readonly resource: string }>> = {
  'memory.available': { condition: 'MemoryPressure', resource: 'memory' },
  'nodefs.available': { condition: 'DiskPressure', resource: 'ephemeral-storage' },
  'nodefs.inodesFree': { condition: 'DiskPressure', resource: 'inodes' },
  'imagefs.available': { condition: 'DiskPressure', resource: 'ephemeral-storage' },
  'imagefs.inodesFree': { condition: 'DiskPressure', resource: 'inodes' },
  'pid.available': { condition: 'PIDPressure', resource: 'pids' },
};

export interface Threshold {
  readonly signal: Signal;
  /** As configured: a quantity or a percentage of the capacity. */
  readonly value: string;
  /** Milliseconds that it must hold before pods are evicted; 0: at once (a hard threshold). */
  readonly grace: number;
}

export interface EvictionOptions {
  /** Signal → quantity or percentage. */
  readonly hard: Readonly<Record<string, string>>;
  readonly soft: Readonly<Record<string, string>>;
  /** Signal → duration, for each soft threshold. */
  readonly softGrace: Readonly<Record<string, string>>;
  /** Most seconds that a pod gets to end when a soft threshold evicts it. */
  readonly maxPodGraceSeconds: number;
  /** Milliseconds that a pressure is told after it was last seen, so that a node does not flap. */
  readonly transition: number;
}

export const evictionDefaults: EvictionOptions = {
  hard: {
    'memory.available': '100Mi',
    'nodefs.available': '10%',
    'nodefs.inodesFree': '5%',
    'imagefs.available': '15%',
    'imagefs.inodesFree': '5%',
    'pid.available': '5%',
  },
  soft: {},
  softGrace: {},
  maxPodGraceSeconds: 0,
  transition: 5 * 60 * 1000,
};

/** The thresholds of a configuration, hard ones first. Rejects unknown signals and soft thresholds without a grace period. */
export function thresholdsOf(options: EvictionOptions): Threshold[] {
  const read = (signal: string, value: string, grace: number): Threshold => {
    if (!Object.hasOwn(meaning, signal)) throw new Error(`unknown eviction signal "${signal}"`);
    return { signal: signal as Signal, value, grace };
  };
  return [
    ...Object.entries(options.hard).map(([signal, value]) => read(signal, value, 0)),
    ...Object.entries(options.soft).map(([signal, value]) => {
      const grace = options.softGrace[signal];
      if (grace === undefined) throw new Error(`grace period must be specified for the soft eviction threshold ${signal}`);
      return read(signal, value, parseDuration(grace));
    }),
  ];
}

interface Observation {
  readonly available: number;
  readonly capacity: number;
}

/** What is left of each thing; undefined where the machine does not say. */
export function observe(pressure: NodePressure): Readonly<Record<Signal, Observation | undefined>> {
  const of = (available: number, capacity: number): Observation | undefined => (capacity > 0 ? { available, capacity } : undefined);
  const disk = of(pressure.diskAvailable, pressure.diskCapacity);
  const inodes = of(pressure.inodesFree, pressure.inodes);
  return {
    // A kernel that does not tell what is available says 0.
    'memory.available': pressure.memoryAvailable > 0 ? of(pressure.memoryAvailable, pressure.memoryTotal) : undefined,
    'nodefs.available': disk,
    'nodefs.inodesFree': inodes,
    'imagefs.available': disk,
    'imagefs.inodesFree': inodes,
    'pid.available': of(pressure.pidsMax - pressure.pidsUsed, pressure.pidsMax),
  };
}

/** A threshold's value in the signal's own unit. */
export function amountOf(threshold: Threshold, capacity: number): number {
  if (threshold.value.endsWith('%')) return Math.floor((capacity * Number(threshold.value.slice(0, -1))) / 100);
  return quantityValue(threshold.value);
}

export interface Crossed {
  readonly threshold: Threshold;
  readonly amount: number;
  readonly available: number;
}

/** The thresholds of which less is left than they say. */
export function crossed(thresholds: readonly Threshold[], pressure: NodePressure): Crossed[] {
  const seen = observe(pressure);
  return thresholds.flatMap((threshold) => {
    const now = seen[threshold.signal];
    if (!now) return [];
    const amount = amountOf(threshold, now.capacity);
    return now.available < amount ? [{ threshold, amount, available: now.available }] : [];
  });
}
