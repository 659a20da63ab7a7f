import { type Plugin, unschedulable } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import type { Storage } from '../volumes/storage.ts';

const name = 'NodeVolumeLimits';
const reason = 'node(s) exceed max volume count';

/** Volumes of CSI drivers: unique handle → driver. */
function handlesOf(pod: PodInfo, storage: Storage): Map<string, string> {
  const handles = new Map<string, string>();
  for (const { key } of pod.claims) {
    const claim = storage.claim(key);
    if (claim === undefined) continue;
    const csi = storage.volume(claim.spec.volumeName ?? '')?.spec.csi;
    if (csi !== undefined) handles.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
    else if (!claim.spec.volumeName) {
      // Not made yet: it will be one more of its class' driver.
      const driver = storage.storageClass(claim.spec.storageClassName ?? '')?.provisioner;
      if (driver !== undefined && storage.csiDriver(driver) !== undefined) handles.set(`${driver}/${key}`, driver);
    }
  }
  return handles;
}

/** A node takes as many volumes of a driver as its CSINode says. */
export function nodeVolumeLimits(storage: Storage): Plugin {
  function exceeds(wanted: ReadonlyMap<string, string>, node: NodeInfo): boolean {
    const limits = new Map<string, number>();
    for (const driver of storage.csiNode(node.name)?.spec.drivers ?? []) {
      const count = driver.allocatable?.count;
      if (count !== undefined) limits.set(driver.name, count);
    }
    if (limits.size === 0) return false;
    const all = new Map(wanted);
    for (const other of node.pods.values())
      if (other.claims.length > 0) for (const [handle, driver] of handlesOf(other, storage)) all.set(handle, driver);
    const counts = new Map<string, number>();
    for (const driver of all.values()) counts.set(driver, (counts.get(driver) ?? 0) + 1);
    for (const driver of new Set(wanted.values()))
      if ((counts.get(driver) ?? 0) > (limits.get(driver) ?? Number.POSITIVE_INFINITY)) return true;
    return false;
  }
  return {
    name,
    preFilter(pod, state) {
      const wanted = pod.claims.length === 0 ? new Map<string, string>() : handlesOf(pod, storage);
      if (wanted.size === 0) return { skip: true };
      state.set(name, wanted);
      return {};
    },
    filter: (_, node, state) => (exceeds(state.get(name) as ReadonlyMap<string, string>, node) ? unschedulable(name, reason) : undefined),
    hears: ['CSINode/add', 'CSINode/update', 'AssignedPod/delete', 'PersistentVolumeClaim/add', 'PersistentVolumeClaim/update'],
    helps: (pod, event) =>
      event.resource === 'CSINode' ||
      (event.resource === 'PersistentVolumeClaim' ? pod.claims.some(({ key }) => key === event.key) : (event.info?.claims.length ?? 0) > 0),
  };
}
