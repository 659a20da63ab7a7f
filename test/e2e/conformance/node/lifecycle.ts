// Conformance of hooks, exits and termination messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { agnhost, inSpace, isReady, pod, restarts, shell, type Space, told } from '../support.ts';
import { cluster } from './cluster.ts';

export function hooks(): void {
  for (const how of ['exec', 'httpGet'] as const) {
    // Conformance: [sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec hook properly [NodeConformance] [Conformance]
    // Conformance: [sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop exec hook properly [NodeConformance] [Conformance]
    test(`hooks after the start and before the end: ${how}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, pod('server', { args: ['netexec'] }));
        const ip = (await space.until(Pods, 'server', isReady)).status?.podIP ?? '';
        const path = (kind: string) => `/echo?msg=${kind}`;
        const handler = (kind: string): object =>
          how === 'exec'
            ? { exec: { command: ['sh', '-c', `curl http://${ip}:8080${path(kind)}`] } }
            : { httpGet: { path: `/dial?host=${ip}&port=8080&request=${encodeURIComponent(path(kind).slice(1))}`, port: 8080 } };
        // The hook goes to a sidecar of the same pod, which asks the server: it answers from before the start to after the end.
        const sidecar = {
          name: 'redirect',
          image: agnhost,
          args: ['netexec', '--udp-port', '-1'],
          restartPolicy: 'Always',
          startupProbe: { httpGet: { path: '/echo?msg=startup', port: 8080 }, periodSeconds: 1 },
        };
        const spec = { initContainers: [sidecar], terminationGracePeriodSeconds: 15 };
        const lifecycle = { postStart: handler('poststart'), preStop: handler('prestop') };
        await space.create(Pods, pod('p', { args: ['pause'], lifecycle }, { spec }));
        await space.until(Pods, 'p', isReady);
        const asked = async (kind: string): Promise<boolean> => (await space.logs('server')).includes(`GET ${path(kind)}`);
        assert.deepEqual([await asked('poststart'), await asked('prestop')], [true, false]);
        await space.remove(Pods, 'p', 15);
        await space.untilGone(Pods, 'p', 40_000);
        assert.ok(await asked('prestop'));
      }));
  }

  test('a postStart hook that fails kills the container', () =>
    inSpace(cluster, async (space) => {
      const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'echo no >&2; exit 3'] } } };
      await space.create(Pods, pod('p', { args: ['pause'], lifecycle }));
      await space.until(Pods, 'p', (now) => now.status?.phase === 'Failed' || now.status?.phase === 'Succeeded');
      await told(space, 'FailedPostStartHook', /^PostStartHook failed/);
    }));
}

export function exits(): void {
  const message = async (space: Space, container: object, phase = 'Succeeded'): Promise<string | undefined> => {
    await space.create(Pods, pod('p', container));
    const now = await space.until(Pods, 'p', (found) => found.status?.phase === phase);
    return now.status?.containerStatuses?.[0]?.state?.terminated?.message;
  };

  test('a message in a file of its own, by another user', () =>
    inSpace(cluster, async (space) => {
      const container = shell('printf DONE > /dev/termination-custom-log', {
        terminationMessagePath: '/dev/termination-custom-log',
        securityContext: { runAsUser: 1000 },
      });
      assert.equal(await message(space, container), 'DONE');
    }));

  // Conformance: [sig-node] Container Runtime blackbox test on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]
  test('the end of the log, when it failed', () =>
    inSpace(cluster, async (space) => {
      const container = shell('printf DONE; /bin/false', { terminationMessagePolicy: 'FallbackToLogsOnError' });
      assert.equal(await message(space, container, 'Failed'), 'DONE');
    }));

  // Conformance: [sig-node] Container Runtime blackbox test on terminated container should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]
  test('no end of the log, when it succeeded', () =>
    inSpace(cluster, async (space) => {
      assert.equal(await message(space, shell('printf DONE', { terminationMessagePolicy: 'FallbackToLogsOnError' })), undefined);
    }));

  test('the file before the log', () =>
    inSpace(cluster, async (space) => {
      const container = shell('printf OK > /dev/termination-log; printf DONE', { terminationMessagePolicy: 'FallbackToLogsOnError' });
      assert.equal(await message(space, container), 'OK');
    }));

  test('no restart by a rule, and one by a rule of the container', () =>
    inSpace(cluster, async (space) => {
      const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
      const container = shell('echo >> /v/runs; [ $(wc -l < /v/runs) -lt 2 ] && exit 42; exit 0', {
        restartPolicy: 'Never',
        restartPolicyRules: rules,
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
      });
      await space.create(Pods, pod('p', container, { spec: { volumes: [{ name: 'v', emptyDir: {} }] } }));
      const now = await space.until(Pods, 'p', (found) => found.status?.phase === 'Succeeded', 60_000);
      assert.equal(restarts(now), 1);
    }));
}
