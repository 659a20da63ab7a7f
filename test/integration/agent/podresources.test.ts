// The pod resources API as an exporter uses it: a real gRPC client on the real socket, a device plugin that registers over its
// own, processors and memory of static policies on a machine with two NUMA nodes.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { DynamicResources } from '#agent/dra/manager.ts';
import { startEquipment } from '#agent/numa/equipment.ts';
import { agentOptions } from '#agent/options.ts';
import { messages } from '#agent/podresources/messages.ts';
import { PodResources } from '#agent/podresources/server.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import { createWorld } from '#host/world.ts';
import { startPlugin } from '../../support/deviceplugin.ts';
import { until } from '../../support/until.ts';

const resource = 'example.com/card';
const mi = 1024 ** 2;

/** Two nodes of two processors and 1 GiB each. */
function twoNodes(world: World): World {
  const files = new Map([['/sys/devices/system/cpu/online', '0-3']]);
  for (const id of [0, 1]) {
    const node = `/sys/devices/system/node/node${id}`;
    files.set(`${node}/cpulist`, `${id * 2}-${id * 2 + 1}`);
    files.set(`${node}/meminfo`, `Node ${id} MemTotal: ${1024 * 1024} kB\n`);
  }
  const under = (path: string): boolean => path.startsWith('/sys/devices/system/');
  const readText: World['fs']['readText'] = async (path) => {
    if (!under(path)) return world.fs.readText(path);
    const text = files.get(path);
    if (text === undefined) throw new Error('ENOENT');
    return text;
  };
  const list: World['fs']['list'] = async (path) =>
    path === '/sys/devices/system/node' ? ['node0', 'node1'] : under(path) ? [] : world.fs.list(path);
  return { ...world, fs: { ...world.fs, readText, list } };
}

const amounts = { cpu: '1', memory: '64Mi' };
const whole = { requests: amounts, limits: amounts };
const cards = { ...amounts, [resource]: '1' };
/** Everything of its own: a sidecar with a processor, a container with a card and a claim too. An init container that ends. */
const owner = {
  metadata: { name: 'owner', namespace: 'ns', uid: 'u1' },
  spec: {
    initContainers: [
      { name: 'first', resources: whole },
      { name: 'side', restartPolicy: 'Always', resources: whole },
    ],
    containers: [{ name: 'main', resources: { requests: cards, limits: cards, claims: [{ name: 'g', request: 'r' }] } }],
    resourceClaims: [{ name: 'g', resourceClaimName: 'gadget' }],
  },
} as unknown as Pod;
const plain = { metadata: { name: 'plain', namespace: 'other', uid: 'u2' }, spec: { containers: [{ name: 'c' }] } } as unknown as Pod;

/** A node's side of it, until the test is over or `stop` is called. `monotonic`: a clock of its own. */
async function startNode(t: TestContext, dir: string, monotonic?: () => number) {
  const real = createWorld({ logLevel: 'silent' });
  const world = twoNodes(monotonic ? { ...real, clock: { ...real.clock, monotonic } } : real);
  const config = agentOptions({
    nodeName: 'n',
    nodeIps: [],
    dataDir: dir,
    server: { host: '127.0.0.1', port: 0, tls: { cert: '', key: '', clientCa: '' }, allowedUsers: [] },
    reserved: { cpu: '1', memory: '0' },
    cpuManager: { policy: 'static', reservedCpus: '0', options: {} },
    memoryManager: { policy: 'Static', reservedMemory: [{ numaNode: 0, limits: { memory: '100Mi' } }] },
    topologyManager: { policy: 'single-numa-node', scope: 'pod', options: {} },
  });
  const equipment = await startEquipment(world, {
    config,
    memoryBytes: 2048 * mi,
    devicesChanged: () => undefined,
    cpusChanged: () => undefined,
  });
  const claims = new DynamicResources(world, { client: {} as Client, file: `${dir}/claims.json` });
  await claims.start();
  const active: Pod[] = [];
  const server = await PodResources.start({
    world,
    dir: `${dir}/pod-resources`,
    givers: { ...equipment, claims },
    active: () => active,
    find: (namespace, name) => [owner, plain].find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
  });
  const client = new grpc.Client(`unix:${dir}/pod-resources/kubelet.sock`, grpc.credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
  });
  const call = (method: string, request: Uint8Array = new Uint8Array()): Promise<Uint8Array> =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        `/${method}`,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer): Uint8Array => bytes,
        request,
        (error, answer) => (error ? reject(error) : resolve(answer ?? new Uint8Array())),
      ),
    );
  const stop = (): void => {
    client.close();
    server[Symbol.dispose]();
    equipment.devices[Symbol.dispose]();
  };
  t.after(stop);
  return { ...equipment, active, server, call, stop };
}

