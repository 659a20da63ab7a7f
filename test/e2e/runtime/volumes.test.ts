// Volumes on the real file system: contents, modes and owners, updates, memory, sub-paths, clean-up.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import type { PodVolumes } from '#agent/parts.ts';
import { unmountBelow } from '#agent/volumes/mounting.ts';
import { createPodVolumes } from '#agent/volumes/volumes.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import { notFound } from '#api/status.ts';
import { createWorld } from '#host/world.ts';

const world = createWorld({ logLevel: 'warn' });
const { fs } = world;
const dataDir = mkdtempSync(`${tmpdir()}/tutti-volumes-`);
const signal = new AbortController().signal;
const maps = new Map<string, ConfigMap>();
const secrets = new Map<string, Secret>();
const persistents = new Map<string, PersistentVolume>();
let volumes: PodVolumes;

before(async () => {
  volumes = await createPodVolumes(world, {
    dataDir,
    allocatable: { cpu: '2', memory: '1Gi' },
    objects: {
      async configMap(_, name) {
        const found = maps.get(name);
        if (!found) throw notFound({ group: '', resource: 'configmaps' }, name);
        return found;
      },
      async secret(_, name) {
        const found = secrets.get(name);
        if (!found) throw notFound({ group: '', resource: 'secrets' }, name);
        return found;
      },
    },
    claims: async (_, volume) => {
      const persistent = persistents.get(volume.persistentVolumeClaim?.claimName ?? '');
      if (!persistent) throw new Error('PVC is not bound');
      return { claim: {} as PersistentVolumeClaim, persistent, readOnly: volume.persistentVolumeClaim?.readOnly === true };
    },
    recursiveReadOnly: async () => false,
    // No driver: what is asked of it would fail.
    csi: { setUp: () => Promise.reject(new Error('no driver')), tearDown: async () => {}, usage: async () => undefined, inUse: () => [] },
    tokens: { token: async (_, { audience }) => ({ token: `token-for-${audience}`, refreshAt: 5000, expires: 9000 }) },
  });
});
after(async () => {
  await unmountBelow(world, dataDir);
  await fs.remove(dataDir);
});

const same = (text: string): string => text;

function podOf(uid: string, spec: Partial<Pod['spec']>): Pod {
  return {
    metadata: { name: 'p', namespace: 'default', uid, labels: { b: '2', a: '1"' } },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m' } } }], ...spec },
    status: {},
  } as Pod;
}

/** Sets up and gives the directory of the first volume. */
async function dirOf(pod: Pod): Promise<string> {
  const { problems } = await volumes.setUp(pod, signal);
  assert.deepEqual(problems, []);
  const name = pod.spec.volumes?.[0]?.name ?? '';
  const [mount] = await volumes.mounts(
    pod,
    { name: 'c', volumeMounts: [{ name, mountPath: '/v' }] } as Pod['spec']['containers'][number],
    same,
  );
  return mount?.hostPath ?? '';
}

const modeOf = async (path: string): Promise<string> => ((await fs.stat(path))?.mode ?? 0).toString(8);

test('a ConfigMap: files, modes, an update in one step, and no writing when nothing changed', async () => {
  maps.set('m', { metadata: { name: 'm' }, data: { a: 'one', b: 'two' }, binaryData: { bin: '/wA=' } } as ConfigMap);
  const pod = podOf('u1', { volumes: [{ name: 'v', configMap: { name: 'm', defaultMode: 0o400 } }] });
  const dir = await dirOf(pod);
  assert.equal(await fs.readText(`${dir}/a`), 'one');
  assert.deepEqual([...(await fs.read(`${dir}/bin`))], [0xff, 0]);
  assert.equal(await modeOf(`${dir}/a`), '400');
  const first = await fs.readlink(`${dir}/..data`);
  await volumes.setUp(pod, signal);
  assert.equal(await fs.readlink(`${dir}/..data`), first);

  maps.set('m', { metadata: { name: 'm' }, data: { a: 'new', c: 'three' } } as ConfigMap);
  await volumes.setUp(pod, signal);
  assert.deepEqual(
    (await fs.list(dir)).filter((name) => !name.startsWith('..')),
    ['a', 'c'],
  );
  assert.equal(await fs.readText(`${dir}/a`), 'new');
  assert.equal((await fs.list(dir)).filter((name) => name.startsWith('..2')).length, 1);
});

