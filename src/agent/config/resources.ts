// Requests and limits as the kernel's numbers: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import type { ContainerCpus } from '../cpus/manager.ts';
import type { AnyContainer } from '../parts.ts';
import type { LinuxResources } from '../runtime.ts';
import { type MemoryQos, memoryFiles } from './memoryqos.ts';
import { qosClass } from '../status/qos.ts';

/** Length of the CFS period in microseconds. */
export const cpuPeriod = 100_000;
const minShares = 2;
const maxShares = 262_144;
const minQuota = 1000;

/** cgroup v1 shares of so many thousandths of a core. */
export function cpuShares(milli: number): number {
  if (milli <= 0) return minShares;
  return Math.min(maxShares, Math.max(minShares, Math.floor((milli * 1024) / 1000)));
}

/** CFS quota in microseconds; 0: no limit. */
export function cpuQuota(milli: number): number {
  return milli <= 0 ? 0 : Math.max(minQuota, Math.floor((milli * cpuPeriod) / 1000));
}

/** How readily the kernel kills a container for memory: kubelet's score by class and share of the node's memory. */
export function oomScoreAdj(pod: Pod, container: AnyContainer, memoryCapacity: number): number {
  if ((pod.spec.priority ?? 0) >= 2_000_000_000) return -997;
  switch (qosClass(pod)) {
    case 'Guaranteed':
      return -997;
    case 'BestEffort':
      return 1000;
    case 'Burstable': {
      const request = quantityValue(container.resources?.requests?.['memory'] ?? '0');
      const score = Math.floor(1000 - (1000 * request) / Math.max(1, memoryCapacity));
      return Math.min(999, Math.max(3, score));
    }
  }
}

/** Size of a huge page as cgroups name it: `2Mi` → `2MB`, `1Gi` → `1GB`. */
const pageSize = (name: string): string => name.slice('hugepages-'.length).replace(/i$/, 'B');

/** What a container's share of the node is computed from. */
export interface NodeShare {
  /** Bytes of memory that the node has. */
  readonly memoryCapacity: number;
  /** Where the container may run, where a policy says so. */
  readonly cpus?: ContainerCpus | undefined;
  /** NUMA nodes that it has its memory of, where a policy says so. */
  readonly memoryNodes?: string | undefined;
  readonly memoryQos?: MemoryQos | undefined;
  /** False: limits of processor time hold nobody back. */
  readonly cpuQuota?: boolean | undefined;
  /** Sizes of huge pages that the node has, e.g. `2Mi`. */
  readonly hugepageSizes?: readonly string[];
}

/** What a container may use of every size that the node has: nothing, where it does not ask for it. */
function hugepageLimits(limits: Readonly<Record<string, string>>, sizes: readonly string[]): Pick<LinuxResources, 'hugepageLimits'> {
  const asked = Object.keys(limits).filter((name) => name.startsWith('hugepages-'));
  const names = [...new Set([...sizes.map((size) => `hugepages-${size}`), ...asked])];
  if (names.length === 0) return {};
  return { hugepageLimits: names.map((name) => ({ pageSize: pageSize(name), limit: quantityValue(limits[name] ?? '0') })) };
}

/** The resources of one container. */
export function containerResources(pod: Pod, container: AnyContainer, about: NodeShare): LinuxResources {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const request = requests['cpu'] ?? limits['cpu'];
  const memory = quantityValue(limits['memory'] ?? '0');
  return {
    // On processors of its own a container is not held back (feature DisableCPUQuotaWithExclusiveCPUs).
    ...(about.cpus?.exclusive || about.cpuQuota === false ? {} : { cpuPeriod, cpuQuota: cpuQuota(quantityMilli(limits['cpu'] ?? '0')) }),
    ...(about.cpus ? { cpusetCpus: about.cpus.cpus } : {}),
    ...(about.memoryNodes === undefined ? {} : { cpusetMems: about.memoryNodes }),
    cpuShares: cpuShares(quantityMilli(request ?? '0')),
    ...(memory > 0 ? { memoryLimitInBytes: memory } : {}),
    ...(about.memoryQos ? { unified: memoryFiles(container, about.memoryQos) } : {}),
    oomScoreAdj: oomScoreAdj(pod, container, about.memoryCapacity),
    ...hugepageLimits(limits, about.hugepageSizes ?? []),
  };
}
