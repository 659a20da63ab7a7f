// Keeps the kernel's Service rules equal to the API: watches Services, EndpointSlices, Nodes and this node's Pods, and
// sends only what changed. Reports when an address gets no new connections any more.
import { converge } from '#base/converge.ts';
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Service } from '#api/core/v1/service.ts';
import { keyOf } from '#api/object.ts';
import { EndpointSlices, Nodes, Pods, Services } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import { affinityMaps, lostSlot, staleKeys } from './affinity.ts';
import { type Family, familyOf, type Front, frontKey, type Protocol, frontsOfPod, frontsOfService, localEndpoints } from './front.ts';
import type { HealthCheck, HealthPorts } from './health.ts';
import { ProxyMetrics } from './metrics.ts';
import type { Nft } from './nft.ts';
import { type Drained, ReadyBackends } from './readybackends.ts';
import { type RuleConfig, RuleState } from './rules.ts';

export interface ProxyOptions {
  readonly informers: Informers;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly nft: Nft;
  readonly nodeName: string;
  readonly rules: RuleConfig;
  /** Serves health-check node ports; without it nobody does. */
  readonly healthPorts?: HealthPorts;
}

export interface Proxy extends Component {
  /** Resolves once no applied rule sends new connections to the address as a ready backend. */
  drained(address: string, signal?: AbortSignal): Promise<Drained>;
  /** The version of the endpoints (resourceVersion) for which the applied rules stand. */
  version(): bigint;
  /** Resolves when the applied rules stand for this version of the endpoints or a newer one. */
  applied(version: bigint, signal: AbortSignal): Promise<void>;
  /** Something else changed the table: it is made anew. */
  repair(): void;
  readonly metrics: ProxyMetrics;
  /** Milliseconds from the first unapplied change to now; 0 when everything is applied. */
  lag(): number;
}

const serviceIndex = 'service';
/** When the change happened that a slice tells of. */
const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

/** The key of the Service that a slice belongs to. */
function serviceKeyOf(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.['kubernetes.io/service-name'];
  return name === undefined ? undefined : `${slice.metadata.namespace}/${name}`;
}

/**
 * Starts the proxy. It owns the nftables table `rules.table` in this network namespace. The rules outlive it, so that
 * Services go on working while Tutti restarts; `removeRules` takes them away.
 */
