import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflist, masqueradeRules } from './conflist.ts';

const network = { name: 'n', mtu: 1450, ipamDir: '/ipam' };

test('one family uses ptp itself', () => {
  const { plugins } = JSON.parse(conflist({ ...network, subnets: ['10.1.0.0/24'] }));
  assert.deepEqual(plugins, [
    {
      type: 'ptp',
      ipMasq: false,
      mtu: 1450,
      ipam: { type: 'host-local', dataDir: '/ipam', ranges: [[{ subnet: '10.1.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
  ]);
});

test('two families use the wrapper and have a default route each', () => {
  const { plugins } = JSON.parse(conflist({ ...network, subnets: ['10.1.0.0/24', 'fd00:1::/64'] }));
  assert.equal(plugins[0].type, 'tutti-ptp');
  assert.deepEqual(plugins[0].ipam.routes, [{ dst: '0.0.0.0/0' }, { dst: '::/0' }]);
});

test('only what leaves the cluster is masqueraded', () => {
  const text = masqueradeRules('t', ['10.1.0.0/24', 'fd00:1::/64'], ['10.1.0.0/16', '10.96.0.0/16', 'fd00::/48']);
  const rules = text.split('\n').filter((line) => /^ {4}ip/.test(line));
  assert.deepEqual(
    rules.map((line) => line.trim()),
    [
      'ip daddr 10.1.0.0/24 return',
      'ip daddr 10.1.0.0/16 return',
      'ip daddr 10.96.0.0/16 return',
      'ip daddr 224.0.0.0/4 return',
      'ip saddr 10.1.0.0/24 fib daddr type != local masquerade',
      'ip6 daddr fd00:1::/64 return',
      'ip6 daddr fd00::/48 return',
      'ip6 daddr ff00::/8 return',
      'ip6 saddr fd00:1::/64 fib daddr type != local masquerade',
    ],
  );
});
