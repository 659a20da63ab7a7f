// VolumeBinding: bound volumes must be reachable from the node; unbound claims get a volume that is, or one that is made there.
import type { World } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { keyOf } from '#api/object.ts';
import { PersistentVolumeClaims, PersistentVolumes } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { type CycleState, type Plugin, type Rejection, unresolvable } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import { claimProblem, isBound, selectedNodeAnnotation, waitsForConsumer } from '../volumes/claims.ts';
import { findVolume, provisionable, reachable } from '../volumes/match.ts';
import type { Storage } from '../volumes/storage.ts';

const name = 'VolumeBinding';
const reasonUnbound = 'pod has unbound immediate PersistentVolumeClaims';
const reasonNoVolume = "node(s) didn't find available persistent volumes to bind";
const reasonNode = "node(s) didn't match PersistentVolume's node affinity";
const reasonFull = 'node(s) did not have enough free storage';
const reasonLost = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

/** What must be done for a pod's claims on a node. */
export interface VolumePlan {
  readonly bind: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly provision: readonly PersistentVolumeClaim[];
}

interface Claims {
  readonly bound: readonly PersistentVolumeClaim[];
  readonly open: readonly PersistentVolumeClaim[];
  readonly plans: Map<string, VolumePlan>;
}

/** Decisions that the API does not show yet: volume → claim, claim → node. */
class Assumed {
  readonly volumes = new Map<string, string>();
  readonly claims = new Map<string, string>();
}

function checkBound(claims: readonly PersistentVolumeClaim[], node: NodeInfo, storage: Storage): Rejection | undefined {
  for (const claim of claims) {
    const volume = storage.volume(claim.spec.volumeName ?? '');
    if (volume === undefined) return unresolvable(name, reasonLost);
    if (node.node === undefined || !reachable(volume, node.node)) return unresolvable(name, reasonNode);
  }
  return undefined;
}

function planFor(
  open: readonly PersistentVolumeClaim[],
  node: NodeInfo,
  { storage, assumed }: { storage: Storage; assumed: Assumed },
): VolumePlan | Rejection {
  const bind: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provision: PersistentVolumeClaim[] = [];
  const chosen = new Set<string>();
  if (node.node === undefined) return unresolvable(name, reasonNoVolume);
  for (const claim of open) {
    const selected = assumed.claims.get(keyOf(claim)) ?? claim.metadata.annotations?.[selectedNodeAnnotation];
    if (selected !== undefined) {
      // A volume is being made for that node.
      if (selected !== node.name) return unresolvable(name, reasonNoVolume);
      provision.push(claim);
      continue;
    }
    const taken = ({ metadata }: PersistentVolume): boolean => chosen.has(metadata.name) || assumed.volumes.has(metadata.name);
    const volume = findVolume(claim, node.node, { volumes: storage.volumes(), taken });
    if (volume !== undefined) {
      chosen.add(volume.metadata.name);
      bind.push({ claim, volume });
      continue;
    }
    const possible = provisionable(claim, node.node, storage);
    if (possible === 'no') return unresolvable(name, reasonNoVolume);
    if (possible === 'full') return unresolvable(name, reasonFull);
    provision.push(claim);
  }
  return { bind, provision };
}

export interface VolumeBindingDeps {
  readonly storage: Storage;
  readonly client: Client;
  readonly informers: Informers;
  readonly world: Pick<World, 'clock'>;
}

/**
 * Writes the decisions and waits until the claims are bound. Rejects when that takes too long, and when a claim was given another
 * volume, which the node does not reach: somebody else has decided about it before.
 */
