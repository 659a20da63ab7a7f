// What pods use of the resource that the node is short of.
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { podDir, podLogDir } from '../options.ts';
import type { AgentStats } from '../parts.ts';
import type { Runtime } from '../runtime.ts';
import { diskBytes } from '../stats/du.ts';
import { uidOf } from '../sync/spec.ts';
import type { PodState } from '../sync/state.ts';
import type { LocalUsage } from './local.ts';
import type { PodUsage } from './rank.ts';

export interface MeasureDeps {
  readonly world: Pick<World, 'fs' | 'exec'>;
  readonly runtime: Pick<Runtime, 'writableBytes'>;
  readonly dataDir: string;
  readonly stats?: AgentStats;
}

/** What a pod has on the node's disk. */
export async function localUsage(deps: MeasureDeps, pod: Pod, state: PodState): Promise<LocalUsage> {
  const { world, dataDir, runtime } = deps;
  const { name, namespace = '' } = pod.metadata;
  const uid = uidOf(pod);
  const volumes = (pod.spec.volumes ?? [])
    .filter(({ emptyDir }) => emptyDir && emptyDir.medium !== 'Memory')
    .map((volume) => ({ name: volume.name, path: `${podDir(dataDir, uid)}/volumes/kubernetes.io~empty-dir/${volume.name}` }));
  const logs = pod.spec.containers.map((container) => ({
    name: container.name,
    path: `${podLogDir(dataDir, { name, namespace, uid })}/${container.name}`,
  }));
  const sizes = await diskBytes(
    world,
    [...volumes, ...logs].map(({ path }) => path),
  );
  const containers = new Map<string, number>();
  for (const { name: container, path } of logs) {
    const instances = state.containers.filter((instance) => instance.name === container);
    const roots = await Promise.all(instances.map(({ id }) => runtime.writableBytes(id).catch(() => 0)));
    containers.set(container, (sizes.get(path) ?? 0) + roots.reduce((sum, bytes) => sum + bytes, 0));
  }
  return { volumes: new Map(volumes.map((volume) => [volume.name, sizes.get(volume.path) ?? 0])), containers };
}

interface Summary {
  readonly pods?: readonly {
    readonly podRef: { readonly uid: string };
    readonly memory?: { readonly workingSetBytes?: number };
    readonly containers?: readonly { readonly name: string; readonly memory?: { readonly workingSetBytes?: number } }[];
  }[];
}

/** What these pods use of memory or of the disk; of other resources nothing is known pod by pod. */
export async function usageOf(
  deps: MeasureDeps,
  resource: string,
  pods: readonly { readonly pod: Pod; readonly state: PodState }[],
): Promise<PodUsage[]> {
  if (resource === 'memory') {
    const summary = ((await deps.stats?.summary()) ?? {}) as Summary;
    return pods.map(({ pod }) => {
      const found = summary.pods?.find(({ podRef }) => podRef.uid === uidOf(pod));
      const containers = (found?.containers ?? []).map(({ name, memory }): [string, number] => [name, memory?.workingSetBytes ?? 0]);
      return { pod, used: found?.memory?.workingSetBytes ?? 0, containers: new Map(containers) };
    });
  }
  if (resource !== 'ephemeral-storage') return pods.map(({ pod }) => ({ pod, used: 0, containers: new Map() }));
  return Promise.all(
    pods.map(async ({ pod, state }) => {
      const usage = await localUsage(deps, pod, state);
      const used = [...usage.volumes.values(), ...usage.containers.values()].reduce((sum, bytes) => sum + bytes, 0);
      return { pod, used, containers: usage.containers };
    }),
  );
}
