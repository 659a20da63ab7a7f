// Claims and volumes: each belongs to one other for ever, and pods go where their volumes are.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { PersistentVolumeClaims, PersistentVolumes, Pods } from '#api/refs.ts';
import { nodeAnnotation } from '#controllers/localpath/plan.ts';
import type { Cluster } from '../cluster.ts';

/** The volume's own directory, if it is one that was made on demand. */
function directoryOf(volume: PersistentVolume): { readonly node: string; readonly path: string } | undefined {
  const node = volume.metadata.annotations?.[nodeAnnotation];
  return node === undefined ? undefined : { node, path: volume.spec.local?.path ?? '' };
}

/** A volume that was made for a claim, and what is on it, are there for as long as the claim. */
function volumesLast(cluster: Cluster): void {
  const { truth } = cluster;
  const lives = (volume: PersistentVolume): boolean =>
    (truth.byUid(volume.spec.claimRef?.uid) as PersistentVolumeClaim | undefined)?.spec.volumeName === volume.metadata.name;
  truth.on(PersistentVolumes, (next, previous) => {
    if (next === undefined && previous !== undefined && lives(previous))
      cluster.violated('volumes last', `${previous.metadata.name} is gone, its claim ${previous.spec.claimRef?.name} is not`);
  });
  cluster.onStep.add(() => {
    if (!cluster.server.up) return;
    for (const volume of truth.list(PersistentVolumes)) {
      const directory = directoryOf(volume);
      if (directory === undefined || cluster.machines.find(({ name }) => name === directory.node)?.has(directory.path) === true) continue;
      if (lives(volume)) cluster.violated('volumes last', `${directory.path} is gone from ${directory.node}, its claim is not`);
    }
  });
}

/** Watches what claims and volumes say of each other, and where pods with claims are placed. */
export function volumeRules(cluster: Cluster): void {
  const { truth } = cluster;
  volumesLast(cluster);
  truth.on(PersistentVolumeClaims, (next, previous) => {
    const volume = next?.spec.volumeName;
    if (next === undefined || !volume) return;
    const before = previous?.spec.volumeName;
    if (before && before !== volume) cluster.violated('claims keep their volume', `${keyOf(next)} went from ${before} to ${volume}`);
    const other = truth.list(PersistentVolumeClaims).find((claim) => claim !== next && claim.spec.volumeName === volume);
    if (other !== undefined) cluster.violated('a volume has one claim', `${keyOf(next)} and ${keyOf(other)} have ${volume}`);
  });
  truth.on(PersistentVolumes, (next, previous) => {
    const [now, before] = [next?.spec.claimRef?.uid, previous?.spec.claimRef?.uid];
    if (now !== undefined && before !== undefined && now !== before)
      cluster.violated('volumes keep their claim', `${next?.metadata.name} went from ${before} to ${now}`);
  });
  const placed: Pod[] = [];
  truth.on(Pods, (next, previous) => {
    if (next?.spec.nodeName && !previous?.spec.nodeName) placed.push(next);
  });
  cluster.onStep.add(() => {
    for (const pod of placed.splice(0)) {
      for (const { persistentVolumeClaim } of pod.spec.volumes ?? []) {
        const claim = truth.get(PersistentVolumeClaims, persistentVolumeClaim?.claimName ?? '', pod.metadata.namespace);
        if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) continue;
        const volume = truth.get(PersistentVolumes, claim.spec.volumeName ?? '');
        const hosts = volume?.spec.nodeAffinity?.required?.nodeSelectorTerms?.[0]?.matchExpressions?.[0]?.values ?? [];
        if (!hosts.includes(pod.spec.nodeName ?? ''))
          cluster.violated('pods go to their volumes', `${keyOf(pod)} is on ${pod.spec.nodeName}, its volume on ${hosts.join()}`);
      }
    }
  });
}
