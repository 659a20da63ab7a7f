// The static policies of the CPU manager and the memory manager, and the alignment of both, as containers see it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Nodes, Pods } from '#api/refs.ts';
import { formatCpuset, parseCpuset } from '#agent/settings/cpuset.ts';
import { until } from '../../support/until.ts';
import { startPlugin } from '../../support/deviceplugin.ts';
import { nothingLeft } from './leaks.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const namespace = 'default';
const online = parseCpuset(readFileSync('/sys/devices/system/cpu/online', 'utf8'));
const [first = 0] = online;
const nodes = '/sys/devices/system/node';
const [numaNode = 0, ...otherNodes] = (existsSync(nodes) ? readdirSync(nodes) : [])
  .flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? [])
  .map(Number);

if (await inNamespace(import.meta.filename)) {
  const skip = online.size < 2 ? 'the machine has one processor only' : false;
  test('processors and memory of their own', { skip }, async (t) => {
    const cpuManager = { policy: 'static', reservedCpus: String(first), options: {} } as const;
    // What is kept back of memory: the reservation, and the 100Mi of the hard eviction threshold.
    const reservedMemory = [{ numaNode, limits: { memory: '164Mi' } }];
    await using node = await startAgentNode({
      cpuManager,
      memoryManager: { policy: 'Static', reservedMemory },
      // Some pods here want nearly all processors: on a machine of several nodes these could not be aligned.
      topologyManager: { policy: otherNodes.length === 0 ? 'single-numa-node' : 'best-effort', scope: 'container', options: {} },
      reserved: { cpu: '1', memory: '64Mi' },
    });
    const { runtime } = node.instance;
    const pods = node.client.resource(Pods);
    /** The processors that a pod's container may run on. */
    const allowed = async (name: string): Promise<string> => {
      const pod = await pods.get(name, { namespace });
      const id = pod.status.containerStatuses?.[0]?.containerID?.slice('containerd://'.length) ?? '';
      const { stdout } = await runtime.execSync(id, ['grep', 'Cpus_allowed_list', '/proc/self/status'], 60);
      return /:\s*(\S+)/.exec(Buffer.from(stdout).toString())?.[1] ?? '';
    };
    /** The NUMA nodes that containerd was told for a pod's memory. */
    const memoryNodes = async (name: string): Promise<string | undefined> => {
      const pod = await pods.get(name, { namespace });
      const id = pod.status.containerStatuses?.[0]?.containerID?.slice('containerd://'.length) ?? '';
      const spec = readFileSync(`${node.instance.paths.state}/io.containerd.runtime.v2.task/k8s.io/${id}/config.json`, 'utf8');
      return (JSON.parse(spec) as { linux: { resources: { cpu?: { mems?: string } } } }).linux.resources.cpu?.mems;
    };
    interface MemoryState {
      readonly entries?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    }
    const memoryState = (): MemoryState => JSON.parse(readFileSync(`${node.dataDir}/memory_manager_state`, 'utf8')) as MemoryState;
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
      await until('the other one gives way', async () => (await allowed('other')) === others);
      await node.createPod(shellPod('late', 'sleep 100000'));
      await node.until('late', isReady);
      assert.equal(await allowed('late'), others);
    });

    await t.test('memory comes from its node', async () => {
      assert.equal(await memoryNodes('owner'), String(numaNode));
      assert.equal(await memoryNodes('other'), undefined);
      const uid = (await pods.get('owner', { namespace })).metadata.uid ?? '';
      const promised = { main: [{ numaAffinity: [numaNode], type: 'memory', size: 16 * 1024 ** 2 }] };
      assert.deepEqual(memoryState().entries, { [uid]: promised });
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
      const uid = (await pods.get('owner', { namespace })).metadata.uid ?? '';
      assert.deepEqual(Object.keys(memoryState().entries ?? {}), [uid]);
    });

    // The device is of a node that the machine must not have; tables in src/agent/numa decide the same for made-up machines.
    const skip = otherNodes.length > 0 ? 'the machine has several NUMA nodes' : false;
    await t.test('a pod whose devices are of different NUMA nodes is refused', { skip }, async () => {
      const resource = 'example.com/placed';
      const plugin = await startPlugin(`${node.dataDir}/device-plugins`, resource);
      try {
        const near = (id: number) => ({ id: String(id), health: 'Healthy' as const, topology: { nodes: [{ id }] } });
        plugin.tell([near(numaNode), near(63)]);
        const shown = async (): Promise<boolean> =>
          (await node.client.resource(Nodes).get(node.nodeName)).status.allocatable?.[resource] === '2';
        await until('the node has two devices', shown);
        const asks = (name: string, count: string) =>
          node.createPod(shellPod(name, 'sleep 100000', { container: { resources: { limits: { [resource]: count } } } }));
        await asks('scattered', '2');
        const { status } = await node.until('scattered', (pod) => pod.status.phase === 'Failed');
        assert.deepEqual(
          [status.reason, status.message],
          ['TopologyAffinityError', 'Pod was rejected: Resources cannot be allocated with Topology locality'],
        );
        const event = 'TopologyAffinityError: Resources cannot be allocated with Topology locality';
        await node.told('scattered', event);
        await asks('placed', '1');
        await node.until('placed', isReady);
        assert.equal(plugin.allocated.length, 1);
      } finally {
        plugin.close();
      }
    });

    await t.test('a pod for which there are none is refused', async () => {
      const many = { cpu: String(online.size - 1), memory: '16Mi' };
      await pods.delete('owner', { namespace, options: { gracePeriodSeconds: 0 } });
      await node.untilGone('owner');
      await until('everybody may run everywhere', async () => (await allowed('other')) === all);
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
      const names = (await pods.list({ namespace })).items.map(({ metadata }) => metadata.name);
      for (const name of names) await pods.delete(name, { namespace, options: { gracePeriodSeconds: 0 } });
      await Promise.all(names.map((name) => node.untilGone(name)));
      await nothingLeft(node);
      const entries = (): object => (JSON.parse(readFileSync(`${node.dataDir}/cpu_manager_state`, 'utf8')) as { entries: object }).entries;
      await until('their processors are free', () => Object.keys(entries()).length === 0);
      await until('their memory is free', () => memoryState().entries === undefined);
    });
  });
}
