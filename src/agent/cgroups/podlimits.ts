// What a pod's own control group is limited to, from the requests and limits of its containers: pure.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import { cpuPeriod, cpuQuota, cpuShares } from '../config/resources.ts';
import { qosClass } from '../status/qos.ts';

type Amounts = Readonly<Record<'cpu' | 'memory', number>>;
type Kind = 'requests' | 'limits';

const none: Amounts = { cpu: 0, memory: 0 };
const plus = (a: Amounts, b: Amounts): Amounts => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory });
const most = (a: Amounts, b: Amounts): Amounts => ({ cpu: Math.max(a.cpu, b.cpu), memory: Math.max(a.memory, b.memory) });

function amounts(list: Readonly<Record<string, string>> | undefined): Amounts {
  return { cpu: quantityMilli(list?.['cpu'] ?? '0'), memory: quantityValue(list?.['memory'] ?? '0') };
}

/**
 * CPU (thousandths of a core) and memory (bytes) that a pod asks for or may use at most: its containers together, or an
 * init container with the sidecars started before it if that is more; what the pod itself says wins; overhead is added.
 */
export function podTotal(pod: Pod, kind: Kind): Amounts {
  const of = (container: Container): Amounts => amounts(container.resources?.[kind]);
  let running = pod.spec.containers.map(of).reduce(plus, none);
  let sidecars = none;
  let initPeak = none;
  for (const container of pod.spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sidecars = plus(sidecars, of(container));
      initPeak = most(initPeak, sidecars);
    } else initPeak = most(initPeak, plus(sidecars, of(container)));
  }
  running = most(plus(running, sidecars), initPeak);
  const own = pod.spec.resources?.[kind];
  if (own?.['cpu'] !== undefined) running = { ...running, cpu: quantityMilli(own['cpu']) };
  if (own?.['memory'] !== undefined) running = { ...running, memory: quantityValue(own['memory']) };
  const overhead = amounts(pod.spec.overhead);
  // Overhead raises a limit only where there is one.
  if (kind === 'requests') return plus(running, overhead);
  return {
    cpu: running.cpu === 0 ? 0 : running.cpu + overhead.cpu,
    memory: running.memory === 0 ? 0 : running.memory + overhead.memory,
  };
}

/** True when every container, or the pod itself, has a limit of the resource: only then the pod as a whole has one. */
function isLimited(pod: Pod, resource: 'cpu' | 'memory'): boolean {
  if (pod.spec.resources?.limits?.[resource] !== undefined) return true;
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return all.every((container) => amounts(container.resources?.limits)[resource] > 0);
}

export interface PodLimits {
  readonly cpuShares: number;
  /** Microseconds per `cpuPeriod`; undefined: no limit. */
  readonly cpuQuota?: number;
  readonly memory?: number;
  /** Bytes that are protected from being reclaimed; version 2 only. */
  readonly memoryMin?: number;
}

/** The limits of a pod's group. */
export function podLimits(pod: Pod): PodLimits {
  if (qosClass(pod) === 'BestEffort') return { cpuShares: cpuShares(0) };
  const limits = podTotal(pod, 'limits');
  const shares = { cpuShares: cpuShares(podTotal(pod, 'requests').cpu) };
  return {
    ...shares,
    ...(isLimited(pod, 'cpu') && limits.cpu > 0 ? { cpuQuota: cpuQuota(limits.cpu) } : {}),
    ...(isLimited(pod, 'memory') && limits.memory > 0 ? { memory: limits.memory } : {}),
  };
}

/** cgroup v2's weight for v1's shares, the range 2…262144 mapped to 1…10000. */
export const cpuWeight = (shares: number): number => 1 + Math.floor(((Math.max(2, shares) - 2) * 9999) / 262_142);

/** A control file and what to write into it; `controller` finds the directory in version 1. */
export interface GroupSetting {
  readonly controller: 'cpu' | 'memory' | 'pids';
  readonly file: string;
  readonly value: string;
}

/** Bytes of a group that are not reclaimed from it; version 2. */
export const memoryMin = (bytes: number): GroupSetting => ({ controller: 'memory', file: 'memory.min', value: String(bytes) });

/** The control files of limits. What has no limit is written too, so that a limit that went away is lifted. */
export function groupSettings(version: 1 | 2, limits: PodLimits, pids: number | undefined): GroupSetting[] {
  const { cpuShares: shares, cpuQuota: quota, memory } = limits;
  const tasks: GroupSetting = { controller: 'pids', file: 'pids.max', value: String(pids ?? 'max') };
  if (version === 2) {
    return [
      { controller: 'cpu', file: 'cpu.weight', value: String(cpuWeight(shares)) },
      { controller: 'cpu', file: 'cpu.max', value: `${quota ?? 'max'} ${cpuPeriod}` },
      { controller: 'memory', file: 'memory.max', value: String(memory ?? 'max') },
      ...(limits.memoryMin === undefined ? [] : [memoryMin(limits.memoryMin)]),
      tasks,
    ];
  }
  return [
    { controller: 'cpu', file: 'cpu.shares', value: String(shares) },
    { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(cpuPeriod) },
    { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(quota ?? -1) },
    { controller: 'memory', file: 'memory.limit_in_bytes', value: String(memory ?? -1) },
    tasks,
  ];
}
