// Conformance, first milestone: what containers run, with which arguments, variables, files and identity.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ConfigMaps, Pods, Secrets, ServiceAccounts } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { agnhost, inSpace, isReady, pod, shell } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

const fieldEnv = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resourceEnv = (name: string, resource: string): object => ({ name, valueFrom: { resourceFieldRef: { resource } } });

describe('containers', { concurrency: 4 }, () => {
  test('the arguments of the container replace those of the image', () =>
    inSpace(cluster, async ({ output }) => {
      assert.equal(
        await output(pod('p', { args: ['entrypoint-tester', 'override', 'arguments'] })),
        '[/agnhost entrypoint-tester override arguments]\n',
      );
    }));

  test('the command and arguments of the container replace those of the image', () =>
    inSpace(cluster, async ({ output }) => {
      const text = await output(pod('p', { command: ['/agnhost-2'], args: ['entrypoint-tester', 'override', 'arguments'] }));
      assert.equal(text, '[/agnhost-2 entrypoint-tester override arguments]\n');
    }));

  test('without command and arguments those of the image run', () =>
    inSpace(cluster, async ({ create, until, exec }) => {
      await create(Pods, pod('p', {}));
      await until(Pods, 'p', isReady);
      assert.equal(await exec('p', 'sh', '-c', 'tr "\\0" " " < /proc/1/cmdline'), '/agnhost pause ');
    }));

  test('variables from a ConfigMap', () =>
    inSpace(cluster, async ({ create, output }) => {
      await create(ConfigMaps, { metadata: { name: 'settings' }, data: { 'data-1': 'value-1' } });
      const env = [{ name: 'CONFIG_DATA_1', valueFrom: { configMapKeyRef: { name: 'settings', key: 'data-1' } } }];
      assert.match(await output(pod('p', shell('env', { env }))), /^CONFIG_DATA_1=value-1$/m);
    }));

  test('variables from a Secret', () =>
    inSpace(cluster, async ({ create, output }) => {
      await create(Secrets, { metadata: { name: 'hidden' }, stringData: { 'data-1': 'value-1' } });
      const env = [{ name: 'SECRET_DATA', valueFrom: { secretKeyRef: { name: 'hidden', key: 'data-1' } } }];
      assert.match(await output(pod('p', shell('env', { env }))), /^SECRET_DATA=value-1$/m);
    }));

  test('name, namespace and address of the pod as variables', () =>
    inSpace(cluster, async ({ output, namespace }) => {
      const env = [
        fieldEnv('POD_NAME', 'metadata.name'),
        fieldEnv('POD_NAMESPACE', 'metadata.namespace'),
        fieldEnv('POD_IP', 'status.podIP'),
      ];
      const text = await output(pod('p', shell('env; hostname -i', { env })));
      assert.match(text, /^POD_NAME=p$/m);
      assert.match(text, new RegExp(`^POD_NAMESPACE=${namespace}$`, 'm'));
      assert.match(text, /^POD_IP=(10\.244\.\d+\.\d+)\n(.*\n)*\1 *$/m);
    }));

  test('limits and requests of the container as variables', () =>
    inSpace(cluster, async ({ output }) => {
      const env = [
        resourceEnv('CPU_LIMIT', 'limits.cpu'),
        resourceEnv('MEMORY_LIMIT', 'limits.memory'),
        resourceEnv('CPU_REQUEST', 'requests.cpu'),
        resourceEnv('MEMORY_REQUEST', 'requests.memory'),
      ];
      const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
      const text = await output(pod('p', shell('env', { env, resources })));
      for (const line of ['CPU_LIMIT=2', 'MEMORY_LIMIT=67108864', 'CPU_REQUEST=1', 'MEMORY_REQUEST=33554432']) {
        assert.match(text, new RegExp(`^${line}$`, 'm'));
      }
    }));

  test('variables are composed of earlier ones', () =>
    inSpace(cluster, async ({ output }) => {
      const env = [
        { name: 'FOO', value: 'foo-value' },
        { name: 'BAR', value: 'bar-value' },
        { name: 'FOOBAR', value: '$(FOO);;$(BAR)' },
        { name: 'PLAIN', value: '$$(FOO) $(ABSENT)' },
      ];
      const text = await output(pod('p', shell('env', { env })));
      assert.match(text, /^FOOBAR=foo-value;;bar-value$/m);
      assert.match(text, /^PLAIN=\$\(FOO\) \$\(ABSENT\)$/m);
    }));

  test('variables are put into the command', () =>
    inSpace(cluster, async ({ output }) => {
      const env = [{ name: 'TEST_VAR', value: 'test-value' }];
      assert.equal(await output(pod('p', shell('TEST_VAR=wrong; echo "$(TEST_VAR)"', { env }))), 'test-value\n');
    }));

  test('the keys of a Secret are files of a volume', () =>
    inSpace(cluster, async ({ create, output }) => {
      await create(Secrets, { metadata: { name: 'hidden' }, data: { 'data-1': Buffer.from('value-1\n').toString('base64') } });
      const args = ['mounttest', '--file_content=/etc/secret-volume/data-1', '--file_mode=/etc/secret-volume/data-1'];
      const text = await output(
        pod(
          'p',
          { args, volumeMounts: [{ name: 'v', mountPath: '/etc/secret-volume', readOnly: true }] },
          { spec: { volumes: [{ name: 'v', secret: { secretName: 'hidden' } }] } },
        ),
      );
      assert.match(text, /content of file "\/etc\/secret-volume\/data-1": value-1/);
      assert.match(text, /mode of file "\/etc\/secret-volume\/data-1": -rw-r--r--/);
    }));

  test('an emptyDir on the disk takes a file of root with mode 0644', () =>
    inSpace(cluster, async ({ output }) => {
      const path = '/test-volume/test-file';
      const args = ['mounttest', '--fs_type=/test-volume', `--new_file_0644=${path}`, `--file_perm=${path}`, `--file_owner=${path}`];
      const text = await output(
        pod('p', { args, volumeMounts: [{ name: 'v', mountPath: '/test-volume' }] }, { spec: { volumes: [{ name: 'v', emptyDir: {} }] } }),
      );
      assert.match(text, /perms of file "\/test-volume\/test-file": -rw-r--r--/);
      assert.match(text, /owner UID of "\/test-volume\/test-file": 0/);
      assert.doesNotMatch(text, /mount type of "\/test-volume": tmpfs/);
    }));

  test('pods get a token of their account, the authority and the namespace', () =>
    inSpace(cluster, async ({ create, until, exec, namespace, get }) => {
      await create(ServiceAccounts, { metadata: { name: 'mount-test' } });
      await create(Pods, pod('p', {}, { spec: { serviceAccountName: 'mount-test' } }));
      await until(Pods, 'p', isReady);
      const at = '/var/run/secrets/kubernetes.io/serviceaccount';
      const token = await exec('p', 'cat', `${at}/token`);
      assert.equal(await exec('p', 'cat', `${at}/namespace`), namespace);
      assert.equal(await exec('p', 'cat', `${at}/ca.crt`), (await get(ConfigMaps, 'kube-root-ca.crt')).data?.['ca.crt']);
      const review = await cluster.client.transport.send({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: { object: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } } },
      });
      assert.ok('stream' in review.body);
      const parts: Uint8Array[] = [];
      for await (const part of review.body.stream) parts.push(part);
      const { status } = JSON.parse(Buffer.concat(parts).toString('utf8'));
      assert.equal(status.authenticated, true, status.error);
      assert.equal(status.user.username, `system:serviceaccount:${namespace}:mount-test`);
      assert.deepEqual(status.user.groups.slice(0, 2), ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]);
    }));

  test('what a command prints is in the log', () =>
    inSpace(cluster, async ({ output }) => {
      assert.equal(await output(pod('p', shell("echo 'Hello World'; sleep 0.3"))), 'Hello World\n');
    }));

  test('a command that always fails has a reason', () =>
    inSpace(cluster, async ({ create, until }) => {
      await create(Pods, pod('p', shell('exit 1'), { spec: { restartPolicy: 'Always' } }));
      const found = await until(Pods, 'p', ({ status }) => {
        const state = status?.containerStatuses?.[0];
        return state?.state?.terminated ?? state?.lastState?.terminated;
      });
      const state = found.status?.containerStatuses?.[0];
      const ended = state?.state?.terminated ?? state?.lastState?.terminated;
      assert.deepEqual([ended?.exitCode, ended?.reason], [1, 'Error']);
    }));

  for (const [restartPolicy, phase, restarts] of [
    ['Always', 'Running', 2],
    ['OnFailure', 'Succeeded', 1],
    ['Never', 'Failed', 0],
  ] as const) {
    test(`a container that ends has the state that its policy says: ${restartPolicy}`, () =>
      inSpace(cluster, async ({ create, until, get }) => {
        // Counts its runs in a volume: fails the first time; with the policy Always it goes on from the third.
        const script =
          'echo >> /restart-count/runs; count=$(wc -l < /restart-count/runs)\n' +
          `if [ $count -eq 1 ]; then exit 1; fi; ${restartPolicy === 'Always' ? 'if [ $count -eq 2 ]; then exit 0; fi; exec sleep 100' : 'exit 0'}`;
        const volumeMounts = [{ name: 'v', mountPath: '/restart-count' }];
        await create(Pods, pod('p', shell(script, { volumeMounts }), { spec: { restartPolicy, volumes: [{ name: 'v', emptyDir: {} }] } }));
        const reached = (now: { status?: { phase?: string; containerStatuses?: readonly { restartCount?: number }[] } }): boolean =>
          now.status?.phase === phase && now.status.containerStatuses?.[0]?.restartCount === restarts;
        await until(Pods, 'p', (now) => reached(now) && (restartPolicy !== 'Always' || isReady(now)), 60_000);
        const { status } = await get(Pods, 'p');
        const state = status?.containerStatuses?.[0];
        assert.equal(state?.ready, restartPolicy === 'Always');
        if (restartPolicy === 'Always') assert.ok(state?.state?.running);
        else assert.equal(state?.state?.terminated?.exitCode, restartPolicy === 'Never' ? 1 : 0);
      }));
  }

  test('the image that the test uses is named as it was asked for', () =>
    inSpace(cluster, async ({ create, until }) => {
      await create(Pods, pod('p', {}));
      const { status } = await until(Pods, 'p', isReady);
      assert.equal(status?.containerStatuses?.[0]?.image, agnhost);
    }));
});
