// Nodes without machines, for tests of the scheduler: Node objects, and a stand-in for their agents that runs what is
// bound to them and lets go of what is deleted.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { Nodes, Pods } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';

export interface NodeWish {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly resources?: Readonly<Record<string, string>>;
  readonly taints?: Node['spec']['taints'];
}

/** A ready node. */
export function nodeObject({ name, labels, resources, taints }: NodeWish): Draft<Node> {
  const amounts = { cpu: '4', memory: '8Gi', pods: '110', ...resources };
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    ...(taints ? { spec: { taints } } : {}),
    status: {
      capacity: amounts,
      allocatable: amounts,
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'ready' }],
    },
  };
}

/** Creates nodes. */
export async function createNodes(client: Client, wishes: readonly NodeWish[]): Promise<void> {
  for (const wish of wishes) {
    const draft = nodeObject(wish);
    const node = await client.resource(Nodes).create(draft);
    await client.resource(Nodes).patch(node.metadata.name, { status: draft.status }, { type: 'merge', subresource: 'status' });
    // Admission taints a node until somebody has seen it ready.
    await client.resource(Nodes).patch(node.metadata.name, { spec: { taints: wish.taints ?? null } }, { type: 'merge' });
  }
}

/** Reports bound pods as running, and deletes those whose deletion was asked for. Returns the stopper. */
export function standInAgent(client: Client, informers: Informers): () => void {
  const pods = client.resource(Pods);
  const act = (pod: Pod): void => {
    const { name, namespace = '', uid } = pod.metadata;
    if (!pod.spec.nodeName) return;
    const quiet = (): void => {};
    if (pod.metadata.deletionTimestamp !== undefined && (pod.metadata.finalizers?.length ?? 0) === 0)
      pods.delete(name, { namespace, options: { gracePeriodSeconds: 0, preconditions: { uid: uid ?? '' } } }).catch(quiet);
    else if (pod.status.phase === 'Pending')
      pods
        .patch(
          name,
          { status: { phase: 'Running', startTime: '2026-01-01T00:00:00Z', conditions: [{ type: 'Ready', status: 'True' }] } },
          { type: 'strategic', subresource: 'status', namespace },
        )
        .catch(quiet);
  };
  return informers.of(Pods).onChange({ added: act, updated: act });
}
