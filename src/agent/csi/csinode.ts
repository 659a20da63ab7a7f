// What the API knows of the drivers of a node: its CSINode, an annotation and the topology labels of its Node.
import type { CSINodeDriver } from '#api/storage/v1/csinode.ts';
import { CSINodes, Nodes } from '#api/refs.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { NodeInfo } from './driver.ts';

const annotation = 'csi.volume.kubernetes.io/nodeid';

/** The entries of a CSINode: pure. */
export function csiNodeDrivers(drivers: ReadonlyMap<string, NodeInfo>): CSINodeDriver[] {
  return [...drivers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, info]) => ({
      name,
      nodeID: info.nodeId,
      topologyKeys: Object.keys(info.accessibleTopology?.segments ?? {}).sort(),
      ...(info.maxVolumesPerNode > 0 ? { allocatable: { count: info.maxVolumesPerNode } } : {}),
    }));
}

/** The annotation that tells external attachers how drivers call the node: pure. */
export const nodeIds = (drivers: ReadonlyMap<string, NodeInfo>): string =>
  JSON.stringify(Object.fromEntries([...drivers].sort().map(([name, info]) => [name, info.nodeId])));

async function writeCsiNode(client: Client, nodeName: string, drivers: CSINodeDriver[]): Promise<void> {
  const objects = client.resource(CSINodes);
  for (let tries = 0; ; tries++) {
    try {
      const known = await objects.get(nodeName);
      await objects.update({ ...known, spec: { ...known.spec, drivers } });
      return;
    } catch (error) {
      if (isConflict(error) && tries < 10) continue;
      if (!isNotFound(error)) throw error;
    }
    const node = await client.resource(Nodes).get(nodeName);
    const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid ?? '' };
    try {
      await objects.create({ metadata: { name: nodeName, ownerReferences: [owner] }, spec: { drivers } });
      return;
    } catch (error) {
      if (!isAlreadyExists(error) || tries >= 10) throw error;
    }
  }
}

/** Tells the API which drivers the node has. */
export async function publishDrivers(client: Client, nodeName: string, drivers: ReadonlyMap<string, NodeInfo>): Promise<void> {
  const labels = Object.assign({}, ...[...drivers.values()].map((info) => info.accessibleTopology?.segments ?? {})) as Record<
    string,
    string
  >;
  const annotations = { [annotation]: drivers.size > 0 ? nodeIds(drivers) : null };
  await client.resource(Nodes).patch(nodeName, { metadata: { annotations, labels } }, { type: 'merge' });
  await writeCsiNode(client, nodeName, csiNodeDrivers(drivers));
}
