// Mistakes that controllers could have: each is a change of one line of their code, made when it is loaded. A world that is
// worth its name finds every one of them.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Mutation {
  /** Path below `src`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Not once but wherever it stands. */
  readonly everywhere?: boolean;
  /** The rule that has to find it. */
  readonly rule: string;
  /** Actions and faults of the lives in which it is looked for. */
  readonly only: { readonly actions: readonly string[]; readonly faults: readonly string[] };
}

const calm: readonly string[] = [];

export const mutations: Readonly<Record<string, Mutation>> = {
  'a rollout heeds no maxUnavailable': {
    file: 'controllers/deployment/scale.ts',
    from: 'const minimum = desiredOf(deployment) - limits(deployment).unavailable;',
    to: 'const minimum = 0;',
    rule: 'maxUnavailable',
    only: { actions: ['create', 'roll', 'scale'], faults: calm },
  },
  'a rollout heeds no maxSurge': {
    file: 'controllers/deployment/scale.ts',
    from: 'const room = desired + limits(deployment).surge - total(sets);',
    to: 'const room = desired;',
    rule: 'maxSurge',
    only: { actions: ['create', 'roll', 'scale'], faults: calm },
  },
  'Recreate waits for nobody': {
    file: 'controllers/deployment/plan.ts',
    from: 'if (oldPodsRun) return',
    to: 'if (false) return',
    rule: 'Recreate',
    only: { actions: ['create', 'roll'], faults: calm },
  },
  'a StatefulSet does not wait for the pod before': {
    file: 'controllers/statefulset/plan.ts',
    from: "return { actions: [{ type: 'create', pod: fresh, claims: missingClaims(observed, ordinal) }], stop: ordered };",
    to: "return { actions: [{ type: 'create', pod: fresh, claims: missingClaims(observed, ordinal) }], stop: false };",
    rule: 'StatefulSets grow in order',
    only: { actions: ['create', 'scale'], faults: calm },
  },
  'a Job counts a pod twice': {
    file: 'controllers/job/tally.ts',
    from: '(status.succeeded ?? 0) + before.succeeded.length - kept.succeeded.length,',
    to: '(status.succeeded ?? 0) + 2 * before.succeeded.length - kept.succeeded.length,',
    rule: 'Job counts are exact',
    only: { actions: ['create'], faults: calm },
  },
  'a Job runs one pod too many': {
    file: 'controllers/job/plan.ts',
    from: 'Math.max(0, Math.min(parallelism, completions - tally.succeeded));',
    to: 'Math.max(0, Math.min(parallelism + 1, completions - tally.succeeded));',
    rule: 'Jobs keep to their parallelism',
    only: { actions: ['create'], faults: calm },
  },
  'the collector forgets the second owner': {
    file: 'controllers/garbagecollector/plan.ts',
    from: 'if (leaving.length < states.length) return',
    to: 'if (leaving.length === 0) return',
    rule: 'owned objects stay',
    only: { actions: ['sharedOwner'], faults: calm },
  },
  'the scheduler does not book what it has placed': {
    file: 'scheduler/scheduler.ts',
    from: 'this.#cache.place(info, node.name);',
    to: '',
    rule: 'no node is overbooked',
    only: { actions: ['create', 'scale'], faults: calm },
  },
  'quotas are not looked at': {
    file: 'apiserver/admission/quotacheck.ts',
    from: 'if (compareQuantity(sum, hard[key] as string) > 0) exceeded.push(key);',
    to: '',
    rule: 'quotas hold',
    only: { actions: ['create', 'scale', 'quota'], faults: calm },
  },
};

/** Has the code be loaded with the mistake in it. Must run before anything imports that file. */
export function mutate({ file, from, to, everywhere }: Mutation): void {
  const path = resolve(import.meta.dirname, '../src', file);
  const text = readFileSync(path, 'utf8');
  const found = text.split(from).length - 1;
  if (found === 0 || (found > 1 && everywhere !== true)) throw new Error(`${file} has this ${found} times: ${from}`);
  const url = pathToFileURL(path).href;
  registerHooks({
    load(wanted, context, nextLoad) {
      if (wanted !== url) return nextLoad(wanted, context);
      return { format: 'module-typescript', shortCircuit: true, source: text.replaceAll(from, () => to) };
    },
  });
}
