// What the proxy counts about itself, under kube-proxy's names.
import type { Clock } from '#base/clock.ts';
import { exponential, Histogram, MetricsText } from '#format/prometheus.ts';

export type ChangeKind = 'endpoint' | 'service';

const syncBounds = exponential(0.001, 2, 15);
/** kube-proxy's: quarters of a second, seconds, then ever longer. */
const programmingBounds = [
  0.25,
  0.5,
  ...Array.from({ length: 59 }, (_, i) => i + 1),
  ...Array.from({ length: 12 }, (_, i) => 60 + i * 5),
  120,
  150,
  180,
  210,
  240,
  270,
  300,
];

export class ProxyMetrics {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #all = new Histogram(syncBounds);
  readonly #full = new Histogram(syncBounds);
  readonly #partial = new Histogram(syncBounds);
  readonly #programming = new Histogram(programmingBounds);
  readonly #changes: Record<ChangeKind, { pending: number; total: number }> = {
    endpoint: { pending: 0, total: 0 },
    service: { pending: 0, total: 0 },
  };
  #failures = 0;
  /** Milliseconds since the epoch; 0: never. */
  #synced = 0;
  #queued = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** When rules were last applied, in milliseconds since the epoch; 0: never. */
  get lastSynced(): number {
    return this.#synced;
  }

  /** A change has come that is to become rules. */
  changed(kind: ChangeKind): void {
    this.#changes[kind].pending++;
    this.#changes[kind].total++;
    this.#queued = this.#clock.now();
  }

  /** The changes that a round takes up. */
  take(): void {
    for (const change of Object.values(this.#changes)) change.pending = 0;
  }

  /** A round has ended well. `triggers` are the moments of the changes to endpoints that it brought into the kernel. */
  synced(round: { readonly full: boolean; readonly ms: number; readonly triggers: readonly number[] }): void {
    this.#synced = this.#clock.now();
    this.#all.observe(round.ms / 1000);
    (round.full ? this.#full : this.#partial).observe(round.ms / 1000);
    for (const trigger of round.triggers) this.#programming.observe(Math.max(this.#synced - trigger, 0) / 1000);
  }

  failed(): void {
    this.#failures++;
  }

  render(): string {
    const text = new MetricsText();
    const one = (name: string, type: 'counter' | 'gauge', help: string, value: number): void =>
      text.numbers(`kubeproxy_${name}`, { type, help }, [[{}, value]]);
    text.histograms('kubeproxy_network_programming_duration_seconds', 'In Cluster Network Programming Latency in seconds', [
      [{}, this.#programming],
    ]);
    text.histograms('kubeproxy_sync_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds', [[{}, this.#all]]);
    text.histograms('kubeproxy_sync_full_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds for full resyncs', [
      [{}, this.#full],
    ]);
    text.histograms('kubeproxy_sync_partial_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds for partial resyncs', [
      [{}, this.#partial],
    ]);
    for (const [kind, name] of [
      ['endpoint', 'endpoint changes'],
      ['service', 'service changes'],
    ] as const) {
      one(`sync_proxy_rules_${kind}_changes_pending`, 'gauge', `Pending proxy rules ${name}`, this.#changes[kind].pending);
      one(`sync_proxy_rules_${kind}_changes_total`, 'counter', `Cumulative proxy rules ${name}`, this.#changes[kind].total);
    }
    one('sync_proxy_rules_last_queued_timestamp_seconds', 'gauge', 'The last time a sync of proxy rules was queued', this.#queued / 1000);
    one('sync_proxy_rules_last_timestamp_seconds', 'gauge', 'The last time proxy rules were successfully synced', this.#synced / 1000);
    one('sync_proxy_rules_nftables_sync_failures_total', 'counter', 'Cumulative proxy nftables sync failures', this.#failures);
    return String(text);
  }
}
