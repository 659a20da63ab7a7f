// explain.tutti.dev as part of the API server: why pods are pending, read from the scheduler's memory.
import type { Context } from '#apiserver/chain.ts';
import type { DiscoveredGroup } from '#apiserver/discovery/model.ts';
import { objectAnswer, type PlugFactory } from '#apiserver/endpoint.ts';
import { notFound } from '#api/status.ts';
import { verdictGroup as group, verdictKind as kind, verdictVersion as version } from '#scheduler/explain.ts';
import type { Scheduler } from '#scheduler/scheduler.ts';

const resource = 'schedulingverdicts';

/** What discovery says about the group. One value for ever: discovery caches by identity. */
export const verdictGroups: readonly DiscoveredGroup[] = [
  {
    group,
    versions: [
      {
        version,
        freshness: 'Current',
        resources: [
          {
            name: resource,
            singular: 'schedulingverdict',
            kind,
            group,
            version,
            namespaced: true,
            verbs: ['get', 'list'],
            shortNames: [],
            categories: [],
            subresources: [],
          },
        ],
      },
    ],
  },
];

/** The endpoint; `scheduler` is asked for at each request, because it is made after the server. */
export function verdictPlug(scheduler: () => Pick<Scheduler, 'verdicts'>): PlugFactory {
  function handle({ info }: Context) {
    const verdicts = scheduler().verdicts(info.namespace || undefined);
    if (info.name === '') return objectAnswer({ kind: `${kind}List`, apiVersion: `${group}/${version}`, metadata: {}, items: verdicts });
    const verdict = verdicts.find(({ metadata }) => metadata.name === info.name);
    if (verdict === undefined) throw notFound({ group, resource }, info.name);
    return objectAnswer(verdict);
  }
  return () => ({ resources: [{ group, version, resource, subresource: '', handle }] });
}
