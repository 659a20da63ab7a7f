// Where the numbers come from: metrics.k8s.io for CPU and memory, custom and external metrics where they are served.
import type { PodMetricsList } from '#api/metrics/v1beta1/podmetrics.ts';
import type { LabelSelector } from '#api/meta/v1/selector.ts';
import { fromStatus } from '#api/status.ts';
import type { Status } from '#api/meta/v1/status.ts';
import { eventsOf, objectOf } from '#client/body.ts';
import type { Client } from '#client/client.ts';
import { parseDuration } from '#format/duration.ts';
import { quantityMilli } from '#format/quantity.ts';
import { selectorOf } from '#format/selector.ts';
import type { PodUsage, Usages } from './replicas.ts';

export interface MetricSource {
  /** CPU in thousandths of a core, memory in thousandths of a byte, by pod. */
  resource(namespace: string, selector: string, resource: string, container?: string): Promise<Usages>;
  /** Something for each time that the usage of these pods moves, until the signal aborts; absent: nobody tells. */
  moves?(namespace: string, selector: string, signal: AbortSignal): AsyncIterable<unknown>;
  /** A metric that describes each pod. */
  ofPods(namespace: string, selector: string, metric: MetricName): Promise<Usages>;
  /** A metric that describes one object; thousandths. */
  ofObject(
    namespace: string,
    object: { readonly apiVersion?: string; readonly kind: string; readonly name: string },
    metric: MetricName,
  ): Promise<number>;
  /** The sum of an external metric's series; thousandths. */
  external(namespace: string, metric: MetricName): Promise<number>;
}

export interface MetricName {
  readonly name: string;
  readonly selector?: LabelSelector;
}

interface MetricValues {
  readonly items: readonly {
    readonly describedObject?: { readonly name?: string };
    readonly timestamp: string;
    readonly windowSeconds?: number;
    readonly value: string;
  }[];
}

const encode = encodeURIComponent;

/** Reads the metrics APIs through the API server. */
export function createMetricSource(client: Client): MetricSource {
  async function get<T>(path: string, query: Readonly<Record<string, string>>): Promise<T> {
    const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
    const response = await client.transport.send({ method: 'GET', path, query: text, headers: { accept: 'application/json' } });
    const object = await objectOf(response);
    if (response.status >= 400) throw fromStatus(object as Status);
    return object as T;
  }

  function custom(
    namespace: string,
    resource: string,
    name: string,
    query: { selector: string; metric: MetricName },
  ): Promise<MetricValues> {
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${encode(namespace)}/${encode(resource)}/${name}/${encode(query.metric.name)}`;
    return get(path, {
      labelSelector: query.selector,
      metricLabelSelector: query.metric.selector ? selectorOf(query.metric.selector).toString() : '',
    });
  }

  return {
    async *moves(namespace, selector, signal) {
      const query = new URLSearchParams({ watch: 'true', labelSelector: selector }).toString();
      const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${encode(namespace)}/pods`;
      yield* eventsOf(await client.transport.send({ method: 'GET', path, query, signal }), signal);
    },
    async resource(namespace, selector, resource, container) {
      const list = await get<PodMetricsList>(`/apis/metrics.k8s.io/v1beta1/namespaces/${encode(namespace)}/pods`, {
        labelSelector: selector,
      });
      const usages = new Map<string, PodUsage>();
      for (const item of list.items) {
        const wanted = item.containers.filter((entry) => container === undefined || entry.name === container);
        const amounts = wanted.map((entry) => entry.usage[resource]);
        if (amounts.length === 0 || amounts.includes(undefined)) continue;
        const value = amounts.reduce((sum, amount) => sum + quantityMilli(amount as string), 0);
        usages.set(item.metadata.name, { value, at: Date.parse(item.timestamp), window: parseDuration(item.window) });
      }
      if (usages.size === 0) throw new Error(`no metrics returned from resource metrics API`);
      return usages;
    },
    async ofPods(namespace, selector, metric) {
      const { items } = await custom(namespace, 'pods', '*', { selector, metric });
      if (items.length === 0) throw new Error('no metrics returned from custom metrics API');
      return new Map(
        items.map((item) => [
          item.describedObject?.name ?? '',
          { value: quantityMilli(item.value), at: Date.parse(item.timestamp), window: (item.windowSeconds ?? 60) * 1000 },
        ]),
      );
    },
    async ofObject(namespace, object, metric) {
      const group = object.apiVersion?.includes('/') ? `.${object.apiVersion.split('/')[0]}` : '';
      const resource = `${object.kind.toLowerCase()}s${group}`;
      const { items } = await custom(namespace, resource, encode(object.name), { selector: '', metric });
      const value = items[0]?.value;
      if (value === undefined) throw new Error('no metrics returned from custom metrics API');
      return quantityMilli(value);
    },
    async external(namespace, metric) {
      const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${encode(namespace)}/${encode(metric.name)}`;
      const { items } = await get<MetricValues>(path, { labelSelector: metric.selector ? selectorOf(metric.selector).toString() : '' });
      if (items.length === 0) throw new Error('no metrics returned from external metrics API');
      return items.reduce((sum, item) => sum + quantityMilli(item.value), 0);
    },
  };
}
