// The built-in load balancer: says at which node addresses a Service of type LoadBalancer answers.
import type { Component } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { keyOf } from '#api/object.ts';
import { EndpointSlices, Nodes, Services } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { semanticEqual } from '../equal.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { balancerAddresses, isOurs } from './plan.ts';

const sliceIndex = 'balanced-service';

/** Starts the controller. */
export function startServiceLbController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const services = informers.of(Services);
  const nodes = informers.of(Nodes);
  const slices = informers.of(EndpointSlices);
  const keyOfSlice = ({ metadata }: EndpointSlice): string =>
    `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name'] ?? ''}`;
  slices.addIndex(sliceIndex, (slice) => [keyOfSlice(slice)]);
  const resource = client.resource(Services);

  function localNodes(key: string): Set<string> {
    const endpoints = slices.lister.byIndex(sliceIndex, key).flatMap((slice) => slice.endpoints ?? []);
    return new Set(endpoints.flatMap(({ nodeName, conditions }) => (nodeName && conditions?.ready !== false ? [nodeName] : [])));
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const service = services.lister.getByKey(key);
    if (service === undefined || service.metadata.deletionTimestamp !== undefined || !isOurs(service)) return;
    const ingress = balancerAddresses(service, nodes.lister.list(), localNodes(key));
    if (semanticEqual(service.status.loadBalancer?.ingress ?? [], ingress)) return;
    const status = { ...service.status, loadBalancer: ingress.length > 0 ? { ingress } : {} };
    try {
      await resource.updateStatus({ ...service, status }, { signal });
    } catch (error) {
      // A newer version is on its way here.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  const handle = startController({ name: 'servicelb', world, workers: 1, synced: allSynced(services, nodes, slices), reconcile });
  const look = (service: Service): void => {
    if (isOurs(service)) handle.enqueue(keyOf(service));
  };
  const lookAll = (): void => services.lister.list().forEach(look);
  const lookSlice = (slice: EndpointSlice): void => {
    const service = services.lister.getByKey(keyOfSlice(slice));
    if (service?.spec.externalTrafficPolicy === 'Local') look(service);
  };
  // Heartbeats change nodes all the time; only what decides about addresses counts.
  const bearing = (node: Node): string => JSON.stringify(balancerAddresses(everyFamily, [node], new Set()));
  return withCleanup(
    handle,
    services.onChange({ added: look, updated: look }),
    nodes.onChange({
      added: lookAll,
      updated: (node, previous) => {
        if (bearing(node) !== bearing(previous)) lookAll();
      },
      deleted: lookAll,
    }),
    slices.onChange({ added: lookSlice, updated: lookSlice, deleted: lookSlice }),
  );
}

const everyFamily: Service = { metadata: { name: '' }, spec: { ipFamilies: ['IPv4', 'IPv6'] }, status: {} };
