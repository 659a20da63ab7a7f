// Conformance of what containers may and of what surrounds them: users, roots, sysctls, /etc/hosts, expansion, RuntimeClass.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ConfigMaps, Events, Pods, RuntimeClasses } from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { nonewprivsImage, nonewprivsName } from '../../images/web.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { inSpace, isReady, pod, shell } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster({ images: [nonewprivsImage] });
});
after(async () => cluster?.[Symbol.asyncDispose]());

describe('security', { concurrency: 4 }, () => {
  test('the user of the container', () =>
    inSpace(cluster, async ({ output }) => {
      assert.equal(await output(pod('p', shell('id -u', { securityContext: { runAsUser: 65_534 } }))), '65534\n');
    }));

  test('user and group of the pod, and of the container before them', () =>
    inSpace(cluster, async ({ output }) => {
      const spec = { securityContext: { runAsUser: 1001, runAsGroup: 2002, supplementalGroups: [1234] } };
      assert.match(await output(pod('a', shell('id'), { spec })), /^uid=1001 gid=2002 groups=.*1234/);
      const securityContext = { runAsUser: 1003, runAsGroup: 2003 };
      assert.match(await output(pod('b', shell('id', { securityContext }), { spec })), /^uid=1003 gid=2003/);
    }));

  test('an unprivileged container cannot make interfaces', () =>
    inSpace(cluster, async ({ output }) => {
      const text = await output(pod('p', shell('ip link add dummy1 type dummy || true', { securityContext: { privileged: false } })));
      assert.match(text, /Operation not permitted/);
    }));

  test('a read-only root, and one that is not', () =>
    inSpace(cluster, async ({ output }) => {
      const script = 'exec 2>&1; touch /file && echo written || echo refused';
      const write = (name: string, readOnlyRootFilesystem: boolean) =>
        output(pod(name, shell(script, { securityContext: { readOnlyRootFilesystem } })));
      assert.match(await write('a', true), /Read-only file system[^]*refused/);
      assert.equal(await write('b', false), 'written\n');
    }));

  test('no escalation when it is not allowed', () =>
    inSpace(cluster, async ({ output }) => {
      const run = (name: string, securityContext: object) =>
        output(pod(name, shell('grep NoNewPrivs /proc/self/status', { securityContext: { runAsUser: 1000, ...securityContext } })));
      assert.equal(await run('a', { allowPrivilegeEscalation: false }), 'NoNewPrivs:\t1\n');
      assert.equal(await run('b', { allowPrivilegeEscalation: true }), 'NoNewPrivs:\t0\n');
      assert.equal(await run('c', {}), 'NoNewPrivs:\t0\n');
      // A program of root's with the setuid bit becomes root only where it may.
      const told = (name: string, securityContext: object) =>
        output(pod(name, { image: nonewprivsName, securityContext: { runAsUser: 1000, ...securityContext } }));
      assert.equal(await told('d', { allowPrivilegeEscalation: false }), 'Effective uid: 1000\n');
      assert.equal(await told('e', { allowPrivilegeEscalation: true }), 'Effective uid: 0\n');
      assert.equal(await told('f', {}), 'Effective uid: 0\n');
    }));

  test('safe sysctls are set, nonsense is refused', () =>
    inSpace(cluster, async ({ output, create }) => {
      const sysctls = (...list: object[]) => ({ spec: { securityContext: { sysctls: list } } });
      const safe = sysctls({ name: 'kernel.shm_rmid_forced', value: '1' });
      assert.equal(await output(pod('p', shell('sysctl kernel.shm_rmid_forced'), safe)), 'kernel.shm_rmid_forced = 1\n');
      const wrong = sysctls({ name: 'foo-', value: 'bar' }, { name: 'bar..', value: '42' });
      const refused = await create(Pods, pod('q', shell('true'), wrong)).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(refused instanceof StatusError);
      assert.match(refused.message, /Invalid value: "foo-"/);
      assert.match(refused.message, /Invalid value: "bar\.\."/);
    }));

  test('/etc/hosts is the node’s work, except where the container has its own or the pod is the host’s', () =>
    inSpace(cluster, async (space) => {
      const mark = '# Kubernetes-managed hosts file.';
      const own = {
        name: 'own',
        ...shell('sleep 10000'),
        volumeMounts: [{ name: 'hosts', mountPath: '/etc/hosts' }],
      };
      const spec = {
        containers: [{ name: 'main', ...shell('sleep 10000') }, own],
        volumes: [{ name: 'hosts', hostPath: { path: '/etc/hosts', type: 'File' } }],
        hostAliases: [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }],
      };
      await space.create(Pods, pod('p', {}, { spec }));
      await space.until(Pods, 'p', isReady);
      const managed = await space.kubectl.ok('exec', 'p', '-c', 'main', '--', 'cat', '/etc/hosts');
      assert.ok(managed.startsWith(mark));
      assert.match(managed, /^# Entries added by HostAliases\.\n123\.45\.67\.89\tfoo\tbar$/m);
      assert.ok(!(await space.kubectl.ok('exec', 'p', '-c', 'own', '--', 'cat', '/etc/hosts')).startsWith(mark));
      await space.create(Pods, pod('h', shell('sleep 10000'), { spec: { hostNetwork: true } }));
      await space.until(Pods, 'h', isReady);
      assert.ok(!(await space.exec('h', 'cat', '/etc/hosts')).startsWith(mark));
    }));

  test('addresses of the node and identity of the pod as variables', () =>
    inSpace(cluster, async ({ output, cluster: { nodeIp } }) => {
      const env = ['status.hostIP', 'status.hostIPs', 'metadata.uid', 'spec.nodeName'].map((fieldPath, index) => ({
        name: `V${index}`,
        valueFrom: { fieldRef: { fieldPath } },
      }));
      const text = await output(pod('p', shell('env', { env })));
      assert.match(text, new RegExp(`^V0=${nodeIp}$`, 'm'));
      assert.match(text, new RegExp(`^V1=${nodeIp}$`, 'm'));
      assert.match(text, /^V2=[0-9a-f-]{36}$/m);
    }));

  test('limits that are not set are what the node has', () =>
    inSpace(cluster, async ({ output, kubectl, cluster: { nodeName } }) => {
      const env = ['limits.cpu', 'limits.memory'].map((resource, index) => ({
        name: `V${index}`,
        valueFrom: { resourceFieldRef: { resource } },
      }));
      const text = await output(pod('p', shell('env', { env })));
      const cpu = await kubectl.ok('get', 'node', nodeName, '-o', 'jsonpath={.status.allocatable.cpu}');
      assert.match(text, new RegExp(`^V0=${cpu.trim()}$`, 'm'));
      assert.match(text, /^V1=[1-9]\d+$/m);
    }));

  test('all keys of a ConfigMap with a prefix, odd names too', () =>
    inSpace(cluster, async ({ create, output }) => {
      await create(ConfigMaps, { metadata: { name: 'c' }, data: { data_1: 'value-1', 'data-2': 'value-2', '3.data': 'value-3' } });
      const envFrom = [{ configMapRef: { name: 'c' } }, { prefix: 'p-', configMapRef: { name: 'c' } }];
      const text = await output(pod('p', { command: ['env'], envFrom }));
      for (const line of ['data_1=value-1', 'data-2=value-2', '3.data=value-3', 'p-data_1=value-1', 'p-3.data=value-3']) {
        assert.ok(text.split('\n').includes(line), `${line} in ${text}`);
      }
    }));

  const expanding = (name: string, subPathExpr: string, annotations: Record<string, string>) => {
    const env = [{ name: 'ANNOTATION', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['mysubpath']" } } }];
    const volumeMounts = [
      { name: 'v', mountPath: '/sub', subPathExpr },
      { name: 'v', mountPath: '/whole' },
    ];
    const draft = pod(name, shell('sleep 10000', { env, volumeMounts }), { spec: { volumes: [{ name: 'v', emptyDir: {} }] } });
    return { ...draft, metadata: { ...draft.metadata, annotations } };
  };

  test('a sub-path is put together from variables', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, expanding('p', 'a/$(ANNOTATION)/b', { mysubpath: 'mypath' }));
      await space.until(Pods, 'p', isReady);
      await space.exec('p', 'touch', '/sub/file');
      assert.match(await space.exec('p', 'ls', '/whole/a/mypath/b'), /^file$/m);
    }));

  for (const [what, value] of [
    ['is absolute', '/tmp'],
    ['leads elsewhere', '../up'],
  ] as const) {
    test(`a sub-path that ${what} starts nothing until it is repaired`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, expanding('p', '$(ANNOTATION)', { mysubpath: value }));
        await space.until(
          Pods,
          'p',
          (now) => now.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
          20_000,
        );
        assert.equal((await space.get(Pods, 'p')).status?.phase, 'Pending');
        await until('the event', async () => (await space.list(Events)).some(({ reason }) => reason === 'Failed'));
        await space
          .of(Pods)
          .patch('p', { metadata: { annotations: { mysubpath: 'mypath' } } }, { type: 'merge', namespace: space.namespace });
        await space.until(Pods, 'p', isReady);
      }));
  }

  test('a sub-path in backticks starts nothing', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, expanding('p', '..', { mysubpath: '`hostname`' })).then(
        () => assert.fail('a sub-path upwards must be refused'),
        (error: unknown) => assert.match(String(error), /must not contain '\.\.'/),
      );
    }));

  test('a RuntimeClass must exist, and brings its overhead', () =>
    inSpace(cluster, async (space) => {
      const refused = async (name: string): Promise<string> =>
        space.create(Pods, pod('p', shell('true'), { spec: { runtimeClassName: name } })).then(
          () => assert.fail('must be refused'),
          (error: unknown) => {
            assert.ok(error instanceof StatusError);
            assert.equal(error.status.code, 403);
            return error.message;
          },
        );
      const name = `${space.namespace}-runc`;
      assert.match(await refused('nonexistent'), /pod rejected: RuntimeClass "nonexistent" not found/);
      const overhead = { podFixed: { cpu: '10m', memory: '1Mi' } };
      await space.of(RuntimeClasses).create({ metadata: { name }, handler: 'runc', overhead });
      await space.create(Pods, pod('q', { args: ['pause'] }, { spec: { runtimeClassName: name } }));
      const now = await space.until(Pods, 'q', isReady);
      assert.deepEqual(now.spec.overhead, { cpu: '10m', memory: '1Mi' });
      await space.of(RuntimeClasses).delete(name);
      assert.match(await refused(name), /not found/);
    }));

  test('a runtime that the node does not have fails the sandbox, and says so', () =>
    inSpace(cluster, async (space) => {
      const name = `${space.namespace}-none`;
      await space.of(RuntimeClasses).create({ metadata: { name }, handler: 'none-such' });
      await space.create(Pods, pod('p', { args: ['pause'] }, { spec: { runtimeClassName: name } }));
      await until(
        'the event',
        async () =>
          (await space.list(Events)).some(
            (event) => event.reason === 'FailedCreatePodSandBox' && /no runtime for "none-such" is configured/.test(event.message ?? ''),
          ),
        10_000,
      );
      await space.of(RuntimeClasses).delete(name);
    }));

  test('user namespaces are refused where the runtime has none', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('p', { args: ['pause'] }, { spec: { hostUsers: false } }));
      const now = await space.until(Pods, 'p', (found) => found.status?.phase === 'Failed' || isReady(found));
      if (!isReady(now)) assert.equal(now.status?.reason, 'UserNamespacesNotSupported');
    }));

  test('the node’s own API asks the API server who it is and what they may', () =>
    inSpace(cluster, async ({ kubectl, namespace, cluster: { nodeIp, world } }) => {
      const ask = async (path: string, token?: string): Promise<{ status: number; text: string }> => {
        const answer = await world.net.fetch(`https://${nodeIp}:10250${path}`, {
          tls: { insecure: true },
          ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
        });
        return { status: answer.status, text: await answer.text() };
      };
      assert.equal((await ask('/metrics/resource')).status, 401);
      assert.equal((await ask('/metrics/resource', 'nonsense')).status, 401);
      await kubectl.ok('create', 'serviceaccount', 'reader');
      const token = (await kubectl.ok('create', 'token', 'reader')).trim();
      const refused = await ask('/stats/summary', token);
      assert.equal(refused.status, 403);
      assert.equal(
        refused.text,
        `Forbidden (user=system:serviceaccount:${namespace}:reader, verb=get, resource=nodes, subresource(s)=[stats])`,
      );
      const role = `${namespace}-metrics`;
      await kubectl.ok('create', 'clusterrole', role, '--verb=get', '--resource=nodes/metrics');
      await kubectl.ok('create', 'clusterrolebinding', role, `--clusterrole=${role}`, `--serviceaccount=${namespace}:reader`);
      try {
        const metrics = await until(
          'the right holds',
          async () => {
            const answer = await ask('/metrics/cadvisor', token);
            return answer.status === 200 ? answer.text : undefined;
          },
          45_000,
        );
        assert.match(metrics, /^machine_cpu_cores \d+$/m);
        assert.match(metrics, /^container_memory_working_set_bytes\{container="",id="\/",/m);
        assert.equal((await ask('/pods', token)).status, 403);
      } finally {
        await kubectl.ok('delete', 'clusterrole,clusterrolebinding', role);
      }
    }));
});
