// Devices: what is offered, what selectors say, and what is allocated.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceRequest } from '#api/resource/v1/common.ts';
import type { DeviceClass } from '#api/resource/v1/deviceclass.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import type { Device, ResourceSlice } from '#api/resource/v1/resourceslice.ts';
import { node } from '../testing/build.ts';
import { allocate, type Supply } from './allocate.ts';
import { devicesInUse, offeredDevices } from './inventory.ts';
import { selected } from './selectors.ts';

const driver = 'gpu.example.com';

interface SliceParts {
  readonly nodeName?: string;
  readonly pool?: string;
  readonly generation?: number;
  readonly count?: number;
  readonly more?: Partial<ResourceSlice['spec']>;
}

function slice(devices: readonly Device[], { nodeName = 'a', pool = nodeName, generation = 1, count = 1, more }: SliceParts = {}) {
  const spec = { driver, nodeName, pool: { name: pool, generation, resourceSliceCount: count }, devices, ...more };
  return { metadata: { name: `${pool}-${generation}` }, spec } as unknown as ResourceSlice;
}

const gpu = (name: string, model: string, memory = '16Gi', more: Partial<Device> = {}): Device => ({
  name,
  attributes: { model: { string: model }, index: { int: Number(name.replace(/\D/g, '')) }, driverVersion: { version: '1.2.3' } },
  capacity: { memory: { value: memory } },
  ...more,
});

const gpuClass = {
  metadata: { name: 'gpu' },
  spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
} as unknown as DeviceClass;

