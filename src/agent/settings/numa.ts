// What a kubelet's configuration says about NUMA nodes: pure.
import { isHugePages } from '#api/core/v1/resources.rules.ts';
import { quantityValue } from '#format/quantity.ts';
import type { TopologyPolicy } from '../numa/options.ts';
import type { AgentOptions, MemoryReservation } from '../options.ts';
import { type Fields, SettingsError } from './fields.ts';

const topologyPolicies = ['none', 'best-effort', 'restricted', 'single-numa-node'];

/** How resources are aligned to NUMA nodes. Throws in kubelet's words. */
export function topologyManager(fields: Fields): AgentOptions['topologyManager'] | undefined {
  const policy = fields.text('topologyManagerPolicy') ?? 'none';
  const scope = fields.text('topologyManagerScope') ?? 'container';
  const options = fields.strings('topologyManagerPolicyOptions') ?? {};
  if (!topologyPolicies.includes(policy)) {
    const known = topologyPolicies.map((name) => JSON.stringify(name)).join(' ');
    throw new SettingsError(
      `invalid configuration: topologyManagerPolicy (--topology-manager-policy) ${JSON.stringify(policy)} must be one of: [${known}]`,
    );
  }
  if (scope !== 'container' && scope !== 'pod') {
    throw new SettingsError(
      `invalid configuration: topologyManagerScope (--topology-manager-scope) ${JSON.stringify(scope)} must be one of: "container", or "pod"`,
    );
  }
  // Options of a policy that aligns nothing are not even read.
  return policy === 'none' ? undefined : { policy: policy as TopologyPolicy, scope, options };
}

function reservedMemory(fields: Fields): readonly MemoryReservation[] {
  const seen = new Set<string>();
  return (fields.objects('reservedMemory') ?? []).map((entry) => {
    const numaNode = entry.number('numaNode') ?? 0;
    const limits = entry.strings('limits') ?? {};
    for (const [type, value] of Object.entries(limits)) {
      const where = `for NUMA node ${numaNode} and resource ${JSON.stringify(type)}`;
      if (type !== 'memory' && !isHugePages(type)) {
        throw new SettingsError(
          `invalid configuration: the limit type ${JSON.stringify(type)} for NUMA node ${numaNode} is not supported, only [memory hugepages-<HugePageSize>] is accepted`,
        );
      }
      if (quantityValue(value) === 0) throw new SettingsError(`invalid configuration: reserved memory may not be zero ${where}`);
      if (seen.has(where)) throw new SettingsError(`invalid configuration: the reserved memory has a duplicate value ${where}`);
      seen.add(where);
    }
    return { numaNode, limits };
  });
}

/** Whether containers have memory of certain NUMA nodes. Throws in kubelet's words. */
export function memoryManager(fields: Fields): AgentOptions['memoryManager'] | undefined {
  const policy = fields.text('memoryManagerPolicy') ?? 'None';
  const reserved = reservedMemory(fields);
  if (policy === 'BestEffort') throw new SettingsError('policy "BestEffort" is not available for platform "linux"');
  if (policy !== 'None' && policy !== 'Static') throw new SettingsError(`unknown policy: ${JSON.stringify(policy)}`);
  return policy === 'Static' ? { policy, reservedMemory: reserved } : undefined;
}
