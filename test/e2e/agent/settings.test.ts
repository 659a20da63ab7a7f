// A cluster with a kubelet's configuration: a static pod by the node's own rights, seen through kubectl; a shutdown of the
// machine, and mere restarts.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Nodes, Pods } from '#api/refs.ts';
import { nodeCgroup } from '#cmd/node.ts';
import { type OneNodeCluster, startCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { inSpace, isReady, pod, shell } from '../conformance/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'tutti-settings-'));
const manifests = join(folder, 'manifests');
let cluster: OneNodeCluster;
before(async () => {
  mkdirSync(manifests);
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    staticPodPath: manifests,
    shutdownGracePeriod: '10s',
    shutdownGracePeriodCriticalPods: '4s',
    maxPods: 37,
    providerID: 'example://rack/1',
    seccompDefault: true,
    systemReserved: { memory: '512Mi' },
    cpuCFSQuota: false,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  cluster = await startCluster({ flags: ['--kubelet-config', join(folder, 'config.json')] });
});
after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('static pods and shutdown', () =>
  inSpace(cluster, async (space) => {
    const node = await cluster.client.resource(Nodes).get(cluster.nodeName);
    assert.equal(node.status.capacity?.['pods'], '37');
    assert.equal(node.spec.providerID, 'example://rack/1');

    const { metadata: _metadata, ...body } = pod('web', shell("trap 'exit 0' TERM; echo started; sleep 100000 & wait"), {
      spec: { restartPolicy: 'Always' },
    });
    const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: space.namespace }, ...body };
    writeFileSync(join(manifests, 'web.json'), JSON.stringify(manifest));
    const name = `web-${cluster.nodeName}`;
    const mirror = await space.until(Pods, name, isReady);
    assert.equal(mirror.metadata.ownerReferences?.[0]?.uid, node.metadata.uid);
    const kubectl = (...args: string[]) => cluster.kubectl('-n', space.namespace, ...args);
    await until('its word', async () => (await kubectl('logs', name)).stdout === 'started\n');
    assert.equal((await kubectl('exec', name, '--', 'echo', 'word')).stdout, 'word\n');
    // A filter, though the pod names no profile.
    assert.match((await kubectl('exec', name, '--', 'cat', '/proc/1/status')).stdout, /^Seccomp:\t2$/m);
    const deleted = await kubectl('delete', 'pod', name, '--wait=false');
    assert.equal(deleted.code, 0, deleted.stderr);
    const again = await space.until(Pods, name, (now) => now.metadata.uid !== mirror.metadata.uid && isReady(now));
    assert.equal(again.status.containerStatuses?.[0]?.containerID, mirror.status.containerStatuses?.[0]?.containerID);

    // All pods together are kept off what is reserved.
    const kubepods = `${nodeCgroup(cluster.nodeName)}/kubepods`;
    const limits = [`/sys/fs/cgroup/memory${kubepods}/memory.limit_in_bytes`, `/sys/fs/cgroup${kubepods}/memory.max`];
    const limit = limits.find((path) => existsSync(path)) ?? assert.fail('no limit of memory');
    assert.equal(Number(readFileSync(limit, 'utf8')), totalmem() - 512 * 2 ** 20);

    await space.create(Pods, pod('plain', shell("trap 'exit 0' TERM; sleep 100000 & wait")));
    const plain = await space.until(Pods, 'plain', isReady);
    const same = async (): Promise<void> => {
      const now = await space.until(Pods, 'plain', isReady);
      assert.equal(now.status.containerStatuses?.[0]?.containerID, plain.status.containerStatuses?.[0]?.containerID);
      assert.equal(now.status.containerStatuses?.[0]?.restartCount, 0);
    };
    await cluster.restart('SIGTERM');
    await same();
    await cluster.crash();
    await same();

    await cluster.restart('SIGPWR');
    const ended = await space.get(Pods, 'plain');
    assert.deepEqual(
      [ended.status.phase, ended.status.reason, ended.status.message],
      ['Failed', 'Terminated', 'Pod was terminated in response to imminent node shutdown.'],
    );
    // A static pod runs again when the machine is back.
    const back = await space.until(Pods, name, isReady);
    assert.equal(back.status.phase, 'Running');
    assert.equal(back.status.reason, undefined);
    assert.ok(!back.status.conditions?.some(({ type }) => type === 'DisruptionTarget'));
    rmSync(join(manifests, 'web.json'));
    await space.untilGone(Pods, name);
  }));
