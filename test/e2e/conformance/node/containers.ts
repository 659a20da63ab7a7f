// Conformance of what containers run: commands and arguments, files that they are given at once, and how they end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pods, ServiceAccounts, ConfigMaps } from '#api/refs.ts';
import { agnhost, inSpace, isReady, pod, restarts, shell } from '../support.ts';
import { until as wait } from '../../../support/until.ts';
import { cluster } from './cluster.ts';

export function containers(): void {
  // Conformance: [sig-node] Containers should be able to override the image's default arguments (container cmd) [NodeConformance] [Conformance]
  // Conformance: [sig-node] Containers should be able to override the image's default command and arguments [NodeConformance] [Conformance]
  test('the command and the arguments of a container replace those of its image', () =>
    inSpace(cluster, async ({ outputs }) => {
      const args = ['entrypoint-tester', 'override', 'arguments'];
      const containers = {
        args: { args },
        command: { command: ['/agnhost-2', 'entrypoint-tester'] },
        both: { command: ['/agnhost-2'], args },
      };
      assert.deepEqual(await outputs('p', containers), {
        args: '[/agnhost entrypoint-tester override arguments]\n',
        command: '[/agnhost-2 entrypoint-tester]\n',
        both: '[/agnhost-2 entrypoint-tester override arguments]\n',
      });
    }));

  // Conformance: [sig-node] Containers should use the image defaults if command and args are blank [NodeConformance] [Conformance]
  test('without command and arguments those of the image run', () =>
    inSpace(cluster, async ({ create, until, exec, logs }) => {
      await create(Pods, pod('p', {}));
      const { status } = await until(Pods, 'p', isReady);
      await wait('its word', async () => (await logs('p')) === 'Paused\n');
      assert.equal(await exec('p', 'sh', '-c', 'tr "\\0" " " < /proc/1/cmdline'), '/agnhost pause ');
      // The image is named as it was asked for.
      assert.equal(status?.containerStatuses?.[0]?.image, agnhost);
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
      const object = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
      const path = '/apis/authentication.k8s.io/v1/tokenreviews';
      const { body } = await cluster.client.transport.send({ method: 'POST', path, body: { object } });
      assert.ok('object' in body);
      // oxlint-disable-next-line typescript/no-explicit-any -- what it holds is what is tested
      const { status } = body.object as any;
      assert.equal(status.authenticated, true, status.error);
      assert.equal(status.user.username, `system:serviceaccount:${namespace}:mount-test`);
      assert.deepEqual(status.user.groups.slice(0, 2), ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]);
    }));

  for (const [restartPolicy, phase, count] of [
    ['Always', 'Running', 2],
    ['OnFailure', 'Succeeded', 1],
    ['Never', 'Failed', 0],
  ] as const) {
    // Conformance: [sig-node] Container Runtime blackbox test when starting a container that exits should run with the expected status [NodeConformance] [Conformance]
    test(`a container that ends has the state that its policy says: ${restartPolicy}`, () =>
      inSpace(cluster, async ({ create, until }) => {
        // Counts its runs in a volume: fails the first time; with the policy Always it goes on from the third.
        const script =
          'echo >> /restart-count/runs; count=$(wc -l < /restart-count/runs)\n' +
          `if [ $count -eq 1 ]; then exit 1; fi; ${restartPolicy === 'Always' ? 'if [ $count -eq 2 ]; then exit 0; fi; exec sleep 1000' : 'exit 0'}`;
        const volumeMounts = [{ name: 'v', mountPath: '/restart-count' }];
        await create(Pods, pod('p', shell(script, { volumeMounts }), { spec: { restartPolicy, volumes: [{ name: 'v', emptyDir: {} }] } }));
        const again = restartPolicy === 'Always';
        const now = await until(
          Pods,
          'p',
          (found) => found.status?.phase === phase && restarts(found) === count && (!again || isReady(found)),
        );
        const state = now.status?.containerStatuses?.[0];
        assert.deepEqual([state?.ready, isReady(now)], [again, again]);
        if (again) assert.ok(state?.state?.running);
        else assert.equal(state?.state?.terminated?.exitCode, restartPolicy === 'Never' ? 1 : 0);
      }));
  }
}
