// Volumes through the agent's restarts, and mounts that reach from the node into containers and back.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CSIDrivers, Pods, Secrets } from '#api/refs.ts';
import { startDriver } from '../../support/csidriver.ts';
import { until } from '../../support/until.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const mountsWith = (text: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(text));

if (await inNamespace(import.meta.filename)) {
  test('volumes of a node', async (t) => {
    await using node = await startAgentNode({ backoffInitial: 500, backoffMax: 2000 });
    const { client, world, dataDir } = node;
    const namespace = 'default';
    const about = { name: 'inline.example.com', nodeDir: dataDir, store: `${dataDir}/store` };
    await client.resource(CSIDrivers).create({ metadata: { name: about.name }, spec: { volumeLifecycleModes: ['Ephemeral'] } });
    await client.resource(Secrets).create({ metadata: { name: 's' }, stringData: { key: 'word' } }, { namespace });
    const volumes = [
      { name: 'memory', emptyDir: { medium: 'Memory' } },
      { name: 'secret', secret: { secretName: 's' } },
      { name: 'driver', csi: { driver: about.name } },
    ];
    const volumeMounts = [
      { name: 'memory', mountPath: '/memory', subPath: 'part' },
      { name: 'secret', mountPath: '/secret', subPath: 'key' },
      { name: 'driver', mountPath: '/driver' },
    ];
    const spec = { volumes, terminationGracePeriodSeconds: 1 };

    await t.test('what is mounted stays through restarts of the agent and of the container', async () => {
      await using driver = await startDriver(world, about);
      const script =
        'echo life >> /memory/lives; cat /secret; while [ -e /memory/lives ]; do sleep 0.1; done; mv /memory/ended /memory/lives; exit 1';
      await node.createPod(shellPod('stays', script, { spec, container: { volumeMounts } }));
      const { metadata } = await node.until('stays', isReady);
      await node.restartAgent();
      const lives = `${dataDir}/pods/${metadata.uid}/volumes/kubernetes.io~empty-dir/memory/part/lives`;
      await until('the first life', async () => (await world.fs.readText(lives).catch(() => '')) === 'life\n');
      assert.equal((await node.until('stays', isReady)).status.containerStatuses?.[0]?.restartCount, 0);
      await world.fs.rename(lives, lives.replace(/lives$/, 'ended'));
      await node.until('stays', (pod) => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1);
      await until('the second life', async () => (await world.fs.readText(lives).catch(() => '')) === 'life\nlife\n');
      await client.resource(Pods).delete('stays', { namespace });
      await node.untilGone('stays');
      assert.equal(driver.of('NodeUnpublishVolume').length, 1);
      assert.deepEqual(mountsWith(metadata.uid ?? 'no uid'), []);
    });

    await t.test('what a pod leaves behind is taken down in the next life, as soon as its driver is back', async () => {
      const first = await startDriver(world, about);
      await node.createPod(shellPod('gone', 'sleep 1000', { spec, container: { volumeMounts } }));
      const { metadata } = await node.until('gone', isReady);
      const uid = metadata.uid ?? 'no uid';
      const [sandbox] = (await node.instance.runtime.listSandboxes()).filter((one) => one.metadata.name === 'gone');
      await node.stopAgent();
      await first[Symbol.asyncDispose]();
      await client.resource(Pods).delete('gone', { namespace, options: { gracePeriodSeconds: 0 } });
      await node.instance.runtime.stopSandbox(sandbox?.id ?? '');
      await node.instance.runtime.removeSandbox(sandbox?.id ?? '');
      await node.restartAgent();
      assert.ok(mountsWith(uid).length > 0, 'without its driver the volume stays');
      await using second = await startDriver(world, about);
      await until('all is taken down', () => mountsWith(uid).length === 0);
      assert.equal(second.of('NodeUnpublishVolume').length, 1);
      await until('nothing is left', async () => !(await world.fs.list(`${dataDir}/pods`)).includes(uid));
    });

    await t.test('the summary tells how full volumes, disks and the log are, and what went over the network', async () => {
      await using _driver = await startDriver(world, about);
      const disk = { name: 'disk', emptyDir: {} };
      const script = 'dd if=/dev/zero of=/disk/file bs=1024 count=300; echo word; sleep 1000';
      const more = { container: { volumeMounts: [...volumeMounts, { name: 'disk', mountPath: '/disk' }] } };
      await node.createPod(shellPod('measured', script, { spec: { ...spec, volumes: [...volumes, disk] }, ...more }));
      const { metadata } = await node.until('measured', isReady);
      type Usage = { readonly name?: string; readonly usedBytes?: number; readonly capacityBytes?: number; readonly inodesUsed?: number };
      interface Summary {
        readonly node: { readonly fs: Usage; readonly runtime: { readonly imageFs: Usage }; readonly rlimit: { readonly maxpid: number } };
        readonly pods: readonly {
          readonly podRef: { readonly uid: string };
          readonly volume: readonly Usage[];
          readonly network: { readonly name: string; readonly rxBytes: number };
          readonly 'ephemeral-storage': Usage;
          readonly containers: readonly { readonly logs: Usage; readonly rootfs: Usage }[];
        }[];
      }
      const ask = async (query = ''): Promise<Summary> => {
        const answer = await world.net.fetch(`https://127.0.0.1:${node.agent.port}/stats/summary${query}`, { tls: node.tls });
        assert.equal(answer.status, 200);
        return JSON.parse(await answer.text()) as Summary;
      };
      const file = `${dataDir}/pods/${metadata.uid}/volumes/kubernetes.io~empty-dir/disk/file`;
      await until('the file is whole', async () => (await world.fs.stat(file))?.size === 300 * 1024);
      const podOf = (summary: Summary): Summary['pods'][number] | undefined =>
        summary.pods.find(({ podRef }) => podRef.uid === metadata.uid);
      // The word is written after the file, and the runtime measures its images now and then.
      const measured = async (): Promise<Summary | false> => {
        const summary = await ask();
        const logs = podOf(summary)?.containers[0]?.logs.usedBytes ?? 0;
        const disk = podOf(summary)?.volume.find(({ name }) => name === 'disk')?.usedBytes ?? 0;
        return logs > 0 && disk >= 300 * 1024 && (summary.node.runtime.imageFs.usedBytes ?? 0) > 0 && summary;
      };
      const summary = await until('log and images are measured', measured);
      const pod = podOf(summary);
      assert.ok(pod);
      const volume = (name: string): Usage | undefined => pod.volume.find((one) => one.name === name);
      assert.ok((volume('disk')?.usedBytes ?? 0) >= 300 * 1024);
      assert.equal(volume('disk')?.inodesUsed, 2);
      assert.deepEqual([volume('driver')?.usedBytes, volume('driver')?.capacityBytes, volume('driver')?.inodesUsed], [40, 100, 4]);
      assert.ok((volume('memory')?.capacityBytes ?? 0) > 0);
      assert.ok((volume('secret')?.usedBytes ?? 0) > 0);
      assert.ok((pod['ephemeral-storage'].usedBytes ?? 0) >= 300 * 1024);
      assert.equal(pod.network.name, 'eth0');
      assert.ok((pod.containers[0]?.rootfs.capacityBytes ?? 0) > 0);
      assert.ok((summary.node.fs.capacityBytes ?? 0) > (summary.node.fs.usedBytes ?? 0));
      assert.ok(summary.node.rlimit.maxpid > 0);
      // Whoever looks often asks for less.
      const short = podOf(await ask('?only_cpu_and_memory=true'));
      assert.equal(short?.volume, undefined);
      await client.resource(Pods).delete('measured', { namespace, options: { gracePeriodSeconds: 0 } });
      await node.untilGone('measured');
    });

    await t.test('mounts reach containers that ask for them, and come out of those that may', async () => {
      const path = `${dataDir}/shared`;
      await world.fs.mkdir(path);
      const run = async (command: string, ...args: string[]): Promise<void> => {
        const result = await world.exec.run(command, args, { timeout: 60_000 });
        assert.equal(result.code, 0, result.stderr);
      };
      await run('mount', '--bind', path, path);
      await run('mount', '--make-rshared', path);
      const container = (mountPropagation: string, more: object = {}): object => ({
        volumeMounts: [{ name: 'v', mountPath: '/v', mountPropagation }],
        ...more,
      });
      const given = { volumes: [{ name: 'v', hostPath: { path } }], terminationGracePeriodSeconds: 1 };
      const out =
        'mkdir -p /v/out; mount -t tmpfs tmpfs /v/out; echo out > /v/out/file; while [ -e /v/out/file ]; do sleep 0.1; done; umount /v/out; sleep 1000';
      const made = [
        shellPod('in', 'while ! [ -e /v/in/file ]; do sleep 0.1; done; sleep 1000', {
          spec: given,
          container: container('HostToContainer', {
            readinessProbe: { exec: { command: ['cat', '/v/in/file'] }, periodSeconds: 1, timeoutSeconds: 20 },
          }),
        }),
        shellPod('apart', 'sleep 1000', { spec: given, container: container('None') }),
        shellPod('out', out, { spec: given, container: container('Bidirectional', { securityContext: { privileged: true } }) }),
      ];
      for (const pod of made) await node.createPod(pod);
      await node.until('apart', isReady);
      await world.fs.mkdir(`${path}/in`);
      await run('mount', '-t', 'tmpfs', 'tmpfs', `${path}/in`);
      await world.fs.write(`${path}/in/file`, 'in');
      await node.until('in', isReady);
      await until('the mount comes out', async () => (await world.fs.readText(`${path}/out/file`).catch(() => '')) === 'out\n');
      const apart = (await node.until('apart', isReady)).status.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
      const looked = await node.instance.runtime.execSync(apart, ['ls', '/v/in'], 60);
      assert.equal(Buffer.from(looked.stdout).toString(), '');
      await world.fs.remove(`${path}/out/file`);
      for (const name of ['in', 'apart', 'out']) await client.resource(Pods).delete(name, { namespace });
      for (const name of ['in', 'apart', 'out']) await node.untilGone(name);
      for (const point of [`${path}/out`, `${path}/in`]) await world.exec.run('umount', [point], { timeout: 60_000 });
      await run('umount', path);
      assert.deepEqual(mountsWith(path), []);
    });
  });
}
