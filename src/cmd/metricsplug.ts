// metrics.k8s.io as part of the API server: the collector's answers in the API's clothes.
import type { Answer, Context } from '#apiserver/chain.ts';
import type { DiscoveredGroup } from '#apiserver/discovery/model.ts';
import { objectAnswer, type PlugFactory } from '#apiserver/endpoint.ts';
import { notFound } from '#api/status.ts';
import { parseSelector } from '#format/selector.ts';
import type { MetricsCollector } from '#metrics/collector.ts';

const group = 'metrics.k8s.io';
const version = 'v1beta1';
const apiVersion = `${group}/${version}`;

const resource = (name: string, kind: string, namespaced: boolean) => ({
  name,
  singular: '',
  kind,
  group,
  version,
  namespaced,
  verbs: ['get', 'list'] as const,
  shortNames: [],
  categories: [],
  subresources: [],
});

/** What discovery says about the group. One value for ever: discovery caches by identity. */
export const metricsGroups: readonly DiscoveredGroup[] = [
  {
    group,
    versions: [
      { version, freshness: 'Current', resources: [resource('nodes', 'NodeMetrics', false), resource('pods', 'PodMetrics', true)] },
    ],
  },
];

interface Item {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
}

async function serve(ctx: Context, kind: string, read: () => Promise<readonly Item[]>): Promise<Answer> {
  const { info, call } = ctx;
  const items = await read();
  if (info.name !== '') {
    const item = items.find(({ metadata }) => metadata.name === info.name);
    if (item === undefined)
      throw notFound({ group, resource: info.resource }, info.namespace ? `${info.namespace}/${info.name}` : info.name);
    return objectAnswer(item);
  }
  const selector = parseSelector(call.params.get('labelSelector') ?? '');
  const matching = items.filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
  return objectAnswer({ kind: `${kind}List`, apiVersion, metadata: {}, items: matching });
}

const encoder = new TextEncoder();

/** A watch tells what moved. No other server of this API can be watched: it is not in discovery, and who asks finds out. */
function watchPods({ info, call }: Context, collector: MetricsCollector): Answer {
  const selector = parseSelector(call.params.get('labelSelector') ?? '');
  const moves = collector.moves(info.namespace || undefined, (pod) => selector.matches(pod.metadata.labels ?? {}), call.signal);
  async function* lines(): AsyncGenerator<Uint8Array> {
    for await (const object of moves) yield encoder.encode(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
  }
  return { kind: 'stream', status: 200, headers: { 'content-type': 'application/json' }, stream: lines() };
}

/** The endpoints; `collector` is asked for at each request, because it is made after the server. */
export function metricsPlug(collector: () => MetricsCollector): PlugFactory {
  return () => ({
    resources: [
      {
        group,
        version,
        resource: 'nodes',
        subresource: '',
        handle: (ctx) => serve(ctx, 'NodeMetrics', () => collector().nodes(ctx.info.name || undefined)),
      },
      {
        group,
        version,
        resource: 'pods',
        subresource: '',
        handle: (ctx) =>
          ctx.info.verb === 'watch'
            ? watchPods(ctx, collector())
            : serve(ctx, 'PodMetrics', () => collector().pods(ctx.info.namespace || undefined)),
      },
    ],
  });
}