async function carryOut(plan: VolumePlan, node: Node, deps: VolumeBindingDeps & { timeout: number }): Promise<void> {
  const { client, informers, world, storage, timeout } = deps;
  const nodeName = node.metadata.name;
  for (const { claim, volume } of plan.bind) {
    const { metadata } = claim;
    const claimRef = {
      kind: 'PersistentVolumeClaim',
      apiVersion: 'v1',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
    };
    const annotations = { 'pv.kubernetes.io/bound-by-controller': 'yes' };
    const body = { metadata: { annotations, resourceVersion: volume.metadata.resourceVersion }, spec: { claimRef } };
    await client.resource(PersistentVolumes).patch(volume.metadata.name, body, { type: 'merge' });
  }
  for (const claim of plan.provision) {
    if (claim.metadata.annotations?.[selectedNodeAnnotation] === nodeName) continue;
    const body = { metadata: { annotations: { [selectedNodeAnnotation]: nodeName } } };
    const { name: claimName, namespace = '' } = claim.metadata;
    await client.resource(PersistentVolumeClaims).patch(claimName, body, { type: 'merge', namespace });
  }
  const keys = [...plan.bind.map(({ claim }) => keyOf(claim)), ...plan.provision.map(keyOf)];
  const volumeOf = (key: string): PersistentVolume | undefined => {
    const claim = storage.claim(key);
    return claim !== undefined && isBound(claim) ? storage.volume(claim.spec.volumeName ?? '') : undefined;
  };
  const left = (): string[] => keys.filter((key) => volumeOf(key) === undefined);
  const done = Promise.withResolvers<void>();
  const timer = world.clock.after(timeout, () =>
    done.reject(new Error(`binding volumes: timed out waiting for the condition: ${left().join(', ')}`)),
  );
  const check = (): void => {
    const astray = keys.map(volumeOf).find((volume) => volume !== undefined && !reachable(volume, node));
    if (astray !== undefined) done.reject(new Error(`pv "${astray.metadata.name}" node affinity doesn't match node "${nodeName}"`));
    else if (left().length === 0) done.resolve();
  };
  const stopVolumes = informers.of(PersistentVolumes).onChange({ added: check, updated: check });
  const stopClaims = informers.of(PersistentVolumeClaims).onChange({
    updated: (claim, previous) => {
      // Whoever makes volumes takes the node off when it cannot make one there.
      const gaveUp =
        previous.metadata.annotations?.[selectedNodeAnnotation] === nodeName &&
        claim.metadata.annotations?.[selectedNodeAnnotation] === undefined;
      if (gaveUp && keys.includes(keyOf(claim))) done.reject(new Error(`provisioning failed for PVC "${claim.metadata.name}"`));
      else check();
    },
    deleted: (claim) => {
      if (keys.includes(keyOf(claim))) done.reject(new Error(`persistentvolumeclaim "${claim.metadata.name}" not found`));
    },
  });
  try {
    check();
    await done.promise;
  } finally {
    stopVolumes();
    stopClaims();
    timer.cancel();
  }
}

/** `timeout`: milliseconds that binding may take; default ten minutes. */
export function volumeBinding(deps: VolumeBindingDeps, timeout = 600_000): Plugin {
  const { storage } = deps;
  const assumed = new Assumed();
  const planOf = (state: CycleState, node: NodeInfo): VolumePlan | undefined =>
    (state.get(name) as Claims | undefined)?.plans.get(node.name);
  return {
    name,
    preFilter(pod, state) {
      if (pod.claims.length === 0) return { skip: true };
      const claims: PersistentVolumeClaim[] = [];
      for (const ref of pod.claims) {
        const problem = claimProblem(pod.pod, ref, storage);
        if (problem !== undefined) return unresolvable(name, problem);
        claims.push(storage.claim(ref.key) as PersistentVolumeClaim);
      }
      const bound = claims.filter(isBound);
      const open = claims.filter((claim) => !isBound(claim));
      // A volume was chosen for it, or its class does not wait: the controller binds it whatever the pod does.
      const immediate = open.some((claim) => (claim.spec.volumeName ?? '') !== '' || !waitsForConsumer(claim, storage));
      if (immediate) return unresolvable(name, reasonUnbound);
      state.set(name, { bound, open, plans: new Map() } satisfies Claims);
      return {};
    },
    filter(_, node, state) {
      const { bound, open, plans } = state.get(name) as Claims;
      const rejection = checkBound(bound, node, storage);
      if (rejection !== undefined || open.length === 0) return rejection;
      const plan = planFor(open, node, { storage, assumed });
      if ('code' in plan) return plan;
      plans.set(node.name, plan);
      return undefined;
    },
    reserve(_, node, state) {
      const plan = planOf(state, node);
      for (const { claim, volume } of plan?.bind ?? []) assumed.volumes.set(volume.metadata.name, keyOf(claim));
      for (const claim of plan?.provision ?? []) assumed.claims.set(keyOf(claim), node.name);
      return undefined;
    },
    unreserve(_, node, state) {
      const plan = planOf(state, node);
      for (const { volume } of plan?.bind ?? []) assumed.volumes.delete(volume.metadata.name);
      for (const claim of plan?.provision ?? []) assumed.claims.delete(keyOf(claim));
    },
    preBind(_, node, state) {
      const plan = planOf(state, node);
      if (node.node === undefined || plan === undefined || plan.bind.length + plan.provision.length === 0) return undefined;
      return carryOut(plan, node.node, { ...deps, timeout }).then(() => {
        for (const { volume } of plan.bind) assumed.volumes.delete(volume.metadata.name);
        for (const claim of plan.provision) assumed.claims.delete(keyOf(claim));
      });
    },
    hears: [
      'Node/add',
      'Node/update',
      'PersistentVolumeClaim/add',
      'PersistentVolumeClaim/update',
      'PersistentVolume/add',
      'PersistentVolume/update',
      'StorageClass/add',
      'StorageClass/update',
      'CSIDriver/update',
      'CSIStorageCapacity/add',
      'CSIStorageCapacity/update',
    ],
    helps(pod, event) {
      if (event.resource === 'Node') return event.action === 'add' || event.changed?.has('labels') === true;
      return event.resource !== 'PersistentVolumeClaim' || pod.claims.some((claim) => claim.key === event.key);
    },
  };
}
