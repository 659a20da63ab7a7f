// Addresses of a load balancer's pool: for each, one node answers the neighbours who ask for it. Which node that is, every node
// finds out by itself, from the same objects. The addresses are on a link of their own, so that what is there is ours.
import { sourceOf, isBalanced } from '#api/balancer.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Service } from '#api/core/v1/service.ts';
import { keyOf } from '#api/object.ts';
import { EndpointSlices, Nodes, Services } from '#api/refs.ts';
import { converge } from '#base/converge.ts';
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { Informers } from '#client/cache.ts';
import { fnv32a } from '#format/hash.ts';

const link = 'tutti-pool';
const retry = { first: 500, longest: 30_000 };
const byService = 'announced-service';
const isIPv6 = (address: string): boolean => address.includes(':');

/** The nodes with ready endpoints among slices. */
const localNodes = (slices: readonly EndpointSlice[]): Set<string> =>
  new Set(
    slices
      .flatMap(({ endpoints }) => endpoints ?? [])
      .flatMap(({ nodeName, conditions }) => (nodeName && conditions?.ready !== false ? [nodeName] : [])),
  );

/** Makes every bit of a hash depend on every other: FNV's own high bits tell little. */
function spread(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2_ae35);
  return (second ^ (second >>> 16)) >>> 0;
}

/**
 * The node that announces an address: of those that may, the one with the highest hash of both, so that a node that comes or
 * goes moves no other node's addresses. Undefined when none may. Pure.
 */
export function announcerOf(address: string, names: readonly string[]): string | undefined {
  const weight = (name: string): number => spread(fnv32a(`${name} ${address}`));
  return names.toSorted((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1))[0];
}

export interface AnnounceView {
  readonly services: readonly Service[];
  readonly nodes: readonly Node[];
  readonly slices: (service: Service) => readonly EndpointSlice[];
}

/** The addresses that a node announces: those of balancers which are no node's own. Pure. */
export function announcedBy(nodeName: string, { services, nodes, slices }: AnnounceView): Set<string> {
  const own = new Set(nodes.flatMap(({ status }) => (status.addresses ?? []).map(({ address }) => address)));
  const able = nodes.filter(isBalanced).map(({ metadata }) => metadata.name);
  const announced = new Set<string>();
  for (const service of services) {
    if (sourceOf(service, true) !== 'pool') continue;
    const local = service.spec.externalTrafficPolicy === 'Local' ? localNodes(slices(service)) : undefined;
    const names = local === undefined ? able : able.filter((name) => local.has(name));
    for (const { ip, ipMode } of service.status.loadBalancer?.ingress ?? [])
      if (ip && ipMode !== 'Proxy' && !own.has(ip) && announcerOf(ip, names) === nodeName) announced.add(ip);
  }
  return announced;
}

/** The addresses in what `ip -o addr show` prints, those of the link itself left out. */
export const parseAddresses = (text: string): string[] =>
  [...text.matchAll(/ inet6? ([0-9a-f.:]+)\/\d+ /g)].map((match) => match[1] ?? '').filter((address) => !address.startsWith('fe80:'));

export interface AnnounceOptions {
  readonly informers: Informers;
  readonly world: Pick<World, 'exec' | 'clock' | 'log'>;
  readonly nodeName: string;
}

