// Routes to the pods of other nodes: each node's range of pod addresses lies behind that node's own address. The nodes
// must be neighbours (on one link).
import { converge } from '#base/converge.ts';
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import { Nodes } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';

/** Our mark on routes: what has it and is not wanted is left over. */
const protocol = '84';
const retry = { first: 500, longest: 30_000 };
const isIPv6 = (text: string): boolean => text.includes(':');

/** The ways to the pod ranges of all other nodes: range → neighbour. Pure. */
export function routesTo(nodes: readonly Node[], ownName: string): Map<string, string> {
  const routes = new Map<string, string>();
  for (const { metadata, spec, status } of nodes) {
    if (metadata.name === ownName) continue;
    const addresses = (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
    for (const range of spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : [])) {
      const via = addresses.find((address) => isIPv6(address) === isIPv6(range));
      if (via !== undefined) routes.set(range, via);
    }
  }
  return routes;
}

/** Ranges and neighbours in what `ip route show proto …` prints. */
export function parseRoutes(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^(\S+) via (\S+)/gm)].map((match) => [match[1] ?? '', match[2] ?? '']));
}

export interface RouteOptions {
  readonly informers: Informers;
  readonly world: Pick<World, 'exec' | 'clock' | 'log'>;
  readonly nodeName: string;
}

/** Keeps the routes; on a cluster of one node it does nothing at all. They outlive the process, as pods do. */
export function startRoutes({ informers, world, nodeName }: RouteOptions): Component {
  const nodes = informers.of(Nodes);
  let present: Map<string, string> | undefined;
  let failure: string | undefined;
  let dirty = false;

  async function ip(...args: string[]): Promise<string> {
    const result = await world.exec.run('ip', args, { timeout: 10_000 });
    if (result.code !== 0) throw new Error(`ip ${args.join(' ')}: ${result.stderr.trim()}`);
    return result.stdout;
  }
  const family = (range: string): string => (isIPv6(range) ? '-6' : '-4');

  async function apply(): Promise<void> {
    const wanted = routesTo(nodes.lister.list(), nodeName);
    if (present === undefined && wanted.size === 0) return;
    present ??= parseRoutes((await ip('-4', 'route', 'show', 'proto', protocol)) + (await ip('-6', 'route', 'show', 'proto', protocol)));
    for (const [range, via] of present) {
      if (wanted.has(range)) continue;
      await ip(family(range), 'route', 'del', range, 'via', via, 'proto', protocol);
      present.delete(range);
    }
    for (const [range, via] of wanted) {
      if (present.get(range) === via) continue;
      await ip(family(range), 'route', 'replace', range, 'via', via, 'proto', protocol);
      present.set(range, via);
    }
  }

  const convergence = converge({
    clock: world.clock,
    retry,
    isDone: () => !dirty,
    async round() {
      dirty = false;
      await apply();
      failure = undefined;
    },
    failed(error) {
      dirty = true;
      present = undefined;
      failure = `no route to the pods of other nodes: ${messageOf(error)}`;
      world.log.error(failure);
    },
  });
  const look = (): void => {
    dirty = true;
    convergence.look();
  };
  const bearing = ({ spec, status }: Node): string => JSON.stringify([spec.podCIDRs, spec.podCIDR, status.addresses]);
  const remove = nodes.onChange({
    added: look,
    updated: (node, previous) => {
      if (bearing(node) !== bearing(previous)) look();
    },
    deleted: look,
  });
  return {
    ready: nodes.whenSynced,
    health: () => failure,
    async [Symbol.asyncDispose]() {
      remove();
      await convergence[Symbol.asyncDispose]();
    },
  };
}

/** Takes the routes away. */
export async function removeRoutes(world: Pick<World, 'exec'>): Promise<void> {
  for (const family of ['-4', '-6'])
    await world.exec.run('ip', [family, 'route', 'flush', 'proto', protocol], { timeout: 10_000 }).catch(() => undefined);
}
