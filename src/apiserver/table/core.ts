// Columns of Nodes, Namespaces, configuration, quotas, events and autoscalers.
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '#api/autoscaling/v1/horizontalpodautoscaler.ts';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { Lease } from '#api/coordination/v1/lease.ts';
import type { LeaseCandidate } from '#api/coordination/v1beta1/leasecandidate.ts';
import type { ComponentStatus } from '#api/core/v1/componentstatus.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import type { Event } from '#api/core/v1/event.ts';
import type { Namespace } from '#api/core/v1/namespace.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { ResourceQuota } from '#api/core/v1/resourcequota.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import type { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import type { Event as EventV1 } from '#api/events/v1/event.ts';
import type { Status } from '#api/meta/v1/status.ts';
import { ageColumn, ageOf, count, createdAtColumn, nameColumn, size } from './cells.ts';
import { type CellContext, type Column, column, kind, type KindColumns, wide } from './column.ts';
import { hpaTargets, hpaTargetsV1 } from './hpacells.ts';

const rolePrefix = 'node-role.kubernetes.io/';

/** Ready, NotReady or Unknown, and whether scheduling is disabled. */
export function nodeStatus(node: Node): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

/** Roles from labels, sorted. */
export function nodeRoles(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',');
}

function nodeAddress(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';
}

/** Both kinds of Event, seen as one. */
interface EventView {
  readonly event: Pick<Event, 'metadata' | 'type' | 'reason' | 'eventTime'>;
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly count: number;
  readonly about: Event['involvedObject'] | undefined;
  readonly component: string;
  readonly instance: string;
  readonly message: string;
}

function coreView(event: Event): EventView {
  return {
    event,
    first: event.firstTimestamp || event.eventTime,
    last: event.series?.lastObservedTime || event.lastTimestamp || event.firstTimestamp || event.eventTime,
    count: event.series ? count(event.series.count) : event.count || 1,
    about: event.involvedObject,
    component: event.source?.component || event.reportingComponent || '',
    instance: event.source?.host || event.reportingInstance || '',
    message: event.message ?? '',
  };
}

function newView(event: EventV1): EventView {
  return {
    event,
    first: event.deprecatedFirstTimestamp || event.eventTime,
    last: event.series?.lastObservedTime || event.deprecatedLastTimestamp || event.deprecatedFirstTimestamp || event.eventTime,
    count: event.series ? event.series.count : event.deprecatedCount || 1,
    about: event.regarding,
    component: event.deprecatedSource?.component || event.reportingController || '',
    instance: event.deprecatedSource?.host || event.reportingInstance || '',
    message: event.note ?? '',
  };
}

function objectText({ about }: EventView): string {
  const kindText = (about?.kind ?? '').toLowerCase();
  return about?.name ? `${kindText}/${about.name}` : kindText;
}

function eventColumns<T extends Event | EventV1>(view: (event: T) => EventView): readonly Column<T>[] {
  const make = (cell: (view: EventView, context: CellContext) => string | number): Column<T>['cell'] => {
    return (event, context) => cell(view(event), context);
  };
  return [
    column(
      'Last Seen',
      make((event, context) => ageOf(event.last, context)),
      { description: 'Time since it was seen last.' },
    ),
    column(
      'Type',
      make(({ event }) => event.type ?? ''),
      { description: 'Normal or Warning.' },
    ),
    column(
      'Reason',
      make(({ event }) => event.reason ?? ''),
      { description: 'One word for why it happened.' },
    ),
    column('Object', make(objectText), { description: 'What it is about.' }),
    wide(
      'Subobject',
      make(({ about }) => about?.fieldPath ?? ''),
    ),
    wide(
      'Source',
      make(({ component, instance }) => (instance ? `${component}, ${instance}` : component)),
      {
        description: 'Who reported it.',
      },
    ),
    column(
      'Message',
      make(({ message }) => message.trim()),
      { description: 'What happened.' },
    ),
    wide(
      'First Seen',
      make((event, context) => ageOf(event.first, context)),
    ),
    wide(
      'Count',
      make((event) => event.count),
    ),
    wide('Name', (event) => event.metadata.name, { format: 'name' }),
  ];
}

