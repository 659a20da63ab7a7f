import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflist, masqueradeRules } from './conflist.ts';

test('a network has our plugin alone', () => {
  assert.deepEqual(JSON.parse(conflist('n')), { cniVersion: '0.4.0', name: 'n', plugins: [{ type: 'tutti' }] });
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
