// Conformance of storage: changes reach the files of running pods; parts of volumes, also those that change.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ConfigMaps, Pods, Secrets } from '#api/refs.ts';
import type { Draft } from '#api/object.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until as wait } from '../../support/until.ts';
import { agnhost, busybox, inSpace, isReady, mounted, pod, shell, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

const merge = { type: 'merge' } as const;
/** mounttest that reads a file over and over. */
const follows = (path: string): { args: string[] } => ({
  args: ['mounttest', '--break_on_expected_content=false', '--retry_time=120', `--file_content_in_loop=${path}`],
});

async function said(space: Space, text: string, container = 'main'): Promise<void> {
  await space.until(Pods, 'p', ({ status }) => status?.phase === 'Running');
  await wait(`"${text}" in the log of ${container}`, async () => (await space.logs('p', container)).includes(text), 60_000);
}

/** ConfigMaps and Secrets are written the same way but for the encoding. */
const kinds = {
  ConfigMap: { ref: ConfigMaps, data: (text: string) => text },
  Secret: { ref: Secrets as unknown as typeof ConfigMaps, data: (text: string) => Buffer.from(text).toString('base64') },
};
const volumes: Readonly<Record<string, { kind: keyof typeof kinds; volume: (name: string, rules?: object) => object }>> = {
  configMap: { kind: 'ConfigMap', volume: (name, rules) => ({ configMap: { name, ...rules } }) },
  secret: { kind: 'Secret', volume: (secretName, rules) => ({ secret: { secretName, ...rules } }) },
  'projected configMap': { kind: 'ConfigMap', volume: (name, rules) => ({ projected: { sources: [{ configMap: { name, ...rules } }] } }) },
  'projected secret': { kind: 'Secret', volume: (name, rules) => ({ projected: { sources: [{ secret: { name, ...rules } }] } }) },
};

describe('updates', { concurrency: 4 }, () => {
  for (const [name, { kind, volume }] of Object.entries(volumes)) {
    const { ref, data } = kinds[kind];
    const object = (called: string, values: Record<string, string>): Draft<ConfigMap> => ({
      metadata: { name: called },
      data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, data(value)])),
    });
    test(`a changed value is seen: ${name}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(ref, object('o', { 'data-1': 'value-1' }));
        await space.create(
          Pods,
          mounted('p', volume('o'), { at: '/etc/v', mount: { readOnly: true }, container: follows('/etc/v/data-1') }),
        );
        await said(space, 'value-1');
        const change = { data: { 'data-1': data('value-2') } };
        await space.of(ref).patch('o', change, { ...merge, namespace: space.namespace });
        await said(space, 'value-2');
      }));

    test(`what is optional may come, change and go: ${name}`, () =>
      inSpace(cluster, async (space) => {
        const optional = { optional: true };
        await space.create(ref, object('del', { 'data-1': 'value-1' }));
        await space.create(ref, object('upd', { 'data-1': 'value-1' }));
        const parts = { del: 'data-1', upd: 'data-3', create: 'data-1' };
        const containers = Object.entries(parts).map(([part, key]) => ({
          name: part,
          image: agnhost,
          ...follows(`/etc/v/${part}/${key}`),
          volumeMounts: [{ name: part, mountPath: `/etc/v/${part}`, readOnly: true }],
        }));
        const spec = { containers, volumes: Object.keys(parts).map((part) => ({ name: part, ...volume(part, optional) })) };
        await space.create(Pods, pod('p', {}, { spec }));
        await space.until(Pods, 'p', isReady);
        await said(space, 'Error reading file /etc/v/create/data-1', 'create');
        await said(space, 'Error reading file /etc/v/upd/data-3', 'upd');
        await said(space, 'value-1', 'del');
        await space.remove(ref, 'del');
        const change = { data: { 'data-1': null, 'data-3': data('value-3') } };
        await space.of(ref).patch('upd', change, { ...merge, namespace: space.namespace });
        await space.create(ref, object('create', { 'data-1': 'value-1' }));
        await said(space, 'value-1', 'create');
        await said(space, 'value-3', 'upd');
        await said(space, 'Error reading file /etc/v/del/data-1', 'del');
      }));
  }

  test('binary data', () =>
    inSpace(cluster, async ({ create, output }) => {
      const bytes = Buffer.from('decafebad0feff', 'hex').toString('base64');
      await create(ConfigMaps, { metadata: { name: 'o' }, data: { 'data-1': 'value-1' }, binaryData: { 'dump.bin': bytes } });
      const container = { image: busybox, command: ['hexdump', '-C', '/etc/v/dump.bin'] };
      assert.match(await output(mounted('p', { configMap: { name: 'o' } }, { at: '/etc/v', container })), /de ca fe ba d0 fe ff/);
    }));

  for (const [name, volume] of [
    ['downwardAPI', (items: object[]) => ({ downwardAPI: { items } })],
    ['projected downwardAPI', (items: object[]) => ({ projected: { sources: [{ downwardAPI: { items } }] } })],
  ] as const) {
    for (const what of ['labels', 'annotations'] as const) {
      test(`${what} of the pod: ${name}`, () =>
        inSpace(cluster, async (space) => {
          const items = [{ path: 'file', fieldRef: { fieldPath: `metadata.${what}` } }];
          const made = mounted('p', volume(items), { at: '/etc/podinfo', container: follows('/etc/podinfo/file') });
          await space.create(Pods, { ...made, metadata: { name: 'p', [what]: { key1: 'value1', key2: 'value2' } } });
          await said(space, 'key1="value1"\nkey2="value2"\n');
          await space.of(Pods).patch('p', { metadata: { [what]: { key3: 'value3' } } }, { ...merge, namespace: space.namespace });
          await said(space, 'key3="value3"\n');
        }));
    }
  }
});

describe('parts of volumes', { concurrency: 4 }, () => {
  const makeObjects = async ({ create }: Space): Promise<void> => {
    await create(ConfigMaps, { metadata: { name: 'my-configmap' }, data: { 'configmap-key': 'configmap-value' } });
    await create(Secrets, { metadata: { name: 'my-secret' }, stringData: { 'secret-key': 'secret-value' } });
  };
  const items = [{ path: 'projected/configmap-key', key: 'configmap-key' }];
  const podName = { path: 'downward/podname', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } };
  for (const [what, subPath, volume, value] of [
    ['secret', 'secret-key', { secret: { secretName: 'my-secret' } }, 'secret-value'],
    ['configMap', 'configmap-key', { configMap: { name: 'my-configmap' } }, 'configmap-value'],
    ['downwardAPI', 'downward/podname', { downwardAPI: { items: [podName] } }, 'p'],
    [
      'projected',
      'projected/configmap-key',
      { projected: { sources: [{ configMap: { name: 'my-configmap', items } }] } },
      'configmap-value',
    ],
  ] as const) {
    for (const at of ['/test-volume', '/etc/resolv.conf']) {
      test(`one file of a volume of kind ${what} at ${at}`, () =>
        inSpace(cluster, async (space) => {
          await makeObjects(space);
          const about = { at, mount: { subPath }, container: { args: ['mounttest', `--file_content=${at}`] } };
          const text = await space.output(mounted('p', volume, about));
          assert.ok(text.includes(`content of file "${at}": ${value}\n`), text);
        }));
    }
  }

  test('a container starts again after the object of its file has changed, and sees the change', () =>
    inSpace(cluster, async (space) => {
      await makeObjects(space);
      const script =
        'cat /mnt/file; echo; [ -e /tmp/state/again ] && sleep 100; touch /tmp/state/again; while ! grep -q changed /mnt/all/configmap-key; do sleep 0.1; done; exit 1';
      const volumeMounts = [
        { name: 'v', mountPath: '/mnt/file', subPath: 'configmap-key' },
        { name: 'v', mountPath: '/mnt/all' },
        { name: 's', mountPath: '/tmp/state' },
      ];
      const spec = {
        restartPolicy: 'Always',
        volumes: [
          { name: 'v', configMap: { name: 'my-configmap' } },
          { name: 's', emptyDir: {} },
        ],
      };
      await space.create(Pods, pod('p', shell(script, { volumeMounts }), { spec }));
      await space.until(Pods, 'p', isReady);
      const change = { data: { 'configmap-key': 'changed' } };
      await space.of(ConfigMaps).patch('my-configmap', change, { ...merge, namespace: space.namespace });
      await space.until(Pods, 'p', (now) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1, 60_000);
      await said(space, 'changed\n');
    }));

  test('a part named by a variable', () =>
    inSpace(cluster, async ({ output }) => {
      const env = [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
      const volumeMounts = [
        { name: 'v', mountPath: '/logscontainer', subPathExpr: '$(POD_NAME)' },
        { name: 'v', mountPath: '/testcontainer' },
      ];
      const container = shell('test -d /testcontainer/p && echo there > /logscontainer/x && cat /testcontainer/p/x', { env, volumeMounts });
      assert.equal(await output(pod('p', container, { spec: { volumes: [{ name: 'v', emptyDir: {} }] } })), 'there\n');
    }));

  for (const [what, value] of [
    ['above the volume', '..'],
    ['an absolute path', '/tmp'],
  ] as const) {
    test(`a part must stay inside, also one named by a variable: ${what}`, () =>
      inSpace(cluster, async ({ create, until }) => {
        const env = [{ name: 'POD_NAME', value }];
        const mount = { subPathExpr: '$(POD_NAME)' };
        await create(Pods, mounted('p', { emptyDir: {} }, { at: '/v', mount, container: { env } }));
        await until(Pods, 'p', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError');
      }));
  }

  test('a part whose name is repaired while the pod waits', () =>
    inSpace(cluster, async ({ create, until, of, namespace, exec }) => {
      const env = [{ name: 'ANNOTATION', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['mysubpath']" } } }];
      const made = mounted('p', { emptyDir: {} }, { at: '/subpath', mount: { subPathExpr: '$(ANNOTATION)/p' }, container: { env } });
      await create(Pods, { ...made, metadata: { name: 'p', annotations: { mysubpath: '../no' } } });
      await until(Pods, 'p', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError');
      await of(Pods).patch('p', { metadata: { annotations: { mysubpath: 'mypath' } } }, { ...merge, namespace });
      await until(Pods, 'p', isReady, 60_000);
      await exec('p', 'touch', '/subpath/there');
    }));

  test('a directory that is not there is made, also in a path of the node', () =>
    inSpace(cluster, async ({ create, until, namespace }) => {
      const path = `${cluster.dataDir}/${namespace}`;
      await cluster.world.fs.mkdir(path, 0o777);
      const about = { at: '/v', mount: { subPath: 'a/b' } };
      await create(Pods, mounted('p', { hostPath: { path } }, about));
      await until(Pods, 'p', isReady);
      assert.equal((await cluster.world.fs.stat(`${path}/a/b`))?.kind, 'directory');
    }));

  test('a link in the volume that leads out of it is not followed', () =>
    inSpace(cluster, async ({ create, until, namespace }) => {
      const path = `${cluster.dataDir}/${namespace}`;
      await cluster.world.fs.mkdir(path, 0o777);
      await cluster.world.fs.symlink('/etc', `${path}/out`);
      await create(Pods, mounted('p', { hostPath: { path } }, { at: '/v', mount: { subPath: 'out' } }));
      const { status } = await until(
        Pods,
        'p',
        (now) => now.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
      );
      assert.match(status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /not within volume path/);
    }));
});
