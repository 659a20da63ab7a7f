// Strategies by `group/resource`, and the resources that are served in more than the stored version.
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import type { Registry } from '../registry/registry.ts';
import type { Conversion } from '../registry/resource.ts';
import type { Strategy } from '../registry/strategy.ts';
import { allRows } from '../resources/all.ts';
import type { ResourceRow } from '../resources/row.ts';
import { apiServiceStrategy } from './apiservice.ts';
import { definitionStrategy } from '../crd/definition.ts';
import { jobStrategy } from './batch.ts';
import { csrStrategy } from './csr.ts';
import { daemonSetStrategy } from './daemonset.ts';
import { eventToCore, eventToNew } from './event.ts';
import { hpaToV1, hpaToV2 } from './hpa.ts';
import { namespaceStrategy } from './namespace.ts';
import { podStrategy } from './pod.ts';
import { repairAddresses, repairServices, serviceStrategy } from './service.ts';
import { claimStrategy, volumeStrategy } from './volumes.ts';

const none: Strategy = {};
const shortLived: Strategy = { ttl: (registry) => registry.config.eventTtl };
const strategies: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  ['/pods', podStrategy],
  ['/services', serviceStrategy],
  ['/namespaces', namespaceStrategy],
  ['/events', shortLived],
  ['events.k8s.io/events', shortLived],
  ['/nodes', { keepsStatus: true }],
  ['/persistentvolumes', volumeStrategy],
  ['/persistentvolumeclaims', claimStrategy],
  ['/podtemplates', { returnsDeleted: true }],
  ['/resourcequotas', { returnsDeleted: true }],
  ['/serviceaccounts', { returnsDeleted: true }],
  ['apps/daemonsets', daemonSetStrategy],
  ['apiregistration.k8s.io/apiservices', apiServiceStrategy],
  ['batch/jobs', jobStrategy],
  ['apiextensions.k8s.io/customresourcedefinitions', definitionStrategy],
  ['certificates.k8s.io/certificatesigningrequests', csrStrategy],
]);

/** What is special about a row's kind. */
export function strategyOf(row: ResourceRow): Strategy {
  return strategies.get(`${row.group}/${row.resource}`) ?? none;
}

function stored(group: string, version: string, resource: string): ResourceRow {
  const row = allRows.find((candidate) => candidate.group === group && candidate.version === version && candidate.resource === resource);
  if (!row) throw new Error(`no row for ${group}/${version} ${resource}`);
  return row;
}

/** How a row's version relates to the stored one; undefined when it is the stored one. */
export function conversionOf(row: ResourceRow): Conversion | undefined {
  switch (`${row.group}/${row.version}/${row.resource}`) {
    case 'autoscaling/v1/horizontalpodautoscalers':
      return { storage: stored('autoscaling', 'v2', 'horizontalpodautoscalers'), toStorage: hpaToV2, fromStorage: hpaToV1 };
    case 'events.k8s.io/v1/events':
      return { storage: stored('', 'v1', 'events'), toStorage: eventToCore, fromStorage: eventToNew };
    case 'admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicies':
    case 'admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicybindings':
      return renamed(row, stored(row.group, 'v1beta1', row.resource));
    default:
      return undefined;
  }
}

/** Versions that differ only in their name. */
function renamed(row: ResourceRow, storage: ResourceRow): Conversion {
  const as = (version: ResourceRow) => (object: KubeObject) => ({ ...object, apiVersion: apiVersionOf(version) });
  return { storage, toStorage: as(storage), fromStorage: as(row) };
}

/** Brings shared pools (addresses, ports) in line with what is stored. */
export async function repairAll(registry: Registry): Promise<void> {
  await repairServices(registry);
  await repairAddresses(registry);
}
