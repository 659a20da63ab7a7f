// Memory QoS on cgroup v2 (KEP-2570, feature MemoryQoS): what a container has asked for is protected, and it is throttled
// before it reaches its limit. Pure.
import { quantityValue } from '#format/quantity.ts';
import type { AnyContainer } from '../parts.ts';

export interface MemoryQos {
  /** How far between request and limit the throttling begins, 0…1. */
  readonly throttlingFactor: number;
  /** Bytes of memory that pods may use on this node: the limit of those who have none. */
  readonly allocatable: number;
}

const pageSize = 4096;

/** The control files of a container's own group. */
export function memoryFiles({ resources }: AnyContainer, { throttlingFactor, allocatable }: MemoryQos): Readonly<Record<string, string>> {
  const limit = quantityValue(resources?.limits?.['memory'] ?? '0');
  const request = quantityValue(resources?.requests?.['memory'] ?? '0');
  const protection: Record<string, string> = request > 0 ? { 'memory.min': String(request) } : {};
  // Who gets all that it asked for is not throttled on the way there.
  if (request === limit && limit !== 0) return protection;
  const most = limit === 0 ? allocatable : limit;
  const high = Math.floor((request + (most - request) * throttlingFactor) / pageSize) * pageSize;
  return high > request ? { ...protection, 'memory.high': String(high) } : protection;
}
