// What becomes of claims and volumes: who is bound to whom, and what happens to a volume whose claim is gone. Pure.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import { bestMatch, classOf, isFor, mismatch } from './match.ts';

export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const selectedNode = 'volume.kubernetes.io/selected-node';
export const provisionerAnnotations = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner'];
/** Names a class whose volumes are made by hand. */
const noProvisioner = 'kubernetes.io/no-provisioner';

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export type ClaimAction =
  | { readonly type: 'bind'; readonly volume: PersistentVolume }
  | {
      readonly type: 'wait';
      readonly event?: Told /** Tells an external provisioner that the claim is its task. */;
      readonly provisioner?: string;
    }
  | { readonly type: 'lost'; readonly event: Told }
  /** The claim gets the default class, which appeared after it. */
  | { readonly type: 'class'; readonly name: string };

export interface ClaimView {
  readonly claim: PersistentVolumeClaim;
  readonly volumes: readonly PersistentVolume[];
  volume(name: string): PersistentVolume | undefined;
  class(name: string): StorageClass | undefined;
  readonly defaultClass: StorageClass | undefined;
}

const lost = (reason: string, message: string): ClaimAction => ({ type: 'lost', event: { type: 'Warning', reason, message } });
const normal = (reason: string, message: string): Told => ({ type: 'Normal', reason, message });

function planBound({ claim, volume: find }: ClaimView): ClaimAction {
  const name = claim.spec.volumeName;
  if (!name) return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  const volume = find(name);
  if (volume === undefined) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (volume.spec.claimRef === undefined || isFor(volume, claim)) return { type: 'bind', volume };
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

function planNamed({ claim, volume: find }: ClaimView, name: string): ClaimAction {
  const volume = find(name);
  if (volume === undefined) return { type: 'wait' };
  if (volume.spec.claimRef === undefined) {
    const problem = mismatch(volume, claim);
    if (problem === undefined) return { type: 'bind', volume };
    const message = `Cannot bind to requested volume "${name}": ${problem}`;
    return { type: 'wait', event: { type: 'Warning', reason: 'VolumeMismatch', message } };
  }
  if (isFor(volume, claim)) return { type: 'bind', volume };
  const { namespace, name: other } = volume.spec.claimRef;
  const message = `volume "${name}" already bound to a different claim. (${namespace}/${other})`;
  return { type: 'wait', event: { type: 'Warning', reason: 'FailedBinding', message } };
}

/** What happens to a claim now. */
export function planClaim(view: ClaimView): ClaimAction {
  const { claim, volumes } = view;
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return planBound(view);
  if (claim.spec.volumeName) return planNamed(view, claim.spec.volumeName);
  const className = classOf(claim);
  if (claim.spec.storageClassName === undefined && className === '' && view.defaultClass !== undefined)
    return { type: 'class', name: view.defaultClass.metadata.name };
  const found = className === '' ? undefined : view.class(className);
  const delayed = found?.volumeBindingMode === 'WaitForFirstConsumer' && claim.metadata.annotations?.[selectedNode] === undefined;
  const volume = bestMatch(claim, volumes, delayed);
  if (volume !== undefined) return { type: 'bind', volume };
  if (delayed) return { type: 'wait', event: normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding') };
  if (className === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return { type: 'wait', event: normal('FailedBinding', message) };
  }
  if (found === undefined) {
    const message = `storageclass.storage.k8s.io "${className}" not found`;
    return { type: 'wait', event: { type: 'Warning', reason: 'ProvisioningFailed', message } };
  }
  if (found.provisioner === noProvisioner) return { type: 'wait' };
  const message = `Waiting for a volume to be created either by the external provisioner '${found.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return { type: 'wait', event: normal('ExternalProvisioning', message), provisioner: found.provisioner };
}

/** The claim reference of a volume, as the server knows it now: the claim, or that it is not there. */
export type ClaimState = PersistentVolumeClaim | 'gone';

export type VolumePhase = 'Available' | 'Bound' | 'Released' | 'Failed' | 'Pending';

/** The phase that a volume should have; `unbind`: its claim has another volume; undefined: its claim decides. */
export function planVolume(volume: PersistentVolume, claim: ClaimState | undefined): VolumePhase | 'unbind' | undefined {
  const ref = volume.spec.claimRef;
  if (ref === undefined || !ref.uid) return 'Available';
  if (claim === undefined) return undefined;
  if (claim === 'gone' || claim.metadata.uid !== ref.uid) return volume.status.phase === 'Failed' ? 'Failed' : 'Released';
  if (!claim.spec.volumeName) return undefined;
  if (claim.spec.volumeName === volume.metadata.name) return 'Bound';
  // One that was made for the claim is of no use to anybody else.
  const made = volume.metadata.annotations?.[provisionedBy] !== undefined && volume.spec.persistentVolumeReclaimPolicy === 'Delete';
  return made ? (volume.status.phase === 'Failed' ? 'Failed' : 'Released') : 'unbind';
}

/** The volume as it was before it was meant for its claim: free, or reserved by name if that was somebody's wish. */
export function unbound(volume: PersistentVolume): PersistentVolume {
  const { [boundByController]: ours, ...annotations } = volume.metadata.annotations ?? {};
  const { claimRef, ...spec } = volume.spec;
  const { uid: _, ...wish } = claimRef ?? {};
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec: ours === undefined ? { ...spec, claimRef: wish } : spec };
}
