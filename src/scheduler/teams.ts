// Profiles with what they work with, by the scheduler's name that pods ask for.
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Client } from '#client/client.ts';
import type { Recorder } from '#client/events.ts';
import { createSeriesRecorder } from '#client/eventseries.ts';
import { defaultSchedulerName, type SchedulerConfig } from './config/config.ts';
import { buildProfile, type Profile } from './config/profile.ts';
import { Cycle } from './cycle.ts';
import type { PluginDeps } from './defaults.ts';
import type { Nominator } from './nominator.ts';

/** A profile with what it works with. */
export interface Team {
  readonly profile: Profile;
  readonly cycle: Cycle;
  readonly recorder: Recorder;
}

export interface TeamOptions {
  readonly config: SchedulerConfig;
  readonly deps: PluginDeps;
  readonly client: Client;
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  readonly nominator: Nominator;
  /** Changes profiles before they are used. */
  readonly adapt?: ((profile: Profile) => Profile) | undefined;
}

/** The scheduler that a pod asks for. */
export const schedulerOf = (pod: Pod): string => pod.spec.schedulerName ?? defaultSchedulerName;

/** Builds all profiles. Throws `SchedulerConfigError`. */
export function makeTeams({ config, deps, client, world, nominator, adapt }: TeamOptions): ReadonlyMap<string, Team> {
  const teams = new Map<string, Team>();
  for (const entry of config.profiles) {
    const built = buildProfile(entry, deps);
    const profile = adapt?.(built) ?? built;
    const percentage = profile.percentageOfNodesToScore ?? config.percentageOfNodesToScore;
    const cycle = new Cycle({
      set: profile.set,
      random: world.random,
      nominator,
      ...(percentage === undefined ? {} : { percentageOfNodesToScore: percentage }),
    });
    const recorder = createSeriesRecorder(client, world, { component: entry.schedulerName, instance: entry.schedulerName });
    teams.set(entry.schedulerName, { profile, cycle, recorder });
  }
  return teams;
}
