// The static policy of the CPU manager, as containers see it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { formatCpuset, parseCpuset } from '#agent/settings/cpuset.ts';
import { until } from '../../support/until.ts';
import { nothingLeft } from './leaks.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';
const online = parseCpuset(readFileSync('/sys/devices/system/cpu/online', 'utf8'));
const [first = 0] = online;

if (await inNamespace(import.meta.filename)) {
  const skip = online.size < 2 ? 'the machine has one processor only' : false;
  test('processors of their own', { skip }, async (t) => {
    const cpuManager = { policy: 'static', reservedCpus: String(first), options: {} } as const;
    await using node = await startAgentNode({ cpuManager, reserved: { cpu: '1' } });
    const { runtime } = node.instance;
    const pods = node.client.resource(Pods);
    /** The processors that a pod's container may run on. */
    const allowed = async (name: string): Promise<string> => {
      const pod = await pods.get(name, { namespace });
      const id = pod.status.containerStatuses?.[0]?.containerID?.slice('containerd://'.length) ?? '';
      const { stdout } = await runtime.execSync(id, ['grep', 'Cpus_allowed_list', '/proc/self/status'], 10);
      return /:\s*(\S+)/.exec(Buffer.from(stdout).toString())?.[1] ?? '';
    };
    const whole = { cpu: '1', memory: '16Mi' };
    const container = { resources: { requests: whole, limits: whole } };
    const all = formatCpuset(online);
    const others = formatCpuset(online.difference(new Set([1])));

    await t.test('others keep off them while their pod is there', async () => {
      await node.createPod(shellPod('other', 'sleep 100000'));
      await node.until('other', isReady);
      assert.equal(await allowed('other'), all);
      await node.createPod(shellPod('owner', 'sleep 100000', { container }));
      await node.until('owner', isReady);
      assert.equal(await allowed('owner'), '1');
      await until('the other one gives way', async () => (await allowed('other')) === others, 10_000);
      await node.createPod(shellPod('late', 'sleep 100000'));
      await node.until('late', isReady);
      assert.equal(await allowed('late'), others);
    });

    await t.test('no quota holds the owner back', async () => {
      const uid = (await pods.get('owner', { namespace })).metadata.uid ?? '';
      const { layout } = { layout: node.instance.machine.cgroups };
      const file = layout.version === 1 ? 'cpu.cfs_quota_us' : 'cpu.max';
      const group = `${layout.controllers.get('cpu')}${node.cgroup}/kubepods/pod${uid}`;
      assert.match(readFileSync(`${group}/${file}`, 'utf8'), /^(-1|max)/);
    });

    await t.test('a restart of the agent keeps them', async () => {
      await node.restartAgent();
      await node.until('owner', isReady);
      assert.equal(await allowed('owner'), '1');
      const state = JSON.parse(readFileSync(`${node.dataDir}/cpu_manager_state`, 'utf8')) as { defaultCpuSet: string };
      assert.equal(state.defaultCpuSet, others);
    });

    await t.test('a pod for which there are none is refused', async () => {
      const many = { cpu: String(online.size - 1), memory: '16Mi' };
      await pods.delete('owner', { namespace, options: { gracePeriodSeconds: 0 } });
      await node.untilGone('owner');
      await until('everybody may run everywhere', async () => (await allowed('other')) === all, 15_000);
      await node.createPod(shellPod('all', 'sleep 100000', { container: { resources: { requests: many, limits: many } } }));
      await node.until('all', isReady);
      assert.equal(await allowed('all'), formatCpuset(online.difference(new Set([first]))));
      // What may be used is used up: the scheduler's count refuses it first.
      await node.createPod(shellPod('refused', 'sleep 100000', { container }));
      const refused = await node.until('refused', (pod) => pod.status.phase === 'Failed');
      assert.equal(refused.status.reason, 'OutOfcpu');
    });

    await t.test('a resize is not for pods with processors of their own', async () => {
      const patch = { spec: { containers: [{ name: 'main', resources: { requests: { memory: '20Mi' }, limits: { memory: '20Mi' } } }] } };
      await pods.patch('all', patch, { type: 'strategic', namespace, subresource: 'resize' });
      const pod = await node.until('all', (now) => now.status.conditions?.some(({ type }) => type === 'PodResizePending'));
      const pending = pod.status.conditions?.find(({ type }) => type === 'PodResizePending');
      assert.deepEqual(
        [pending?.reason, pending?.message],
        ['Infeasible', 'Resize is infeasible for Guaranteed Pods alongside CPU Manager static policy'],
      );
    });

    await t.test('nothing is left', async () => {
      const names = ['other', 'late', 'all', 'refused'];
      for (const name of names) await pods.delete(name, { namespace, options: { gracePeriodSeconds: 0 } });
      await Promise.all(names.map((name) => node.untilGone(name)));
      await nothingLeft(node);
      const state = JSON.parse(readFileSync(`${node.dataDir}/cpu_manager_state`, 'utf8')) as { entries: object };
      assert.deepEqual(state.entries, {});
    });
  });
}
