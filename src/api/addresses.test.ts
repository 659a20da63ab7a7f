import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressAt, ipText, isInside, parseCidr } from './addresses.ts';

test('addresses of a network by number', () => {
  assert.equal(addressAt('10.96.0.0/16', 1), '10.96.0.1');
  assert.equal(addressAt('10.96.7.9/12', 10), '10.96.0.10');
  assert.equal(addressAt('fd96::/112', 10), 'fd96::a');
  assert.equal(addressAt('nothing', 1), undefined);
});

test('numbers become addresses, and networks know their own', () => {
  assert.equal(ipText(0x0a600001n, 32), '10.96.0.1');
  assert.equal(ipText(1n, 128), '::1');
  const network = parseCidr('fd00:10:96::/112');
  assert.ok(network);
  assert.equal(isInside('fd00:10:96::ffff', network), true);
  assert.equal(isInside('fd00:10:97::', network), false);
  assert.equal(isInside('10.96.0.1', network), false);
});