function claim(
  name: string,
  requests: readonly DeviceRequest[],
  constraints?: NonNullable<ResourceClaim['spec']['devices']>['constraints'],
) {
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}` },
    spec: { devices: { requests, ...(constraints ? { constraints } : {}) } },
    status: {},
  } as unknown as ResourceClaim;
}

type Exactly = NonNullable<DeviceRequest['exactly']>;
const exactly = (more: Partial<Exactly> = {}, name = 'r'): DeviceRequest => ({ name, exactly: { deviceClassName: 'gpu', ...more } });
const select = (expression: string) => [{ cel: { expression } }];

const supplyOf = (slices: readonly ResourceSlice[], inUse: Iterable<string> = []): Supply => ({
  devices: offeredDevices(slices),
  inUse: new Set(inUse),
  deviceClass: (name) => (name === 'gpu' ? gpuClass : undefined),
});

function devicesFor(claims: readonly ResourceClaim[], supply: Supply, where = 'a'): string[] | undefined {
  const found = allocate(claims, node(where), supply);
  return found && [...found.values()].flatMap((result) => (result.devices?.results ?? []).map((item) => `${item.request}=${item.device}`));
}

test('of a pool only the newest generation counts, and only when it is whole', () => {
  const old = slice([gpu('g0', 'x')], { generation: 1 });
  const half = slice([gpu('g1', 'x')], { generation: 2, count: 2 });
  assert.deepEqual(offeredDevices([old, half]), []);
  assert.deepEqual(
    offeredDevices([old, half, { ...half, spec: { ...half.spec, devices: [gpu('g2', 'x')] } } as ResourceSlice]).map(({ id }) => id),
    [`${driver}/a/g1`, `${driver}/a/g2`],
  );
});

test('selectors see the driver, attributes by domain, versions and capacities', () => {
  const [offered] = offeredDevices([slice([gpu('g1', 'big')])]);
  assert.ok(offered);
  const cases: readonly [string, boolean][] = [
    [`device.attributes["${driver}"].model == "big"`, true],
    [`device.attributes["${driver}"].index > 1`, false],
    [`device.attributes["${driver}"].driverVersion.isGreaterThan(semver("1.2.0"))`, true],
    [`device.capacity["${driver}"].memory.compareTo(quantity("10Gi")) >= 0`, true],
    ['"x" in device.attributes["other.example.com"]', false],
    [`"model" in device.attributes["${driver}"]`, true],
  ];
  for (const [expression, expected] of cases) assert.equal(selected(offered, select(expression)), expected, expression);
  assert.throws(() => selected(offered, select(`device.attributes["${driver}"].missing == 1`)), /no such key/);
});

test('as many devices as asked for, none twice, none that is held', () => {
  const slices = [slice([gpu('g0', 'x'), gpu('g1', 'x'), gpu('g2', 'x')])];
  assert.deepEqual(devicesFor([claim('c', [exactly({ count: 2 })])], supplyOf(slices)), ['r=g0', 'r=g1']);
  assert.deepEqual(devicesFor([claim('c', [exactly()]), claim('d', [exactly()])], supplyOf(slices)), ['r=g0', 'r=g1']);
  assert.deepEqual(devicesFor([claim('c', [exactly({ count: 2 })])], supplyOf(slices, [`${driver}/a/g1`])), ['r=g0', 'r=g2']);
  assert.equal(devicesFor([claim('c', [exactly({ count: 4 })])], supplyOf(slices)), undefined);
  assert.equal(devicesFor([claim('c', [exactly()])], supplyOf(slices), 'b'), undefined);
  assert.equal(devicesFor([claim('c', [exactly({ deviceClassName: 'none' })])], supplyOf(slices)), undefined);
});

test('all devices means every one that suits, and none in use', () => {
  const slices = [slice([gpu('g0', 'x'), gpu('g1', 'y'), gpu('g2', 'x')])];
  const all = claim('c', [exactly({ allocationMode: 'All', selectors: select(`device.attributes["${driver}"].model == "x"`) })]);
  assert.deepEqual(devicesFor([all], supplyOf(slices)), ['r=g0', 'r=g2']);
  assert.equal(devicesFor([all], supplyOf(slices, [`${driver}/a/g2`])), undefined);
});

test('the first alternative that can be had is taken', () => {
  const slices = [slice([gpu('g0', 'small'), gpu('g1', 'small')])];
  const sub = (name: string, model: string, count: number) => ({
    name,
    deviceClassName: 'gpu',
    count,
    selectors: select(`device.attributes["${driver}"].model == "${model}"`),
  });
  const wish = claim('c', [{ name: 'r', firstAvailable: [sub('big', 'big', 1), sub('two', 'small', 2)] }]);
  assert.deepEqual(devicesFor([wish], supplyOf(slices)), ['r/two=g0', 'r/two=g1']);
});

test('constraints: alike in an attribute, or all different; the search turns back for them', () => {
  const slices = [slice([gpu('g0', 'x'), gpu('g1', 'y'), gpu('g2', 'y')])];
  const pair = [exactly({}, 'one'), exactly({}, 'other')];
  assert.deepEqual(devicesFor([claim('c', pair, [{ matchAttribute: `${driver}/model` }])], supplyOf(slices)), ['one=g1', 'other=g2']);
  assert.deepEqual(devicesFor([claim('c', pair, [{ distinctAttribute: `${driver}/model` }])], supplyOf(slices)), ['one=g0', 'other=g1']);
  const same = [exactly({ count: 3 })];
  assert.equal(devicesFor([claim('c', same, [{ matchAttribute: `${driver}/model` }])], supplyOf(slices)), undefined);
});

test('a look for administration shares devices and holds none', () => {
  const slices = [slice([gpu('g0', 'x')])];
  const held = supplyOf(slices, [`${driver}/a/g0`]);
  assert.deepEqual(devicesFor([claim('c', [exactly({ adminAccess: true })])], held), ['r=g0']);
  const results = [{ request: 'r', driver, pool: 'a', device: 'g0', adminAccess: true }];
  assert.equal(devicesInUse([{ status: { allocation: { devices: { results } } } } as unknown as ResourceClaim]).size, 0);
});

test('tainted devices need a toleration', () => {
  const slices = [slice([gpu('g0', 'x', '1Gi', { taints: [{ key: 'broken', effect: 'NoSchedule' }] })])];
  assert.equal(devicesFor([claim('c', [exactly()])], supplyOf(slices)), undefined);
  assert.deepEqual(devicesFor([claim('c', [exactly({ tolerations: [{ key: 'broken', operator: 'Exists' }] })])], supplyOf(slices)), [
    'r=g0',
  ]);
});

test('parts of a device share its counters', () => {
  const part = (name: string, value: string): Device =>
    gpu(name, 'part', '1Gi', { consumesCounters: [{ counterSet: 'card', counters: { memory: { value } } }] });
  const sharedCounters = [{ name: 'card', counters: { memory: { value: '10Gi' } } }];
  const slices = [slice([part('half1', '5Gi'), part('half2', '5Gi'), part('whole', '10Gi')], { more: { sharedCounters } })];
  assert.deepEqual(devicesFor([claim('c', [exactly({ count: 2 })])], supplyOf(slices)), ['r=half1', 'r=half2']);
  assert.equal(devicesFor([claim('c', [exactly({ count: 3 })])], supplyOf(slices)), undefined);
  assert.deepEqual(devicesFor([claim('c', [exactly()])], supplyOf(slices, [`${driver}/a/half1`])), ['r=half2']);
  assert.equal(devicesFor([claim('c', [exactly()])], supplyOf(slices, [`${driver}/a/whole`])), undefined);
});

test('the allocation says where it can be used and carries the configuration', () => {
  const slices = [slice([gpu('g0', 'x')])];
  const wanted = claim('c', [exactly()]);
  const result = allocate([wanted], node('a'), supplyOf(slices))?.get('uid-c');
  assert.deepEqual(result?.nodeSelector, {
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
  });
  const opaque = { driver, parameters: { mode: 'fast' } };
  const configured = {
    ...supplyOf(slices),
    deviceClass: () => ({ ...gpuClass, spec: { config: [{ opaque }] } }) as unknown as DeviceClass,
  };
  assert.deepEqual(allocate([wanted], node('a'), configured)?.get('uid-c')?.devices?.config, [
    { opaque, source: 'FromClass', requests: ['r'] },
  ]);
});