/** Keeps this node's announcements; without a pool it does nothing at all. They outlive the process, as the rules do. */
export function startAnnouncer({ informers, world, nodeName }: AnnounceOptions): Component {
  const services = informers.of(Services);
  const nodes = informers.of(Nodes);
  const slices = informers.of(EndpointSlices);
  slices.addIndex(byService, ({ metadata }) => [`${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name'] ?? ''}`]);
  let present: Set<string> | undefined;
  let failure: string | undefined;
  let dirty = false;

  async function ip(...args: string[]): Promise<string> {
    const result = await world.exec.run('ip', args, { timeout: 10_000 });
    if (result.code !== 0) throw new Error(`ip ${args.join(' ')}: ${result.stderr.trim()}`);
    return result.stdout;
  }

  /** What the link has now; made when there is none. */
  async function takeStock(): Promise<Set<string>> {
    const shown = await world.exec.run('ip', ['-o', 'addr', 'show', 'dev', link], { timeout: 10_000 });
    if (shown.code === 0) return new Set(parseAddresses(shown.stdout));
    await ip('link', 'add', link, 'type', 'bridge');
    await ip('link', 'set', link, 'up');
    return new Set();
  }

  /** IPv6 answers only for addresses of the very link that is asked, unless it stands in for others. */
  async function standIn(address: string, verb: 'replace' | 'del'): Promise<void> {
    const uplink = /\bdev (\S+)/.exec(await ip('-6', '-o', 'route', 'show', 'default'))?.[1];
    if (uplink === undefined) return;
    if (verb === 'replace') await world.exec.run('sh', ['-c', `echo 1 >/proc/sys/net/ipv6/conf/${uplink}/proxy_ndp`], { timeout: 10_000 });
    await ip('-6', 'neigh', verb, 'proxy', address, 'dev', uplink);
  }

  async function apply(): Promise<void> {
    const wanted = announcedBy(nodeName, {
      services: services.lister.list(),
      nodes: nodes.lister.list(),
      slices: (service) => slices.lister.byIndex(byService, keyOf(service)),
    });
    if (present === undefined && wanted.size === 0) {
      const shown = await world.exec.run('ip', ['-o', 'link', 'show', 'dev', link], { timeout: 10_000 });
      if (shown.code !== 0) return;
    }
    present ??= await takeStock();
    for (const address of present) {
      if (wanted.has(address)) continue;
      await ip('addr', 'del', `${address}/${isIPv6(address) ? 128 : 32}`, 'dev', link);
      if (isIPv6(address)) await standIn(address, 'del');
      present.delete(address);
    }
    for (const address of wanted) {
      if (present.has(address)) continue;
      if (isIPv6(address)) {
        await ip('-6', 'addr', 'replace', `${address}/128`, 'dev', link, 'nodad', 'preferred_lft', '0');
        await standIn(address, 'replace');
      } else await ip('addr', 'replace', `${address}/32`, 'dev', link);
      present.add(address);
    }
  }

  const convergence = converge({
    clock: world.clock,
    retry,
    before: () => informers.synced(),
    isDone: () => !dirty,
    async round() {
      dirty = false;
      await apply();
      failure = undefined;
    },
    failed(error) {
      dirty = true;
      present = undefined;
      failure = `balancer addresses are not announced: ${messageOf(error)}`;
      world.log.error(failure);
    },
  });
  const look = (): void => {
    dirty = true;
    convergence.look();
  };
  const bearing = (service: Service): string | undefined =>
    sourceOf(service, true) === 'pool' ? JSON.stringify([service.status.loadBalancer, service.spec.externalTrafficPolicy]) : undefined;
  const ofNode = (node: Node): string => JSON.stringify([isBalanced(node), node.status.addresses]);
  const lookSlice = (slice: EndpointSlice): void => {
    const service = services.lister.get(slice.metadata.labels?.['kubernetes.io/service-name'] ?? '', slice.metadata.namespace);
    if (service?.spec.externalTrafficPolicy === 'Local' && bearing(service) !== undefined) look();
  };
  const ifBalanced = (service: Service): void => {
    if (bearing(service) !== undefined) look();
  };
  const removers = [
    services.onChange({
      added: ifBalanced,
      updated: (service, previous) => {
        if (bearing(service) !== bearing(previous)) look();
      },
      deleted: ifBalanced,
    }),
    nodes.onChange({
      added: look,
      updated: (node, previous) => {
        if (ofNode(node) !== ofNode(previous)) look();
      },
      deleted: look,
    }),
    slices.onChange({ added: lookSlice, updated: lookSlice, deleted: lookSlice }),
  ];
  return {
    ready: nodes.whenSynced,
    health: () => failure,
    async [Symbol.asyncDispose]() {
      for (const remove of removers) remove();
      await convergence[Symbol.asyncDispose]();
    },
  };
}

/** Takes all announcements away. */
export async function removeAnnouncements(world: Pick<World, 'exec'>): Promise<void> {
  await world.exec.run('ip', ['link', 'del', link], { timeout: 10_000 }).catch(() => undefined);
}
