import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deployment } from '#api/apps/v1/deployment.ts';
import { ConfigMap } from '#api/core/v1/configmap.ts';
import { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import { Pod } from '#api/core/v1/pod.ts';
import { Service } from '#api/core/v1/service.ts';
import type { JsonObject, Struct } from '#api/dsl.ts';
import { FlowSchema } from '#api/flowcontrol/v1/flowschema.ts';
import { Role } from '#api/rbac/v1/role.ts';
import { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import { applyPatch, ApplyTypeError, type OwnedObject, trackUpdate } from './apply.ts';

const t0 = '2026-01-01T00:00:00Z';
const t1 = '2026-01-01T00:01:00Z';

function world(struct: Struct, apiVersion: string) {
  let live: OwnedObject | undefined;
  return {
    get live(): OwnedObject {
      assert.ok(live);
      return live;
    },
    get fields(): Record<string, JsonObject | undefined> {
      return Object.fromEntries(
        (live?.metadata.managedFields ?? []).map((entry) => [
          `${entry.manager}/${entry.operation}${entry.subresource ? `/${entry.subresource}` : ''}`,
          entry.fieldsV1,
        ]),
      );
    },
    update(manager: string, next: object, now = t0, subresource?: string) {
      const managedFields = live?.metadata.managedFields;
      const object = next as OwnedObject;
      const tracked = trackUpdate({
        live,
        next: { ...object, metadata: { ...object.metadata, managedFields } },
        manager,
        apiVersion,
        now,
        struct,
        subresource,
      });
      live = { ...object, metadata: { ...object.metadata, managedFields: tracked } };
    },
    apply(manager: string, patch: object, options: { force?: boolean; now?: string; reset?: string[][] } = {}) {
      const result = applyPatch({
        live,
        patch: patch as OwnedObject,
        manager,
        apiVersion,
        now: options.now ?? t0,
        struct,
        force: options.force,
        reset: options.reset,
      });
      if (result.object) live = result.object;
      return result;
    },
  };
}

const pod = (spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'd', ...metadata },
  spec,
});
const config = (data: object | undefined, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', namespace: 'd', ...metadata },
  ...(data ? { data } : {}),
});
const ownData = (name: string) => ({ 'f:data': { [`f:${name}`]: {} } });

test('a create is tracked as Kubernetes tracks it', () => {
  const cluster = world(Pod, 'v1');
  cluster.update(
    'kubectl-run',
    pod(
      {
        containers: [
          { name: 'web', image: 'i', resources: {}, ports: [{ containerPort: 80, protocol: 'TCP' }], env: [{ name: 'A', value: '1' }] },
        ],
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
      },
      { labels: { run: 'p' } },
    ),
  );
  assert.deepEqual(cluster.live.metadata.managedFields, [
    {
      manager: 'kubectl-run',
      operation: 'Update',
      apiVersion: 'v1',
      time: t0,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:run': {} } },
        'f:spec': {
          'f:containers': {
            'k:{"name":"web"}': {
              '.': {},
              'f:env': { '.': {}, 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
              'f:image': {},
              'f:name': {},
              'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } },
              'f:resources': {},
            },
          },
          'f:dnsPolicy': {},
          'f:securityContext': {},
        },
      },
    },
  ]);
});

test('an update takes what it changes from whoever had it', () => {
  const cluster = world(ConfigMap, 'v1');
  cluster.update('a', config({ x: '1', y: '1' }));
  cluster.update('b', config({ x: '2', y: '1' }), t1);
  assert.deepEqual(cluster.fields, {
    'a/Update': { 'f:data': { '.': {}, 'f:y': {} } },
    'b/Update': ownData('x'),
  });
  cluster.update('b', config({ x: '2' }), t1);
  assert.deepEqual(cluster.fields, { 'a/Update': { 'f:data': {} }, 'b/Update': ownData('x') }, 'removed fields are nobody’s');
});

