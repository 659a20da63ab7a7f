import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageWords } from '../csi/usage.ts';
import { defaultInterface, parseNetDev } from './network.ts';

const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  100 1 0 0 0 0 0 0  100 1 0 0 0 0 0 0
  eth0: 1234 5 1 0 0 0 0 0  5678 9 2 0 0 0 0 0
veth12: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9
`;

test('interfaces of a network namespace, without loopback and those of pods', () => {
  assert.deepEqual(parseNetDev(dev), [{ name: 'eth0', rxBytes: 1234, rxErrors: 1, txBytes: 5678, txErrors: 2 }]);
  assert.deepEqual(parseNetDev(''), []);
});

test('the interface of the default route', () => {
  const head = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n';
  assert.equal(
    defaultInterface(`${head}eth1\t0002010A\t0\t1\t0\t0\t0\t00FFFFFF\t0\t0\t0\neth0\t00000000\t01\t3\t0\t0\t0\t00000000\t0\t0\t0\n`),
    'eth0',
  );
  assert.equal(defaultInterface(head), undefined);
});

test("a CSI driver's numbers", () => {
  assert.deepEqual(
    usageWords([
      { unit: 'BYTES', available: 6, total: 10, used: 4 },
      { unit: 'INODES', available: 1, total: 3, used: 2 },
    ]),
    { availableBytes: 6, capacityBytes: 10, usedBytes: 4, inodesFree: 1, inodes: 3, inodesUsed: 2 },
  );
  assert.deepEqual(usageWords([]), {});
});
