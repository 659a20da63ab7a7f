// Columns of dynamic resource allocation and of metrics.k8s.io.
import type { NodeMetrics } from '#api/metrics/v1beta1/nodemetrics.ts';
import type { PodMetrics } from '#api/metrics/v1beta1/podmetrics.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import type { ResourceSlice } from '#api/resource/v1/resourceslice.ts';
import type { DeviceTaintRule } from '#api/resource/v1alpha3/devicetaintrule.ts';
import { addQuantity } from '#format/quantity.ts';
import { ageColumn, ageOf, nameColumn } from './cells.ts';
import { column, kind, type KindColumns } from './column.ts';

/** How far a claim has come. */
export function claimState(claim: ResourceClaim): string {
  const states: string[] = [];
  if (claim.metadata.deletionTimestamp) states.push('deleted');
  if (claim.status?.allocation === undefined) {
    if (!claim.metadata.deletionTimestamp) states.push('pending');
  } else {
    states.push('allocated');
    if (claim.status.reservedFor?.length) states.push('reserved');
  }
  return states.join(',');
}

const usageOf = (pod: PodMetrics, resource: string): string =>
  pod.containers.map((container) => container.usage[resource] ?? '0').reduce((sum, one) => addQuantity(sum, one), '0');

const resourceVersions = ['v1', 'v1beta2', 'v1beta1'];
const each = (kindName: string, make: (structName: string) => KindColumns): readonly KindColumns[] =>
  resourceVersions.map((version) => make(`resource.${version}.${kindName}`));

export const deviceColumns: readonly KindColumns[] = [
  ...each('DeviceClass', (name) => kind(name, nameColumn, ageColumn)),
  ...each('ResourceClaimTemplate', (name) => kind(name, nameColumn, ageColumn)),
  ...each('ResourceClaim', (name) => kind<ResourceClaim>(name, nameColumn, column('State', claimState), ageColumn)),
  ...each('ResourceSlice', (name) =>
    kind<ResourceSlice>(
      name,
      nameColumn,
      column('Node', (slice) => slice.spec?.nodeName ?? ''),
      column('Driver', (slice) => slice.spec?.driver ?? ''),
      column('Pool', (slice) => slice.spec?.pool.name ?? ''),
      ageColumn,
    ),
  ),
  kind<DeviceTaintRule>(
    'resource.v1alpha3.DeviceTaintRule',
    nameColumn,
    column('Key', (rule) => rule.spec?.taint.key ?? ''),
    column('Value', (rule) => rule.spec?.taint.value ?? ''),
    column('Effect', (rule) => rule.spec?.taint.effect ?? ''),
    column('TimeAdded', (rule, context) => (rule.spec?.taint.timeAdded ? ageOf(rule.spec.taint.timeAdded, context) : '')),
    ageColumn,
  ),
  kind<NodeMetrics>(
    'metrics.v1beta1.NodeMetrics',
    nameColumn,
    column('cpu', (node) => node.usage['cpu'] ?? '0'),
    column('memory', (node) => node.usage['memory'] ?? '0'),
    column('window', (node) => node.window),
  ),
  kind<PodMetrics>(
    'metrics.v1beta1.PodMetrics',
    nameColumn,
    column('cpu', (pod) => usageOf(pod, 'cpu')),
    column('memory', (pod) => usageOf(pod, 'memory')),
    column('window', (pod) => pod.window),
  ),
];
