// Conformance of what containers may and of what surrounds them: users, roots, sysctls, /etc/hosts, RuntimeClass.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Events, Pods, RuntimeClasses } from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { nonewprivsName } from '../../../images/web.ts';
import { until } from '../../../support/until.ts';
import { inSpace, isReady, pod, shell } from '../support.ts';
import { cluster } from './cluster.ts';

export function security(): void {
  // Conformance: [sig-node] Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]
  test('user and group of the pod, and of a container before them', () =>
    inSpace(cluster, async ({ outputs }) => {
      const securityContext = { runAsUser: 1001, runAsGroup: 2002, supplementalGroups: [1234] };
      const own = { securityContext: { runAsUser: 1003, runAsGroup: 2003 } };
      const said = await outputs('p', { plain: shell('id'), own: shell('id', own) }, { securityContext });
      assert.match(said.plain, /^uid=1001 gid=2002 groups=.*1234/);
      assert.match(said.own, /^uid=1003 gid=2003/);
    }));

  // Conformance: [sig-node] Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance] [Conformance]
  // Conformance: [sig-node] Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup [LinuxOnly] [Conformance]
  // Conformance: [sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance] [Conformance]
  // Conformance: [sig-node] Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance] [Conformance]
  test('each container has what is its own: user, group, privileges, a root that may be written to', () =>
    inSpace(cluster, async ({ outputs }) => {
      const may = (script: string, securityContext: object) => shell(`exec 2>&1; ${script} || true`, { securityContext });
      const write = 'echo test > /file && ls /file';
      const said = await outputs('p', {
        user: may('id -u', { runAsUser: 65_534 }),
        group: may('id', { runAsUser: 1003, runAsGroup: 2003 }),
        unprivileged: may('ip link add dummy1 type dummy', { privileged: false }),
        'read-only': may(write, { readOnlyRootFilesystem: true }),
        writable: may(write, { readOnlyRootFilesystem: false }),
      });
      assert.equal(said.user, '65534\n');
      assert.match(said.group, /^uid=1003 gid=2003/);
      assert.match(said.unprivileged, /Operation not permitted/);
      assert.match(said['read-only'], /can't create \/file: Read-only file system\n/);
      assert.equal(said.writable, '/file\n');
    }));

  // Conformance: [sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance] [Conformance]
  test('a program of root’s with the setuid bit becomes root only where it may', () =>
    inSpace(cluster, async ({ outputs }) => {
      const run = (securityContext: object) => ({ image: nonewprivsName, securityContext: { runAsUser: 1000, ...securityContext } });
      const containers = {
        forbidden: run({ allowPrivilegeEscalation: false }),
        allowed: run({ allowPrivilegeEscalation: true }),
        unsaid: run({}),
      };
      assert.deepEqual(await outputs('p', containers), {
        forbidden: 'Effective uid: 1000\n',
        allowed: 'Effective uid: 0\n',
        unsaid: 'Effective uid: 0\n',
      });
    }));

  // Conformance: [sig-node] Sysctls [LinuxOnly] [NodeConformance] should support sysctls [Environment:NotInUserNS] [Conformance]
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

  // Conformance: [sig-node] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file [NodeConformance] [Conformance]
  // Conformance: [sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts [NodeConformance] [Conformance]
  test('/etc/hosts is the node’s work, except where the container has its own or the pod is the host’s', () =>
    inSpace(cluster, async (space) => {
      const mark = '# Kubernetes-managed hosts file.';
      // Each container also sees the file of the node, under another name.
      const volumeMounts = [{ name: 'hosts', mountPath: '/etc/hosts-original' }];
      const container = (name: string, more: object[] = []) => ({
        name,
        ...shell('sleep 10000', { volumeMounts: [...volumeMounts, ...more] }),
      });
      const volumes = [{ name: 'hosts', hostPath: { path: '/etc/hosts', type: 'File' } }];
      const own = container('own', [{ name: 'hosts', mountPath: '/etc/hosts' }]);
      const hostAliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }];
      const containers = [container('one'), container('two'), own];
      await space.create(Pods, pod('p', {}, { spec: { containers, volumes, hostAliases } }));
      await space.create(Pods, pod('h', {}, { spec: { hostNetwork: true, containers: [container('one')], volumes } }));
      for (const name of ['p', 'h']) await space.until(Pods, name, isReady);
      const original = await space.execIn('p', 'own', 'cat', '/etc/hosts-original');
      assert.ok(!original.startsWith(mark));
      for (const name of ['one', 'two']) {
        const managed = await space.execIn('p', name, 'cat', '/etc/hosts');
        assert.ok(managed.startsWith(mark));
        assert.match(managed, /^# Entries added by HostAliases\.\n123\.45\.67\.89\tfoo\tbar$/m);
      }
      assert.equal(await space.execIn('p', 'own', 'cat', '/etc/hosts'), original);
      assert.ok(!(await space.exec('h', 'cat', '/etc/hosts')).startsWith(mark));
    }));

  test('a RuntimeClass must exist, and brings its overhead', () =>
    inSpace(cluster, async (space) => {
      let tried = 0;
      /** What a pod of the class is told; undefined when nobody minds. */
      const refused = async (name: string): Promise<string | undefined> =>
        space.create(Pods, pod(`p${++tried}`, shell('true'), { spec: { runtimeClassName: name } })).then(
          () => undefined,
          (error: unknown) => {
            assert.ok(error instanceof StatusError);
            assert.equal(error.status.code, 403);
            return error.message;
          },
        );
      const name = `${space.namespace}-runc`;
      assert.match((await refused('nonexistent')) ?? '', /pod rejected: RuntimeClass "nonexistent" not found/);
      const overhead = { podFixed: { cpu: '10m', memory: '1Mi' } };
      await space.of(RuntimeClasses).create({ metadata: { name }, handler: 'runc', overhead });
      await space.create(Pods, pod('q', { args: ['pause'] }, { spec: { runtimeClassName: name } }));
      const now = await space.until(Pods, 'q', isReady);
      assert.deepEqual(now.spec.overhead, { cpu: '10m', memory: '1Mi' });
      await space.of(RuntimeClasses).delete(name);
      const told = await until('it is refused', () => refused(name));
      assert.match(told, /not found/);
    }));

  test('a runtime that the node does not have fails the sandbox, and says so', () =>
    inSpace(cluster, async (space) => {
      const name = `${space.namespace}-none`;
      await space.of(RuntimeClasses).create({ metadata: { name }, handler: 'none-such' });
      await space.create(Pods, pod('p', { args: ['pause'] }, { spec: { runtimeClassName: name } }));
      await until('the event', async () =>
        (await space.list(Events)).some(
          (event) => event.reason === 'FailedCreatePodSandBox' && /no runtime for "none-such" is configured/.test(event.message ?? ''),
        ),
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
        const metrics = await until('the right holds', async () => {
          const answer = await ask('/metrics/cadvisor', token);
          return answer.status === 200 ? answer.text : undefined;
        });
        assert.match(metrics, /^machine_cpu_cores \d+$/m);
        assert.match(metrics, /^container_memory_working_set_bytes\{container="",id="\/",/m);
        assert.equal((await ask('/pods', token)).status, 403);
      } finally {
        await kubectl.ok('delete', 'clusterrole,clusterrolebinding', role);
      }
    }));
}
