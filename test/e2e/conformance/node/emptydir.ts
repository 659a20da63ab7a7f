// Conformance of storage: directories that live as long as their pod, on disk and in memory; paths of the node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMaps, Pods, ReplicationControllers, Secrets } from '#api/refs.ts';
import { until as wait } from '../../../support/until.ts';
import { agnhost, busybox, inSpace, isReady, mounted, pod, shell, told } from '../support.ts';
import { cluster } from './cluster.ts';

const dir = '/test-volume';
const file = `${dir}/test-file`;
const emptyDir = (medium: string): object => ({ emptyDir: medium === 'tmpfs' ? { medium: 'Memory' } : {} });
/** The security context that the suite gives these pods. */
const selinux = { seLinuxOptions: { level: 's0' } };

export function emptyDirs(): void {
  const modes = { '0644': '-rw-r--r--', '0666': '-rw-rw-rw-', '0777': '-rwxrwxrwx' };
  for (const { title, medium, who } of [
    // Conformance: [sig-storage] EmptyDir volumes should support (root,0644,tmpfs) [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] EmptyDir volumes should support (root,0666,tmpfs) [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] EmptyDir volumes should support (root,0777,tmpfs) [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] EmptyDir volumes volume on tmpfs should have the correct mode [LinuxOnly] [NodeConformance] [Conformance]
    { title: 'root,tmpfs', medium: 'tmpfs', who: {} },
    // Conformance: [sig-storage] EmptyDir volumes should support (non-root,0644,tmpfs) [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] EmptyDir volumes should support (non-root,0777,tmpfs) [LinuxOnly] [NodeConformance] [Conformance]
    { title: 'non-root,tmpfs', medium: 'tmpfs', who: { runAsUser: 1001 } },
    // Conformance: [sig-storage] EmptyDir volumes should support (root,0644,default) [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] EmptyDir volumes should support (root,0666,default) [LinuxOnly] [NodeConformance] [Conformance]
    // Conformance: [sig-storage] EmptyDir volumes should support (root,0777,default) [LinuxOnly] [NodeConformance] [Conformance]
    { title: 'root,default', medium: 'default', who: {} },
    // Conformance: [sig-storage] EmptyDir volumes should support (non-root,0777,default) [LinuxOnly] [NodeConformance] [Conformance]
    { title: 'non-root,default', medium: 'default', who: { runAsUser: 1001 } },
  ]) {
    test(`the directory may be written by all, and new files have their modes (${title})`, () =>
      inSpace(cluster, async ({ output }) => {
        const files = Object.keys(modes).map((mode) => `mounttest --new_file_${mode}=${dir}/${mode} --file_perm=${dir}/${mode}`);
        const commands = [`mounttest --fs_type=${dir} --file_perm=${dir}`, ...files].map((args) => `/agnhost ${args}`);
        const container = { command: ['sh', '-c', commands.join(' && ')] };
        const securityContext = { ...selinux, ...who };
        const said = await output(mounted('p', emptyDir(medium), { at: dir, container, spec: { securityContext } }));
        assert.equal(said.includes(`mount type of "${dir}": tmpfs\n`), medium === 'tmpfs', said);
        assert.ok(said.includes(`perms of file "${dir}": -rwxrwxrwx\n`), said);
        for (const [mode, text] of Object.entries(modes)) {
          assert.ok(said.includes(`perms of file "${dir}/${mode}": ${text}\n`), said);
          assert.ok(said.includes(`content of file "${dir}/${mode}": mount-tester new file\n`), said);
        }
      }));
  }

  for (const medium of ['tmpfs', 'default']) {
    test(`new files belong to the fsGroup (${medium})`, () =>
      inSpace(cluster, async ({ output }) => {
        const args = ['mounttest', `--new_file_0660=${file}`, `--file_perm=${file}`, `--file_owner=${file}`];
        const securityContext = { fsGroup: 123, runAsUser: 1001 };
        const said = await output(mounted('p', emptyDir(medium), { at: dir, container: { args }, spec: { securityContext } }));
        assert.ok(said.includes(`perms of file "${file}": -rw-rw----\n`), said);
        assert.ok(said.includes(`owner UID of "${file}": 1001\nowner GID of "${file}": 123\n`), said);
      }));
  }

  test('a part that is not there gets the mode and the group of its volume', () =>
    inSpace(cluster, async ({ output }) => {
      const args = ['mounttest', `--fs_type=${dir}`, `--file_perm=${dir}`, `--file_owner=${dir}`, `--file_mode=${dir}`];
      const spec = { securityContext: { fsGroup: 123, runAsUser: 1001 } };
      const said = await output(mounted('p', emptyDir('tmpfs'), { at: dir, mount: { subPath: 'test-sub' }, container: { args }, spec }));
      assert.ok(said.includes(`mode of file "${dir}": dgtrwxrwxrwx\n`), said);
      assert.ok(said.includes(`owner UID of "${dir}": 0\nowner GID of "${dir}": 123\n`), said);
      assert.ok(said.includes(`mount type of "${dir}": tmpfs\n`), said);
    }));

  test('containers of a pod share it', () =>
    inSpace(cluster, async ({ create, until, execIn }) => {
      const volumeMounts = (mountPath: string): object => ({ volumeMounts: [{ name: 'v', mountPath }] });
      const containers = [
        { name: 'main', image: busybox, command: ['sh', '-c', 'sleep 1000'], ...volumeMounts('/usr/share/volumeshare') },
        { name: 'sub', image: busybox, command: ['sh', '-c', 'echo Hello > /pod-data/shareddata.txt'], ...volumeMounts('/pod-data') },
      ];
      await create(Pods, pod('p', {}, { spec: { containers, volumes: [{ name: 'v', emptyDir: {} }] } }));
      await until(Pods, 'p', ({ status }) => status?.phase === 'Running' && status.containerStatuses?.[1]?.state?.terminated);
      assert.equal(await execIn('p', 'main', 'cat', '/usr/share/volumeshare/shareddata.txt'), 'Hello\n');
    }));

  test('one in memory is as large as its limit', () =>
    inSpace(cluster, async ({ output }) => {
      const container = shell(`df | grep ${dir} | awk '{print $2}'`);
      const said = await output(mounted('p', { emptyDir: { medium: 'Memory', sizeLimit: '10Mi' } }, { at: dir, container }));
      assert.equal(said, '10240\n');
    }));

  test('what it holds outlives its containers', () =>
    inSpace(cluster, async ({ create, until, exec }) => {
      const container = shell(`echo life >> ${file}; [ $(wc -l < ${file}) -gt 1 ] && sleep 1000; exit 1`);
      await create(Pods, mounted('p', emptyDir('tmpfs'), { at: dir, container, spec: { restartPolicy: 'Always' } }));
      await until(Pods, 'p', (now) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1);
      await wait('the second life', async () => (await exec('p', 'cat', file)) === 'life\nlife\n');
    }));

  test('volumes of Secrets and ConfigMaps do not conflict', () =>
    inSpace(cluster, async ({ create, until, exec }) => {
      await create(Secrets, { metadata: { name: 'both' }, data: { 'data-1': Buffer.from('value-1\n').toString('base64') } });
      await create(ConfigMaps, { metadata: { name: 'both' }, binaryData: { 'data-1': Buffer.from('value-1\n').toString('base64') } });
      const volumes = [
        { name: 'secret-volume', secret: { secretName: 'both' } },
        { name: 'configmap-volume', configMap: { name: 'both' } },
      ];
      const volumeMounts = [
        { name: 'secret-volume', mountPath: '/etc/secret-volume', readOnly: true },
        { name: 'configmap-volume', mountPath: '/etc/configmap-volume' },
      ];
      await create(Pods, pod('p', { args: ['test-webserver'], volumeMounts }, { spec: { volumes } }));
      await until(Pods, 'p', isReady);
      assert.equal(await exec('p', 'cat', '/etc/secret-volume/data-1', '/etc/configmap-volume/data-1'), 'value-1\nvalue-1\n');
    }));

  test('fifty ConfigMaps in five pods at once', () =>
    inSpace(cluster, async ({ create, list, remove }) => {
      const names = Array.from({ length: 50 }, (_, i) => `racey-configmap-${i}`);
      await Promise.all(names.map((name) => create(ConfigMaps, { metadata: { name }, data: { 'data-1': 'value-1' } })));
      const volumes = names.map((name) => ({ name, configMap: { name, items: [{ key: 'data-1', path: 'data-1' }] } }));
      const volumeMounts = names.map((name, i) => ({ name, mountPath: `/etc/config-${i}` }));
      const template = {
        metadata: { labels: { name: 'race' } },
        spec: {
          containers: [{ name: 'c', image: agnhost, volumeMounts }],
          dnsPolicy: 'Default' as const,
          volumes,
          terminationGracePeriodSeconds: 0,
        },
      };
      await create(ReplicationControllers, { metadata: { name: 'race' }, spec: { replicas: 5, selector: { name: 'race' }, template } });
      const running = async (): Promise<boolean> => {
        const pods = await list(Pods, 'name=race');
        return pods.length === 5 && pods.every(({ status }) => status?.phase === 'Running');
      };
      await wait('all five run', running, 180_000);
      await remove(ReplicationControllers, 'race');
    }));
}