function quotaText(quota: ResourceQuota, wanted: (name: string) => boolean): string {
  const { hard = {}, used = {} } = quota.status ?? {};
  return Object.keys(hard)
    .sort()
    .filter(wanted)
    .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

function componentHealth(status: ComponentStatus): { text: string; message: string; error: string } {
  const condition = status.conditions?.find((entry) => entry.type === 'Healthy');
  const text = condition?.status === 'True' ? 'Healthy' : condition?.status === 'False' ? 'Unhealthy' : 'Unknown';
  return { text, message: condition?.message ?? '', error: condition?.error ?? '' };
}

interface HpaView {
  readonly reference: { readonly kind: string; readonly name: string } | undefined;
  readonly spec: { readonly minReplicas?: number; readonly maxReplicas: number } | undefined;
  readonly current: number | undefined;
}

function hpaColumns<T extends HorizontalPodAutoscaler | HorizontalPodAutoscalerV1>(targets: (hpa: T) => string): readonly Column<T>[] {
  const view = (hpa: T): HpaView => ({ reference: hpa.spec?.scaleTargetRef, spec: hpa.spec, current: hpa.status?.currentReplicas });
  return [
    nameColumn,
    column('Reference', (hpa) => `${view(hpa).reference?.kind ?? ''}/${view(hpa).reference?.name ?? ''}`, {
      description: 'What is scaled.',
    }),
    column('Targets', targets, { description: 'Current and wanted value of each metric.' }),
    column('MinPods', (hpa) => {
      const min = view(hpa).spec?.minReplicas;
      return min === undefined ? '<unset>' : String(min);
    }),
    column('MaxPods', (hpa) => count(view(hpa).spec?.maxReplicas)),
    column('Replicas', (hpa) => count(view(hpa).current)),
    ageColumn,
  ];
}

export const coreColumns: readonly KindColumns[] = [
  kind<ComponentStatus>(
    'core.v1.ComponentStatus',
    nameColumn,
    column('Status', (object) => componentHealth(object).text),
    column('Message', (object) => componentHealth(object).message),
    column('Error', (object) => componentHealth(object).error),
  ),
  kind<ConfigMap>(
    'core.v1.ConfigMap',
    nameColumn,
    column('Data', (object) => size(object.data) + size(object.binaryData)),
    ageColumn,
  ),
  kind<Secret>(
    'core.v1.Secret',
    nameColumn,
    column('Type', (object) => object.type ?? ''),
    column('Data', (object) => size(object.data)),
    ageColumn,
  ),
  kind<ServiceAccount>('core.v1.ServiceAccount', nameColumn, ageColumn),
  kind('core.v1.LimitRange', nameColumn, createdAtColumn),
  kind<Namespace>(
    'core.v1.Namespace',
    nameColumn,
    column('Status', (object) => object.status?.phase ?? '', { description: 'Active, or Terminating while its content is deleted.' }),
    ageColumn,
  ),
  kind<Node>(
    'core.v1.Node',
    nameColumn,
    column('Status', nodeStatus, { description: 'Whether the node is ready and takes new pods.' }),
    column('Roles', nodeRoles, { description: 'Roles from the labels of the node.' }),
    ageColumn,
    column('Version', (node) => node.status?.nodeInfo?.kubeletVersion ?? '', { description: 'Version of the node agent.' }),
    wide('Internal-IP', (node) => nodeAddress(node, 'InternalIP')),
    wide('External-IP', (node) => nodeAddress(node, 'ExternalIP')),
    wide('OS-Image', (node) => node.status?.nodeInfo?.osImage || '<unknown>'),
    wide('Kernel-Version', (node) => node.status?.nodeInfo?.kernelVersion || '<unknown>'),
    wide('Container-Runtime', (node) => node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
  ),
  kind<ResourceQuota>(
    'core.v1.ResourceQuota',
    nameColumn,
    column('Request', (quota) => quotaText(quota, (name) => !name.startsWith('limits.'))),
    column('Limit', (quota) => quotaText(quota, (name) => name.startsWith('limits.'))),
    ageColumn,
  ),
  kind<Event>('core.v1.Event', ...eventColumns<Event>(coreView)),
  kind<EventV1>('events.v1.Event', ...eventColumns<EventV1>(newView)),
  kind<HorizontalPodAutoscaler>('autoscaling.v2.HorizontalPodAutoscaler', ...hpaColumns<HorizontalPodAutoscaler>(hpaTargets)),
  kind<HorizontalPodAutoscalerV1>('autoscaling.v1.HorizontalPodAutoscaler', ...hpaColumns<HorizontalPodAutoscalerV1>(hpaTargetsV1)),
  kind<Lease>(
    'coordination.v1.Lease',
    nameColumn,
    column('Holder', (lease) => lease.spec?.holderIdentity ?? ''),
    ageColumn,
  ),
  ...['coordination.v1beta1.LeaseCandidate', 'coordination.v1alpha2.LeaseCandidate'].map((name) =>
    kind<LeaseCandidate>(
      name,
      nameColumn,
      column('LeaseName', (object) => object.spec?.leaseName ?? ''),
      column('BinaryVersion', (object) => object.spec?.binaryVersion ?? ''),
      column('EmulationVersion', (object) => object.spec?.emulationVersion ?? ''),
      ageColumn,
    ),
  ),
  kind<Status & { metadata: { name: string } }>(
    'meta.v1.Status',
    column('Status', (status) => status.status ?? ''),
    column('Reason', (status) => status.reason ?? ''),
    column('Message', (status) => status.message ?? ''),
  ),
];
