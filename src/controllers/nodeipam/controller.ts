// Gives each node its range of pod addresses.
import type { Component } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import { Nodes } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { Blocks, blocksOf } from './plan.ts';

export interface NodeIpamConfig {
  /** The cluster's range of pod addresses, or two of them: `10.244.0.0/16,fd00::/56`. */
  readonly podCidr: string;
}

/** Starts the controller. */
export function startNodeIpamController(deps: ControllerDeps & NodeIpamConfig): Component {
  const { client, informers, world } = deps;
  const nodes = informers.of(Nodes);
  const recorder = createRecorder(client, world, { component: 'node-controller' });
  const blocks = new Blocks(deps.podCidr);
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
    const podCIDRs = given.get(name) ?? blocks.free();
    if (podCIDRs === undefined) return unavailable(node);
    given.set(name, podCIDRs);
    blocks.use(podCIDRs);
    await client.resource(Nodes).patch(name, { spec: { podCIDR: podCIDRs[0], podCIDRs } }, { type: 'strategic' });
  }

  const handle = startController({ name: 'nodeipam', world, workers: 1, synced: allSynced(nodes), reconcile });
  return withCleanup(
    handle,
    nodes.onChange({
      added: (node) => {
        blocks.use(blocksOf(node));
        handle.enqueue(node.metadata.name);
      },
      updated: (node) => {
        const mine = given.get(node.metadata.name);
        const own = blocksOf(node);
        // Somebody else may have given it another one.
        if (mine !== undefined && own.length > 0) blocks.release(mine);
        blocks.use(own);
        handle.enqueue(node.metadata.name);
      },
      deleted: (node) => {
        const { name } = node.metadata;
        handle.enqueue(name);
        const own = [...blocksOf(node), ...(given.get(name) ?? [])];
        if (own.length === 0) return;
        given.delete(name);
        blocks.release(own);
        offer();
      },
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
