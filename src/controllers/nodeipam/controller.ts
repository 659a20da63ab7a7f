// Gives each node its range of pod addresses.
import type { Component } from '#base/world.ts';
import { Nodes } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { freeBlock } from './plan.ts';

export interface NodeIpamConfig {
  /** The cluster's range of pod addresses. */
  readonly podCidr: string;
}

/** Starts the controller. */
export function startNodeIpamController(deps: ControllerDeps & NodeIpamConfig): Component {
  const { client, informers, world } = deps;
  const nodes = informers.of(Nodes);
  const recorder = createRecorder(client, world, { component: 'node-controller' });
  /** Blocks given out that the cache does not show yet, by node: two nodes that come together must not get the same. */
  const given = new Map<string, string>();

  async function reconcile(name: string): Promise<void> {
    const node = nodes.lister.get(name);
    if (node === undefined || node.spec.podCIDR) {
      given.delete(name);
      return;
    }
    const known = nodes.lister.list().map((other) => {
      const block = given.get(other.metadata.name);
      return block === undefined || other.spec.podCIDR ? other : { ...other, spec: { ...other.spec, podCIDRs: [block] } };
    });
    const block = given.get(name) ?? freeBlock(deps.podCidr, known);
    if (block === undefined) {
      recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
      throw new Error(`no pod range is left for node ${name}`);
    }
    given.set(name, block);
    await client.resource(Nodes).patch(name, { spec: { podCIDR: block, podCIDRs: [block] } }, { type: 'strategic' });
  }

  const handle = startController({ name: 'nodeipam', world, workers: 1, synced: allSynced(nodes), reconcile });
  return withCleanup(
    handle,
    nodes.onChange({
      added: ({ metadata }) => handle.enqueue(metadata.name),
      updated: ({ metadata }) => handle.enqueue(metadata.name),
      deleted: ({ metadata }) => handle.enqueue(metadata.name),
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
