// Conformance of probes, hooks, exits and termination messages.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Events, Pods } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { agnhost, inSpace, isReady, pod, shell, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

const restarts = (now: Pod): number => now.status?.containerStatuses?.[0]?.restartCount ?? 0;
const served = (args: string[], more: object) => pod('p', { args, ...more }, { spec: { restartPolicy: 'Always' } });
const scripted = (script: string, more: object) => pod('p', shell(script, more), { spec: { restartPolicy: 'Always' } });

async function told(space: Space, reason: string, text: RegExp): Promise<void> {
  await until(
    `event ${reason} ${text}`,
    async () => (await space.list(Events)).some((event) => event.reason === reason && text.test(event.message ?? '')),
    10_000,
  );
}

describe('probes', { concurrency: 6 }, () => {
  const failing: [string, ReturnType<typeof pod>, RegExp][] = [
    [
      'exec "cat /tmp/health"',
      scripted('echo ok >/tmp/health; sleep 3; rm -f /tmp/health; sleep 600', {
        livenessProbe: { exec: { command: ['cat', '/tmp/health'] }, initialDelaySeconds: 2, periodSeconds: 1, failureThreshold: 1 },
      }),
      /^Liveness probe failed: cat: .*No such file or directory/,
    ],
    [
      '/healthz http',
      served(['liveness'], { livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, failureThreshold: 1 } }),
      /^Liveness probe failed: HTTP probe failed with statuscode: 500/,
    ],
    [
      'a local redirect',
      served(['liveness'], {
        livenessProbe: { httpGet: { path: '/redirect?loc=%2Fhealthz', port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
      }),
      /^Liveness probe failed: HTTP probe failed with statuscode: 500/,
    ],
    [
      'gRPC on a port where nobody listens',
      served(['grpc-health-checking'], {
        livenessProbe: { grpc: { port: 2333 }, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 1 },
      }),
      /^Liveness probe failed: .*2333.*connection refused/,
    ],
  ];
  for (const [what, draft, message] of failing) {
    test(`a liveness probe that fails restarts the container: ${what}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, draft);
        const now = await space.until(Pods, 'p', (found) => restarts(found) >= 1, 60_000);
        assert.ok(now.status?.containerStatuses?.[0]?.lastState?.terminated);
        await told(space, 'Unhealthy', message);
        await told(space, 'Killing', /^Container main failed liveness probe, will be restarted$/);
      }));
  }

  const passing: [string, ReturnType<typeof pod>][] = [
    [
      'exec "cat /tmp/health"',
      scripted('echo ok >/tmp/health; sleep 600', {
        livenessProbe: { exec: { command: ['cat', '/tmp/health'] }, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 1 },
      }),
    ],
    [
      '/healthz http',
      served(['test-webserver'], {
        livenessProbe: { httpGet: { path: '/', port: 80 }, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 5 },
      }),
    ],
    ['tcp:8080', served(['netexec'], { livenessProbe: { tcpSocket: { port: 8080 }, initialDelaySeconds: 1, periodSeconds: 1 } })],
    ['gRPC', served(['grpc-health-checking'], { livenessProbe: { grpc: { port: 5000 }, initialDelaySeconds: 1, periodSeconds: 1 } })],
    [
      'a redirect to another host, with a warning',
      served(['liveness'], {
        livenessProbe: {
          httpGet: { path: '/redirect?loc=http%3A%2F%2F0.0.0.0%2F', port: 8080 },
          initialDelaySeconds: 1,
          periodSeconds: 1,
          failureThreshold: 1,
        },
      }),
    ],
  ];
  test('liveness probes that succeed restart nothing', () =>
    inSpace(cluster, async (space) => {
      for (const [index, [, draft]] of passing.entries()) {
        await space.create(Pods, { ...draft, metadata: { name: `p${index}` } });
      }
      for (const index of passing.keys()) await space.until(Pods, `p${index}`, isReady);
      await told(space, 'ProbeWarning', /^Liveness probe warning: Probe terminated redirects/);
      const probed = async () => (await Promise.all(passing.keys().map((index) => space.get(Pods, `p${index}`)))).map(restarts);
      await new Promise((resolve) => setTimeout(resolve, 5000));
      assert.deepEqual(
        await probed(),
        passing.map(() => 0),
      );
    }));

  test('a readiness probe holds the pod back for its initial delay, and nothing restarts', () =>
    inSpace(cluster, async (space) => {
      const readinessProbe = { httpGet: { path: '/', port: 80 }, initialDelaySeconds: 4 };
      await space.create(Pods, served(['test-webserver'], { readinessProbe }));
      const now = await space.until(Pods, 'p', isReady);
      const started = Date.parse(now.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? '');
      const ready = Date.parse(now.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '');
      assert.ok(ready - started >= 4000, `${ready - started} ms`);
      assert.equal(restarts(now), 0);
    }));

  test('a readiness probe that fails keeps the pod unready, and nothing restarts', () =>
    inSpace(cluster, async (space) => {
      const readinessProbe = { exec: { command: ['/bin/false'] }, periodSeconds: 1 };
      await space.create(Pods, pod('p', { args: ['pause'], readinessProbe }, { spec: { restartPolicy: 'Always' } }));
      await space.until(Pods, 'p', (now) => now.status?.phase === 'Running');
      await told(space, 'Unhealthy', /^Readiness probe failed/);
      const now = await space.get(Pods, 'p');
      assert.equal(isReady(now), false);
      assert.equal(restarts(now), 0);
    }));

  test('restarts are counted one by one, with growing delays', () =>
    inSpace(cluster, async (space) => {
      const livenessProbe = { exec: { command: ['/bin/false'] }, periodSeconds: 1, failureThreshold: 1 };
      await space.create(Pods, pod('p', { args: ['pause'], livenessProbe }, { spec: { restartPolicy: 'Always' } }));
      const seen: number[] = [];
      await space.until(
        Pods,
        'p',
        (now) => {
          const count = restarts(now);
          if (seen.at(-1) !== count) seen.push(count);
          return count >= 2;
        },
        60_000,
      );
      assert.deepEqual(seen, [0, 1, 2]);
      await space.until(Pods, 'p', (now) => now.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff', 20_000);
      await told(space, 'BackOff', /^Back-off restarting failed container main in pod p_/);
    }));
});

describe('hooks', { concurrency: 4 }, () => {
  for (const kind of ['postStart', 'preStop'] as const) {
    for (const how of ['exec', 'httpGet'] as const) {
      test(`${kind}: ${how}`, () =>
        inSpace(cluster, async (space) => {
          await space.create(Pods, pod('server', { args: ['netexec'] }));
          const server = await space.until(Pods, 'server', isReady);
          const ip = server.status?.podIP ?? '';
          const path = `/echo?msg=${kind}`;
          const handler =
            how === 'exec'
              ? { exec: { command: ['sh', '-c', `wget -q -O - 'http://${ip}:8080${path}'`] } }
              : { httpGet: { path: `/dial?host=${ip}&port=8080&request=${encodeURIComponent(path.slice(1))}`, port: 8080 } };
          // The hook goes to a sidecar of the same pod, which asks the server: it answers from before the start to after the end.
          const sidecar = {
            name: 'redirect',
            image: agnhost,
            args: ['netexec', '--udp-port', '-1'],
            restartPolicy: 'Always',
            startupProbe: { httpGet: { path: '/echo?msg=startup', port: 8080 } },
          };
          const spec = { initContainers: [sidecar], terminationGracePeriodSeconds: 15 };
          await space.create(Pods, pod('p', { args: ['pause'], lifecycle: { [kind]: handler } }, { spec }));
          await space.until(Pods, 'p', isReady);
          const asked = async (): Promise<boolean> => (await space.logs('server')).includes(`GET ${path}`);
          if (kind === 'postStart') assert.ok(await asked());
          await space.remove(Pods, 'p');
          await space.untilGone(Pods, 'p', 40_000);
          assert.ok(await asked());
        }));
    }
  }

  test('a postStart hook that fails kills the container', () =>
    inSpace(cluster, async (space) => {
      const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'echo no >&2; exit 3'] } } };
      await space.create(Pods, pod('p', { args: ['pause'], lifecycle }));
      await space.until(Pods, 'p', (now) => now.status?.phase === 'Failed' || now.status?.phase === 'Succeeded');
      await told(space, 'FailedPostStartHook', /^PostStartHook failed/);
    }));
});

describe('what a container leaves', { concurrency: 4 }, () => {
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

  test('the end of the log, when it failed', () =>
    inSpace(cluster, async (space) => {
      const container = shell('printf DONE; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' });
      assert.equal(await message(space, container, 'Failed'), 'DONE');
    }));

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
});
