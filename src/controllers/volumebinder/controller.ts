// Binds claims to volumes, and tells what became of volumes whose claims are gone. Decisions are in plan.ts.
import type { Component } from '#base/world.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { keyOf } from '#api/object.ts';
import { PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder, referenceTo } from '#client/events.ts';
import { Overlay } from '#client/overlay.ts';
import { semanticEqual } from '../equal.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { classOf } from './match.ts';
import {
  bindCompleted,
  boundByController,
  type ClaimAction,
  type ClaimState,
  planClaim,
  planVolume,
  provisionerAnnotations,
  type Told,
  unbound,
} from './plan.ts';

const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class';
const byClass = 'class';
const byClaim = 'claim';

/** Starts the controller. */
export function startVolumeBinder(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const volumes = informers.of(PersistentVolumes);
  const claims = informers.of(PersistentVolumeClaims);
  const classes = informers.of(StorageClasses);
  volumes.addIndex(byClass, (volume) => [classOf(volume)]);
  volumes.addIndex(byClaim, ({ spec: { claimRef } }) => (claimRef?.name ? [`${claimRef.namespace}/${claimRef.name}`] : []));
  const volumeClient = client.resource(PersistentVolumes);
  const claimClient = client.resource(PersistentVolumeClaims);
  const recorder = createRecorder(client, world, { component: 'persistentvolume-controller' });
  const newestVolumes = new Overlay(volumes);
  const newestClaims = new Overlay(claims);

  function defaultClass() {
    const marked = classes.lister.list().filter(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true');
    const created = ({ metadata }: (typeof marked)[number]): string => metadata.creationTimestamp ?? '';
    return marked.toSorted((a, b) =>
      created(a) === created(b) ? (a.metadata.name < b.metadata.name ? -1 : 1) : created(a) < created(b) ? 1 : -1,
    )[0];
  }

  const tell = (claim: PersistentVolumeClaim, event: Told | undefined): void => {
    if (event !== undefined) recorder.event(claim, event.type, event.reason, event.message);
  };

  async function updateVolume(volume: PersistentVolume): Promise<PersistentVolume> {
    const next = await volumeClient.update(volume);
    newestVolumes.wrote(next);
    return next;
  }

  async function setPhase(volume: PersistentVolume, phase: NonNullable<PersistentVolume['status']['phase']>): Promise<PersistentVolume> {
    if (volume.status.phase === phase) return volume;
    const next = await volumeClient.updateStatus({ ...volume, status: { ...volume.status, phase } });
    newestVolumes.wrote(next);
    return next;
  }

  async function setClaimStatus(claim: PersistentVolumeClaim, status: PersistentVolumeClaim['status']): Promise<PersistentVolumeClaim> {
    if (semanticEqual(claim.status, status)) return claim;
    const next = await claimClient.updateStatus({ ...claim, status });
    newestClaims.wrote(next);
    return next;
  }

  /** Volume first, then claim: after a crash in between the volume still says for whom it is. */
  async function bind(claim: PersistentVolumeClaim, given: PersistentVolume): Promise<void> {
    let volume = given;
    const ref = volume.spec.claimRef;
    if (ref?.uid !== claim.metadata.uid) {
      const annotations: Record<string, string> = ref === undefined ? { [boundByController]: 'yes' } : {};
      const claimRef = referenceTo({ ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
      volume = await updateVolume({
        ...volume,
        metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...annotations } },
        spec: { ...volume.spec, claimRef },
      });
    }
    volume = await setPhase(volume, 'Bound');
    let current = claim;
    if (current.spec.volumeName !== volume.metadata.name || current.metadata.annotations?.[bindCompleted] === undefined) {
      const ours: Record<string, string> = current.spec.volumeName ? {} : { [boundByController]: 'yes' };
      current = await claimClient.update({
        ...current,
        metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...ours, [bindCompleted]: 'yes' } },
        spec: { ...current.spec, volumeName: volume.metadata.name },
      });
      newestClaims.wrote(current);
    }
    // A volume that has grown tells so itself; the claim follows when its file system has grown too.
    const { accessModes, capacity } = volume.spec;
    const known = current.status.phase === 'Bound' ? current.status.capacity : undefined;
    await setClaimStatus(current, {
      ...current.status,
      phase: 'Bound',
      ...(accessModes ? { accessModes } : {}),
      ...((known ?? capacity) ? { capacity: known ?? capacity } : {}),
    });
  }

  async function act(claim: PersistentVolumeClaim, action: ClaimAction): Promise<void> {
    switch (action.type) {
      case 'bind':
        return bind(claim, action.volume);
      case 'class':
        newestClaims.wrote(await claimClient.update({ ...claim, spec: { ...claim.spec, storageClassName: action.name } }));
        return;
      case 'lost':
        if (claim.status.phase !== 'Lost') tell(claim, action.event);
        await setClaimStatus(claim, { phase: 'Lost' });
        return;
      case 'wait': {
        let current = claim;
        const { provisioner } = action;
        if (provisioner !== undefined && provisionerAnnotations.some((name) => claim.metadata.annotations?.[name] !== provisioner)) {
          const wanted = Object.fromEntries(provisionerAnnotations.map((name) => [name, provisioner]));
          current = await claimClient.update({
            ...claim,
            metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...wanted } },
          });
          newestClaims.wrote(current);
        }
        tell(current, action.event);
        await setClaimStatus(current, { ...current.status, phase: 'Pending' });
      }
    }
  }

  async function syncClaim(key: string): Promise<void> {
    const claim = newestClaims.get(key);
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return;
    const isCandidate = (volume: PersistentVolume): boolean => classOf(volume) === classOf(claim);
    const action = planClaim({
      claim,
      volumes: newestVolumes.merge(volumes.lister.byIndex(byClass, classOf(claim)), isCandidate),
      volume: (name) => newestVolumes.get(name),
      class: (name) => classes.lister.get(name),
      defaultClass: defaultClass(),
    });
    await act(claim, action);
  }

  /** The claim that a volume names: from the cache, or, when it is not there, by the server's word. */
  async function claimOf(volume: PersistentVolume): Promise<ClaimState | undefined> {
    const { name = '', namespace = '', uid } = volume.spec.claimRef ?? {};
    if (!uid) return undefined;
    const cached = newestClaims.get(`${namespace}/${name}`);
    if (cached?.metadata.uid === uid) return cached;
    try {
      return await claimClient.get(name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return 'gone';
      throw error;
    }
  }

  async function syncVolume(name: string): Promise<void> {
    const volume = newestVolumes.get(name);
    if (volume === undefined) return;
    const phase = planVolume(volume, await claimOf(volume));
    if (phase === 'unbind') {
      wake(await setPhase(await updateVolume(unbound(volume)), 'Available'));
      return;
    }
    if (phase !== undefined) await setPhase(volume, phase);
    if (phase === 'Available') wake(volume);
  }

  async function reconcile(key: string): Promise<void> {
    const [kind, rest] = [key.slice(0, 1), key.slice(2)];
    await (kind === 'c' ? syncClaim(rest) : syncVolume(rest));
  }

  // One at a time: two claims must not choose the same volume.
  const handle = startController({ name: 'persistentvolume', world, workers: 1, synced: allSynced(volumes, claims, classes), reconcile });
  const lookClaim = (claim: PersistentVolumeClaim): void => handle.enqueue(`c/${keyOf(claim)}`);
  const lookVolume = (volume: PersistentVolume): void => {
    handle.enqueue(`v/${volume.metadata.name}`);
    const ref = volume.spec.claimRef;
    if (ref?.name && ref.namespace) handle.enqueue(`c/${ref.namespace}/${ref.name}`);
  };
  /** A free volume may be what unbound claims of its class wait for. */
  function wake(volume: PersistentVolume): void {
    for (const claim of claims.lister.list()) if (!claim.spec.volumeName && classOf(claim) === classOf(volume)) lookClaim(claim);
  }
  const lookUnbound = (): void => {
    for (const claim of claims.lister.list()) if (!claim.spec.volumeName) lookClaim(claim);
  };

  return withCleanup(
    handle,
    claims.onChange({
      added: lookClaim,
      updated: lookClaim,
      deleted: (claim) => {
        if (claim.spec.volumeName) handle.enqueue(`v/${claim.spec.volumeName}`);
        // Those that are for it, whether it had come to know of them or not.
        for (const { metadata } of volumes.lister.byIndex(byClaim, keyOf(claim))) handle.enqueue(`v/${metadata.name}`);
      },
    }),
    volumes.onChange({
      added: lookVolume,
      updated: lookVolume,
      deleted: (volume) => {
        const ref = volume.spec.claimRef;
        if (ref?.name && ref.namespace) handle.enqueue(`c/${ref.namespace}/${ref.name}`);
      },
    }),
    classes.onChange({ added: lookUnbound, updated: lookUnbound }),
    () => newestVolumes.stop(),
    () => newestClaims.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}