export function startProxy(options: ProxyOptions): Proxy {
  const { informers, world, nft, nodeName, rules } = options;
  const services = informers.of(Services);
  const slices = informers.of(EndpointSlices);
  const nodes = informers.of(Nodes);
  const pods = informers.of(Pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  slices.addIndex(serviceIndex, (slice) => [serviceKeyOf(slice) ?? '']);

  const states: Record<Family, RuleState> = { ip: new RuleState(rules, 'ip'), ip6: new RuleState(rules, 'ip6') };
  const families = (['ip', 'ip6'] as const).filter((family) => rules.podRanges[family] !== undefined);
  const fronts = new Map<string, readonly Front[]>();
  const dirty = new Set<string>();
  const checks = new Map<string, { readonly port: number; readonly check: HealthCheck }>();
  const backends = new ReadyBackends(world.clock);
  const metrics = new ProxyMetrics(world.clock);
  /** Moments of changes to endpoints that are not in the kernel yet. */
  let triggers: number[] = [];
  /** The newest version that an event about endpoints had, and the one of the rules in the kernel. */
  let seenVersion = 0n;
  let appliedVersion = 0n;
  /** Rounds begun, and the last one that the kernel has taken. */
  let begun = 0;
  let taken = 0;
  let nodeAddresses: Record<Family, readonly string[]> = { ip: [], ip6: [] };
  let nodesDirty = true;
  let rebuild = true;
  let dirtySince = 0;
  let failure: string | undefined;
  let started = false;

  // Our picture and the kernel may differ after a failure: the next round replaces everything, atomically.
  const convergence = converge({
    clock: world.clock,
    isDone: () => !started || (dirty.size === 0 && !nodesDirty && !rebuild),
    round,
    failed(error) {
      rebuild = true;
      metrics.failed();
      failure = messageOf(error);
      world.log.error('service rules not applied', { error: failure });
    },
  });

  const mark = (source: string): void => {
    if (dirty.size === 0) dirtySince = world.clock.monotonic();
    dirty.add(source);
    convergence.look();
  };
  const markSlice = (slice: EndpointSlice): void => {
    const version = BigInt(slice.metadata.resourceVersion ?? 0);
    if (version > seenVersion) seenVersion = version;
    const key = serviceKeyOf(slice);
    if (key !== undefined) mark(`service ${key}`);
    else convergence.settle();
  };
  const markService = (service: Service): void => {
    metrics.changed('service');
    mark(`service ${keyOf(service)}`);
  };
  const noteSlice = (slice: EndpointSlice): void => {
    metrics.changed('endpoint');
    const at = Date.parse(slice.metadata.annotations?.[triggerAnnotation] ?? '');
    // What was there before this process is no news.
    if (started && at > 0) triggers.push(at);
    markSlice(slice);
  };
  services.onChange({ added: markService, updated: markService, deleted: markService });
  slices.onChange({
    added: noteSlice,
    updated: (slice, previous) => {
      markSlice(previous);
      noteSlice(slice);
    },
    deleted: (slice) => {
      metrics.changed('endpoint');
      markSlice(slice);
    },
  });
  pods.onChange({
    added: (it) => mark(`pod ${keyOf(it)}`),
    updated: (it) => mark(`pod ${keyOf(it)}`),
    deleted: (it) => mark(`pod ${keyOf(it)}`),
  });
  let zone: string | undefined;
  const nodeChanged = (): void => {
    const now = nodes.lister.get(nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'];
    if (now !== zone) {
      zone = now;
      for (const service of services.lister.list()) mark(`service ${keyOf(service)}`);
    }
    nodesDirty = true;
    convergence.look();
  };
  nodes.onChange({ added: nodeChanged, updated: nodeChanged, deleted: nodeChanged });

  function wantedFronts(source: string): readonly Front[] {
    const key = source.slice(source.indexOf(' ') + 1);
    if (source.startsWith('pod ')) {
      const pod = pods.lister.getByKey(key);
      return pod === undefined ? [] : frontsOfPod(pod);
    }
    const service = services.lister.getByKey(key);
    return service === undefined ? [] : frontsOfService(service, slices.lister.byIndex(serviceIndex, key), { nodeName, zone });
  }

  function checkHealth(source: string): void {
    const key = source.slice(source.indexOf(' ') + 1);
    const service = source.startsWith('service ') ? services.lister.getByKey(key) : undefined;
    const port = service?.spec.type === 'LoadBalancer' ? service.spec.healthCheckNodePort : undefined;
    if (!port) return void checks.delete(source);
    checks.set(source, {
      port,
      check: { service: key, localEndpoints: localEndpoints(slices.lister.byIndex(serviceIndex, key), nodeName) },
    });
  }

  function currentNodeAddresses(): Record<Family, readonly string[]> {
    const all = nodes.lister
      .list()
      .flatMap((node) => (node.status.addresses ?? []).filter((entry) => entry.type === 'InternalIP').map((entry) => entry.address));
    const unique = [...new Set(all)].toSorted();
    return { ip: unique.filter((address) => familyOf(address) === 'ip'), ip6: unique.filter((address) => familyOf(address) === 'ip6') };
  }

  interface Round {
    text: string;
    lost: boolean;
    udp: { family: Family; front: Front; backend: string }[];
  }

  /** Moves our picture to what is wanted and returns what that means for the kernel. */
  function collect(): Round {
    const round: Round = { text: '', lost: false, udp: [] };
    const gone: Record<Family, Set<string>> = { ip: new Set(), ip6: new Set() };
    const wanted: Record<Family, Front[]> = { ip: [], ip6: [] };
    for (const source of dirty) {
      const next = wantedFronts(source).filter((front) => families.includes(front.family));
      backends.replace(fronts.get(source) ?? [], next, { version: seenVersion, round: begun });
      for (const front of fronts.get(source) ?? []) gone[front.family].add(frontKey(front));
      for (const front of next) wanted[front.family].push(front);
      if (next.length === 0) fronts.delete(source);
      else fronts.set(source, next);
      checkHealth(source);
    }
    dirty.clear();
    for (const family of families) {
      const state = states[family];
      const kept = new Set(wanted[family].map(frontKey));
      const before = new Map([...gone[family], ...kept].map((key) => [key, state.get(key)]));
      const text = state.change(
        [...gone[family]].filter((key) => !kept.has(key)),
        wanted[family],
      );
      for (const [key, old] of before) {
        const now = state.get(key);
        if (lostSlot(old, now)) round.lost = true;
        if (old === undefined || old.front.protocol !== 'udp') continue;
        for (const backend of old.order)
          if (!now?.order.includes(backend)) round.udp.push({ family, front: old.front, backend: backend.slice(0, backend.indexOf(' ')) });
      }
      if (!rebuild) round.text += text;
    }
    const addresses = nodesDirty ? currentNodeAddresses() : nodeAddresses;
    for (const family of families) {
      if (rebuild) round.text += states[family].replace(addresses[family]);
      else if (nodesDirty) round.text += states[family].nodeText(addresses[family], nodeAddresses[family]);
    }
    nodeAddresses = addresses;
    nodesDirty = false;
    return round;
  }

  /** What the cache of slices is complete up to: events, and what it knows from lists and bookmarks. */
  function newestVersion(): bigint {
    const listed = slices.synced && /^\d+$/.test(slices.resourceVersion) ? BigInt(slices.resourceVersion) : 0n;
    return listed > seenVersion ? listed : seenVersion;
  }

  async function forgetStaleClients(): Promise<void> {
    for (const family of families) {
      for (const { name, onNodePorts, fromInside } of affinityMaps) {
        const listing = await nft.listMap(family, rules.table, name);
        const keys = staleKeys(listing, onNodePorts, (address, protocol, port) =>
          states[family].get(frontKey({ family, address, protocol: protocol as Protocol, port, fromInside })),
        );
        if (keys.length > 0) await nft.apply(`delete element ${family} ${rules.table} ${name} { ${keys.join(', ')} }\n`);
      }
    }
  }

  async function round(): Promise<void> {
    const mine = ++begun;
    const version = newestVersion();
    const began = world.clock.monotonic();
    const full = rebuild;
    const told = triggers;
    triggers = [];
    metrics.take();
    const { text, lost, udp } = collect();
    if (text !== '') await nft.apply(text);
    metrics.synced({ full, ms: world.clock.monotonic() - began, triggers: told });
    taken = mine;
    appliedVersion = version;
    rebuild = false;
    failure = undefined;
    if (dirty.size === 0) dirtySince = 0;
    convergence.settle();
    options.healthPorts?.set(new Map([...checks.values()].map(({ port, check }) => [port, check])));
    for (const { family, front, backend } of udp) await nft.forgetUdp(family, front.address, front.port, backend);
    // An entry that expires between the listing and the deletion makes nft refuse the deletion: nothing is lost then.
    if (lost)
      await forgetStaleClients().catch((error: unknown) => world.log.debug('affinity entries not cleaned', { error: messageOf(error) }));
  }

  const isSettled = (): boolean => dirty.size === 0 && !rebuild && taken === begun;

  const ready = informers.synced().then(async () => {
    started = true;
    convergence.look();
    while (convergence.running !== undefined && rebuild) await convergence.running;
  });

  return {
    ready,
    health: () => failure,
    metrics,
    lag: () => (dirtySince === 0 ? 0 : world.clock.monotonic() - dirtySince),
    repair() {
      rebuild = true;
      convergence.look();
    },
    version: () => (isSettled() ? newestVersion() : appliedVersion),
    applied: (version, signal) => convergence.until(() => appliedVersion >= version || (isSettled() && newestVersion() >= version), signal),
    async drained(address, signal) {
      // What is known now must be in the kernel; what comes later need not be waited for.
      const round = dirty.size > 0 || rebuild ? begun + 1 : begun;
      await convergence.until(() => taken >= round && backends.isFree(address, taken), signal);
      return backends.lastOf(address) ?? { used: false, version: 0n };
    },
    async [Symbol.asyncDispose]() {
      await convergence[Symbol.asyncDispose]();
      await options.healthPorts?.[Symbol.asyncDispose]();
    },
  };
}

/** Removes everything that a proxy left in the kernel: tables of one family with Services, one of both with policies. */
export async function removeRules(nft: Nft, table: string): Promise<void> {
  for (const family of ['ip', 'ip6', 'inet'] as const) await nft.removeTable(family, table).catch(() => undefined);
}