export function hostPaths(): void {
  test('a container sees the mode of a directory of the node, and may write to it', () =>
    inSpace(cluster, async ({ output, namespace }) => {
      const path = `${cluster.dataDir}/${namespace}`;
      await cluster.world.fs.mkdir(path, 0o777);
      await cluster.world.fs.chmod(path, 0o777 | 0o1000);
      const args = ['mounttest', `--file_mode=${dir}`, `--new_file_0644=${file}`];
      const said = await output(mounted('p', { hostPath: { path, type: 'Directory' } }, { at: dir, container: { args } }));
      assert.ok(said.includes(`mode of file "${dir}": dtrwxrwxrwx\n`), said);
      assert.equal(await cluster.world.fs.readText(`${path}/test-file`), 'mount-tester new file\n');
    }));

  test('what is not of the type that the volume asks for keeps the pod waiting, until it is', () =>
    inSpace(cluster, async (space) => {
      const path = `${cluster.dataDir}/${space.namespace}`;
      await space.create(Pods, mounted('p', { hostPath: { path, type: 'Directory' } }, { at: dir }));
      await told(space, 'FailedMount', new RegExp(`hostPath type check failed: ${path} is not a directory`));
      await cluster.world.fs.mkdir(path);
      await space.until(Pods, 'p', isReady);
    }));
}
