// Volumes on demand out of directories of nodes: what a claim, and a volume whose claim is gone, need next. Pure.
import type { Node } from '#api/core/v1/node.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Draft } from '#api/object.ts';
import { isConditionTrue } from '#api/podutil.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import { compareQuantity } from '#format/quantity.ts';
import { provisionedBy, selectedNode } from '../volumebinder/plan.ts';

/** Names us in storage classes. */
export const provisioner = 'tutti.dev/local-path';
/** The node whose directory a volume is. */
export const nodeAnnotation = 'tutti.dev/local-path-node';
const hostLabel = 'kubernetes.io/hostname';

export type ProvisionStep =
  /** Nothing to do, or not ours, or not yet. */
  | { readonly type: 'none' }
  /** The claim asks for what a directory cannot be. */
  | { readonly type: 'refuse'; readonly message: string }
  /** The chosen node is gone: the scheduler chooses again. */
  | { readonly type: 'reselect'; readonly node: string }
  | { readonly type: 'make'; readonly node: Node; readonly name: string };

export interface ClaimView {
  readonly claim: PersistentVolumeClaim;
  readonly class: StorageClass | undefined;
  readonly nodes: readonly Node[];
  /** Volumes of ours on each node. */
  readonly volumesOn: ReadonlyMap<string, number>;
}

/** What is missing for a claim's volume. */
export function planProvision({ claim, class: found, nodes, volumesOn }: ClaimView): ProvisionStep {
  const none = { type: 'none' } as const;
  const { metadata, spec, status } = claim;
  if (found?.provisioner !== provisioner || spec.volumeName || metadata.deletionTimestamp !== undefined) return none;
  if (status.phase === 'Bound' || spec.selector !== undefined) return none;
  const chosen = metadata.annotations?.[selectedNode];
  if (chosen === undefined && found.volumeBindingMode === 'WaitForFirstConsumer') return none;
  if (spec.volumeMode === 'Block') return { type: 'refuse', message: 'a directory is no block device' };
  const shared = spec.accessModes?.find((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
  if (shared !== undefined) return { type: 'refuse', message: `a directory of one node cannot be ${shared}` };
  const node = chosen === undefined ? leastUsed(nodes, volumesOn) : nodes.find((one) => one.metadata.name === chosen);
  if (node === undefined) return chosen === undefined ? none : { type: 'reselect', node: chosen };
  return { type: 'make', node, name: nameFor(claim) };
}

/** Where no pod decides: the ready node with the fewest volumes of ours. */
function leastUsed(nodes: readonly Node[], volumesOn: ReadonlyMap<string, number>): Node | undefined {
  const ready = nodes.filter(({ spec, status }) => spec.unschedulable !== true && isConditionTrue(status.conditions, 'Ready'));
  const used = (node: Node): number => volumesOn.get(node.metadata.name) ?? 0;
  return ready.toSorted((a, b) => used(a) - used(b) || (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}

/** The volume of a claim: a directory that only pods on its node can have. */
export function volumeFor(
  claim: PersistentVolumeClaim,
  found: StorageClass,
  place: { readonly node: Node; readonly name: string; readonly path: string },
): Draft<PersistentVolume> {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const { node, path } = place;
  const host = node.metadata.labels?.[hostLabel] ?? node.metadata.name;
  return {
    metadata: { name: place.name, annotations: { [provisionedBy]: provisioner, [nodeAnnotation]: node.metadata.name } },
    spec: {
      accessModes: claim.spec.accessModes ?? ['ReadWriteOnce'],
      capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion },
      persistentVolumeReclaimPolicy: found.reclaimPolicy ?? 'Delete',
      storageClassName: found.metadata.name,
      volumeMode: 'Filesystem',
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostLabel, operator: 'In', values: [host] }] }] } },
    },
  } as Draft<PersistentVolume>;
}

const isOurs = (volume: PersistentVolume): boolean => volume.metadata.annotations?.[provisionedBy] === provisioner;

/** The node whose directory a volume is; undefined: it is none of ours. */
export const nodeOf = (volume: PersistentVolume): string | undefined =>
  isOurs(volume) ? volume.metadata.annotations?.[nodeAnnotation] : undefined;

/** The node on which a volume's directory must be removed before the volume is; undefined: it stays. */
export function planReclaim(volume: PersistentVolume): string | undefined {
  const released = volume.status.phase === 'Released' || volume.status.phase === 'Failed';
  if (!released || volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return undefined;
  return volume.metadata.deletionTimestamp === undefined ? nodeOf(volume) : undefined;
}

/** The name of a claim's volume and of its directory. */
const nameFor = (claim: PersistentVolumeClaim): string => `pvc-${claim.metadata.uid}`;

export interface NodeView {
  readonly node: string;
  /** Directories that it has. */
  readonly names: readonly string[];
  readonly claims: readonly PersistentVolumeClaim[];
  volumeNamed(name: string): PersistentVolume | undefined;
}

/** The directories that no volume has become of, nor will: their claim went before, or got its volume on another node. */
export function planSweep({ node, names, claims, volumeNamed }: NodeView): readonly string[] {
  const awaited = new Set(claims.map(nameFor));
  return names.filter((name) => {
    const volume = volumeNamed(name);
    return volume ? nodeOf(volume) !== undefined && nodeOf(volume) !== node : !awaited.has(name);
  });
}

/** The size to which a volume of ours has to grow. A directory has no size: growing is a matter of books. */
export function planGrowth(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): string | undefined {
  const wanted = claim.spec.resources?.requests?.['storage'];
  const has = claim.status.capacity?.['storage'];
  if (volume === undefined || !isOurs(volume) || wanted === undefined || has === undefined) return undefined;
  if (claim.status.phase !== 'Bound' || volume.spec.claimRef?.uid !== claim.metadata.uid) return undefined;
  return compareQuantity(wanted, has) > 0 ? wanted : undefined;
}

/** Volumes of ours by node. */
export function countByNode(volumes: readonly PersistentVolume[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const volume of volumes.filter(isOurs)) {
    const node = volume.metadata.annotations?.[nodeAnnotation] ?? '';
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}
