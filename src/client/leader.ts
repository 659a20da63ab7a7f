// Leader election by Lease: of several instances one works, the others wait.
import { rfc3339Micro } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { Lease, LeaseSpec } from '#api/coordination/v1/lease.ts';
import { Leases } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { Client } from './client.ts';
import { createClient } from './create.ts';
import { createRecorder } from './events.ts';

/** How one instance takes part; the times are those of client-go unless told otherwise. */
export interface Candidacy {
  /** Who we are; different for every instance. */
  readonly identity: string;
  /** Milliseconds that others wait before they take over. Default 15 s. */
  readonly leaseDuration?: number;
  /** Milliseconds for which we work without being able to renew. Default 10 s. */
  readonly renewDeadline?: number;
  /** Milliseconds between tries. Default 2 s. */
  readonly retryPeriod?: number;
}

export interface ElectionOptions extends Candidacy {
  readonly client: Client;
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  /** Name of the Lease, e.g. `kube-controller-manager`. */
  readonly name: string;
  readonly namespace?: string;
  /**
   * Makes the work; called each time we become leader, disposed when we stop being it. `leading` aborts at once when the lease is
   * lost: what is under way then may take long to end, and must send nothing any more (`whileLeading`).
   */
  start(leading: AbortSignal): Component;
}

/** The same client as long as the signal has not aborted; from then on it sends nothing. */
export function whileLeading(client: Client, leading: AbortSignal): Client {
  const { transport } = client;
  return createClient({
    async send(request) {
      leading.throwIfAborted();
      return transport.send(request);
    },
  });
}

/** The lease as last seen, and when we saw it change (by our own clock: clocks of others are not trusted). */
export interface Observed {
  readonly lease: Lease;
  readonly at: number;
}

/** What a candidate should do: take (or renew) the lease with this spec, or wait. Pure. */
export function planElection(
  observed: Observed | undefined,
  self: { readonly identity: string; readonly leaseDuration: number },
  time: { readonly now: number; readonly monotonic: number },
): LeaseSpec | undefined {
  const fresh = {
    holderIdentity: self.identity,
    leaseDurationSeconds: Math.round(self.leaseDuration / 1000),
    renewTime: rfc3339Micro(time.now),
  };
  const spec = observed?.lease.spec;
  if (spec === undefined || observed === undefined) return { ...fresh, acquireTime: fresh.renewTime, leaseTransitions: 0 };
  const mine = spec.holderIdentity === self.identity;
  const held = (spec.holderIdentity ?? '') !== '' && observed.at + (spec.leaseDurationSeconds ?? 0) * 1000 > time.monotonic;
  if (!mine && held) return undefined;
  return {
    ...fresh,
    acquireTime: mine ? (spec.acquireTime ?? fresh.renewTime) : fresh.renewTime,
    leaseTransitions: (spec.leaseTransitions ?? 0) + (mine ? 0 : 1),
  };
}

/** Takes part in an election until disposed; then the work stops and the lease is given back. */
export function startElection(options: ElectionOptions): Component {
  const { world, identity } = options;
  const namespace = options.namespace ?? 'kube-system';
  const leaseDuration = options.leaseDuration ?? 15_000;
  const renewDeadline = options.renewDeadline ?? 10_000;
  const retryPeriod = options.retryPeriod ?? 2_000;
  const leases = options.client.resource(Leases);
  const recorder = createRecorder(options.client, world, { component: options.name });
  const log = world.log.child({ lease: options.name, identity });
  const abort = new AbortController();
  const { signal } = abort;
  let observed: Observed | undefined;
  let work: Component | undefined;
  let resolveReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    resolveReady = resolve;
  });

  function observe(lease: Lease): void {
    if (observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) observed = { lease, at: world.clock.monotonic() };
  }

  /** One try to take or renew; true when we hold the lease afterwards. */
  async function attempt(): Promise<boolean> {
    try {
      observe(await leases.get(options.name, { namespace, signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      observed = undefined;
    }
    const time = { now: world.clock.now(), monotonic: world.clock.monotonic() };
    const spec = planElection(observed, { identity, leaseDuration }, time);
    if (spec === undefined) return false;
    const lease =
      observed === undefined
        ? await leases.create({ metadata: { name: options.name, namespace }, spec }, { signal })
        : await leases.update({ ...observed.lease, spec: { ...observed.lease.spec, ...spec } }, { signal });
    observe(lease);
    return true;
  }

  async function tryOnce(): Promise<boolean> {
    try {
      return await attempt();
    } catch (error) {
      if (!signal.aborted) log.debug('election: try failed', { error: messageOf(error) });
      return false;
    }
  }

  const pause = (ms: number): Promise<void> => world.clock.sleep(ms, signal).catch(() => undefined);

  /** Tells it as an event of the lease, as the components of Kubernetes do. */
  function tell(what: string): void {
    const lease = observed?.lease;
    if (lease)
      recorder.event({ ...lease, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }, 'Normal', 'LeaderElection', `${identity} ${what}`);
  }

  async function lead(): Promise<void> {
    log.info('became leader');
    tell('became leader');
    const leading = new AbortController();
    work = options.start(leading.signal);
    work.ready.then(resolveReady, resolveReady);
    let renewed = world.clock.monotonic();
    while (!signal.aborted) {
      await pause(retryPeriod);
      if (signal.aborted) break;
      // A server that does not answer must not keep us leading beyond the time for which the lease is ours.
      const left = renewed + renewDeadline - world.clock.monotonic();
      if (await Promise.race([tryOnce(), pause(left).then(() => false)])) renewed = world.clock.monotonic();
      else if (observed?.lease.spec.holderIdentity !== identity && observed !== undefined) break;
      else if (world.clock.monotonic() - renewed >= renewDeadline) break;
    }
    if (!signal.aborted) {
      leading.abort(new Error('another one may lead by now'));
      log.warn('stopped leading');
      tell('stopped leading');
    }
    const ending = work;
    work = undefined;
    await ending[Symbol.asyncDispose]();
  }

  async function release(): Promise<void> {
    const lease = observed?.lease;
    if (lease?.spec.holderIdentity !== identity) return;
    const now = rfc3339Micro(world.clock.now());
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    await leases.update({ ...lease, spec }).catch((error: unknown) => log.debug('lease not released', { error: messageOf(error) }));
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      if (await tryOnce()) {
        if (!signal.aborted) await lead();
      } else await pause(retryPeriod * (1 + world.random.next() * 1.2));
    }
    await release();
  }

  const running = run().catch((error: unknown) => log.error('election ended', { error: messageOf(error) }));
  return {
    ready,
    health: () => work?.health(),
    async [Symbol.asyncDispose]() {
      abort.abort(new Error('election stops'));
      await running;
      await recorder[Symbol.asyncDispose]();
    },
  };
}