test('an update that changes nothing leaves the entries alone', () => {
  const cluster = world(ConfigMap, 'v1');
  cluster.update('a', config({ x: '1' }));
  const before = cluster.live.metadata.managedFields;
  cluster.update('b', config({ x: '1' }, { resourceVersion: '7' }), t1);
  assert.deepEqual(cluster.live.metadata.managedFields, before);
});

test('status written through its subresource is an entry of its own', () => {
  const cluster = world(Pod, 'v1');
  cluster.update('kubectl', { ...pod({ containers: [{ name: 'c' }] }), status: {} });
  cluster.update(
    'kubelet',
    { ...pod({ containers: [{ name: 'c' }] }), status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    t1,
    'status',
  );
  assert.deepEqual(cluster.fields['kubelet/Update/status'], {
    'f:status': { 'f:conditions': { '.': {}, 'k:{"type":"Ready"}': { '.': {}, 'f:status': {}, 'f:type': {} } }, 'f:phase': {} },
  });
});

test('applying owns what it says, and takes away what it no longer says', () => {
  const cluster = world(ConfigMap, 'v1');
  cluster.apply('me', config({ x: '1', y: '1' }));
  assert.deepEqual(cluster.fields, { 'me/Apply': { 'f:data': { 'f:x': {}, 'f:y': {} } } });
  cluster.update('other', { ...cluster.live, data: { x: '1', y: '1', z: '1' } }, t1);
  cluster.apply('me', config({ x: '1' }), { now: t1 });
  assert.deepEqual((cluster.live as unknown as { data: object }).data, { x: '1', z: '1' });
  assert.deepEqual(cluster.fields, { 'me/Apply': ownData('x'), 'other/Update': ownData('z') });
  cluster.apply('me', config(undefined), { now: t1 });
  assert.deepEqual((cluster.live as unknown as { data: object }).data, { z: '1' });
  assert.deepEqual(Object.keys(cluster.fields), ['other/Update']);
});

test('what two managers apply stays until both let go', () => {
  const cluster = world(ConfigMap, 'v1');
  cluster.apply('a', config({ x: '1' }));
  assert.ok(cluster.apply('b', config({ x: '1' })).object, 'equal values do not conflict');
  cluster.apply('a', config({}));
  assert.deepEqual((cluster.live as unknown as { data: object }).data, { x: '1' });
  cluster.apply('b', config(undefined));
  assert.equal((cluster.live as unknown as { data?: object }).data, undefined);
});

test('conflicts come level by level: fields at a place before those below its fields', () => {
  const cluster = world(Deployment, 'apps/v1');
  const web = (replicas: number, type: string, paused: boolean) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'd' },
    spec: { paused, replicas, strategy: { type } },
  });
  cluster.apply('a', web(1, 'Recreate', true));
  const { conflicts } = cluster.apply('b', web(2, 'RollingUpdate', false));
  assert.deepEqual(
    conflicts?.causes.map(({ field }) => field),
    ['.spec.paused', '.spec.replicas', '.spec.strategy.type'],
  );
});

test('a reference that a field declares granular is owned part by part', () => {
  const cluster = world(PersistentVolume, 'v1');
  const volume = (claimRef: object) => ({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'v' }, spec: { claimRef } });
  cluster.apply('a', volume({ kind: 'PersistentVolumeClaim', name: 'c' }));
  cluster.apply('b', volume({ namespace: 'd' }));
  assert.deepEqual((cluster.live as unknown as { spec: object }).spec, {
    claimRef: { kind: 'PersistentVolumeClaim', name: 'c', namespace: 'd' },
  });
  assert.deepEqual(cluster.fields['b/Apply'], { 'f:spec': { 'f:claimRef': { 'f:namespace': {} } } });
});

