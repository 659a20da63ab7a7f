import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyMetrics } from './metrics.ts';
import { statusAnswer } from './status.ts';

test('changes wait until a round takes them up; its time and theirs are told', () => {
  let now = 1_000_000;
  const metrics = new ProxyMetrics({ now: () => now });
  metrics.changed('service');
  metrics.changed('endpoint');
  metrics.changed('endpoint');
  const value = (name: string): number => Number(new RegExp(`^kubeproxy_${name}(?:{[^}]*})? (.*)$`, 'm').exec(metrics.render())?.[1]);
  assert.equal(value('sync_proxy_rules_endpoint_changes_pending'), 2);
  metrics.take();
  now += 400;
  metrics.synced({ full: false, ms: 3, triggers: [now - 700] });
  assert.equal(value('sync_proxy_rules_endpoint_changes_pending'), 0);
  assert.equal(value('sync_proxy_rules_endpoint_changes_total'), 2);
  assert.equal(value('sync_proxy_rules_service_changes_total'), 1);
  assert.equal(value('sync_proxy_rules_last_timestamp_seconds'), 1000.4);
  assert.equal(value('sync_partial_proxy_rules_duration_seconds_count'), 1);
  assert.equal(value('sync_full_proxy_rules_duration_seconds_count'), 0);
  assert.match(metrics.render(), /network_programming_duration_seconds_bucket{le="0.5"} 0\n.*{le="1"} 1\n/);
  metrics.failed();
  assert.equal(value('sync_proxy_rules_nftables_sync_failures_total'), 1);
});

test('health is bad when rules are not applied; a node that is to go is not eligible, but lives', () => {
  const of = { problem: () => undefined, lastSynced: () => 0, isEligible: () => true, metrics: () => 'm' };
  const status = (path: string, more: object = {}): number => statusAnswer(path, { ...of, ...more }, 1_000).status;
  assert.equal(status('/healthz'), 200);
  assert.equal(status('/healthz', { problem: () => 'nft' }), 503);
  assert.equal(status('/healthz', { isEligible: () => false }), 503);
  assert.equal(status('/livez', { isEligible: () => false }), 200);
  assert.equal(status('/x'), 404);
  assert.equal(statusAnswer('/proxyMode', of, 0).body, 'nftables');
});
