// Resource usage of nodes and containers, as metrics.k8s.io shows it. Nodes are asked when somebody asks us, at most once
// in a short while: an idle cluster collects nothing.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { NodeMetrics } from '#api/metrics/v1beta1/nodemetrics.ts';
import type { PodMetrics } from '#api/metrics/v1beta1/podmetrics.ts';
import { keyOf } from '#api/object.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { Nodes, Pods } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { nodeMetrics, podMetrics, type Summary } from './convert.ts';
import { podMoves } from './moves.ts';

export interface MetricsCollector {
  /** Usage of every node that answers, or of one. */
  nodes(name?: string): Promise<readonly NodeMetrics[]>;
  /** Usage of the running pods of a namespace (absent: all), or of some of them: only their nodes are asked. */
  pods(namespace?: string, wanted?: (pod: Pod) => boolean): Promise<readonly PodMetrics[]>;
  /** The same pods' usage whenever it moves, until the signal aborts. */
  moves(namespace: string | undefined, wanted: (pod: Pod) => boolean, signal: AbortSignal): AsyncIterable<PodMetrics>;
}

export interface CollectorOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly world: Pick<World, 'clock' | 'log'>;
  /** Milliseconds for which an answer of a node is used again. Default 400. */
  readonly freshness?: number;
  /** Milliseconds that a node may take. Default 5000. */
  readonly timeout?: number;
}

/** What a node said, and when. */
interface Sample {
  readonly at: number;
  readonly summary: Promise<Summary | undefined>;
}

/** Creates a collector over the nodes' `/stats/summary`, through the API server's proxy. */
export function createCollector(options: CollectorOptions): MetricsCollector {
  const { client, informers, world } = options;
  const freshness = options.freshness ?? 400;
  const nodes = informers.of(Nodes);
  const pods = informers.of(Pods);
  const samples = new Map<string, Sample>();

  async function ask(name: string): Promise<Summary | undefined> {
    const abort = new AbortController();
    const timer = world.clock.after(options.timeout ?? 5_000, () => abort.abort(new Error('timed out')));
    try {
      const answer = await client.transport.send({
        method: 'GET',
        path: `/api/v1/nodes/${encodeURIComponent(name)}/proxy/stats/summary?only_cpu_and_memory=true`,
        signal: abort.signal,
      });
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      if ('object' in answer.body) return answer.body.object as Summary;
      const chunks: Uint8Array[] = [];
      if ('bytes' in answer.body) chunks.push(answer.body.bytes);
      else if ('stream' in answer.body) for await (const chunk of answer.body.stream) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Summary;
    } catch (error) {
      world.log.debug('node usage unknown', { node: name, error: messageOf(error) });
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  function summaryOf(name: string): Promise<Summary | undefined> {
    const now = world.clock.monotonic();
    const known = samples.get(name);
    if (known !== undefined && now - known.at < freshness) return known.summary;
    const summary = ask(name);
    samples.set(name, { at: now, summary });
    return summary;
  }

  function forgetGone(present: readonly Node[]): void {
    const names = new Set(present.map((node) => node.metadata.name));
    for (const name of samples.keys()) if (!names.has(name)) samples.delete(name);
  }

  async function summaries(list: readonly Node[]): Promise<{ node: Node; summary: Summary }[]> {
    const answers = await Promise.all(list.map(async (node) => ({ node, summary: await summaryOf(node.metadata.name) })));
    return answers.flatMap(({ node, summary }) => (summary === undefined ? [] : [{ node, summary }]));
  }

  const collector: MetricsCollector = {
    async nodes(name) {
      const all = nodes.lister.list();
      forgetGone(all);
      const wanted = name === undefined ? all : all.filter((node) => node.metadata.name === name);
      return (await summaries(wanted)).flatMap(({ node, summary }) => nodeMetrics(node, summary) ?? []);
    },
    async pods(namespace, isWanted = () => true) {
      const wanted = new Map<string, Pod>();
      for (const pod of pods.lister.list(namespace))
        if (pod.spec.nodeName && !isPodTerminal(pod) && isWanted(pod)) wanted.set(keyOf(pod), pod);
      const names = new Set([...wanted.values()].map((pod) => pod.spec.nodeName as string));
      const answers = await summaries(nodes.lister.list().filter((node) => names.has(node.metadata.name)));
      return answers.flatMap(({ summary }) =>
        summary.pods.flatMap((stats) => podMetrics(wanted.get(`${stats.podRef.namespace}/${stats.podRef.name}`), stats) ?? []),
      );
    },
    moves: (namespace, wanted, signal) => podMoves(() => collector.pods(namespace, wanted), world.clock, signal),
  };
  return collector;
}
