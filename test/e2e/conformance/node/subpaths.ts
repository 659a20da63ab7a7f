// Conformance of storage: parts of volumes, by name and by variables, also those that change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { ConfigMaps, Pods, Secrets } from '#api/refs.ts';
import { until as wait } from '../../../support/until.ts';
import { inSpace, isReady, looksAt, mounted, pod, restarts, shell, type Space, told } from '../support.ts';
import { cluster } from './cluster.ts';

async function makeObjects({ create }: Space): Promise<void> {
  await create(ConfigMaps, { metadata: { name: 'my-configmap' }, data: { 'configmap-key': 'configmap-value' } });
  await create(Secrets, { metadata: { name: 'my-secret' }, stringData: { 'secret-key': 'secret-value' } });
}

/** A pod that mounts a part of a volume that variables name, and the whole of it. */
function expanding(subPathExpr: string, script: string): Draft<Pod> {
  const env = [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'ANNOTATION', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['mysubpath']" } } },
  ];
  const volumeMounts = [
    { name: 'v', mountPath: '/part', subPathExpr },
    { name: 'v', mountPath: '/whole' },
  ];
  return pod('p', shell(script, { env, volumeMounts }), { spec: { volumes: [{ name: 'v', emptyDir: {} }] } });
}

const annotated = (draft: Draft<Pod>, annotations: Record<string, string>): Draft<Pod> => ({
  ...draft,
  metadata: { ...draft.metadata, annotations },
});
const cannotBeMade = (now: Pod): boolean => now.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError';
const annotate = ({ of, namespace }: Space, mysubpath: string) =>
  of(Pods).patch('p', { metadata: { annotations: { mysubpath } } }, { type: 'merge', namespace });

export function subPaths(): void {
  const items = [{ path: 'projected/configmap-key', key: 'configmap-key' }];
  const podName = { path: 'downward/podname', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } };
  const parts: { title: string; subPath: string; volume: object; value: string }[] = [
    // Conformance: [sig-storage] Subpath Atomic writer volumes should support subpaths with secret pod [Conformance]
    { title: 'secret', subPath: 'secret-key', volume: { secret: { secretName: 'my-secret' } }, value: 'secret-value' },
    // Conformance: [sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod [Conformance]
    // Conformance: [sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod with mountPath of existing file [Conformance]
    { title: 'configMap', subPath: 'configmap-key', volume: { configMap: { name: 'my-configmap' } }, value: 'configmap-value' },
    // Conformance: [sig-storage] Subpath Atomic writer volumes should support subpaths with downward pod [Conformance]
    { title: 'downwardAPI', subPath: 'downward/podname', volume: { downwardAPI: { items: [podName] } }, value: 'p' },
    {
      // Conformance: [sig-storage] Subpath Atomic writer volumes should support subpaths with projected pod [Conformance]
      title: 'projected',
      subPath: 'projected/configmap-key',
      volume: { projected: { sources: [{ configMap: { name: 'my-configmap', items } }] } },
      value: 'configmap-value',
    },
  ];
  for (const { title, subPath, volume, value } of parts) {
    test(`one file of a volume of kind ${title}, at a new path and at that of a file of the image`, () =>
      inSpace(cluster, async (space) => {
        await makeObjects(space);
        const paths = ['/test-volume', '/etc/resolv.conf'];
        const volumeMounts = paths.map((mountPath) => ({ name: 'v', mountPath, subPath }));
        const container = { ...looksAt(paths, '--file_content={}'), volumeMounts };
        const text = await space.output(mounted('p', volume, { at: '', container }));
        for (const path of paths) assert.ok(text.includes(`content of file "${path}": ${value}\n`), text);
      }));
  }

  test('a container starts again after the object of its file has changed, and sees the change', () =>
    inSpace(cluster, async (space) => {
      await makeObjects(space);
      const script =
        'cat /mnt/file; echo; [ -e /tmp/state/again ] && sleep 1000; touch /tmp/state/again; while ! grep -q changed /mnt/all/configmap-key; do sleep 0.1; done; exit 1';
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
      await space.of(ConfigMaps).patch('my-configmap', change, { type: 'merge', namespace: space.namespace });
      await space.until(Pods, 'p', (now) => isReady(now) && restarts(now) === 1);
      await wait('the change in the log', async () => (await space.logs('p')).includes('changed\n'));
    }));

  // Conformance: [sig-node] Variable Expansion should allow substituting values in a volume subpath [Conformance]
  test('a part named by a variable is there from the start', () =>
    inSpace(cluster, async ({ output }) => {
      assert.equal(
        await output(expanding('$(POD_NAME)', 'test -d /whole/p && echo there > /part/x && cat /whole/p/x; echo $?')),
        'there\n0\n',
      );
    }));

  test('a part named by an annotation is written to, and stays when the annotation changes', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, annotated(expanding('$(ANNOTATION)/$(POD_NAME)', 'sleep 10000'), { mysubpath: 'mypath' }));
      await space.until(Pods, 'p', isReady);
      await space.exec('p', 'touch', '/whole/mypath/p/test.log');
      await space.exec('p', 'test', '-f', '/part/test.log');
      await annotate(space, 'mynewpath');
      assert.ok(isReady(await space.until(Pods, 'p', ({ metadata }) => metadata.annotations?.['mysubpath'] === 'mynewpath')));
      await space.exec('p', 'test', '-f', '/part/test.log');
    }));

  for (const { title, value } of [
    // Conformance: [sig-node] Variable Expansion should fail substituting values in a volume subpath with backticks [Conformance]
    { title: 'above the volume', value: '..' },
    // Conformance: [sig-node] Variable Expansion should fail substituting values in a volume subpath with absolute path [Conformance]
    { title: 'an absolute path', value: '/tmp' },
  ]) {
    test(`a part must stay inside, also one named by a variable: ${title}`, () =>
      inSpace(cluster, async (space) => {
        const about = { at: '/v', mount: { subPathExpr: '$(POD_NAME)' }, container: { env: [{ name: 'POD_NAME', value }] } };
        await space.create(Pods, mounted('p', { emptyDir: {} }, about));
        const { status } = await space.until(Pods, 'p', cannotBeMade);
        assert.equal(status?.phase, 'Pending');
        await told(space, 'Failed', /./);
      }));
  }

  test('a part that is said to be above its volume is refused', () =>
    inSpace(cluster, async ({ create }) => {
      const refused = create(Pods, mounted('p', { emptyDir: {} }, { at: '/v', mount: { subPathExpr: '../$(POD_NAME)' } }));
      await assert.rejects(refused, /must not contain '\.\.'/);
    }));

  // Conformance: [sig-node] Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container [Slow] [Conformance]
  test('a part whose name is repaired while the pod waits', () =>
    inSpace(cluster, async (space) => {
      // The annotation that the path needs is missing: what is left of the path is absolute.
      await space.create(Pods, annotated(expanding('$(ANNOTATION)/$(POD_NAME)', 'sleep 10000'), { notmysubpath: 'mypath' }));
      await space.until(Pods, 'p', cannotBeMade);
      await annotate(space, 'mypath');
      await space.until(Pods, 'p', isReady);
      await space.exec('p', 'touch', '/part/there');
      await space.exec('p', 'test', '-f', '/whole/mypath/p/there');
      await space.remove(Pods, 'p');
      await space.untilGone(Pods, 'p');
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
      const { status } = await until(Pods, 'p', cannotBeMade);
      assert.match(status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /not within volume path/);
    }));
}
