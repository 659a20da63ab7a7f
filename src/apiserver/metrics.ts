// What the server counts about itself, under Kubernetes' metric names, as Prometheus text.
import type { Call, RequestInfo } from './chain.ts';
import type { FlowControl } from './flow/flow.ts';
import type { Level } from './flow/level.ts';
import type { Plug } from './endpoint.ts';
import type { Registry } from './registry/registry.ts';

const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Series {
  readonly labels: string;
  readonly counts: number[];
  sum: number;
  count: number;
}

// More series than this can only come from made-up paths: they share one.
const maxSeries = 20_000;

/** Counts requests. */
export class RequestMetrics {
  readonly #total = new Map<string, { readonly labels: string; count: number }>();
  readonly #duration = new Map<string, Series>();

  /** Notes a finished request that took `seconds`; watches are counted, not timed. */
  observe(call: Call, info: RequestInfo, code: number, seconds: number): void {
    const verb = verbOf(info);
    const scope = info.name !== '' || verb === 'POST' ? 'resource' : info.namespace !== '' ? 'namespace' : info.isResource ? 'cluster' : '';
    const dryRun = call.params.get('dryRun') === 'All' ? 'All' : '';
    const { group, resource, subresource, version } = info;
    const key = `${code}|${verb}|${group}|${version}|${resource}|${subresource}|${scope}|${dryRun}`;
    let total = this.#total.get(key);
    if (!total) {
      if (this.#total.size >= maxSeries) return;
      const labels = `code="${code}",component="apiserver",dry_run="${dryRun}",${resourceLabels(info)},scope="${scope}",verb="${verb}"`;
      this.#total.set(key, (total = { labels, count: 0 }));
    }
    total.count++;
    if (verb === 'WATCH') return;
    const durationKey = key.slice(key.indexOf('|'));
    let series = this.#duration.get(durationKey);
    if (!series) {
      const labels = `component="apiserver",dry_run="${dryRun}",${resourceLabels(info)},scope="${scope}",verb="${verb}"`;
      this.#duration.set(durationKey, (series = { labels, counts: buckets.map(() => 0), sum: 0, count: 0 }));
    }
    series.sum += seconds;
    series.count++;
    const at = buckets.findIndex((bound) => seconds <= bound);
    if (at >= 0) series.counts[at] = (series.counts[at] ?? 0) + 1;
  }

  render(lines: string[]): void {
    family(lines, 'apiserver_request_total', 'counter', 'Counter of apiserver requests by verb, resource and code.');
    for (const { labels, count } of this.#total.values()) lines.push(`apiserver_request_total{${labels}} ${count}`);
    family(lines, 'apiserver_request_duration_seconds', 'histogram', 'Response latency in seconds, by verb and resource.');
    for (const { labels, counts, sum, count } of this.#duration.values()) {
      let running = 0;
      for (const [index, bound] of buckets.entries()) {
        running += counts[index] ?? 0;
        lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="${bound}"} ${running}`);
      }
      lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${count}`);
      lines.push(
        `apiserver_request_duration_seconds_sum{${labels}} ${sum}`,
        `apiserver_request_duration_seconds_count{${labels}} ${count}`,
      );
    }
  }
}

const clean = (text: string): string => text.replace(/[\\"\n]/g, '_');

function resourceLabels({ group, resource, subresource, version }: RequestInfo): string {
  return `group="${clean(group)}",resource="${clean(resource)}",subresource="${clean(subresource)}",version="${clean(version)}"`;
}

const verbs: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' };

function verbOf(info: RequestInfo): string {
  return verbs[info.verb] ?? info.verb.toUpperCase();
}

function family(lines: string[], name: string, type: string, help: string): void {
  lines.push(`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`);
}

function renderFlow(lines: string[], levels: readonly Level[]): void {
  const gauges: readonly (readonly [string, string, string, (level: Level) => number])[] = [
    ['current_executing_seats', 'gauge', 'Seats that running requests take, by priority level.', ({ running }) => running],
    ['current_inqueue_requests', 'gauge', 'Requests that wait, by priority level.', ({ waiting }) => waiting],
    ['nominal_limit_seats', 'gauge', 'Seats of a priority level.', ({ limits }) => limits.nominal],
    ['dispatched_requests_total', 'counter', 'Requests that got their seats, by priority level.', ({ dispatched }) => dispatched],
    ['rejected_requests_total', 'counter', 'Requests that got none in time, by priority level.', ({ rejected }) => rejected],
  ];
  for (const [name, type, help, value] of gauges) {
    family(lines, `apiserver_flowcontrol_${name}`, type, help);
    for (const level of levels) lines.push(`apiserver_flowcontrol_${name}{priority_level="${clean(level.name)}"} ${value(level)}`);
  }
}

export interface MetricsSources {
  readonly requests: RequestMetrics;
  readonly registry: Registry;
  readonly flow: Pick<FlowControl, 'levels'>;
  inFlight(): { readonly reading: number; readonly mutating: number };
}

/** Serves /metrics. */
export function metricsPlug({ requests, registry, flow, inFlight }: MetricsSources): Plug {
  const handle = () => {
    const lines: string[] = [];
    requests.render(lines);
    const { reading, mutating } = inFlight();
    family(lines, 'apiserver_current_inflight_requests', 'gauge', 'Requests in flight, by kind.');
    lines.push(`apiserver_current_inflight_requests{request_kind="mutating"} ${mutating}`);
    lines.push(`apiserver_current_inflight_requests{request_kind="readOnly"} ${reading}`);
    renderFlow(lines, [...flow.levels]);
    family(lines, 'apiserver_storage_objects', 'gauge', 'Stored objects, by resource.');
    const watchers: string[] = [];
    for (const row of registry.rows) {
      const resource = registry.find(row.group, row.version, row.resource);
      if (!resource || resource.conversion) continue;
      const name = row.group === '' ? row.resource : `${row.resource}.${row.group}`;
      lines.push(`apiserver_storage_objects{resource="${name}"} ${resource.table.size}`);
      const labels = `group="${row.group}",resource="${row.resource}",version="${row.version}"`;
      watchers.push(
        `apiserver_longrunning_requests{component="apiserver",${labels},scope="cluster",subresource="",verb="WATCH"} ${resource.table.watchers}`,
      );
    }
    family(lines, 'apiserver_longrunning_requests', 'gauge', 'Watches being served, by resource.');
    lines.push(...watchers, '');
    const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
    return { kind: 'bytes' as const, status: 200, headers, bytes: lines.join('\n') };
  };
  return { paths: [{ path: '/metrics', handle }] };
}
