// GET /metrics and /metrics/resource in Prometheus' text form: pure.
import type { AgentContext } from '../sync/context.ts';
import type { PodManager } from '../sync/pods.ts';
import { running } from '../sync/state.ts';
import { MetricsText } from '#format/prometheus.ts';

interface Usage {
  readonly cpu?: { readonly time?: string; readonly usageCoreNanoSeconds?: number };
  readonly memory?: { readonly workingSetBytes?: number };
  readonly swap?: { readonly swapUsageBytes?: number };
  readonly startTime?: string;
}
interface Memory {
  readonly memory?: { readonly usageBytes?: number; readonly workingSetBytes?: number; readonly rssBytes?: number };
}
interface Summary {
  readonly node?: Usage & Memory;
  readonly pods?: readonly (Usage &
    Memory & {
      readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
      readonly containers?: readonly (Usage & Memory & { readonly name: string })[];
    })[];
}

class Lines {
  readonly #families = new Map<string, string[]>();

  add(
    name: string,
    facts: { help: string; type: 'counter' | 'gauge' },
    labels: Readonly<Record<string, string>>,
    value: number | undefined,
  ): void {
    if (value === undefined) return;
    let lines = this.#families.get(name);
    if (!lines) {
      lines = [`# HELP ${name} ${facts.help}`, `# TYPE ${name} ${facts.type}`];
      this.#families.set(name, lines);
    }
    const text = Object.entries(labels)
      .map(([key, label]) => `${key}=${JSON.stringify(label)}`)
      .join(',');
    lines.push(`${name}${text ? `{${text}}` : ''} ${value}`);
  }

  toString(): string {
    return `${[...this.#families.values()].flat().join('\n')}\n`;
  }
}

const counter = (help: string) => ({ help, type: 'counter' as const });
const gauge = (help: string) => ({ help, type: 'gauge' as const });

/** Usage of node, pods and containers, from the summary. */
export function resourceMetrics(summary: unknown): string {
  const { node = {}, pods = [] } = summary as Summary;
  const lines = new Lines();
  const seconds = (usage: Usage): number | undefined =>
    usage.cpu?.usageCoreNanoSeconds === undefined ? undefined : usage.cpu.usageCoreNanoSeconds / 1e9;
  const put = (prefix: string, labels: Readonly<Record<string, string>>, usage: Usage): void => {
    lines.add(
      `${prefix}_cpu_usage_seconds_total`,
      counter(`[STABLE] Cumulative cpu time consumed by the ${prefix} in core-seconds`),
      labels,
      seconds(usage),
    );
    lines.add(
      `${prefix}_memory_working_set_bytes`,
      gauge(`[STABLE] Current working set of the ${prefix} in bytes`),
      labels,
      usage.memory?.workingSetBytes,
    );
    const start = prefix === 'container' && usage.startTime ? Date.parse(usage.startTime) / 1000 : undefined;
    lines.add('container_start_time_seconds', gauge('[STABLE] Start time of the container since unix epoch in seconds'), labels, start);
  };
  put('node', {}, node);
  for (const pod of pods) {
    const labels = { namespace: pod.podRef.namespace, pod: pod.podRef.name };
    put('pod', labels, pod);
    for (const container of pod.containers ?? []) put('container', { container: container.name, ...labels }, container);
  }
  lines.add('resource_scrape_error', gauge('[STABLE] 1 if there was an error while getting container metrics, 0 otherwise'), {}, 0);
  return lines.toString();
}

/** The agent's own figures. */
export function agentMetrics(context: AgentContext, pods: PodManager): string {
  const lines = new Lines();
  const states = context.cache.states();
  lines.add(
    'kubelet_running_pods',
    gauge('[BETA] Number of pods that have a running pod sandbox'),
    {},
    states.filter((state) => state.sandboxes[0]?.ready).length,
  );
  const count = states.reduce((sum, state) => sum + running(state).length, 0);
  lines.add('kubelet_running_containers', gauge('[BETA] Number of containers currently running'), { container_state: 'running' }, count);
  lines.add('kubelet_desired_pods', gauge('[ALPHA] The number of pods the kubelet is being instructed to run'), {}, pods.workers().length);
  lines.add('kubelet_node_name', gauge("[ALPHA] The node's name. The count is always 1."), { node: context.options.nodeName }, 1);
  return `${lines}${equipmentMetrics(context)}`;
}