test('items choose paths and modes', async () => {
  maps.set('i', { metadata: { name: 'i' }, data: { a: 'one', b: 'two' } } as ConfigMap);
  const dir = await dirOf(
    podOf('u2', { volumes: [{ name: 'v', configMap: { name: 'i', items: [{ key: 'b', path: 'x/y/b.txt', mode: 0o600 }] } }] }),
  );
  assert.equal(await fs.readText(`${dir}/x/y/b.txt`), 'two');
  assert.equal(await modeOf(`${dir}/x/y/b.txt`), '600');
  assert.deepEqual(
    (await fs.list(dir)).filter((name) => !name.startsWith('..')),
    ['x'],
  );
});

test('what is missing is said as Kubernetes says it; optional sources may be missing', async () => {
  const volume = (extra: object) => [{ name: 'v', ...extra }] as Pod['spec']['volumes'];
  const problem = async (extra: object): Promise<string | undefined> =>
    (await volumes.setUp(podOf('u3', { volumes: volume(extra) }), signal)).problems[0]?.message;
  assert.equal(await problem({ configMap: { name: 'none' } }), 'configmap "none" not found');
  assert.equal(await problem({ secret: { secretName: 'none' } }), 'secret "none" not found');
  maps.set('k', { metadata: { name: 'k' }, data: {} } as ConfigMap);
  assert.equal(
    await problem({ configMap: { name: 'k', items: [{ key: 'z', path: 'z' }] } }),
    'configmap references non-existent config key: z',
  );
  assert.equal(await problem({ configMap: { name: 'none', optional: true } }), undefined);
  assert.equal(await problem({ configMap: { name: 'k', optional: true, items: [{ key: 'z', path: 'z' }] } }), undefined);
  assert.equal(await problem({ iscsi: { targetPortal: 't', iqn: 'i', lun: 0 } }), 'no volume plugin matched');
  assert.equal(
    await problem({ hostPath: { path: '/etc/passwd', type: 'Directory' } }),
    'hostPath type check failed: /etc/passwd is not a directory',
  );
});

