// Gives each node its range of pod addresses.
import type { Component } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import { Nodes } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { freeBlocks } from './plan.ts';

export interface NodeIpamConfig {
  /** The cluster's range of pod addresses, or two of them: `10.244.0.0/16,fd00::/56`. */
  readonly podCidr: string;
}

/** Starts the controller. */
export function startNodeIpamController(deps: ControllerDeps & NodeIpamConfig): Component {
  const { client, informers, world } = deps;
  const nodes = informers.of(Nodes);
  const recorder = createRecorder(client, world, { component: 'node-controller' });
  /** Blocks given out that the cache does not show yet, by node: two nodes that come together must not get the same. */
  const given = new Map<string, readonly string[]>();
  /** Nodes without a block while there is none: they wait for one to come back rather than ask again and again. */
  const waiting = new Set<string>();
  /** Nodes whose turn it is, because a block came back. */
  const turns = new Set<string>();

  function unavailable(node: Node): void {
    const { name } = node.metadata;
    waiting.add(name);
    world.log.warn('no pod range is left', { node: name });
    recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
  }

  /** One block is free again: the node that has waited longest may have it. */
  function offer(): void {
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    turns.add(next);
    handle.enqueue(next);
  }

  async function reconcile(name: string): Promise<void> {
    const node = nodes.lister.get(name);
    if (node === undefined || node.spec.podCIDR) {
      given.delete(name);
      waiting.delete(name);
      // A node that is gone leaves its turn to the next.
      if (turns.delete(name) && node === undefined) offer();
      return;
    }
    if (waiting.size > 0 && !given.has(name) && !turns.delete(name)) {
      if (!waiting.has(name)) unavailable(node);
      return;
    }
    const known = nodes.lister.list().map((other) => {
      const podCIDRs = given.get(other.metadata.name);
      return podCIDRs === undefined || other.spec.podCIDR ? other : { ...other, spec: { ...other.spec, podCIDRs } };
    });
    const podCIDRs = given.get(name) ?? freeBlocks(deps.podCidr, known);
    if (podCIDRs === undefined) return unavailable(node);
    given.set(name, podCIDRs);
    await client.resource(Nodes).patch(name, { spec: { podCIDR: podCIDRs[0], podCIDRs } }, { type: 'strategic' });
  }

  const handle = startController({ name: 'nodeipam', world, workers: 1, synced: allSynced(nodes), reconcile });
  return withCleanup(
    handle,
    nodes.onChange({
      added: ({ metadata }) => handle.enqueue(metadata.name),
      updated: ({ metadata }) => handle.enqueue(metadata.name),
      deleted: ({ metadata, spec }) => {
        handle.enqueue(metadata.name);
        if (!spec.podCIDR && !given.has(metadata.name)) return;
        given.delete(metadata.name);
        offer();
      },
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
