import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeQuery } from '#format/dnsmessage.ts';
import { DnsMetrics, questionType } from './metrics.ts';

test('the type of a question is read without decoding the message', () => {
  assert.equal(questionType(encodeQuery(1, { name: 'web.ns.svc.cluster.local', type: 'A' })), 1);
  assert.equal(questionType(encodeQuery(1, { name: '_http._tcp.web.ns.svc.cluster.local', type: 'SRV' })), 33);
  for (const bytes of [
    new Uint8Array(3),
    new Uint8Array(12),
    Uint8Array.from([...new Uint8Array(12), 200, 1]),
    Uint8Array.from([...new Uint8Array(12), 3, 97]),
  ])
    assert.equal(questionType(bytes), 0);
});

test('questions and answers are counted by type, protocol, source and code', () => {
  const metrics = new DnsMetrics('192.0.2.1');
  const query = encodeQuery(1, { name: 'x.org', type: 'AAAA' });
  const reply = (rcode: number): Uint8Array => Uint8Array.from([0, 1, 128, 128 | rcode]);
  metrics.observe(query, reply(0), { tcp: false, source: 'cache', ms: 0.1 });
  metrics.observe(query, reply(3), { tcp: true, source: 'kubernetes', ms: 3 });
  metrics.observe(new Uint8Array(12), reply(1), { tcp: false, source: 'kubernetes', ms: 1 });
  const text = metrics.render({ queries: 3, kept: 1, forwarded: 0, failed: 0 }, 7);
  for (const line of [
    'coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",view="",zone=".",type="AAAA"} 1',
    'coredns_dns_requests_total{family="1",proto="tcp",server="dns://:53",view="",zone=".",type="AAAA"} 1',
    'coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",view="",zone=".",type="other"} 1',
    'coredns_dns_responses_total{plugin="kubernetes",rcode="NXDOMAIN",server="dns://:53",view="",zone="."} 1',
    'coredns_dns_responses_total{plugin="kubernetes",rcode="FORMERR",server="dns://:53",view="",zone="."} 1',
    'coredns_dns_request_duration_seconds_bucket{server="dns://:53",view="",zone=".",le="0.00025"} 1',
    'coredns_dns_request_duration_seconds_count{server="dns://:53",view="",zone="."} 3',
    'coredns_cache_hits_total{server="dns://:53",view="",zones=".",type="success"} 1',
    'coredns_cache_misses_total{server="dns://:53",view="",zones="."} 2',
    'coredns_cache_entries{server="dns://:53",view="",zones=".",type="success"} 7',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
});
