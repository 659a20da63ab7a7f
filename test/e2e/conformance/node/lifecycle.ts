// Conformance of hooks, exits and termination messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import { until } from '../../../support/until.ts';
import { netexec } from '../netsupport.ts';
import { agnhost, inSpace, isReady, pod, restarts, several, shell, told } from '../support.ts';
import { cluster } from './cluster.ts';

export function hooks(): void {
  for (const how of ['exec', 'httpGet'] as const) {
    // Conformance: [sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec hook properly [NodeConformance] [Conformance]
    // Conformance: [sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop exec hook properly [NodeConformance] [Conformance]
    test(`hooks after the start and before the end: ${how}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, netexec('server'));
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
          startupProbe: { httpGet: { path: '/echo?msg=startup', port: 8080 }, periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 60 },
        };
        const spec = { initContainers: [sidecar], terminationGracePeriodSeconds: 60 };
        const lifecycle = { postStart: handler('poststart'), preStop: handler('prestop') };
        await space.create(Pods, pod('p', { args: ['pause'], lifecycle }, { spec }));
        await space.until(Pods, 'p', isReady);
        const asked = async (kind: string): Promise<boolean> => (await space.logs('server')).includes(`GET ${path(kind)}`);
        await until('the first hook asks', () => asked('poststart'));
        assert.equal(await asked('prestop'), false);
        await space.remove(Pods, 'p', 60);
        await space.untilGone(Pods, 'p');
        await until('the last hook asks', () => asked('prestop'));
      }));
  }

  test('what a preStop hook tells another pod is read through the proxy of the API server', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('server', { args: ['nettest'], ports: [{ containerPort: 8080 }] }));
      const ip = (await space.until(Pods, 'server', isReady)).status?.podIP ?? '';
      const post = `wget -O- --post-data='{"Source":"prestop"}' http://${ip}:8080/write`;
      const lifecycle = { preStop: { exec: { command: ['sh', '-c', post] } } };
      await space.create(Pods, pod('tester', shell('sleep 600', { lifecycle }), { spec: { terminationGracePeriodSeconds: 60 } }));
      await space.until(Pods, 'tester', isReady);
      const path = `/api/v1/namespaces/${space.namespace}/pods/server/proxy/read`;
      const received = async (): Promise<unknown> => JSON.parse(await space.kubectl.ok('get', '--raw', path)).Received;
      await until('the server answers', async () => isDeepStrictEqual(await received().catch(() => undefined), {}));
      await space.remove(Pods, 'tester');
      await until('the hook is called', async () => isDeepStrictEqual(await received(), { prestop: 1 }));
    }));

  test('a postStart hook that fails kills the container', () =>
    inSpace(cluster, async (space) => {
      const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'echo no >&2; exit 3'] } } };
      await space.create(Pods, pod('p', { args: ['pause'], lifecycle }));
      await space.until(Pods, 'p', (now) => now.status?.phase === 'Failed' || now.status?.phase === 'Succeeded');
      await told(space, 'FailedPostStartHook', /^PostStartHook failed/);
    }));
}

export function exits(): void {
  const message = (now: Pod, container: string): string | undefined =>
    now.status?.containerStatuses?.find(({ name }) => name === container)?.state?.terminated?.message;
  const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' };

  // Conformance: [sig-node] Container Runtime blackbox test on terminated container should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]
  test('who succeeds leaves a message in its file, wherever that is, but never the end of its log', () =>
    inSpace(cluster, async (space) => {
      const path = '/dev/termination-custom-log';
      const own = { terminationMessagePath: path, securityContext: { runAsUser: 1000 } };
      const containers = {
        own: shell(`printf DONE > ${path}`, own),
        log: shell('printf DONE; /bin/true', fallback),
        file: shell('printf OK > /dev/termination-log; printf DONE', fallback),
      };
      await space.create(Pods, several('p', containers));
      const now = await space.until(Pods, 'p', ({ status }) => status?.phase === 'Succeeded');
      assert.deepEqual([message(now, 'own'), message(now, 'log'), message(now, 'file')], ['DONE', undefined, 'OK']);
    }));

  // Conformance: [sig-node] Container Runtime blackbox test on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]
  test('who fails leaves the end of its log', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('p', shell('printf DONE; /bin/false', fallback)));
      assert.equal(message(await space.until(Pods, 'p', ({ status }) => status?.phase === 'Failed'), 'main'), 'DONE');
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
      const now = await space.until(Pods, 'p', (found) => found.status?.phase === 'Succeeded');
      assert.equal(restarts(now), 1);
    }));
}
