import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { NetworkPolicySpec } from '#api/networking/v1/networkpolicy.ts';
import { PolicyModel } from './model.ts';
import { mergeRanges } from './rules.ts';
import { compilePolicy, type PodView, viewOf } from './select.ts';

const policy = (name: string, spec: NetworkPolicySpec) => compilePolicy({ metadata: { name, namespace: 'x' }, spec });
const pod = (name: string, ip: string, labels: Record<string, string> = {}, namespace = 'x'): PodView => ({
  key: `${namespace}/${name}`,
  namespace,
  labels,
  ips: [ip],
  ports: [{ name: 'http', protocol: 'tcp', port: 8080 }],
});

function model(): PolicyModel {
  const made = new PolicyModel('t', ['ip']);
  made.setNamespace('x', { name: 'x' });
  made.setNamespace('y', { name: 'y' });
  return made;
}

test('a policy for all pods without rules denies its direction only', () => {
  const it = model();
  it.setLocal('x/a', pod('a', '10.0.0.1'));
  it.setPolicy(policy('deny', { podSelector: {}, policyTypes: ['Ingress'] }));
  const text = it.text(false);
  assert.match(text, /add element inet t ingress-ip \{ 10\.0\.0\.1 : goto (c\d+)-ip \}/);
  assert.doesNotMatch(text, /egress-ip \{/);
  assert.match(text, /add rule inet t c\d+-ip drop/);
  assert.match(text, /add element inet t self-ip \{ 10\.0\.0\.1 \. 10\.0\.0\.1 \}/);
  it.removePolicy('x/deny');
  const after = it.text(false);
  assert.match(after, /delete element inet t ingress-ip \{ 10\.0\.0\.1 \}/);
  assert.match(
    after,
    /delete chain inet t c\d+-ip\n[^]*delete chain inet t p\d+-ingress-ip|delete chain inet t p\d+-ingress-ip\n[^]*delete chain inet t c\d+-ip/,
  );
  assert.equal(it.text(false), '');
});

test('peers by labels of pods and namespaces are sets that follow them', () => {
  const it = model();
  it.setPod('y/b', pod('b', '10.0.0.2', { app: 'b' }, 'y'));
  it.setPod('x/c', pod('c', '10.0.0.3', { app: 'b' }));
  it.setLocal('x/a', pod('a', '10.0.0.1'));
  it.setPolicy(
    policy('some', {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'b' } }, namespaceSelector: { matchLabels: { name: 'y' } } }] }],
    }),
  );
  assert.match(it.text(false), /add element inet t s\d+ \{ 10\.0\.0\.2 \}/);
  it.setNamespace('x', { name: 'y' });
  assert.match(it.text(false), /^add element inet t s\d+ \{ 10\.0\.0\.3 \}\n$/);
  it.setPod('y/b', pod('b', '10.0.0.2', { app: 'other' }, 'y'));
  assert.match(it.text(false), /^delete element inet t s\d+ \{ 10\.0\.0\.2 \}\n$/);
  it.setPod('x/c', undefined);
  assert.match(it.text(false), /^delete element inet t s\d+ \{ 10\.0\.0\.3 \}\n$/);
});

test('ports: numbers and ranges join, names are sets, a protocol alone is every port', () => {
  const it = model();
  it.setPod('x/a', pod('a', '10.0.0.1'));
  it.setPolicy(
    policy('ports', {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [{ port: 80 }, { port: 75, endPort: 90 }, { port: 'http' }, { protocol: 'SCTP' }] }],
      egress: [
        { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.1.0.0/16', '10.1.2.0/24'] } }], ports: [{ protocol: 'UDP', port: 53 }] },
      ],
    }),
  );
  const text = it.text(false);
  assert.match(text, /ingress-ip tcp dport \{ 75-90 \} accept/);
  assert.match(text, /ingress-ip meta l4proto sctp accept/);
  assert.match(text, /ingress-ip ip daddr \. meta l4proto \. th dport @(s\d+) accept/);
  assert.match(text, /add element inet t s\d+ \{ 10\.0\.0\.1 \. tcp \. 8080 \}/);
  assert.match(text, /egress-ip ip daddr != 10\.1\.0\.0\/16 ip daddr != 10\.1\.2\.0\/24 udp dport \{ 53 \} accept/);
  assert.deepEqual(
    mergeRanges([
      [80, 80],
      [443, 443],
      [81, 90],
      [85, 100],
    ]),
    [
      [80, 100],
      [443, 443],
    ],
  );
});

test('pods with the same policies share a chain; an address belongs to the pod that took it last', () => {
  const it = model();
  it.setPolicy(policy('web', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] }));
  it.text(true);
  it.setLocal('x/a', pod('a', '10.0.0.1', { app: 'web' }));
  assert.match(it.text(false), /add chain/);
  it.setLocal('x/b', pod('b', '10.0.0.2', { app: 'web' }));
  assert.doesNotMatch(it.text(false), /chain/);
  it.setLocal('x/c', pod('c', '10.0.0.1', { app: 'free' }));
  assert.match(it.text(false), /delete element inet t ingress-ip \{ 10\.0\.0\.1 \}/);
  it.setLocal('x/a', undefined);
  assert.equal(it.text(false), '');
  it.setLocal('x/c', pod('c', '10.0.0.1', { app: 'web' }));
  assert.match(it.text(false), /add element inet t ingress-ip \{ 10\.0\.0\.1 : goto c\d+-ip \}/);
});

test('pods on the host network and pods that have ended are no concern of policies', () => {
  const base: Pod = {
    metadata: { name: 'p', namespace: 'x' },
    spec: { containers: [{ name: 'c' }] },
    status: { podIPs: [{ ip: '10.0.0.1' }] },
  };
  assert.deepEqual(viewOf(base)?.ips, ['10.0.0.1']);
  assert.equal(viewOf({ ...base, spec: { ...base.spec, hostNetwork: true } }), undefined);
  assert.equal(viewOf({ ...base, status: { ...base.status, phase: 'Succeeded' } }), undefined);
  assert.deepEqual(viewOf({ ...base, status: {} }, ['10.0.0.9'])?.ips, ['10.0.0.9']);
});
