// Mistakes that controllers could have: each is another expression in one line of their code, put in when it is loaded and
// taken while the mistake is asked for. A world that is worth its name finds every one of them.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Mutation {
  /** Path below `src`. */
  readonly file: string;
  /** The expression that is right, and the one that is wrong. */
  readonly from: string;
  readonly to: string;
  /** What stands around the expression, where it is there more than once. */
  readonly within?: string;
  /** Not once but wherever it stands. */
  readonly everywhere?: boolean;
  /** The rule that has to find it. */
  readonly rule: string;
  /** Actions and faults of the lives in which it is looked for. */
  readonly only: { readonly actions: readonly string[]; readonly faults: readonly string[] };
  /** The first of these lives; default 1. One that finds it saves those before it. */
  readonly first?: number;
  /** How much happens in them, if not as much as in others. */
  readonly steps?: number;
}

const calm: readonly string[] = [];

export const mutations: Readonly<Record<string, Mutation>> = {
  'a rollout heeds no maxUnavailable': {
    file: 'controllers/deployment/scale.ts',
    from: 'desiredOf(deployment) - limits(deployment).unavailable',
    to: '0',
    first: 6,
    rule: 'maxUnavailable',
    only: { actions: ['deployment', 'roll', 'scale'], faults: calm },
  },
  'a rollout heeds no maxSurge': {
    file: 'controllers/deployment/scale.ts',
    from: 'desired + limits(deployment).surge - total(sets)',
    to: 'desired',
    first: 2,
    rule: 'maxSurge',
    only: { actions: ['deployment', 'roll', 'scale'], faults: calm },
  },
  'Recreate waits for nobody': {
    file: 'controllers/deployment/plan.ts',
    within: 'if (oldPodsRun) return',
    from: 'oldPodsRun',
    to: 'false',
    first: 3,
    rule: 'Recreate',
    only: { actions: ['deployment', 'roll'], faults: calm },
  },
  'a StatefulSet does not wait for the pod before': {
    file: 'controllers/statefulset/plan.ts',
    from: "{ actions: [{ type: 'create', pod: fresh, claims: missingClaims(observed, ordinal) }], stop: ordered }",
    to: "{ actions: [{ type: 'create', pod: fresh, claims: missingClaims(observed, ordinal) }], stop: false }",
    rule: 'StatefulSets grow in order',
    only: { actions: ['statefulSet', 'scale'], faults: calm },
  },
  'a Job counts a pod twice': {
    file: 'controllers/job/tally.ts',
    from: '(status.succeeded ?? 0) + before.succeeded.length - kept.succeeded.length',
    to: '(status.succeeded ?? 0) + 2 * before.succeeded.length - kept.succeeded.length',
    rule: 'Job counts are exact',
    only: { actions: ['job'], faults: calm },
  },
  'a Job runs one pod too many': {
    file: 'controllers/job/plan.ts',
    from: 'Math.max(0, Math.min(parallelism, completions - tally.succeeded))',
    to: 'Math.max(0, Math.min(parallelism + 1, completions - tally.succeeded))',
    rule: 'Jobs keep to their parallelism',
    only: { actions: ['job'], faults: calm },
  },
  'the collector forgets the second owner': {
    file: 'controllers/garbagecollector/plan.ts',
    from: 'leaving.length < states.length',
    to: 'leaving.length === 0',
    rule: 'owned objects stay',
    only: { actions: ['sharedOwner'], faults: calm },
  },
  'the scheduler does not book what it has placed': {
    file: 'scheduler/scheduler.ts',
    from: 'this.#cache.place(info, node.name)',
    to: 'undefined',
    rule: 'no node is overbooked',
    only: { actions: ['urgent', 'scale'], faults: calm },
  },
  'quotas are not looked at': {
    file: 'apiserver/admission/quotacheck.ts',
    from: 'compareQuantity(sum, hard[key] as string) > 0',
    to: 'false',
    first: 5,
    rule: 'quotas hold',
    only: { actions: ['deployment', 'statefulSet', 'scale', 'quota'], faults: calm },
  },
  'a budget allows one eviction too many': {
    file: 'controllers/disruption/plan.ts',
    from: 'Math.max(0, current - desired)',
    to: 'Math.max(0, current - desired + 1)',
    first: 4,
    rule: 'budgets hold',
    only: { actions: ['deployment', 'statefulSet', 'budget', 'evict', 'drain'], faults: calm },
  },
  'an eviction takes nothing from its budget': {
    file: 'apiserver/subresources/eviction.ts',
    from: 'status.disruptionsAllowed - 1',
    to: 'status.disruptionsAllowed',
    first: 5,
    rule: 'budgets hold',
    only: { actions: ['deployment', 'statefulSet', 'budget', 'drain'], faults: calm },
  },
  'a StatefulSet rolls without waiting': {
    file: 'controllers/statefulset/plan.ts',
    from: 'most === 1 && !usable(pod)',
    to: 'false',
    rule: 'StatefulSets roll fairly',
    only: { actions: ['statefulSet', 'roll'], faults: calm },
  },
  'a StatefulSet rolls below its partition': {
    file: 'controllers/statefulset/plan.ts',
    within: 'index >= (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0)',
    from: '(set.spec.updateStrategy?.rollingUpdate?.partition ?? 0)',
    to: '0',
    first: 10,
    rule: 'StatefulSets roll fairly',
    only: { actions: ['statefulSet', 'roll'], faults: calm },
  },
  'caches believe what was said before': {
    file: 'client/informer.ts',
    from: 'Number(object.metadata.resourceVersion) < Number(this.#version)',
    to: 'false',
    first: 6,
    rule: 'a quiet cluster',
    only: { actions: ['deployment', 'job', 'scale', 'remove'], faults: ['echo'] },
  },
  'the scheduler takes equals for victims': {
    file: 'scheduler/preemption/evaluate.ts',
    within: 'const lesser = [...node.pods.values()].filter((other) => other.priority < pod.priority);',
    from: 'other.priority < pod.priority',
    to: 'other.priority <= pod.priority',
    first: 2,
    rule: 'victims are lesser',
    only: { actions: ['deployment', 'urgent'], faults: calm },
  },
  'a CronJob forbids nothing': {
    file: 'controllers/cronjob/plan.ts',
    from: "spec.concurrencyPolicy === 'Forbid' && running",
    to: 'false',
    first: 3,
    rule: 'CronJobs forbid',
    only: { actions: ['cronJob'], faults: calm },
  },
  'an autoscaler grows beyond its limit': {
    file: 'controllers/podautoscaler/behavior.ts',
    within: 'replicas = Math.min(limit, max);',
    from: 'Math.min(limit, max)',
    to: 'limit',
    first: 2,
    rule: 'autoscalers keep limits',
    only: { actions: ['deployment', 'autoscaler', 'scale'], faults: calm },
  },
  'silence is measured by the wall clock': {
    file: 'controllers/nodelifecycle/controller.ts',
    from: 'world.clock.monotonic()',
    to: 'world.clock.now()',
    everywhere: true,
    first: 9,
    rule: 'silent nodes are given up',
    only: { actions: ['sharedOwner'], faults: ['clock', 'power'] },
    steps: 60,
  },
  'a volume is removed while it is used': {
    file: 'controllers/localpath/plan.ts',
    from: "volume.status.phase === 'Released' || volume.status.phase === 'Failed'",
    to: 'true',
    rule: 'volumes last',
    only: { actions: ['volumeSet', 'scale'], faults: calm },
  },
  'the scheduler does not wait for volumes': {
    file: 'scheduler/plugins/volumebinding.ts',
    from: 'node.node === undefined || plan === undefined || plan.bind.length + plan.provision.length === 0',
    to: 'true',
    rule: 'pods go to their volumes',
    only: { actions: ['claimed', 'volumeSet'], faults: calm },
  },
  'who hears nobody believes that nobody lives': {
    file: 'controllers/nodelifecycle/hearing.ts',
    from: 'now - this.#lately > deafness * this.#grace',
    to: 'false',
    rule: 'healthy nodes stay',
    first: 23,
    only: { actions: ['sharedOwner'], faults: ['sever'] },
    steps: 60,
  },
};

/** The mistake that is made now: a name, or none. */
declare global {
  var mistake: string | undefined;
}

function mutated(text: string, name: string, { file, from, to, within = from, everywhere }: Mutation): string {
  const found = text.split(within).length - 1;
  if (found === 0 || (found > 1 && everywhere !== true)) throw new Error(`${file} has this ${found} times: ${within}`);
  const either = `(globalThis.mistake === ${JSON.stringify(name)} ? (${to}) : (${from}))`;
  return text.replaceAll(within, () => within.replace(from, () => either));
}

/** Has the code be loaded with all mistakes in it, each for when it is `mistake`. Must run before anything imports these files. */
export function mutate(): void {
  const sources = new Map<string, string>();
  for (const [name, mutation] of Object.entries(mutations)) {
    const path = resolve(import.meta.dirname, '../src', mutation.file);
    const url = pathToFileURL(path).href;
    sources.set(url, mutated(sources.get(url) ?? readFileSync(path, 'utf8'), name, mutation));
  }
  registerHooks({
    load(wanted, context, nextLoad) {
      const source = sources.get(wanted);
      return source === undefined ? nextLoad(wanted, context) : { format: 'module-typescript', shortCircuit: true, source };
    },
  });
}
