// What a node does to pods, without containers: they get an address, run, become ready, and go when they are deleted.
import type { Pod } from '#api/core/v1/pod.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import type { Component } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import type { ControllerDeps } from '#controllers/wiring.ts';

export interface PretendOptions {
  /** Whether a pod becomes ready; default: every pod does. */
  ready?(pod: Pod): boolean;
  /** How a pod ends, once it runs; default: it runs on. */
  ends?(pod: Pod): { readonly phase: 'Succeeded' | 'Failed'; readonly exitCode: number } | undefined;
  /** Pods that the test itself looks after. */
  ignores?(pod: Pod): boolean;
}

/** A Ready node with room for many pods. */
export async function addNode(client: Client, name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  const time = '2026-01-01T00:00:00Z';
  const resources = { cpu: '64', memory: '256Gi', pods: '2000', 'ephemeral-storage': '1Ti' };
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: time, lastTransitionTime: time }];
  await client.resource(Nodes).create({ metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } } });
  const taints = { spec: { taints: null } };
  await client.resource(Nodes).patch(name, taints, { type: 'merge' });
  const status = { conditions, capacity: resources, allocatable: resources };
  await client.resource(Nodes).patch(name, { status }, { type: 'strategic', subresource: 'status' });
}

/** The status that a node writes for a pod. */
export function statusOf(pod: Pod, { ready, end }: { ready: boolean; end?: { phase: 'Succeeded' | 'Failed'; exitCode: number } }) {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const names = pod.spec.containers.map(({ name }) => name);
  const serves = ready && end === undefined;
  return {
    phase: end?.phase ?? ('Running' as const),
    podIP: '10.1.1.1',
    podIPs: [{ ip: '10.1.1.1' }],
    startTime: time,
    conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status: serves ? 'True' : 'False', lastTransitionTime: time })),
    containerStatuses: names.map((name) => ({
      name,
      image: 'x',
      imageID: 'x',
      ready: serves,
      restartCount: 0,
      state: end
        ? { terminated: { exitCode: end.exitCode, reason: end.exitCode === 0 ? 'Completed' : 'Error', startedAt: time, finishedAt: time } }
        : { running: { startedAt: time } },
    })),
  };
}

/** Looks after every pod that is bound to a node, until disposed. */
export function startPretendNode({ client, informers }: ControllerDeps, options: PretendOptions = {}): Component {
  const pods = informers.of(Pods);
  const api = client.resource(Pods);
  const busy = new Map<string, Promise<void>>();

  async function tend(pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata;
    if (pod.metadata.deletionTimestamp !== undefined) {
      await api.delete(name, { namespace, options: { gracePeriodSeconds: 0, preconditions: { uid } } });
      return;
    }
    if (pod.status.phase !== 'Pending' && pod.status.phase !== undefined) return;
    const end = options.ends?.(pod);
    const status = statusOf(pod, { ready: options.ready?.(pod) ?? true, ...(end ? { end } : {}) });
    await api.patch(name, { metadata: { uid }, status }, { type: 'strategic', subresource: 'status', namespace });
  }

  /** One change after the other per pod, so that an older one does not come last. */
  function look(pod: Pod): void {
    if (!pod.spec.nodeName || options.ignores?.(pod)) return;
    const uid = pod.metadata.uid ?? '';
    const before = busy.get(uid) ?? Promise.resolve();
    const turn = before
      .then(() => tend(pod))
      .catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      });
    busy.set(uid, turn);
    void turn.finally(() => {
      if (busy.get(uid) === turn) busy.delete(uid);
    });
  }

  const stop = pods.onChange({ added: look, updated: look });
  return {
    ready: pods.whenSynced,
    health: () => undefined,
    async [Symbol.asyncDispose]() {
      stop();
      await Promise.all(busy.values());
    },
  };
}