test('items may leave out keys, as long as they have one', () => {
  const cluster = world(ResourceClaim, 'resource.k8s.io/v1');
  const claim = (...devices: object[]) => ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name: 'r', namespace: 'd' },
    status: { devices },
  });
  const shared = { driver: 'x', device: 'y', pool: 'z', shareID: 's' };
  cluster.apply('a', claim({ driver: 'x', device: 'y', pool: 'z', data: { a: 1 } }, shared));
  assert.deepEqual(cluster.fields['a/Apply'], {
    'f:status': {
      'f:devices': {
        'k:{"device":"y","driver":"x","pool":"z"}': { '.': {}, 'f:data': {}, 'f:device': {}, 'f:driver': {}, 'f:pool': {} },
        'k:{"device":"y","driver":"x","pool":"z","shareID":"s"}': {
          '.': {},
          'f:device': {},
          'f:driver': {},
          'f:pool': {},
          'f:shareID': {},
        },
      },
    },
  });
  const schema = world(FlowSchema, 'flowcontrol.apiserver.k8s.io/v1');
  const condition = { kind: 'FlowSchema', metadata: { name: 'f' }, status: { conditions: [{ status: 'True' }] } };
  assert.throws(() => schema.apply('a', condition), {
    message:
      'failed to create typed patch object (/f; flowcontrol.apiserver.k8s.io/v1, Kind=FlowSchema): .status.conditions: element 0: associative ' +
      'list with keys has an element that omits all key fields ["type"] (and doesn\'t have default values for any key fields)',
  });
});

test('values within paths are written as Go writes JSON', () => {
  const cluster = world(Pod, 'v1');
  cluster.apply('a', pod({ containers: [{ name: 'c', volumeDevices: [{ devicePath: '/a&<b>', name: 'v' }] }] }, { finalizers: ['x&y'] }));
  assert.deepEqual(cluster.fields['a/Apply'], {
    'f:metadata': { 'f:finalizers': { 'v:"x\\u0026y"': {} } },
    'f:spec': {
      'f:containers': {
        'k:{"name":"c"}': {
          '.': {},
          'f:name': {},
          'f:volumeDevices': { 'k:{"devicePath":"/a\\u0026\\u003cb\\u003e"}': { '.': {}, 'f:devicePath': {}, 'f:name': {} } },
        },
      },
    },
  });
});

test('a list that is always written and was not given has no owner', () => {
  const cluster = world(Role, 'rbac.authorization.k8s.io/v1');
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r', namespace: 'd', labels: { a: 'b' } } };
  cluster.update('u', { ...role, rules: [] });
  assert.deepEqual(cluster.fields['u/Update'], { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } });
});

test('applying the same again changes nothing, not even the time', () => {
  const cluster = world(ConfigMap, 'v1');
  cluster.apply('a', config({ x: '1' }));
  const before = cluster.live;
  cluster.apply('a', config({ x: '1' }), { now: t1 });
  assert.deepEqual(cluster.live, before);
});

test('conflicts are told in the words of Kubernetes, and force takes over', () => {
  const cluster = world(Deployment, 'apps/v1');
  const deployment = (replicas: number, image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'n' },
    spec: { replicas, template: { spec: { containers: [{ name: 'web', image }] } } },
  });
  cluster.update('kubectl-create', deployment(1, 'a'));
  cluster.update('scaler', deployment(3, 'a'), t1, 'scale');
  assert.deepEqual(cluster.apply('ci', deployment(1, 'b')).conflicts, {
    message:
      'Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n- .spec.template.spec.containers[name="web"].image\nconflicts with "scaler" with subresource "scale" using apps/v1:\n- .spec.replicas',
    causes: [
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "kubectl-create" using apps/v1',
        field: '.spec.template.spec.containers[name="web"].image',
      },
      { reason: 'FieldManagerConflict', message: 'conflict with "scaler" with subresource "scale" using apps/v1', field: '.spec.replicas' },
    ],
  });
  assert.equal(
    cluster.apply('ci', deployment(3, 'b')).conflicts?.message,
    'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.template.spec.containers[name="web"].image',
  );
  assert.ok(cluster.apply('ci', deployment(1, 'b'), { force: true }).object);
  assert.equal(cluster.fields['scaler/Update/scale'], undefined);
  assert.equal((cluster.apply('other', deployment(2, 'b')).conflicts?.message ?? '').split(':')[1], ' conflict with "ci"');
});

