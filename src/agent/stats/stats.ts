// `/stats/summary`: what the node, its pods and their containers use. Read from the kernel when asked, never in between.
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { CgroupLayout } from '../cgroups/layout.ts';
import type { AgentStats } from '../parts.ts';
import type { Runtime, Sandbox } from '../runtime.ts';
import { label } from '../sync/labels.ts';
import { networkAnnotation } from '../sync/state.ts';
import type { DiskStats } from './disks.ts';
import { type NetworkStats, networkOf } from './network.ts';
import { type GroupUsage, machineUsage, Rates, readGroup } from './usage.ts';

export interface StatsOptions {
  readonly runtime: Pick<Runtime, 'listContainers' | 'listSandboxes'>;
  readonly layout: CgroupLayout;
  /** The node's group; pods are below its `kubepods`. */
  readonly cgroup: string;
  readonly nodeName: string;
}

const nodeId = '';

/** The groups of all pods on the node, by uid: the group's path and the groups of the containers in it. */
async function podGroups({ fs }: Pick<World, 'fs'>, layout: CgroupLayout, cgroup: string): Promise<Map<string, string>> {
  const mount = layout.controllers.get('memory') ?? '';
  const found = new Map<string, string>();
  for (const tier of ['', '/burstable', '/besteffort']) {
    const dir = `${cgroup}/kubepods${tier}`;
    for (const name of await fs.list(`${mount}${dir}`)) if (name.startsWith('pod')) found.set(name.slice(3), `${dir}/${name}`);
  }
  return found;
}

/** Creates the statistics of a node. */
export function createStats(world: Pick<World, 'fs' | 'clock'>, options: StatsOptions): AgentStats {
  const { runtime, layout, cgroup, nodeName } = options;
  const rates = new Rates();

  const cpuOf = (id: string, usage: GroupUsage, since: number | undefined) => {
    const rate = rates.rate(id, usage, since);
    return { time: rfc3339(usage.at), ...(rate === undefined ? {} : { usageNanoCores: rate }), usageCoreNanoSeconds: usage.cpu };
  };
  const memoryOf = (usage: GroupUsage) => ({
    time: rfc3339(usage.at),
    usageBytes: usage.memory,
    workingSetBytes: usage.workingSet,
    rssBytes: usage.rss,
  });

  async function machine() {
    const [stat, meminfo] = await Promise.all([world.fs.readText('/proc/stat'), world.fs.readText('/proc/meminfo')]);
    const usage = machineUsage(stat, meminfo, world.clock.now());
    const booted = Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0);
    return {
      nodeName,
      startTime: rfc3339(booted * 1000),
      cpu: cpuOf(nodeId, usage, undefined),
      memory: { ...memoryOf(usage), availableBytes: usage.available },
    };
  }
  // The first look at the machine is only good as a base.
  void machine().catch(() => undefined);

  /** What the pod's network has seen, told by a process of its sandbox; nothing for pods of the host's network. */
  async function network(group: string, sandbox: Sandbox | undefined): Promise<NetworkStats | undefined> {
    if (!sandbox || sandbox.annotations[networkAnnotation] === 'true') return undefined;
    const file = `${layout.controllers.get('memory') ?? ''}${group}/${sandbox.id}/cgroup.procs`;
    const [pid] = (await world.fs.readText(file).catch(() => '')).split('\n');
    return pid ? networkOf(world, Number(pid)) : undefined;
  }

  async function nodeDetails(disks: DiskStats): Promise<object> {
    const [{ fs, imageFs }, net, loadavg, pidMax] = await Promise.all([
      disks.node(),
      networkOf(world, 'self'),
      world.fs.readText('/proc/loadavg').catch(() => ''),
      world.fs.readText('/proc/sys/kernel/pid_max').catch(() => ''),
    ]);
    const running = Number(/\d+\/(\d+)/.exec(loadavg)?.[1] ?? 0);
    return {
      ...(net ? { network: net } : {}),
      fs,
      runtime: { imageFs, containerFs: imageFs },
      rlimit: { time: rfc3339(world.clock.now()), maxpid: Number(pidMax), curproc: running },
    };
  }

  return {
    async summary(disks) {
      const sandboxes = disks ? await runtime.listSandboxes({ state: 'SANDBOX_READY' }) : [];
      const sandboxOf = new Map(sandboxes.map((sandbox) => [sandbox.metadata.uid, sandbox]));
      const details = disks ? await nodeDetails(disks) : {};
      const [node, groups, containers] = await Promise.all([
        machine(),
        podGroups(world, layout, cgroup),
        runtime.listContainers({ state: 'CONTAINER_RUNNING' }),
      ]);
      const seen = new Set<string>([nodeId]);
      const byPod = Map.groupBy(containers, (container) => container.labels[label.podUid] ?? '');
      const pods = await Promise.all(
        [...groups].map(async ([uid, group]) => {
          const own = byPod.get(uid) ?? [];
          const disk = await disks?.pod(uid).catch(() => undefined);
          const net = disks && (await network(group, sandboxOf.get(uid)));
          const first = own[0];
          if (first === undefined) return undefined;
          const measured = await Promise.all(
            own.map(async (container) => {
              const usage = await readGroup(world, layout, `${group}/${container.id}`);
              if (usage === undefined) return undefined;
              seen.add(container.id);
              const since = container.createdAt;
              const name = container.labels[label.containerName] ?? '';
              return {
                name,
                startTime: rfc3339(since),
                cpu: cpuOf(container.id, usage, since),
                memory: memoryOf(usage),
                ...disk?.containers.get(name),
              };
            }),
          );
          const whole = await readGroup(world, layout, group);
          if (whole === undefined) return undefined;
          seen.add(uid);
          return {
            podRef: { name: first.labels[label.podName] ?? '', namespace: first.labels[label.podNamespace] ?? '', uid },
            startTime: rfc3339(first.createdAt),
            containers: measured.filter((entry) => entry !== undefined),
            cpu: cpuOf(uid, whole, first.createdAt),
            memory: memoryOf(whole),
            ...(net ? { network: net } : {}),
            ...(disk ? { volume: disk.volume, 'ephemeral-storage': disk.ephemeral } : {}),
          };
        }),
      );
      rates.keep(seen);
      return { node: { ...node, ...details }, pods: pods.filter((pod) => pod !== undefined) };
    },
  };
}