/** How processors and memory of their own were given to containers, and how they were aligned. */
export function equipmentMetrics({ topology, cpus, memory }: Pick<AgentContext, 'topology' | 'cpus' | 'memory'>): string {
  const text = new MetricsText();
  const count = (name: string, help: string, value: number): void =>
    text.numbers(`kubelet_${name}`, { type: 'counter', help: `[ALPHA] ${help}` }, [[{}, value]]);
  count('topology_manager_admission_requests_total', 'Pods that the topology manager was asked about', topology.requests);
  count('topology_manager_admission_errors_total', 'Pods refused as their resources could not be aligned', topology.errors);
  text.histograms('kubelet_topology_manager_admission_duration_ms', '[ALPHA] Milliseconds that an admission took', [
    [{}, topology.durations],
  ]);
  count('cpu_manager_pinning_requests_total', 'Containers that were to get processors of their own', cpus.pinning.requests);
  count('cpu_manager_pinning_errors_total', 'Containers that got no processors of their own', cpus.pinning.errors);
  count('memory_manager_pinning_requests_total', 'Containers that were to get memory of their own', memory.pinning.requests);
  count('memory_manager_pinning_errors_total', 'Containers that got no memory of their own', memory.pinning.errors);
  if (topology.config?.policy === 'single-numa-node') {
    const labels = { boundary: 'numa_node', scope: topology.config.scope };
    const about = { type: 'counter' as const, help: '[ALPHA] Alignments of resources' };
    text.numbers('kubelet_container_aligned_compute_resources_count', about, [[labels, topology.aligned]]);
    text.numbers('kubelet_container_aligned_compute_resources_failure_count', about, [[labels, topology.unaligned]]);
  }
  return text.toString();
}

/** Containers as cAdvisor tells of them, and the machine. */
export function containerMetrics(summary: unknown, capacity: Readonly<Record<string, string>>): string {
  const { node = {}, pods = [] } = summary as Summary;
  const lines = new Lines();
  const put = (labels: Readonly<Record<string, string>>, usage: Usage & Memory): void => {
    const seconds = usage.cpu?.usageCoreNanoSeconds === undefined ? undefined : usage.cpu.usageCoreNanoSeconds / 1e9;
    lines.add(
      'container_cpu_usage_seconds_total',
      counter('Cumulative cpu time consumed in seconds.'),
      { ...labels, cpu: 'total' },
      seconds,
    );
    lines.add(
      'container_memory_usage_bytes',
      gauge('Current memory usage in bytes, including all memory.'),
      labels,
      usage.memory?.usageBytes,
    );
    lines.add('container_memory_working_set_bytes', gauge('Current working set in bytes.'), labels, usage.memory?.workingSetBytes);
    lines.add('container_memory_rss', gauge('Size of RSS in bytes.'), labels, usage.memory?.rssBytes);
    const start = usage.startTime ? Date.parse(usage.startTime) / 1000 : undefined;
    lines.add('container_start_time_seconds', gauge('Start time of the container since unix epoch in seconds.'), labels, start);
  };
  put({ container: '', id: '/', image: '', name: '', namespace: '', pod: '' }, node);
  for (const pod of pods) {
    const labels = { image: '', name: '', namespace: pod.podRef.namespace, pod: pod.podRef.name };
    put({ container: '', id: `/kubepods/pod${pod.podRef.uid}`, ...labels }, pod);
    for (const container of pod.containers ?? []) {
      put({ container: container.name, id: `/kubepods/pod${pod.podRef.uid}/${container.name}`, ...labels }, container);
    }
  }
  lines.add('machine_cpu_cores', gauge('Number of logical CPU cores.'), {}, Number(capacity['cpu'] ?? 0));
  lines.add('machine_memory_bytes', gauge('Amount of memory installed on the machine.'), {}, Number(capacity['memory-bytes'] ?? 0));
  return lines.toString();
}

/** How often the probes of each container came to which result. */
export function probeMetrics(context: AgentContext, pods: PodManager): string {
  const lines = new Lines();
  for (const { pod, state } of pods.workers()) {
    if (!pod) continue;
    const { name, namespace = '', uid = '' } = pod.metadata;
    for (const { id, name: container } of running(state)) {
      for (const { kind, result, count } of context.probes.counts(id)) {
        const labels = { container, namespace, pod: name, pod_uid: uid, probe_type: kind, result };
        lines.add(
          'prober_probe_total',
          counter('[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.'),
          labels,
          count,
        );
      }
    }
  }
  return lines.toString();
}
