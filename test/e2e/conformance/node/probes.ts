// Conformance of probes: what restarts a container, what keeps a pod unready, and what does neither.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { until } from '../../../support/until.ts';
import { inSpace, isReady, pod, restarts, shell, type Space, told } from '../support.ts';
import { cluster } from './cluster.ts';

/** Servers take their time to start. */
const later = { initialDelaySeconds: 5 };
const always = { spec: { restartPolicy: 'Always' } };
const served = (args: string[], livenessProbe: object) =>
  pod('p', { args, livenessProbe: { periodSeconds: 1, timeoutSeconds: 20, ...livenessProbe } }, always);
const scripted = (script: string, initialDelaySeconds: number) => {
  const probe = {
    exec: { command: ['cat', '/tmp/health'] },
    initialDelaySeconds,
    periodSeconds: 1,
    timeoutSeconds: 20,
    failureThreshold: 1,
  };
  return pod('p', shell(script, { livenessProbe: probe }), always);
};

/** How often the probes of a pod have succeeded, by its node's own count. */
async function successes({ kubectl, namespace }: Space, name: string): Promise<number> {
  const text = await kubectl.ok('get', '--raw', `/api/v1/nodes/${cluster.nodeName}/proxy/metrics/probes`);
  const mine = text
    .split('\n')
    .filter((line) => [`namespace="${namespace}"`, `pod="${name}"`, 'result="successful"'].every((part) => line.includes(part)));
  return mine.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

export function probes(): void {
  // Conformance: [sig-node] Probing container should have monotonically increasing restart count [NodeConformance] [Conformance]
  test('restarts are counted one by one, with growing delays', () =>
    inSpace(cluster, async (space) => {
      const livenessProbe = { exec: { command: ['/bin/false'] }, periodSeconds: 1, failureThreshold: 1 };
      await space.create(Pods, pod('p', { args: ['pause'], livenessProbe }, always));
      const seen: number[] = [];
      await space.until(
        Pods,
        'p',
        (now) => {
          const count = restarts(now);
          if (seen.at(-1) !== count) seen.push(count);
          return count >= 3;
        },
        240_000,
      );
      assert.deepEqual(seen, [0, 1, 2, 3]);
      await space.until(Pods, 'p', (now) => now.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff');
      await told(space, 'BackOff', /^Back-off restarting failed container main in pod p_/);
    }));

  const failing: { title: string; draft: ReturnType<typeof pod>; message: RegExp }[] = [
    {
      // Conformance: [sig-node] Probing container should be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]
      title: 'exec "cat /tmp/health"',
      draft: scripted('echo ok >/tmp/health; sleep 3; rm -f /tmp/health; sleep 600', 2),
      message: /^Liveness probe failed: cat: .*No such file or directory/,
    },
    {
      title: '/healthz http',
      draft: served(['liveness'], { httpGet: { path: '/healthz', port: 8080 }, ...later, failureThreshold: 1 }),
      message: /^Liveness probe failed: HTTP probe failed with statuscode: 500/,
    },
    {
      title: 'a local redirect',
      draft: served(['liveness'], { httpGet: { path: '/redirect?loc=%2Fhealthz', port: 8080 }, ...later, failureThreshold: 1 }),
      message: /^Liveness probe failed: HTTP probe failed with statuscode: 500/,
    },
    {
      // Conformance: [sig-node] Probing container should be restarted with a GRPC liveness probe [NodeConformance] [Conformance]
      title: 'gRPC on a port where nobody listens',
      draft: served(['grpc-health-checking'], { grpc: { port: 2333 }, ...later, failureThreshold: 1 }),
      message: /^Liveness probe failed: .*2333.*connection refused/,
    },
  ];
  for (const { title, draft, message } of failing) {
    test(`a liveness probe that fails restarts the container: ${title}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, draft);
        const now = await space.until(Pods, 'p', (found) => restarts(found) >= 1);
        assert.ok(now.status?.containerStatuses?.[0]?.lastState?.terminated);
        await told(space, 'Unhealthy', message);
        await told(space, 'Killing', /^Container main failed liveness probe, will be restarted$/);
      }));
  }

  const passing = {
    exec: scripted('echo ok >/tmp/health; sleep 600', later.initialDelaySeconds),
    http: served(['test-webserver'], { httpGet: { path: '/', port: 80 }, ...later, failureThreshold: 5 }),
    tcp: served(['netexec'], { tcpSocket: { port: 8080 }, ...later }),
    grpc: served(['grpc-health-checking'], { grpc: { port: 5000 }, ...later }),
    redirect: served(['liveness'], {
      httpGet: { path: '/redirect?loc=http%3A%2F%2F0.0.0.0%2F', port: 8080 },
      ...later,
      failureThreshold: 1,
    }),
  };
  // Conformance: [sig-node] Probing container should *not* be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]
  // Conformance: [sig-node] Probing container should *not* be restarted with a tcp:8080 liveness probe [NodeConformance] [Conformance]
  // Conformance: [sig-node] Probing container should *not* be restarted with a GRPC liveness probe [NodeConformance] [Conformance]
  test('liveness probes that succeed restart nothing', () =>
    inSpace(cluster, async (space) => {
      const names = Object.keys(passing);
      for (const [name, draft] of Object.entries(passing)) await space.create(Pods, { ...draft, metadata: { name } });
      for (const name of names) {
        await space.until(Pods, name, isReady);
        await until(`probes of ${name}`, async () => (await successes(space, name)) >= 3);
        assert.equal(restarts(await space.get(Pods, name)), 0, name);
      }
      await told(space, 'ProbeWarning', /^Liveness probe warning: Probe terminated redirects/);
    }));

  // Conformance: [sig-node] Probing container with readiness probe should not be ready before initial delay and never restart [NodeConformance] [Conformance]
  test('a readiness probe holds the pod back for its initial delay, and nothing restarts', () =>
    inSpace(cluster, async (space) => {
      const readinessProbe = { httpGet: { path: '/', port: 80 }, initialDelaySeconds: 4, timeoutSeconds: 20, failureThreshold: 1 };
      await space.create(Pods, pod('p', { args: ['test-webserver'], readinessProbe }, always));
      const now = await space.until(Pods, 'p', isReady);
      const started = Date.parse(now.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? '');
      const ready = Date.parse(now.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '');
      assert.ok(ready - started >= 4000, `${ready - started} ms`);
      assert.equal(restarts(now), 0);
    }));

  // Conformance: [sig-node] Probing container with readiness probe that fails should never be ready and never restart [NodeConformance] [Conformance]
  test('a readiness probe that fails keeps the pod unready, and nothing restarts', () =>
    inSpace(cluster, async (space) => {
      const readinessProbe = { exec: { command: ['/bin/false'] }, periodSeconds: 1 };
      await space.create(Pods, pod('p', { args: ['pause'], readinessProbe }, always));
      await space.until(Pods, 'p', (now) => now.status?.phase === 'Running');
      await told(space, 'Unhealthy', /^Readiness probe failed/);
      const now = await space.get(Pods, 'p');
      assert.equal(isReady(now), false);
      assert.equal(restarts(now), 0);
    }));
}