const nodes = (...ids: number[]) => ({ topology: { nodes: ids.map((id) => ({ id })) } });
const ownerEntry = {
  name: 'owner',
  namespace: 'ns',
  containers: [
    { name: 'side', devices: [], cpuIds: [2], memory: [{ memoryType: 'memory', size: 64 * mi, ...nodes(1) }], dynamicResources: [] },
    {
      name: 'main',
      devices: [
        { resourceName: resource, deviceIds: ['b'], ...nodes(1) },
        { resourceName: resource, deviceIds: ['b'], ...nodes(2) },
      ],
      cpuIds: [3],
      memory: [{ memoryType: 'memory', size: 64 * mi, ...nodes(1) }],
      dynamicResources: [
        {
          claimName: 'gadget',
          claimNamespace: 'ns',
          claimResources: [
            { cdiDevices: [{ name: 'v.io/x=1' }], driverName: 'd.io', poolName: 'p', deviceName: 'one', shareId: '' },
            { cdiDevices: [], driverName: 'd.io', poolName: 'p', deviceName: 'two', shareId: 's' },
          ],
        },
      ],
    },
  ],
};

test('exporters are told who has what, before and after a restart', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-podres-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const one = { requestNames: ['r'], poolName: 'p', deviceName: 'one', cdiDeviceIds: ['v.io/x=1'] };
  const two = { requestNames: ['r'], poolName: 'p', deviceName: 'two', cdiDeviceIds: [], shareId: 's' };
  const claim = { namespace: 'ns', name: 'gadget', uid: 'c1' };
  writeFileSync(`${dir}/claims.json`, JSON.stringify([{ podUid: 'u1', name: 'g', claim, devices: { 'd.io': [one, two] } }]));

  const node = await startNode(t, dir);
  assert.equal(statSync(`${dir}/pod-resources`).mode & 0o777, 0o750);
  const plugin = await startPlugin(`${dir}/device-plugins`, resource);
  t.after(() => plugin.close());
  plugin.tell([
    { id: 'a', health: 'Healthy' },
    { id: 'b', health: 'Healthy', topology: { nodes: [{ id: 1 }, { id: 2 }] } },
    { id: 'sick', health: 'Unhealthy' },
  ]);
  await until('the plugin has told its devices', () => node.devices.resources().allocatable[resource] === '2');

  const list = async (from = node): Promise<unknown> =>
    messages.ListPodResourcesResponse.decode(await from.call('v1.PodResourcesLister/List'))['podResources'];
  assert.deepEqual(await list(), []);
  await node.topology.admit(owner);
  node.active.push(owner, plain);
  const nothing = { devices: [], cpuIds: [], memory: [], dynamicResources: [] };
  const everybody = [ownerEntry, { name: 'plain', namespace: 'other', containers: [{ name: 'c', ...nothing }] }];
  assert.deepEqual(await list(), everybody);

  const allocatable = messages.AllocatableResourcesResponse.decode(await node.call('v1.PodResourcesLister/GetAllocatableResources'));
  assert.deepEqual(allocatable, {
    devices: [
      { resourceName: resource, deviceIds: ['a'] },
      { resourceName: resource, deviceIds: ['b'], ...nodes(1) },
      { resourceName: resource, deviceIds: ['b'], ...nodes(2) },
    ],
    cpuIds: [1, 2, 3],
    memory: [
      { memoryType: 'memory', size: (1024 - 100) * mi, ...nodes(0) },
      { memoryType: 'memory', size: 1024 * mi, ...nodes(1) },
    ],
  });

  const get = async (podNamespace: string, podName: string): Promise<unknown> => {
    const request = messages.GetPodResourcesRequest.encode({ podName, podNamespace });
    return messages.GetPodResourcesResponse.decode(await node.call('v1.PodResourcesLister/Get', request))['podResources'];
  };
  assert.deepEqual(await get('ns', 'owner'), ownerEntry);
  await assert.rejects(get('ns', 'nobody'), { code: grpc.status.UNKNOWN, details: 'pod nobody in namespace ns not found' });
  const old = messages.ListPodResourcesResponse.decode(await node.call('v1alpha1.PodResourcesLister/List'));
  assert.deepEqual(old['podResources'], everybody);
  const metrics = node.server.metrics();
  assert.match(metrics, /^kubelet_pod_resources_endpoint_requests_total\{server_api_version="v1"\} 5$/m);
  assert.match(metrics, /^kubelet_pod_resources_endpoint_requests_list\{server_api_version="v1alpha1"\} 1$/m);
  assert.match(metrics, /^kubelet_pod_resources_endpoint_requests_get\{server_api_version="v1"\} 2$/m);
  assert.match(metrics, /^kubelet_pod_resources_endpoint_errors_get\{server_api_version="v1"\} 1$/m);

  // The next life of the agent, before the plugin has come back.
  node.stop();
  const next = await startNode(t, dir);
  next.active.push(owner, plain);
  assert.deepEqual(await list(next), everybody);
  await next.topology.admit(owner);
  assert.deepEqual(await list(next), everybody);
});

test('too many calls are refused', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-podres-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  let now = 0;
  const { call } = await startNode(t, dir, () => now);
  const list = (): Promise<unknown> => call('v1.PodResourcesLister/List');
  const refusal = { code: grpc.status.RESOURCE_EXHAUSTED, details: 'rejected by rate limit' };
  for (let left = 10; left > 0; left--) await list();
  await assert.rejects(list(), refusal);
  await assert.rejects(call('v1.PodResourcesLister/GetAllocatableResources'), refusal);
  now += 20;
  await list();
  await list();
  await assert.rejects(list(), refusal);
});
