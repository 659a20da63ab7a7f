// The disk is full: what runs goes on, what cannot start says why, and all is well again when there is room.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { evictionDefaults } from '#agent/eviction/thresholds.ts';
import { Pods } from '#api/refs.ts';
import { kill, nothingLeft, processes, single } from './leaks.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const idle = (name: string, script = 'sleep 100000') => shellPod(name, script, { spec: { terminationGracePeriodSeconds: 0 } });

/** Mounts a small file system of its own; undefined where the machine cannot. */
function smallDisk(place: string): string | undefined {
  try {
    sh(
      `truncate -s 160M ${place}/disk && mkfs.ext4 -q -m 0 ${place}/disk && mkdir ${place}/mnt && mount -o loop ${place}/disk ${place}/mnt`,
    );
    return `${place}/mnt`;
  } catch {
    return undefined;
  }
}

if (await inNamespace(import.meta.filename)) {
  const place = mkdtempSync(join(tmpdir(), 'tutti-disk-'));
  const disk = smallDisk(place);
  const skip = disk === undefined ? 'the machine cannot mount a file system from a file (mkfs.ext4, loop devices)' : false;
  test('a full disk', { skip }, async (t) => {
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = disk;
    t.after(() => {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
      sh(`umount ${disk}`);
      rmSync(place, { recursive: true });
    });
    // Eviction has tests of its own; here the agent must do without it.
    await using node = await startAgentNode({ eviction: { ...evictionDefaults, hard: {} }, backoffInitial: 200, backoffMax: 2_000 });
    const pods = node.client.resource(Pods);
    const filler = `${disk}/filler`;
    const free = (): void => rmSync(filler, { recursive: true });
    /** Fills the disk to the last block: with one large file first, then with small ones, for which there is room yet. */
    /** Takes what has become free since, by a container that went, say: the agent must start without a block of its own. */
    const fillUp = (): void => void sh(`cat /dev/zero > $(mktemp ${filler}/XXXXXX); sync ${filler}/*; true`);
    const fill = (): void => {
      mkdirSync(filler);
      sh(`cat /dev/zero > ${filler}/large; sync ${filler}/large; true`);
      const small = `dd if=/dev/zero of=${filler}/$i bs=4k count=1 conv=fsync`;
      sh(`i=0; while ${small}; do i=$((i+1)); [ $i -lt 1000 ]; done; true`);
      fillUp();
      assert.throws(() => sh(`dd if=/dev/zero of=${filler}/last bs=4k count=1 conv=fsync`));
    };

    await node.createPod(idle('runs'));
    await node.createPod(idle('dies', 'sleep 65432'));
    await node.createPod(idle('goes'));
    const before = await node.until('runs', isReady);
    await Promise.all(['dies', 'goes'].map((name) => node.until(name, isReady)));
    fill();

    await t.test('what runs goes on; the agent and its reports with it', async () => {
      kill(...processes('sleep 65432'));
      await node.until('dies', (pod) => !isReady(pod));
      await node.stopAgent();
      fillUp();
      await node.restartAgent();
      const now = await node.until('runs', isReady);
      assert.equal(now.status.containerStatuses?.[0]?.containerID, before.status.containerStatuses?.[0]?.containerID);
    });

    await t.test('what cannot start says why', async () => {
      await node.createPod(idle('waits'));
      await node.told('waits', /no space left on device/i);
      assert.ok(!isReady(await pods.get('waits', { namespace })));
      await pods.delete('goes', { namespace, options: { gracePeriodSeconds: 0 } });
    });

    await t.test('with room again everything comes back, once', async () => {
      free();
      await Promise.all(['waits', 'dies'].map((name) => node.until(name, isReady)));
      await node.untilGone('goes');
      const now = await node.until('runs', isReady);
      assert.equal(now.status.containerStatuses?.[0]?.containerID, before.status.containerStatuses?.[0]?.containerID);
      await single(node, ['runs', 'dies', 'waits']);
    });

    await t.test('nothing is left', async () => {
      const names = ['runs', 'dies', 'waits'];
      for (const name of names) await pods.delete(name, { namespace, options: { gracePeriodSeconds: 0 } });
      await Promise.all(names.map((name) => node.untilGone(name)));
      await nothingLeft(node);
    });
  });
  if (disk === undefined) rmSync(place, { recursive: true });
}
