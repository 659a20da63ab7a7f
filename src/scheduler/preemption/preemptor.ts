// DefaultPreemption as the scheduler uses it: decides for a pod that found no node, asks extenders, and lets victims go.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import type { Informer } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import type { Recorder } from '#client/events.ts';
import type { Cycle } from '../cycle.ts';
import { passPreemption, type Round } from '../extenders/rounds.ts';
import type { Nominator } from '../nominator.ts';
import type { PodInfo } from '../podinfo.ts';
import type { SchedulingQueue } from '../queue.ts';
import { clearNomination } from '../report.ts';
import type { Attempt } from '../search.ts';
import type { ClusterCache } from '../snapshot.ts';
import {
  decidePreemption,
  type DefaultPreemptionArgs,
  evaluatePreemption,
  preemptionCandidates,
  type PreemptionInput,
  type PreemptionOutcome,
} from './evaluate.ts';
import { executePreemption } from './execute.ts';
import type { Candidate } from './pick.ts';

export interface PreemptorDeps {
  readonly client: Client;
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  readonly cache: ClusterCache;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  readonly budgets: Informer<PodDisruptionBudget>;
  /** Takes work that nobody waits for. */
  track(work: Promise<void>): void;
}

/** Whose attempt failed, and with which profile. */
export interface Failed {
  readonly info: PodInfo;
  readonly attempt: Attempt & { ok: false };
  readonly cycle: Cycle;
  readonly args: DefaultPreemptionArgs;
}

/** Dynamic resources come first among those that could still make room, and say that they cannot. */
const others = 'no new claims to deallocate, ';

/** What is added to the message of a pod that found no node. */
export function preemptionWords(outcome: PreemptionOutcome | undefined): string | undefined {
  if (outcome === undefined || outcome.message === '') return undefined;
  return 'broken' in outcome ? outcome.message : others + outcome.message;
}

export class Preemptor {
  readonly #deps: PreemptorDeps;

  constructor(deps: PreemptorDeps) {
    this.#deps = deps;
  }

  /** Decides, without acting. */
  decide(failed: Failed): PreemptionOutcome {
    return evaluatePreemption(this.#input(failed));
  }

  /** Decides with the extenders. */
  async decideAsking(failed: Failed, round: Round): Promise<PreemptionOutcome> {
    const candidates = preemptionCandidates(this.#input(failed));
    if (!Array.isArray(candidates)) return candidates;
    try {
      const nodeOf = (name: string) => this.#deps.cache.get(name);
      return decidePreemption(await passPreemption(round, failed.info.pod, { candidates, nodeOf }));
    } catch (error) {
      return { candidate: undefined, message: `preemption: ${messageOf(error)}`, nominate: undefined, broken: true };
    }
  }

  /** Lets the victims go; pods of lower priority that waited for the same room look elsewhere. */
  async execute(info: PodInfo, candidate: Candidate, recorder: Recorder): Promise<void> {
    const { client, world, nominator, queue, track } = this.#deps;
    for (const other of nominator.behind(info, candidate.node.name)) {
      nominator.delete(other.uid);
      queue.activate(other.uid);
      track(clearNomination(client, other));
    }
    try {
      await executePreemption({ client, recorder, world }, info, candidate);
    } catch (error) {
      world.log.warn('preemption failed', { pod: info.key, node: candidate.node.name, error: messageOf(error) });
      queue.activate(info.uid);
    }
  }

  #input({ info, attempt, cycle, args }: Failed): PreemptionInput {
    const { cache, budgets, world, nominator } = this.#deps;
    return {
      pod: info,
      verdict: attempt.verdict,
      prepared: attempt.prepared,
      cache,
      cycle,
      args,
      budgets: budgets.lister.list(),
      random: world.random,
      nominatedNode: nominator.nodeOf(info.uid),
    };
  }
}