test('list items are merged by key, sets by value, atomic lists replaced', () => {
  const cluster = world(Pod, 'v1');
  cluster.apply(
    'a',
    pod(
      {
        containers: [
          { name: 'x', image: '1', args: ['1'] },
          { name: 'y', image: '1' },
        ],
      },
      { finalizers: ['f/a'] },
    ),
  );
  cluster.apply(
    'b',
    pod(
      {
        containers: [
          { name: 'z', image: '1' },
          { name: 'x', imagePullPolicy: 'Always' },
        ],
      },
      { finalizers: ['f/b'] },
    ),
  );
  const { spec, metadata } = cluster.live as unknown as { spec: { containers: { name: string }[] }; metadata: { finalizers: string[] } };
  assert.deepEqual(spec.containers, [
    { name: 'z', image: '1' },
    { name: 'x', image: '1', args: ['1'], imagePullPolicy: 'Always' },
    { name: 'y', image: '1' },
  ]);
  assert.deepEqual(metadata.finalizers, ['f/a', 'f/b']);
  assert.deepEqual(cluster.fields['b/Apply'], {
    'f:metadata': { 'f:finalizers': { 'v:"f/b"': {} } },
    'f:spec': {
      'f:containers': {
        'k:{"name":"x"}': { '.': {}, 'f:imagePullPolicy': {}, 'f:name': {} },
        'k:{"name":"z"}': { '.': {}, 'f:image': {}, 'f:name': {} },
      },
    },
  });
  cluster.apply('a', pod({ containers: [{ name: 'x', image: '1' }] }));
  const after = cluster.live as unknown as { spec: { containers: object[] }; metadata: { finalizers: string[] } };
  assert.deepEqual(after.spec.containers, [
    { name: 'z', image: '1' },
    { name: 'x', image: '1', imagePullPolicy: 'Always' },
  ]);
  assert.deepEqual(after.metadata.finalizers, ['f/b']);
});

test('an item goes with the fields that the server put into it', () => {
  const cluster = world(Service, 'v1');
  const service = (ports: object[]) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { ports, selector: { a: 'b' } },
  });
  cluster.apply(
    'a',
    service([
      { name: 'http', port: 80 },
      { name: 'tls', port: 443 },
    ]),
  );
  const live = cluster.live as unknown as { spec: { ports: object[] } };
  // The server fills in defaults and a node port; nobody owns those.
  Object.assign(live.spec, { ports: live.spec.ports.map((port, index) => ({ ...port, protocol: 'TCP', nodePort: 30000 + index })) });
  cluster.apply('a', service([{ name: 'http', port: 80 }]));
  assert.deepEqual((cluster.live as unknown as { spec: object }).spec, {
    ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30000 }],
    selector: { a: 'b' },
  });
});

test('a configuration must fit the schema', () => {
  const cluster = world(Pod, 'v1');
  const head = 'failed to create typed patch object (d/p; /v1, Kind=Pod): ';
  const table: readonly [object, string][] = [
    [{ wrong: 1 }, '.spec.wrong: field not declared in schema'],
    [{ containers: 'x' }, '.spec.containers: expected list, got &{x}'],
    [{ terminationGracePeriodSeconds: 'x' }, '.spec.terminationGracePeriodSeconds: expected numeric (int or float), got string'],
    [{ containers: [{ name: 'a', foo: 1 }] }, '.spec.containers[name="a"].foo: field not declared in schema'],
    [{ containers: [{ name: 'a' }, { name: 'a' }] }, '.spec.containers: duplicate entries for key [name="a"]'],
    [{ containers: [{ image: 'a' }, { image: 'b' }] }, '.spec.containers: duplicate entries for key [name=""]'],
    [{ x: 1, y: 2 }, 'errors:\n  .spec.x: field not declared in schema\n  .spec.y: field not declared in schema'],
  ];
  for (const [spec, message] of table)
    assert.throws(
      () => cluster.apply('a', pod(spec)),
      (error) => error instanceof ApplyTypeError && (assert.equal(error.message, head + message), true),
    );
});

