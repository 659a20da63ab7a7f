// What every cluster starts with: the system's namespaces, priority classes, flow control, the service range and the
// `kubernetes` Service. Everything goes through the chain; what is there already is left as it is.
import { addressAt, networksOf } from '#api/addresses.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import {
  EndpointSlices,
  EndpointsRes,
  FlowSchemas,
  Namespaces,
  PriorityClasses,
  PriorityLevelConfigurations,
  type ResourceRef,
  ServiceCIDRs,
  Services,
} from '#api/refs.ts';
import { isAlreadyExists, isConflict, isInvalid, isNotFound } from '#api/status.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import type { Transport } from '#client/transport.ts';
import { ensureBootstrapPolicy } from './authz/bootstrap.ts';
import { flowSchemas, priorityLevels } from './bootstrapflow.ts';
import type { Registry } from './registry/registry.ts';

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const priorityClasses = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
] as const;

async function ensure<T extends KubeObject>(client: Client, ref: ResourceRef<T>, objects: readonly Draft<T>[]): Promise<void> {
  const resource = client.resource(ref);
  const one = async (object: Draft<T>): Promise<void> => {
    const { name = '', namespace } = (object as Draft<KubeObject>).metadata ?? {};
    try {
      // Looked up first: a second Service with the same address would be refused for the address, not for the name.
      await resource.get(name, namespace ? { namespace } : {});
      return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    try {
      await resource.create(object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  };
  await Promise.all(objects.map(one));
}

/** Another server that starts at the same time may hold the address, and not yet have written the Service. */
async function ensureService(registry: Registry, client: Client, services: readonly Draft<Service>[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      return await ensure(client, Services, services);
    } catch (error) {
      if (attempt >= 50 || !isInvalid(error)) throw error;
      // oxlint-disable-next-line no-await-in-loop
      await registry.world.clock.sleep(100);
    }
  }
}

/** Creates what is missing. */
export async function bootstrap(registry: Registry, transport: Transport): Promise<void> {
  const client = createClient(transport);
  const { config } = registry;
  await ensure(
    client,
    Namespaces,
    namespaces.map((name) => ({ metadata: { name } })),
  );
  await ensureBootstrapPolicy(client);
  await ensure(client, PriorityClasses, priorityClasses);
  await ensure(client, PriorityLevelConfigurations, priorityLevels as never);
  await ensure(client, FlowSchemas, flowSchemas as never);
  const ranges = networksOf(config.serviceCidr);
  await ensure(client, ServiceCIDRs, [{ metadata: { name: 'kubernetes' }, spec: { cidrs: ranges } }]);
  await readyRange(client, ranges);
  const [range = ''] = ranges;
  const ip = addressAt(range, 1) ?? '';
  await ensureService(registry, client, [
    {
      metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        type: 'ClusterIP',
        clusterIP: ip,
        clusterIPs: [ip],
        ipFamilies: [range.includes(':') ? 'IPv6' : 'IPv4'],
        ipFamilyPolicy: 'SingleStack',
        sessionAffinity: 'None',
        ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: config.advertise?.port ?? 6443 }],
      },
    },
  ]);
  if (config.advertise) await advertise(transport, { addresses: [config.advertise.address], port: config.advertise.port });
}

const readyRange = (client: Client, ranges: readonly string[]): Promise<void> => againstOthers(() => makeRangeReady(client, ranges));

async function makeRangeReady(client: Client, ranges: readonly string[]): Promise<void> {
  const resource = client.resource(ServiceCIDRs);
  let range = await resource.get('kubernetes');
  const present = range.spec.cidrs ?? [];
  // A cluster of one family may become one of two.
  if (present.length === 1 && ranges.length === 2 && present[0] === ranges[0])
    range = await resource.update({ ...range, spec: { cidrs: ranges } });
  if (range.status?.conditions?.some((condition) => condition.type === 'Ready')) return;
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: range.metadata.creationTimestamp as string,
  };
  await resource.updateStatus({ ...range, status: { conditions: [condition] } });
}

async function put<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  wanted: Draft<T>,
  fields: readonly (keyof T)[],
): Promise<void> {
  const resource = client.resource(ref);
  const { name, namespace } = (wanted as KubeObject).metadata;
  await againstOthers(async () => {
    try {
      const present = await resource.get(name, { namespace });
      if (fields.every((field) => deepEqual(present[field], (wanted as T)[field]))) return;
      await resource.update({ ...present, ...(wanted as object), metadata: present.metadata });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await resource.create(wanted);
    }
  });
}

/** Reads and writes again when another server was faster. */
async function againstOthers(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      return await work();
    } catch (error) {
      if (attempt >= 10 || !(isConflict(error) || isAlreadyExists(error))) throw error;
    }
  }
}

/** Points the `kubernetes` Service to the servers; all listen at the same port. */
export async function advertise(
  transport: Transport,
  target: { readonly addresses: readonly string[]; readonly port: number },
): Promise<void> {
  const client = createClient(transport);
  const services = client.resource(Services);
  await againstOthers(async () => {
    const service = await services.get('kubernetes', { namespace: 'default' });
    const ports = service.spec.ports ?? [];
    if (!ports[0] || ports[0].targetPort === target.port) return;
    await services.update({ ...service, spec: { ...service.spec, ports: [{ ...ports[0], targetPort: target.port }] } });
  });
  await put(
    client,
    EndpointsRes,
    {
      metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: target.addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port: target.port, protocol: 'TCP' }] }],
    },
    ['subsets'],
  );
  await put(
    client,
    EndpointSlices,
    {
      metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: target.addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: target.addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      ports: [{ name: 'https', port: target.port, protocol: 'TCP' }],
    },
    ['endpoints', 'ports'],
  );
}
