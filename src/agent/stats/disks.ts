// What pods and the node have on disk. Looked at when somebody asks, and then not again for a minute: counting files is dear.
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { claimNameOf } from '../volumes/claims.ts';
import { podLogDir } from '../options.ts';
import type { PodVolumes, VolumeUsage } from '../parts.ts';
import type { Runtime } from '../runtime.ts';
import type { PodWorker } from '../sync/worker.ts';
import { type DiskUse, diskUse } from './du.ts';

export interface FsStats {
  readonly time: string;
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes?: number;
  readonly inodesFree?: number;
  readonly inodes?: number;
  readonly inodesUsed?: number;
}

export interface PodDisks {
  readonly volume: readonly (FsStats & {
    readonly name: string;
    readonly pvcRef?: { readonly name: string; readonly namespace: string };
  })[];
  readonly ephemeral: FsStats;
  /** By container name. */
  readonly containers: ReadonlyMap<string, { readonly rootfs: FsStats; readonly logs: FsStats }>;
}

export interface DiskDeps {
  readonly world: Pick<World, 'clock' | 'exec' | 'fs'>;
  readonly runtime: Pick<Runtime, 'imageFsInfo' | 'writableBytes'>;
  readonly volumes: Pick<PodVolumes, 'usage'>;
  readonly dataDir: string;
  readonly workers: () => readonly PodWorker[];
}

/** Kubelet's `volumeStatsAggPeriod`. */
const keep = 60_000;

export class DiskStats {
  readonly #deps: DiskDeps;
  readonly #kept = new Map<string, { readonly at: number; readonly disks: Promise<PodDisks> }>();

  constructor(deps: DiskDeps) {
    this.#deps = deps;
  }

  async #fileSystem(): Promise<FsStats> {
    const { world, dataDir } = this.#deps;
    const { capacity, available, inodes, inodesFree } = await world.fs.usage(dataDir);
    return {
      time: rfc3339(world.clock.now()),
      availableBytes: available,
      capacityBytes: capacity,
      usedBytes: capacity - available,
      inodesFree,
      inodes,
      inodesUsed: inodes - inodesFree,
    };
  }

  /** The file system of the node, and what images have of it. */
  async node(): Promise<{ fs: FsStats; imageFs: FsStats }> {
    const [fs, images] = await Promise.all([this.#fileSystem(), this.#deps.runtime.imageFsInfo().catch(() => [])]);
    const used = images.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
    const inodesUsed = images.reduce((sum, image) => sum + image.inodesUsed, 0);
    return { fs, imageFs: { ...fs, usedBytes: used, inodesUsed } };
  }

  /** What a pod has on disk; undefined when the agent does not know it. */
  async pod(uid: string): Promise<PodDisks | undefined> {
    const now = this.#deps.world.clock.monotonic();
    for (const [known, { at }] of this.#kept) if (now - at >= keep) this.#kept.delete(known);
    const kept = this.#kept.get(uid);
    if (kept) return kept.disks;
    const worker = this.#deps.workers().find(({ id }) => id.uid === uid);
    if (!worker?.pod) return undefined;
    const disks = this.#measure(worker, worker.pod);
    this.#kept.set(uid, { at: now, disks });
    disks.catch(() => this.#kept.delete(uid));
    return disks;
  }

  async #measure(worker: PodWorker, pod: Pod): Promise<PodDisks> {
    const { world, dataDir, runtime, volumes } = this.#deps;
    const { name, namespace = '', uid = '' } = pod.metadata;
    const logDir = podLogDir(dataDir, { name, namespace, uid });
    const newest = new Map(worker.state.containers.toReversed().map((container) => [container.name, container.id]));
    const [fs, usages, logs] = await Promise.all([
      this.#fileSystem(),
      volumes.usage(pod),
      diskUse(
        world,
        [...newest.keys()].map((container) => `${logDir}/${container}`),
      ),
    ]);
    const { availableBytes = 0, capacityBytes = 0, inodesFree = 0, inodes = 0, time } = fs;
    const part = (use: DiskUse | undefined): FsStats => ({ ...fs, usedBytes: use?.bytes ?? 0, inodesUsed: use?.inodes ?? 0 });
    const containers = new Map<string, { rootfs: FsStats; logs: FsStats }>();
    for (const [container, id] of newest) {
      const rootfs = { time, availableBytes, capacityBytes, usedBytes: await runtime.writableBytes(id).catch(() => 0), inodesFree, inodes };
      containers.set(container, { rootfs, logs: part(logs.get(`${logDir}/${container}`)) });
    }
    const volume = usages.map((usage) => ({ time, ...fsOf(usage), name: usage.name, ...claimRef(pod, usage.name) }));
    const own = [...containers.values()].flatMap(({ rootfs, logs: log }) => [rootfs, log]);
    const local = usages.filter(({ onNodeDisk }) => onNodeDisk).map(fsOf);
    const sum = (key: 'usedBytes' | 'inodesUsed'): number => [...own, ...local].reduce((total, stats) => total + (stats[key] ?? 0), 0);
    return { volume, containers, ephemeral: { ...fs, usedBytes: sum('usedBytes'), inodesUsed: sum('inodesUsed') } };
  }
}

const fsOf = ({ name: _name, onNodeDisk: _disk, ...stats }: VolumeUsage): Omit<FsStats, 'time'> => stats;

function claimRef(pod: Pod, volumeName: string): { pvcRef?: { name: string; namespace: string } } {
  const volume = pod.spec.volumes?.find(({ name }) => name === volumeName);
  const name = volume && claimNameOf(pod, volume);
  return name === undefined ? {} : { pvcRef: { name, namespace: pod.metadata.namespace ?? '' } };
}