test('kubectl takes over from client-side apply', () => {
  const cluster = world(ConfigMap, 'v1');
  const annotation = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(config({ x: '1' })) };
  cluster.update('kubectl-client-side-apply', config({ x: '1', y: '1' }, { annotations: annotation }));
  assert.ok(cluster.apply('ci', config({ x: '2' })).conflicts, 'others do not');
  assert.ok(cluster.apply('kubectl', config({ x: '2', y: '2' })).conflicts, 'only what it had applied');
  cluster.apply('kubectl', config({ x: '2' }));
  const { data, metadata } = cluster.live as unknown as { data: object; metadata: { annotations: Record<string, string> } };
  assert.deepEqual(data, { x: '2', y: '1' });
  assert.deepEqual(JSON.parse(metadata.annotations['kubectl.kubernetes.io/last-applied-configuration'] ?? '').data, { x: '2' });
});

test('reset fields are nobody’s at the main resource', () => {
  const cluster = world(Pod, 'v1');
  cluster.update('kubelet', { ...pod({ containers: [{ name: 'c' }] }), status: { phase: 'Running' } });
  cluster.apply('a', { ...pod({ containers: [{ name: 'c' }] }), status: { phase: 'Failed' } }, { reset: [['status']] });
  assert.deepEqual(cluster.fields['a/Apply'], { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {} } } } });
});

test('old updaters are put together', () => {
  const cluster = world(ConfigMap, 'v1');
  const data: Record<string, string> = {};
  for (let index = 0; index < 14; index++) {
    data[`k${index}`] = '1';
    cluster.update(`m${index}`, config({ ...data }), `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`);
  }
  const names = cluster.live.metadata.managedFields?.map((entry) => entry.manager);
  assert.deepEqual(names, ['ancient-changes', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11', 'm12', 'm13']);
  assert.equal(
    Object.keys((cluster.fields['ancient-changes/Update'] as { 'f:data': object })['f:data']).length,
    6,
    'five keys and the map itself',
  );
});

test('a single empty entry resets; malformed entries are not taken over', () => {
  const live = {
    ...config({ x: '1' }),
    metadata: {
      name: 'c',
      managedFields: [
        { manager: 'a', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: ownData('x') as JsonObject },
      ],
    },
  };
  const track = (managedFields: unknown) =>
    trackUpdate({
      live,
      next: { ...live, metadata: { name: 'c', managedFields: managedFields as never } },
      manager: 'b',
      apiVersion: 'v1',
      now: t0,
      struct: ConfigMap,
    });
  assert.equal(track([{}]), undefined);
  assert.deepEqual(track(undefined), live.metadata.managedFields);
  assert.deepEqual(
    track([{ manager: 'z', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1: { nonsense: {} } }]),
    live.metadata.managedFields,
  );
});

test('two appliers, any order, any configuration: each gets what it asked for, and leaves nothing behind', () => {
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('m', 'n'), data), { minLength: 1, maxLength: 6 }), (steps) => {
      const cluster = world(ConfigMap, 'v1');
      const last = new Map<string, Record<string, string>>();
      for (const [manager, wanted] of steps) {
        cluster.apply(manager, config(wanted), { force: true });
        const object = (cluster.live as unknown as { data?: Record<string, string> }).data ?? {};
        last.set(manager, wanted);
        const others = [...last].filter(([name]) => name !== manager).flatMap(([, config]) => Object.keys(config));
        for (const [key, value] of Object.entries(wanted)) assert.equal(object[key], value);
        for (const key of Object.keys(object)) assert.ok(key in wanted || others.includes(key), key);
      }
    }),
    { seed: 21, numRuns: 200 },
  );
});
