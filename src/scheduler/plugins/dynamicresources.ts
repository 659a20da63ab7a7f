// DynamicResources: claims of devices. Devices are chosen with the node and written into the claims before the pod is bound.
import type { Pod } from '#api/core/v1/pod.ts';
import { matchesNodeSelector } from '#api/nodeselector.ts';
import { DeviceClasses, ResourceClaims, ResourceSlices } from '#api/refs.ts';
import type { AllocationResult, ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import type { allocate, Supply } from '../devices/allocate.ts';
import { devicesInUse, type OfferedDevice, offeredDevices } from '../devices/inventory.ts';
import { type ClusterEvent, type CycleState, type Plugin, unresolvable, unschedulable } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';

const name = 'DynamicResources';
const finalizer = 'resource.kubernetes.io/delete-protection';
/** Pods that may share a claim. */
const mostConsumers = 256;

interface Work {
  readonly ready: readonly ResourceClaim[];
  readonly open: readonly ResourceClaim[];
  readonly supply: Supply | undefined;
  /** By node: allocations by claim uid. */
  readonly found: Map<string, ReadonlyMap<string, AllocationResult>>;
}

/** The claims of a pod by name, or why they are not known. */
export function podClaimNames(pod: Pod): { names: string[]; problem?: string } {
  const names: string[] = [];
  for (const entry of pod.spec.resourceClaims ?? []) {
    if (entry.resourceClaimName !== undefined) {
      names.push(entry.resourceClaimName);
      continue;
    }
    const made = pod.status.resourceClaimStatuses?.find((status) => status.name === entry.name);
    if (made === undefined)
      return { names, problem: `pod "${pod.metadata.namespace ?? ''}/${pod.metadata.name}": ResourceClaim not created yet` };
    // Without a name none is needed.
    if (made.resourceClaimName !== undefined) names.push(made.resourceClaimName);
  }
  return { names };
}

export interface DynamicResourcesDeps {
  readonly client: Client;
  readonly informers: Informers;
  /** Tells the queue of changes of claims, slices and classes. */
  notify(event: ClusterEvent): void;
}

/** Allocates devices by structured parameters (KEP-4381). Its informers start with the first pod that has claims. */
export function dynamicResources({ client, informers, notify }: DynamicResourcesDeps): Plugin {
  /** Allocations that the API does not show yet, by claim uid. */
  const pending = new Map<string, AllocationResult>();
  let offered: { readonly version: string; readonly devices: readonly OfferedDevice[] } | undefined;

  let connected = false;
  /** The search, and with it the expression language, is loaded when it is first needed. */
  let search: typeof allocate | undefined;

  /** Most clusters have no such claims: nothing is watched until the first pod comes with one. */
  function connect(): boolean {
    const all = [informers.of(ResourceClaims), informers.of(ResourceSlices), informers.of(DeviceClasses)] as const;
    if (!connected) {
      connected = true;
      const tell = (resource: ClusterEvent['resource'], action: ClusterEvent['action']) => () => notify({ resource, action });
      all[0].onChange({
        added: tell('ResourceClaim', 'add'),
        updated: (claim) => {
          // From here on the API says it itself.
          if (claim.status.allocation !== undefined) pending.delete(claim.metadata.uid ?? '');
          notify({ resource: 'ResourceClaim', action: 'update' });
        },
        deleted: (claim) => {
          pending.delete(claim.metadata.uid ?? '');
          notify({ resource: 'ResourceClaim', action: 'delete' });
        },
      });
      all[1].onChange({ added: tell('ResourceSlice', 'add'), updated: tell('ResourceSlice', 'update') });
      all[2].onChange({ added: tell('DeviceClass', 'add'), updated: tell('DeviceClass', 'update') });
      const loaded = import('../devices/allocate.ts').then((module) => {
        search = module.allocate;
      });
      void Promise.all([loaded, ...all.map((informer) => informer.whenSynced)]).then(tell('ResourceClaim', 'update'));
    }
    return search !== undefined && all.every((informer) => informer.synced);
  }

  function devices(): readonly OfferedDevice[] {
    const slices = informers.of(ResourceSlices);
    if (offered?.version !== slices.resourceVersion)
      offered = { version: slices.resourceVersion, devices: offeredDevices(slices.lister.list()) };
    return offered.devices;
  }

  function supply(): Supply {
    const inUse = devicesInUse(informers.of(ResourceClaims).lister.list());
    for (const { devices: allocated } of pending.values())
      for (const result of allocated?.results ?? [])
        if (result.adminAccess !== true) inUse.add(`${result.driver}/${result.pool}/${result.device}`);
    const classes = informers.of(DeviceClasses).lister;
    return { devices: devices(), inUse, deviceClass: (className) => classes.get(className) };
  }

  const isOpen = (claim: ResourceClaim): boolean => claim.status.allocation === undefined && !pending.has(claim.metadata.uid ?? '');
  const allocationOf = (claim: ResourceClaim): AllocationResult | undefined =>
    claim.status.allocation ?? pending.get(claim.metadata.uid ?? '');

  async function write(claim: ResourceClaim, allocation: AllocationResult | undefined, pod: Pod): Promise<void> {
    const claims = client.resource(ResourceClaims);
    const { name: claimName, namespace = '', uid = '' } = claim.metadata;
    let current = await claims.get(claimName, { namespace });
    if (current.metadata.uid !== uid) throw new Error(`claim ${claimName} was deleted and created again`);
    if (allocation !== undefined && current.metadata.finalizers?.includes(finalizer) !== true)
      current = await claims.update({
        ...current,
        metadata: { ...current.metadata, finalizers: [...(current.metadata.finalizers ?? []), finalizer] },
      });
    const reservedFor = current.status.reservedFor ?? [];
    const consumer = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid ?? '' };
    const reserved = reservedFor.some((entry) => entry.uid === consumer.uid);
    if (reserved && current.status.allocation !== undefined) return;
    const status = {
      ...current.status,
      ...(current.status.allocation === undefined && allocation !== undefined ? { allocation } : {}),
      reservedFor: reserved ? reservedFor : [...reservedFor, consumer],
    };
    await claims.updateStatus({ ...current, status });
  }

  const workOf = (state: CycleState): Work | undefined => state.get(name) as Work | undefined;

  return {
    name,
    preFilter(pod, state) {
      if ((pod.pod.spec.resourceClaims?.length ?? 0) === 0) return { skip: true };
      const informer = informers.of(ResourceClaims);
      if (!connect()) return unresolvable(name, 'resource claims are not known yet');
      const { names, problem } = podClaimNames(pod.pod);
      if (problem !== undefined) return unresolvable(name, problem);
      const claims: ResourceClaim[] = [];
      for (const claimName of names) {
        const claim = informer.lister.get(claimName, pod.namespace);
        if (claim === undefined) return unresolvable(name, `resourceclaim.resource.k8s.io "${claimName}" not found`);
        if (claim.metadata.deletionTimestamp !== undefined) return unresolvable(name, `resourceclaim "${claimName}" is being deleted`);
        const others = (claim.status.reservedFor ?? []).filter((entry) => entry.uid !== pod.uid);
        if (others.length >= mostConsumers) return unschedulable(name, 'resourceclaim in use');
        claims.push(claim);
      }
      const classes = informers.of(DeviceClasses).lister;
      for (const request of claims.filter(isOpen).flatMap((claim) => claim.spec.devices?.requests ?? [])) {
        const wanted = request.exactly === undefined ? (request.firstAvailable ?? []) : [request.exactly];
        const missing = wanted.find(({ deviceClassName }) => classes.get(deviceClassName) === undefined);
        if (missing !== undefined)
          return unresolvable(name, `request ${request.name}: device class ${missing.deviceClassName} does not exist`);
      }
      const open = claims.filter(isOpen);
      const ready = claims.filter((claim) => !isOpen(claim));
      state.set(name, { ready, open, supply: open.length > 0 ? supply() : undefined, found: new Map() } satisfies Work);
      return {};
    },
    filter(_, { node, name: nodeName }: NodeInfo, state) {
      const work = workOf(state) as Work;
      if (node === undefined) return unresolvable(name, 'resourceclaim not available on the node');
      for (const claim of work.ready) {
        const selector = allocationOf(claim)?.nodeSelector;
        if (selector !== undefined && !matchesNodeSelector(selector, node))
          return unresolvable(name, 'resourceclaim not available on the node');
      }
      if (work.supply === undefined) return undefined;
      const found = search?.(work.open, node, work.supply);
      if (found === undefined) return unresolvable(name, 'cannot allocate all claims');
      work.found.set(nodeName, found);
      return undefined;
    },
    reserve(_, node, state) {
      for (const [uid, allocation] of workOf(state)?.found.get(node.name) ?? []) pending.set(uid, allocation);
      return undefined;
    },
    unreserve(_, node, state) {
      for (const uid of workOf(state)?.found.get(node.name)?.keys() ?? []) pending.delete(uid);
    },
    preBind({ pod }, node, state) {
      const work = workOf(state);
      if (work === undefined) return undefined;
      const found = work.found.get(node.name);
      const all = [...work.ready, ...work.open];
      return Promise.all(all.map((claim) => write(claim, allocationOf(claim) ?? found?.get(claim.metadata.uid ?? ''), pod))).then(
        () => undefined,
      );
    },
    hears: [
      'Node/add',
      'Node/update',
      'ResourceClaim/add',
      'ResourceClaim/update',
      'ResourceClaim/delete',
      'ResourceSlice/add',
      'ResourceSlice/update',
      'DeviceClass/add',
      'DeviceClass/update',
    ],
    helps: (_, event) => event.resource !== 'Node' || event.action === 'add' || event.changed?.has('labels') === true,
  };
}
