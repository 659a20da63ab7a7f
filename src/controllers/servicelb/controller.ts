// The built-in load balancer: says at which addresses a Service of type LoadBalancer answers.
import type { Component } from '#base/world.ts';
import { sourceOf } from '#api/balancer.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { LoadBalancerIngress, Service } from '#api/core/v1/service.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { keyOf } from '#api/object.ts';
import { EndpointSlices, Nodes, Services } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { semanticEqual } from '../equal.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { balancerAddresses, poolAddresses } from './plan.ts';

const sliceIndex = 'balanced-service';

export interface ServiceLbConfig {
  /** Networks of the pool of addresses; empty: the nodes' own are used. */
  readonly pool: readonly string[];
}

/** Starts the controller. */
export function startServiceLbController(deps: ControllerDeps & ServiceLbConfig): Component {
  const { client, informers, world, pool } = deps;
  const recorder = createRecorder(client, world, { component: 'service-controller' });
  /** Addresses given out that the cache does not show yet, by Service. */
  const given = new Map<string, readonly string[]>();
  /** Services for which there was no address: they wait for one to come back. */
  const waiting = new Set<string>();
  const isOurs = (service: Service): boolean => sourceOf(service, pool.length > 0) !== undefined;
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

  /** Addresses of the pool that other Services have. */
  function takenFor(key: string): Set<string> {
    const shown = services.lister.list().filter((other) => other.spec.type === 'LoadBalancer' && keyOf(other) !== key);
    const ips = shown.flatMap(({ status }) => (status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []));
    return new Set([...ips, ...[...given].flatMap(([other, addresses]) => (other === key ? [] : addresses))]);
  }

  function fromPool(key: string, service: Service): LoadBalancerIngress[] {
    const ingress = poolAddresses(service, pool, takenFor(key));
    given.set(
      key,
      ingress.flatMap(({ ip }) => ip ?? []),
    );
    if (ingress.length >= (service.spec.ipFamilies?.length ?? 1)) waiting.delete(key);
    else if (!waiting.has(key)) {
      waiting.add(key);
      recorder.event(service, 'Warning', 'AllocationFailed', 'no address of the pool is free for the Service');
    }
    return ingress;
  }

  /** The Service has no address of the pool any more: those that wait may look again. */
  function letGo(key: string): void {
    waiting.delete(key);
    if (given.delete(key)) for (const other of waiting) handle.enqueue(other);
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const service = services.lister.getByKey(key);
    const source = service && sourceOf(service, pool.length > 0);
    if (service === undefined || source !== 'pool') letGo(key);
    if (service === undefined || service.metadata.deletionTimestamp !== undefined || source === undefined) return;
    const ingress = source === 'pool' ? fromPool(key, service) : balancerAddresses(service, nodes.lister.list(), localNodes(key));
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
    services.onChange({
      added: look,
      updated: (service) => {
        if (isOurs(service) || given.has(keyOf(service))) handle.enqueue(keyOf(service));
      },
      deleted: (service) => handle.enqueue(keyOf(service)),
    }),
    () => recorder[Symbol.asyncDispose](),
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
