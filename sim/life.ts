// One seed, one life: a cluster comes up, users and faults have their way with it for a while, then all is healed and it must
// come to rest.
import { seededRandom } from '#base/seeded.ts';
import { CronJobs, Nodes, ServiceAccounts } from '#api/refs.ts';
import { Cluster, Violation } from './cluster.ts';
import { rules } from './rules/all.ts';
import { isSomebodyStarved, unrest } from './rules/rest.ts';
import { act, actions, prepare, weighted } from './scenario/actions.ts';
import { faults } from './scenario/faults.ts';

export interface LifeOptions {
  readonly seed: string | number;
  /** Sees every line of the trace. */
  readonly everyLine?: (line: string) => void;
  /** Only these actions and faults happen. */
  readonly only?: { readonly actions?: readonly string[]; readonly faults?: readonly string[] };
  /** So many things happen; otherwise chance decides. */
  readonly steps?: number;
  /** Ends before the cluster would be healed and come to rest. */
  readonly untilRest?: boolean;
}

export interface LifeReport {
  readonly seed: string;
  /** Why it failed; undefined when it did not. */
  readonly failure: string | undefined;
  readonly traceHash: string;
  readonly traceLength: number;
  readonly tail: readonly string[];
  /** Virtual milliseconds. */
  readonly lived: number;
}

/** A healed cluster comes to rest within so much virtual time: the longest back-offs have passed. */
const restLimit = 40 * 60_000;
const quiet = 90_000;

function among<T>(all: Readonly<Record<string, T>>, names: readonly string[] | undefined): Readonly<Record<string, T>> {
  return names === undefined ? all : Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** Lives one life. Same options, same trace. */
export async function live(options: LifeOptions): Promise<LifeReport> {
  const seed = String(options.seed);
  const shape = seededRandom(`shape/${seed}`);
  const cluster = new Cluster({
    seed,
    nodes: 2 + Math.floor(shape.next() * 3),
    managers: shape.next() < 0.3 ? 2 : 1,
    ...(options.everyLine ? { everyLine: options.everyLine } : {}),
  });
  let failure: string | undefined;
  // Most lives are short, some long: what goes wrong mostly goes wrong soon.
  try {
    for (const rule of rules) rule(cluster);
    await cluster.start();
    await happen(cluster, options, { steps: options.steps ?? 8 + Math.floor(shape.next() ** 2 * 30), faulty: shape.next() < 0.8 });
    if (options.untilRest !== true) await rest(cluster);
  } catch (error) {
    failure = error instanceof Violation ? error.message : error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    cluster.say(`failed: ${failure}`);
  }
  const report = {
    seed,
    failure,
    traceHash: cluster.trace.hash(),
    traceLength: cluster.trace.length,
    tail: failure === undefined ? [] : cluster.trace.tail(40),
    lived: cluster.now,
  };
  cluster.end();
  return report;
}

async function happen(cluster: Cluster, { only }: LifeOptions, plan: { steps: number; faulty: boolean }): Promise<void> {
  const { random, time } = cluster;
  const userActions = among(actions, only?.actions);
  const strikes = among(faults, only?.faults);
  const client = cluster.client();
  await wait(cluster, client && prepare(cluster, client));
  const accountsReady = async (): Promise<boolean> =>
    (await client?.resource(ServiceAccounts).list())?.items.filter(({ metadata }) => metadata.name === 'default').length === 5;
  for (let tries = 0; tries < 20 && !(await wait(cluster, accountsReady())); tries++) await time.advance(500);
  for (let step = 0; step < plan.steps; step++) {
    if (plan.faulty && Object.keys(strikes).length > 0 && random.next() < 0.4) {
      const [name, { strike }] = weighted(cluster, strikes);
      cluster.say(`strike ${name}`);
      strike(cluster);
    }
    const [name, { act: action }] = weighted(cluster, userActions);
    // Not waited for: an action may last while others begin.
    void act(cluster, name, action).catch((error: unknown) => {
      // The server went down under it.
      cluster.say(`user ${name}: ${error}`);
    });
    // Most things come in quick succession, some long after the others.
    await time.advance(random.next() < 0.1 ? random.next() * 200_000 : random.next() ** 2 * 15_000);
  }
}

/** Lets time pass until a promise of ours is kept. */
async function wait<T>(cluster: Cluster, promise: Promise<T> | undefined): Promise<T | undefined> {
  let done = false;
  let value: T | undefined;
  promise?.then(
    (result) => {
      value = result;
      done = true;
    },
    (error: unknown) => cluster.violated('the server answers', String(error)),
  );
  await cluster.time.advanceUntil(() => done, 60_000);
  return value;
}

/** Users end what would never rest: drains that were left half done, and CronJobs. */
function endWishes(cluster: Cluster): void {
  const client = cluster.client();
  const ignored = (): undefined => undefined;
  for (const { metadata, spec } of cluster.truth.list(Nodes)) {
    if (spec.unschedulable === true)
      void client
        ?.resource(Nodes)
        .patch(metadata.name, { spec: { unschedulable: null } }, { type: 'merge' })
        .catch(ignored);
  }
  for (const { metadata, spec } of cluster.truth.list(CronJobs)) {
    const { name, namespace } = metadata;
    if (spec.suspend !== true)
      void client
        ?.resource(CronJobs)
        .patch(name, { spec: { suspend: true } }, { type: 'merge', namespace })
        .catch(ignored);
  }
}

async function rest(cluster: Cluster): Promise<void> {
  cluster.heal();
  const until = cluster.now + restLimit;
  for (let calm = 0, pause = 2_000; calm < 3; pause = Math.min(pause * 1.5, 30_000)) {
    endWishes(cluster);
    const left = unrest(cluster);
    calm = left.length === 0 ? calm + 1 : 0;
    if (left.length > 0 && cluster.now > until) cluster.violated('a quiet cluster comes to rest', left.join('; '));
    await cluster.time.advance(left.length === 0 ? 10_000 : pause);
  }
  cluster.say('at rest');
  // Who is at rest stays at rest, and writes nothing but heartbeats.
  const writes: string[] = [];
  cluster.onPassed.add(({ user, request, answer }) => {
    if (request.method !== 'GET' && !/leases|events|\/nodes\/[^/]+\/status/.test(request.path) && (answer?.status ?? 0) < 300)
      writes.push(`${user} ${request.method} ${request.path}`);
  });
  await cluster.time.advance(quiet);
  const again = unrest(cluster);
  if (again.length > 0) cluster.violated('a quiet cluster stays at rest', again.join('; '));
  if (writes.length > 0 && !isSomebodyStarved(cluster))
    cluster.violated('a quiet cluster writes nothing', [...new Set(writes)].slice(0, 5).join('; '));
  await cluster.time.settle();
}
