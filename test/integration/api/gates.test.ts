// Fields behind feature gates that are off are cleared on every write, unless the stored object already uses them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Unstructured } from '#api/object.ts';
import { createMemoryStore } from '#store/memory.ts';
import { createWorld } from '#host/world.ts';
import type { Store } from '#store/kv.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

type Path = readonly (string | number)[];

interface Case {
  readonly gate: string;
  readonly ref: {
    readonly group: string;
    readonly version: string;
    readonly resource: string;
    readonly kind: string;
    readonly namespaced: boolean;
  };
  readonly fields: object;
  /** The gated field, which `fields` sets. */
  readonly path: Path;
  /** Written through the status. */
  readonly status?: boolean;
}

const core = (resource: string, kind: string, namespaced = true) => ({ group: '', version: 'v1', resource, kind, namespaced });
const pod = core('pods', 'Pod');
const slice = { group: 'resource.k8s.io', version: 'v1', resource: 'resourceslices', kind: 'ResourceSlice', namespaced: false };
const claim = { group: 'resource.k8s.io', version: 'v1', resource: 'resourceclaims', kind: 'ResourceClaim', namespaced: true };
const web = { name: 'web', image: 'i' };
const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
const devices = (device: object, more: object = {}) => ({
  spec: { driver: 'd.example.com', nodeName: 'n', pool, devices: [{ name: 'dev', ...device }], ...more },
});
const request = (exactly: object) => ({ spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c', ...exactly } }] } } });
const firstDevice = ['spec', 'devices', 0];

const cases: readonly Case[] = [
  {
    gate: 'GenericWorkload',
    ref: pod,
    fields: { spec: { containers: [web], workloadRef: { name: 'w', podGroup: 'g' } } },
    path: ['spec', 'workloadRef'],
  },
  {
    gate: 'ContainerStopSignals',
    ref: pod,
    fields: { spec: { os: { name: 'linux' }, containers: [{ ...web, lifecycle: { stopSignal: 'SIGUSR1' } }] } },
    path: ['spec', 'containers', 0, 'lifecycle'],
  },
  {
    gate: 'CrossNamespaceVolumeDataSource',
    ref: core('persistentvolumeclaims', 'PersistentVolumeClaim'),
    fields: {
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's', namespace: 'default' },
      },
    },
    path: ['spec', 'dataSourceRef', 'namespace'],
  },
  {
    gate: 'CoordinatedLeaderElection',
    ref: { group: 'coordination.k8s.io', version: 'v1', resource: 'leases', kind: 'Lease', namespaced: true },
    fields: { spec: { holderIdentity: 'me', strategy: 'OldestEmulationVersion' } },
    path: ['spec', 'strategy'],
  },
  {
    gate: 'DRADeviceTaints',
    ref: slice,
    fields: devices({ taints: [{ key: 'k', effect: 'NoSchedule' }] }),
    path: [...firstDevice, 'taints'],
  },
  {
    gate: 'DRAConsumableCapacity',
    ref: slice,
    fields: devices({ allowMultipleAllocations: true }),
    path: [...firstDevice, 'allowMultipleAllocations'],
  },
  {
    gate: 'DRAConsumableCapacity',
    ref: slice,
    fields: devices({
      allowMultipleAllocations: true,
      capacity: { memory: { value: '4Gi', requestPolicy: { default: '1Gi', validValues: ['1Gi', '2Gi'] } } },
    }),
    path: [...firstDevice, 'capacity', 'memory', 'requestPolicy'],
  },
  {
    gate: 'DRADeviceTaints',
    ref: claim,
    fields: request({ tolerations: [{ key: 'k', operator: 'Exists' }] }),
    path: ['spec', 'devices', 'requests', 0, 'exactly', 'tolerations'],
  },
  {
    gate: 'DRAExtendedResource',
    ref: { group: 'resource.k8s.io', version: 'v1', resource: 'deviceclasses', kind: 'DeviceClass', namespaced: false },
    fields: { spec: { extendedResourceName: 'example.com/gpu' } },
    path: ['spec', 'extendedResourceName'],
  },
  {
    gate: 'ResourceHealthStatus',
    ref: pod,
    fields: {
      spec: { containers: [web] },
      status: {
        containerStatuses: [
          {
            name: 'web',
            image: 'i',
            imageID: 'x',
            ready: true,
            restartCount: 0,
            allocatedResourcesStatus: [{ name: 'claim:c/r', resources: [{ resourceID: 'a', health: 'Healthy' }] }],
          },
        ],
      },
    },
    path: ['status', 'containerStatuses', 0, 'allocatedResourcesStatus'],
    status: true,
  },
  {
    gate: 'NodeDeclaredFeatures',
    ref: core('nodes', 'Node', false),
    fields: { status: { declaredFeatures: ['A'] } },
    path: ['status', 'declaredFeatures'],
    status: true,
  },
];

const at = (object: object, path: Path): unknown =>
  path.reduce<unknown>((value, step) => (value as Record<string | number, unknown> | undefined)?.[step], object);

describe('feature gates', () => {
  const world = createWorld({ logLevel: 'warn' });
  let store: Store;
  let off: TestApi;
  let on: TestApi;
  before(async () => {
    store = createMemoryStore({ clock: world.clock });
    // Two servers of one store: what one was allowed to write the other finds.
    on = await startTestApi({ world, store, config: { featureGates: Object.fromEntries(cases.map(({ gate }) => [gate, true])) } });
    off = await startTestApi({ world, store });
  });
  after(async () => {
    await off[Symbol.asyncDispose]();
    await on[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  /** Writes the object, and its status if that is where the field is. */
  async function write(api: TestApi, { ref, fields, status }: Case, name: string): Promise<Unstructured> {
    const client = api.client.resource<Unstructured>(ref);
    const made = await client.create({ ...fields, metadata: { name, ...(ref.namespaced ? { namespace: 'default' } : {}) } } as never);
    if (!status) return made;
    const options = { type: 'merge', subresource: 'status', ...(ref.namespaced ? { namespace: 'default' } : {}) } as const;
    return client.patch(name, { status: (fields as { status: object }).status }, options);
  }

  for (const [index, one] of cases.entries()) {
    const { gate, ref, path, status } = one;
    it(`${gate}: ${ref.kind} ${path.join('.')}`, async () => {
      const options = {
        type: 'merge',
        ...(status ? { subresource: 'status' } : {}),
        ...(ref.namespaced ? { namespace: 'default' } : {}),
      } as const;
      const cleared = await write(off, one, `off-${index}`);
      assert.equal(at(cleared, path), undefined, 'cleared when it is off');
      const part = status ? { status: (one.fields as { status: object }).status } : one.fields;
      if (ref.resource !== 'pods' || status) {
        const updated = await off.client.resource<Unstructured>(ref).patch(`off-${index}`, part, options);
        assert.equal(at(updated, path), undefined, 'by an update as well');
      }
      const kept = await write(on, one, `on-${index}`);
      assert.notEqual(at(kept, path), undefined, 'kept when it is on');
      const touched = await off.client
        .resource<Unstructured>(ref)
        .patch(`on-${index}`, { metadata: { labels: { x: '1' } } }, { ...options, subresource: '' });
      assert.deepEqual(at(touched, path), at(kept, path), 'what is stored stays');
    });
  }
});
