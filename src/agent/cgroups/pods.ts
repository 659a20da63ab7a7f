// The control groups of a node's pods: `<node>/kubepods/[burstable|besteffort/]pod<uid>`, kubelet's layout below a root
// of our own. CRI neither limits processes nor removes a pod's group, so both are done here.
import type { Pod } from '#api/core/v1/pod.ts';
import type { World } from '#base/world.ts';
import { cpuShares } from '../config/resources.ts';
import type { PodCgroups } from '../parts.ts';
import { qosClass, type QosClass } from '../status/qos.ts';
import type { CgroupLayout } from './layout.ts';
import { cpuWeight, groupSettings, podLimits, podTotal, type GroupSetting } from './podlimits.ts';
import { applySettings, makeGroup, removeGroup } from './tree.ts';

export interface PodCgroupOptions {
  readonly layout: CgroupLayout;
  /** The node's group, e.g. '/tutti/node1'. */
  readonly root: string;
  /** Most processes and threads of a pod; undefined: no limit. */
  readonly podPids?: number;
  /** Processors of the node: pods together weigh as much as they are. */
  readonly processors: number;
}

const tiers: Readonly<Record<QosClass, string>> = { Guaranteed: '', Burstable: '/burstable', BestEffort: '/besteffort' };
const classes = Object.keys(tiers) as QosClass[];

/** The path of a pod's group. */
export function podGroup(root: string, podUid: string, qos: QosClass): string {
  return `${root}/kubepods${tiers[qos]}/pod${podUid}`;
}

function shareSetting(version: 1 | 2, shares: number): GroupSetting {
  if (version === 2) return { controller: 'cpu', file: 'cpu.weight', value: String(cpuWeight(shares)) };
  return { controller: 'cpu', file: 'cpu.shares', value: String(shares) };
}

/** The control groups of pods below a root. */
export function createPodCgroups(world: Pick<World, 'fs' | 'exec' | 'clock'>, options: PodCgroupOptions): PodCgroups {
  const { layout, root } = options;
  /** CPU requests of the burstable pods: the tier weighs as much as they ask for together. */
  const burstable = new Map<string, number>();
  let prepared: Promise<void> | undefined;

  async function prepare(): Promise<void> {
    const kubepods = `${root}/kubepods`;
    for (const tier of Object.values(tiers)) await makeGroup(world, layout, `${kubepods}${tier}`);
    const whole = [shareSetting(layout.version, cpuShares(options.processors * 1000))];
    await applySettings(world, layout, { path: root, settings: whole });
    await applySettings(world, layout, { path: kubepods, settings: whole });
    await applySettings(world, layout, { path: `${kubepods}${tiers.BestEffort}`, settings: [shareSetting(layout.version, cpuShares(0))] });
  }

  async function weighBurstable(): Promise<void> {
    const milli = [...burstable.values()].reduce((sum, value) => sum + value, 0);
    const settings = [shareSetting(layout.version, cpuShares(milli))];
    await applySettings(world, layout, { path: `${root}/kubepods${tiers.Burstable}`, settings });
  }

  return {
    async ensure(pod: Pod) {
      prepared ??= prepare().catch((error: unknown) => {
        prepared = undefined;
        throw error;
      });
      await prepared;
      const qos = qosClass(pod);
      const uid = pod.metadata.uid ?? '';
      const path = podGroup(root, uid, qos);
      await makeGroup(world, layout, path);
      await applySettings(world, layout, { path, settings: groupSettings(layout.version, podLimits(pod), options.podPids) });
      if (qos === 'Burstable') {
        const milli = podTotal(pod, 'requests').cpu;
        if (burstable.get(uid) !== milli) {
          burstable.set(uid, milli);
          await weighBurstable();
        }
      }
      return path;
    },
    async remove(podUid) {
      for (const qos of classes) await removeGroup(world, layout, podGroup(root, podUid, qos));
      if (burstable.delete(podUid)) await weighBurstable();
    },
    async present() {
      const uids = new Set<string>();
      for (const mount of layout.roots) {
        for (const tier of Object.values(tiers)) {
          for (const name of await world.fs.list(`${mount}${root}/kubepods${tier}`)) if (name.startsWith('pod')) uids.add(name.slice(3));
        }
      }
      return [...uids];
    },
  };
}

/** Processors that are online, from the text of `/proc/stat`. */
export function processorsOnline(procStat: string): number {
  return Math.max(1, procStat.split('\n').filter((line) => /^cpu\d/.test(line)).length);
}
