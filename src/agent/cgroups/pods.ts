// The control groups of a node's pods: `<node>/kubepods/[burstable|besteffort/]pod<uid>`, kubelet's layout below a root
// of our own. CRI neither limits processes nor removes a pod's group, so both are done here.
import type { World } from '#base/world.ts';
import { cpuShares } from '../config/resources.ts';
import type { PodCgroups } from '../parts.ts';
import { qosClass, type QosClass } from '../status/qos.ts';
import type { CgroupLayout } from './layout.ts';
import { cpuWeight, groupSettings, memoryMin, podLimits, podTotal, type GroupSetting } from './podlimits.ts';
import type { Allowance } from './allowance.ts';
import { applySettings, makeGroup, removeGroup } from './tree.ts';

export interface PodCgroupOptions {
  readonly layout: CgroupLayout;
  /** The node's group, e.g. '/tutti/node1'. */
  readonly root: string;
  /** Most processes and threads of a pod; undefined: no limit. */
  readonly podPids?: number;
  /** What pods may use together. */
  readonly allowance: Allowance;
  /** False: no pod is held back by a quota of processor time. */
  readonly cpuQuota?: boolean;
  /** What pods have asked for is protected, in their groups and those above; version 2 only. */
  readonly memoryQos?: boolean;
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
  /** Memory requests by pod: the groups above protect what is protected below. */
  const protectedBytes = new Map<string, { readonly bytes: number; readonly qos: QosClass }>();
  const protects = options.memoryQos === true && layout.version === 2;
  let prepared: Promise<void> | undefined;

  async function prepare(): Promise<void> {
    const kubepods = `${root}/kubepods`;
    for (const tier of Object.values(tiers)) await makeGroup(world, layout, `${kubepods}${tier}`);
    const { cpuMilli, memory, pids } = options.allowance;
    const together = { cpuShares: cpuShares(cpuMilli), ...(memory === undefined ? {} : { memory }) };
    await applySettings(world, layout, { path: root, settings: [shareSetting(layout.version, together.cpuShares)] });
    await applySettings(world, layout, { path: kubepods, settings: groupSettings(layout.version, together, pids) });
    await applySettings(world, layout, { path: `${kubepods}${tiers.BestEffort}`, settings: [shareSetting(layout.version, cpuShares(0))] });
  }

  async function weighBurstable(): Promise<void> {
    const milli = [...burstable.values()].reduce((sum, value) => sum + value, 0);
    const settings = [shareSetting(layout.version, cpuShares(milli))];
    await applySettings(world, layout, { path: `${root}/kubepods${tiers.Burstable}`, settings });
  }

  async function protect(uid: string, part: { readonly bytes: number; readonly qos: QosClass } | undefined): Promise<void> {
    if (!protects || protectedBytes.get(uid)?.bytes === part?.bytes) return;
    if (part) protectedBytes.set(uid, part);
    else protectedBytes.delete(uid);
    const sum = (qos?: QosClass): number =>
      [...protectedBytes.values()].reduce((total, entry) => total + (qos === undefined || entry.qos === qos ? entry.bytes : 0), 0);
    await applySettings(world, layout, { path: `${root}/kubepods`, settings: [memoryMin(sum())] });
    await applySettings(world, layout, { path: `${root}/kubepods${tiers.Burstable}`, settings: [memoryMin(sum('Burstable'))] });
  }

  return {
    async ensure(pod, about) {
      prepared ??= prepare().catch((error: unknown) => {
        prepared = undefined;
        throw error;
      });
      await prepared;
      const qos = qosClass(pod);
      const uid = pod.metadata.uid ?? '';
      const path = podGroup(root, uid, qos);
      await makeGroup(world, layout, path);
      const { cpuQuota: _quota, ...unbound } = podLimits(pod);
      const bytes = podTotal(pod, 'requests').memory;
      await protect(uid, { bytes, qos });
      const limits = {
        ...(about?.ownCpus || options.cpuQuota === false ? unbound : podLimits(pod)),
        ...(protects ? { memoryMin: bytes } : {}),
      };
      await applySettings(world, layout, { path, settings: groupSettings(layout.version, limits, options.podPids) });
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
      await protect(podUid, undefined);
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