test('a projected volume: secret, downward API and token, owned by the group and in memory', async () => {
  secrets.set('s', { metadata: { name: 's' }, data: { key: Buffer.from('hidden').toString('base64') } } as Secret);
  const sources = [
    { secret: { name: 's' } },
    {
      downwardAPI: {
        items: [
          { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
          { path: 'cpu', resourceFieldRef: { containerName: 'c', resource: 'requests.cpu', divisor: '1m' } },
          { path: 'memory', resourceFieldRef: { containerName: 'c', resource: 'limits.memory' } },
        ],
      },
    },
    { serviceAccountToken: { path: 'token', audience: 'x', expirationSeconds: 600 } },
  ];
  const pod = podOf('u4', { securityContext: { fsGroup: 4321, runAsUser: 1000 }, volumes: [{ name: 'v', projected: { sources } }] });
  const dir = await dirOf(pod);
  assert.equal((await volumes.setUp(pod, signal)).refreshAt, 5000);
  assert.equal(await fs.readText(`${dir}/key`), 'hidden');
  assert.equal(await fs.readText(`${dir}/labels`), 'a="1\\""\nb="2"');
  assert.deepEqual([await fs.readText(`${dir}/cpu`), await fs.readText(`${dir}/memory`)], ['250', String(2 ** 30)]);
  assert.equal(await fs.readText(`${dir}/token`), 'token-for-x');
  const token = await fs.stat(`${dir}/token`);
  assert.deepEqual([token?.mode.toString(8), token?.uid, token?.gid], ['640', 1000, 4321]);
  assert.match((await world.exec.run('stat', ['-f', '-c', '%T', dir])).stdout, /tmpfs/);
});

test('emptyDir on disk and in memory', async () => {
  const pod = podOf('u5', {
    securityContext: { fsGroup: 77 },
    volumes: [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
  });
  const disk = await dirOf(pod);
  const root = await fs.stat(disk);
  assert.deepEqual([root?.mode.toString(8), root?.gid], ['2777', 77]);
  await fs.write(`${disk}/kept`, 'x');
  await volumes.setUp(pod, signal);
  assert.equal(await fs.readText(`${disk}/kept`), 'x');
  const memory = disk.replace(/disk$/, 'memory');
  assert.equal((await fs.usage(memory)).capacity, 2 ** 20);
  assert.equal(await modeOf(memory), '3777');
});

test('hostPath of the OrCreate types', async () => {
  const made = `${dataDir}/made/here`;
  const pod = podOf('u6', {
    volumes: [
      { name: 'd', hostPath: { path: made, type: 'DirectoryOrCreate' } },
      { name: 'f', hostPath: { path: `${made}/file`, type: 'FileOrCreate' } },
    ],
  });
  assert.equal(await dirOf(pod), made);
  assert.equal((await fs.stat(`${made}/file`))?.kind, 'file');
});

test('sub-paths: made, kept inside, expanded, replaced at the next start', async () => {
  const pod = podOf('u7', { volumes: [{ name: 'e', emptyDir: {} }] });
  const dir = await dirOf(pod);
  const mountOf = async (entry: object, expand = same): Promise<string> => {
    const container = { name: 'c', volumeMounts: [{ name: 'e', mountPath: '/v', ...entry }] } as Pod['spec']['containers'][number];
    return (await volumes.mounts(pod, container, expand))[0]?.hostPath ?? '';
  };
  const first = await mountOf({ subPath: 'a/b' });
  await fs.write(`${first}/file`, 'x');
  assert.equal(await fs.readText(`${dir}/a/b/file`), 'x');
  await fs.write(`${dir}/single`, 'one');
  assert.equal(await fs.readText(await mountOf({ subPath: 'single' })), 'one');
  assert.equal(await mountOf({ subPathExpr: '$(POD)/x' }, (text) => text.replace('$(POD)', 'p1')), first);
  assert.equal((await fs.stat(`${dir}/p1/x`))?.kind, 'directory');
  await assert.rejects(mountOf({ subPathExpr: '$(NONE)/x' }), /missing value for "NONE"/);
  await assert.rejects(mountOf({ subPath: '../x' }), /must not contain '\.\.'/);
  await assert.rejects(mountOf({ subPath: '/x' }), /must not be an absolute path/);
  await fs.symlink('/etc', `${dir}/out`);
  await assert.rejects(mountOf({ subPath: 'out' }), /not within volume path/);
  await assert.rejects(mountOf({ subPath: 'out/new' }), /not within volume path/);
});

test('tear-down leaves nothing of the pods', async () => {
  assert.ok((await volumes.present()).includes('u5'));
  for (const uid of await volumes.present()) await volumes.tearDown(uid);
  await volumes.tearDown('never');
  assert.deepEqual(await volumes.present(), []);
  assert.deepEqual(await fs.list(`${dataDir}/pods`), []);
  const mounts = (await fs.readText('/proc/self/mountinfo')).split('\n').filter((line) => line.includes(dataDir));
  assert.equal(mounts.length, 3, mounts.join('\n'));
});

test('a mount can be read-only all the way down only where the runtime can', async () => {
  const pod = podOf('r1', { volumes: [{ name: 'v', emptyDir: {} }] });
  await volumes.setUp(pod, signal);
  const mounts = (recursiveReadOnly: string) => {
    const volumeMounts = [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly }];
    return volumes.mounts(pod, { name: 'c', image: 'i', volumeMounts } as never, same);
  };
  await assert.rejects(mounts('Enabled'), /requested recursive read-only mode, but it is not supported by the runtime/);
  assert.equal((await mounts('IfPossible'))[0]?.recursiveReadOnly, undefined);
  assert.equal((await mounts('Disabled'))[0]?.readonly, true);
  await volumes.tearDown('r1');
});

describe('persistent volumes', () => {
  const claimed = (uid: string, more: { spec?: object; readOnly?: boolean } = {}): Pod =>
    podOf(uid, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c', readOnly: more.readOnly ?? false } }], ...more.spec });
  const bind = (spec: object): void => {
    persistents.set('c', { metadata: { name: 'pv' }, spec } as PersistentVolume);
  };
  const run = async (command: string, ...args: string[]): Promise<string> => {
    const result = await world.exec.run(command, args, { timeout: 60_000 });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout.trim();
  };
  const mountsOf = async (pod: Pod) =>
    await volumes.mounts(pod, { name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }, same);

  test('a claim that is not bound is waited for', async () => {
    const pod = claimed('p0');
    assert.deepEqual((await volumes.setUp(pod, signal)).problems, [{ volume: 'v', message: 'PVC is not bound' }]);
    await assert.rejects(mountsOf(pod), /volume "v" is not mounted/);
  });

  test('a path of the node: used as it is, left as it is', async () => {
    const path = `${dataDir}/host`;
    await fs.mkdir(path);
    bind({ hostPath: { path, type: '' } });
    const pod = claimed('p1', { readOnly: true });
    assert.deepEqual((await volumes.setUp(pod, signal)).problems, []);
    assert.deepEqual(await mountsOf(pod), [{ containerPath: '/v', hostPath: path, readonly: true }]);
    await volumes.tearDown('p1');
    assert.ok(await fs.stat(path));
  });

  test('a local directory belongs to the fsGroup; what is not there is told', async () => {
    const path = `${dataDir}/local`;
    bind({ local: { path } });
    const pod = claimed('p2', { spec: { securityContext: { fsGroup: 77 } } });
    assert.match((await volumes.setUp(pod, signal)).problems[0]?.message ?? '', /path ".*\/local" does not exist/);
    await fs.mkdir(path);
    await fs.write(`${path}/f`, 'x');
    assert.deepEqual((await volumes.setUp(pod, signal)).problems, []);
    assert.equal((await fs.stat(`${path}/f`))?.gid, 77);
    await volumes.tearDown('p2');
    assert.equal(await fs.readText(`${path}/f`), 'x');
  });

  test('a local disk gets a file system, keeps its files, and can be given whole', async () => {
    const image = `${dataDir}/disk.img`;
    await run('truncate', '-s', '16M', image);
    const device = await run('losetup', '--find', '--show', image);
    try {
      bind({ local: { path: device } });
      for (const uid of ['p3', 'p4']) {
        const pod = claimed(uid);
        assert.deepEqual((await volumes.setUp(pod, signal)).problems, []);
        // Again: nothing is mounted twice.
        assert.deepEqual((await volumes.setUp(pod, signal)).problems, []);
        const [mounted] = await mountsOf(pod);
        const file = `${mounted?.hostPath}/kept`;
        if (uid === 'p3') await fs.write(file, 'kept');
        else assert.equal(await fs.readText(file), 'kept');
        await volumes.tearDown(uid);
        assert.doesNotMatch(await fs.readText('/proc/self/mountinfo'), new RegExp(`pods/${uid}/`));
      }
      bind({ local: { path: device }, volumeMode: 'Block' });
      const pod = claimed('p5');
      await volumes.setUp(pod, signal);
      const container = { name: 'c', image: 'i', volumeDevices: [{ name: 'v', devicePath: '/dev/xvda' }] };
      assert.deepEqual(volumes.devices(pod, container), [{ containerPath: '/dev/xvda', hostPath: device, permissions: 'mrw' }]);
      await assert.rejects(mountsOf(pod), /has volumeMode Block, but is specified in volumeMounts/);
      await volumes.tearDown('p5');
    } finally {
      await run('losetup', '--detach', device);
    }
  });
});
