// The built-in provisioner: makes volumes out of directories of nodes when claims ask for them, lets them grow, and removes
// them with their claims. The directories are the agents' (`/local-volumes/NAME` of their API); decisions are in plan.ts.
// A directory is there before its volume is: what was made for a claim that goes in between is looked for on the nodes that were
// asked, and once in each life on every node that is asked, for what an earlier life could not finish.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { keyOf } from '#api/object.ts';
import { Nodes, PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import { objectOf } from '#client/body.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { selectedNode } from '../volumebinder/plan.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { countByNode, nodeOf, planGrowth, planProvision, planReclaim, planSweep, provisioner, volumeFor } from './plan.ts';

/** Starts the controller. */
export function startLocalPathProvisioner({ client, informers, world }: ControllerDeps): Component {
  const volumes = informers.of(PersistentVolumes);
  const claims = informers.of(PersistentVolumeClaims);
  const classes = informers.of(StorageClasses);
  const nodes = informers.of(Nodes);
  const recorder = createRecorder(client, world, { component: provisioner });

  /** Nodes that were asked for a claim's directory, by the key of the claim, until its volume is seen. */
  const asked = new Map<string, Set<string>>();
  /** Nodes that were looked at in this life. */
  const swept = new Set<string>();

  /** Asks an agent for a directory, to remove one, or which it has. */
  async function askNode<T>(method: 'PUT' | 'DELETE' | 'GET', node: string, { volume = '', query = '' } = {}): Promise<T> {
    const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/local-volumes${volume && `/${volume}`}`;
    return (await objectOf(await client.transport.send({ method, path, query }))) as T;
  }

  /** Notes it before the node is asked: whatever becomes of the call, there may be a directory. */
  function willAsk(key: string, node: string): void {
    asked.set(key, (asked.get(key) ?? new Set()).add(node));
    if (!swept.has(node)) handle.enqueue(`n/${node}`);
    swept.add(node);
  }

  /** The claim has its volume, or is gone: looks at the nodes that were asked in vain. */
  function askedNoMore(key: string, volumeOn?: string): void {
    for (const node of asked.get(key) ?? []) if (node !== volumeOn) handle.enqueue(`n/${node}`);
    asked.delete(key);
  }

  async function sweep(node: string): Promise<void> {
    if (nodes.lister.get(node) === undefined) return;
    const { names } = await askNode<{ names: readonly string[] }>('GET', node);
    const view = { node, names, claims: claims.lister.list(), volumeNamed: (name: string) => volumes.lister.get(name) };
    for (const volume of planSweep(view)) {
      world.log.info('a directory was made for a claim that has no use for it', { node, volume });
      await askNode('DELETE', node, { volume, query: 'empty=true' });
    }
  }

  async function syncClaim(key: string): Promise<void> {
    const claim = claims.lister.getByKey(key);
    if (claim === undefined) return askedNoMore(key);
    const found = classes.lister.get(claim.spec.storageClassName ?? '');
    const step = planProvision({ claim, class: found, nodes: nodes.lister.list(), volumesOn: countByNode(volumes.lister.list()) });
    const failed = (why: string): void =>
      recorder.event(
        claim,
        'Warning',
        'ProvisioningFailed',
        `failed to provision volume with StorageClass "${claim.spec.storageClassName}": ${why}`,
      );
    if (step.type === 'refuse') failed(step.message);
    else if (step.type === 'reselect') await reselect(claim, step.node);
    else if (step.type === 'make' && found !== undefined) {
      if (volumes.lister.get(step.name) !== undefined) return;
      recorder.event(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${key}"`);
      try {
        willAsk(key, step.node.metadata.name);
        const { path } = await askNode<{ path: string }>('PUT', step.node.metadata.name, { volume: step.name });
        await client.resource(PersistentVolumes).create(volumeFor(claim, found, { ...step, path }));
        recorder.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${step.name}`);
      } catch (error) {
        if (isAlreadyExists(error)) return;
        failed(messageOf(error));
        throw error;
      }
    } else await grow(claim);
  }

  async function reselect(claim: PersistentVolumeClaim, node: string): Promise<void> {
    world.log.info('the node chosen for a claim is gone', { claim: keyOf(claim), node });
    const { name, namespace = '', resourceVersion } = claim.metadata;
    const body = { metadata: { resourceVersion, annotations: { [selectedNode]: null } } };
    await client.resource(PersistentVolumeClaims).patch(name, body, { type: 'merge', namespace });
  }

  /** The volume first, then the claim: after a crash in between the claim still asks for it. */
  async function grow(claim: PersistentVolumeClaim): Promise<void> {
    const volume = volumes.lister.get(claim.spec.volumeName ?? '');
    const storage = planGrowth(claim, volume);
    if (storage === undefined || volume === undefined) return;
    const { name, namespace = '' } = claim.metadata;
    recorder.event(claim, 'Normal', 'Resizing', `External resizer is resizing volume ${volume.metadata.name}`);
    await client.resource(PersistentVolumes).patch(volume.metadata.name, { spec: { capacity: { storage } } }, { type: 'merge' });
    const status = { capacity: { storage }, allocatedResources: { storage }, allocatedResourceStatuses: null };
    await client.resource(PersistentVolumeClaims).patch(name, { status }, { type: 'merge', subresource: 'status', namespace });
    recorder.event(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
  }

  async function syncVolume(name: string): Promise<void> {
    const volume = volumes.lister.get(name);
    const node = volume && planReclaim(volume);
    if (volume === undefined || node === undefined) return;
    try {
      // With a node that is gone its directories are.
      if (nodes.lister.get(node) !== undefined) await askNode('DELETE', node, { volume: name });
      const { uid } = volume.metadata;
      await client.resource(PersistentVolumes).delete(name, { options: { preconditions: uid ? { uid } : {} } });
    } catch (error) {
      if (isNotFound(error) && volumes.lister.get(name) === undefined) return;
      recorder.event(volume, 'Warning', 'VolumeFailedDelete', messageOf(error));
      throw error;
    }
  }

  const syncs: Readonly<Record<string, (key: string) => Promise<void>>> = { c: syncClaim, v: syncVolume, n: sweep };
  const reconcile = async (key: string): Promise<void> => syncs[key[0] ?? '']?.(key.slice(2));
  const synced = allSynced(volumes, claims, classes, nodes);
  const handle = startController({ name: 'local-path-provisioner', world, workers: 2, synced, reconcile });
  const lookClaim = (claim: PersistentVolumeClaim): void => handle.enqueue(`c/${keyOf(claim)}`);
  const lookVolume = (volume: PersistentVolume): void => handle.enqueue(`v/${volume.metadata.name}`);
  const newVolume = (volume: PersistentVolume): void => {
    const { name = '', namespace = '' } = volume.spec.claimRef ?? {};
    const node = nodeOf(volume);
    if (node !== undefined) askedNoMore(`${namespace}/${name}`, node);
    lookVolume(volume);
  };
  const lookUnbound = (): void => {
    for (const claim of claims.lister.list()) if (!claim.spec.volumeName) lookClaim(claim);
  };
  return withCleanup(
    handle,
    claims.onChange({ added: lookClaim, updated: lookClaim, deleted: lookClaim }),
    volumes.onChange({ added: newVolume, updated: lookVolume }),
    classes.onChange({ added: lookUnbound }),
    nodes.onChange({ deleted: lookUnbound }),
    () => recorder[Symbol.asyncDispose](),
  );
}
