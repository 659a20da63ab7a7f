// Conformance of taints that evict: alone on the node, for they drive away whoever does not expect them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Nodes, Pods } from '#api/refs.ts';
import { idle, inSpace, isReady, type Space } from '../support.ts';
import { cluster } from './cluster.ts';

const evicting = { key: 'kubernetes.io/e2e-evict-taint-key', value: 'evictTaintVal', effect: 'NoExecute' };

async function start(space: Space, seconds: Record<string, number>): Promise<void> {
  for (const [name, tolerationSeconds] of Object.entries(seconds))
    await space.create(Pods, idle(name, { spec: { restartPolicy: 'Always', tolerations: [{ ...evicting, tolerationSeconds }] } }));
  for (const name of Object.keys(seconds)) await space.until(Pods, name, isReady);
}

/** Taints the node until these pods are told to go; gives the seconds that each was left. */
async function evicted(space: Space, ...names: string[]): Promise<number[]> {
  const taint = (taints: object[]) => cluster.client.resource(Nodes).patch(cluster.nodeName, { spec: { taints } }, { type: 'merge' });
  const since = performance.now();
  await taint([evicting]);
  try {
    return await Promise.all(
      names.map(async (name) => {
        await space.until(Pods, name, ({ metadata }) => metadata.deletionTimestamp);
        return (performance.now() - since) / 1000;
      }),
    );
  } finally {
    await taint([]);
  }
}

export function taints(): void {
  // Conformance: [sig-node] NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive] [Conformance]
  test('pods are evicted when their time is over, no sooner; a taint that goes before is forgotten', () =>
    inSpace(cluster, async (space) => {
      await start(space, { short: 1, stays: 10 });
      const [short = 0] = await evicted(space, 'short');
      assert.ok(short >= 1, `${short} s`);
      // Had its first time gone on, this pod would leave before its second time is over.
      await start(space, { later: 3 });
      const [later = 0, stays = 0] = await evicted(space, 'later', 'stays');
      assert.ok(later >= 3 && stays >= 10, `${later} s, ${stays} s`);
    }));
}
