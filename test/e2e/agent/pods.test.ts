// The life of pods on a real runtime: what starts, what restarts, what ends, and what the API is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { ConfigMaps, Pods, Secrets } from '#api/refs.ts';
import { until } from '../../support/until.ts';
import { condition, inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

const main = (pod: Pod) => pod.status?.containerStatuses?.find((status) => status.name === 'main');
const exec = (status: ReturnType<typeof main>) => status?.containerID?.replace('containerd://', '') ?? '';

if (await inNamespace(import.meta.filename)) {
  test('pods on a node', { concurrency: true }, async (t) => {
    await using node = await startAgentNode({ backoffInitial: 1000, backoffMax: 4000 });
    const { client } = node;
    const namespace = 'default';
    const output = async (pod: Pod, script: string, container = main(pod)): Promise<string> => {
      const result = await node.instance.runtime.execSync(exec(container), ['/bin/sh', '-c', script], 60);
      return Buffer.from(result.stdout).toString('utf8');
    };
    const remove = async (name: string, gracePeriodSeconds?: number): Promise<void> => {
      await client
        .resource(Pods)
        .delete(name, { namespace, ...(gracePeriodSeconds === undefined ? {} : { options: { gracePeriodSeconds } }) });
    };

    await Promise.all([
      t.test('init containers run in order, then the containers; the status tells it', async () => {
        const mounts = [{ name: 'data', mountPath: '/data' }];
        const init = (name: string, script: string) => ({
          name,
          image: 'busybox:1',
          command: ['/bin/sh', '-c', script],
          volumeMounts: mounts,
        });
        await node.createPod(
          shellPod('init', 'cat /data/log; sleep 1000', {
            container: { volumeMounts: mounts },
            spec: {
              volumes: [{ name: 'data', emptyDir: {} }],
              initContainers: [
                init('one', 'echo one >> /data/log; until [ -e /data/go ]; do sleep 0.1; done'),
                init('two', 'echo two >> /data/log'),
              ],
            },
          }),
        );
        const waiting = await node.until('init', (pod) => pod.status?.initContainerStatuses?.[0]?.state?.running);
        assert.equal(waiting.status?.phase, 'Pending');
        assert.equal(main(waiting)?.state?.waiting?.reason, 'PodInitializing');
        const initialized = waiting.status?.conditions?.find((candidate) => candidate.type === 'Initialized');
        assert.equal(initialized?.reason, 'ContainersNotInitialized');
        assert.equal(initialized?.message, 'containers with incomplete status: [one two]');
        await output(waiting, 'touch /data/go', waiting.status?.initContainerStatuses?.[0]);
        const pod = await node.until('init', isReady);
        assert.equal(await output(pod, 'cat /data/log'), 'one\ntwo\n');
        assert.deepEqual(
          pod.status?.initContainerStatuses?.map((status) => [status.name, status.state?.terminated?.reason, status.ready]),
          [
            ['one', 'Completed', true],
            ['two', 'Completed', true],
          ],
        );
        assert.equal(condition(pod, 'Initialized'), 'True');
        await remove('init');
        await node.untilGone('init');
      }),

      t.test('a pod that is done is Succeeded; one that fails is Failed with its message', async () => {
        const never = { spec: { restartPolicy: 'Never' } };
        await node.createPod(shellPod('done', 'exit 0', never));
        await node.createPod(shellPod('broken', 'echo -n "it broke" > /dev/termination-log; exit 3', never));
        const done = await node.until('done', (pod) => pod.status?.phase === 'Succeeded');
        assert.equal(main(done)?.state?.terminated?.reason, 'Completed');
        assert.equal(done.status?.conditions?.find((candidate) => candidate.type === 'Ready')?.reason, 'PodCompleted');
        const broken = await node.until('broken', (pod) => pod.status?.phase === 'Failed');
        assert.deepEqual(
          { ...main(broken)?.state?.terminated, startedAt: '', finishedAt: '', containerID: '' },
          { exitCode: 3, reason: 'Error', message: 'it broke', startedAt: '', finishedAt: '', containerID: '' },
        );
        assert.equal(broken.status?.podIP, (await node.until('broken', () => true)).status?.podIP);
        await Promise.all([remove('done'), remove('broken')]);
        await node.untilGone('done');
        await node.untilGone('broken');
      }),

      t.test('a crashing container is restarted with back-off', async () => {
        await node.createPod(
          shellPod('crash', 'echo out of luck; exit 1', { container: { terminationMessagePolicy: 'FallbackToLogsOnError' } }),
        );
        const pod = await node.until('crash', (seen) => main(seen)?.state?.waiting?.reason === 'CrashLoopBackOff');
        assert.match(
          main(pod)?.state?.waiting?.message ?? '',
          /^back-off [124]s restarting failed container=main pod=crash_default\([0-9a-f-]{36}\)$/,
        );
        assert.equal(main(pod)?.lastState?.terminated?.exitCode, 1);
        assert.equal(main(pod)?.lastState?.terminated?.message, 'out of luck\n');
        assert.equal(pod.status?.phase, 'Running');
        const later = await node.until('crash', (seen) => (main(seen)?.restartCount ?? 0) >= 3);
        await node.told('crash', /^BackOff: Back-off restarting failed container main in pod crash_/);
        assert.ok(later);
        await remove('crash');
        await node.untilGone('crash');
      }),

      t.test('what cannot start says why', async () => {
        await node.createPod(
          shellPod('nokey', 'sleep 1000', {
            container: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'later', key: 'a' } } }] },
          }),
        );
        await node.createPod(shellPod('never', 'sleep 1000', { container: { image: 'absent:1', imagePullPolicy: 'Never' } }));
        await node.createPod(shellPod('badname', 'sleep 1000', { container: { image: 'Bad Image' } }));
        await node.createPod(shellPod('nocommand', '', { container: { command: ['/no/such/program'] } }));
        await node.createPod(shellPod('nopull', 'sleep 1000', { container: { image: 'localhost:1/absent:1' } }));
        const reason = (name: string, wanted: string) =>
          node.until(name, (pod) => main(pod)?.state?.waiting?.reason === wanted).then((pod) => main(pod)?.state?.waiting?.message ?? '');
        assert.equal(await reason('nokey', 'CreateContainerConfigError'), 'configmap "later" not found');
        assert.equal(await reason('never', 'ErrImageNeverPull'), 'Container image "absent:1" is not present with pull policy of Never');
        assert.match(await reason('badname', 'InvalidImageName'), /couldn't parse image name "Bad Image": invalid reference format$/);
        assert.match(await reason('nocommand', 'RunContainerError'), /no such file or directory/);
        assert.match(
          await reason('nopull', 'ImagePullBackOff'),
          /^Back-off pulling image "localhost:1\/absent:1": ErrImagePull: (rpc error|failed to pull)/,
        );
        await node.told('nopull', 'Pulling: Pulling image "localhost:1/absent:1"');
        await node.told('nopull', 'Failed: Error: ErrImagePull');
        await node.told('nopull', 'Failed: Error: ImagePullBackOff');
        // What was missing comes: the pod starts without further ado.
        await client.resource(ConfigMaps).create({ metadata: { name: 'later', namespace }, data: { a: 'x' } }, { namespace });
        await node.until('nokey', isReady);
        for (const name of ['nokey', 'never', 'badname', 'nocommand', 'nopull']) await remove(name, 0);
      }),

      t.test('environment, names and addresses', async () => {
        await client
          .resource(ConfigMaps)
          .create({ metadata: { name: 'env', namespace }, data: { color: 'red', 'data-1': 'x' } }, { namespace });
        await client
          .resource(Secrets)
          .create({ metadata: { name: 'env', namespace }, data: { pass: Buffer.from('geheim').toString('base64') } }, { namespace });
        await node.createPod(
          shellPod('env', 'sleep 1000', {
            metadata: { labels: { app: 'shop' } },
            container: {
              resources: { requests: { cpu: '125m', memory: '32Mi' }, limits: { memory: '64Mi' } },
              envFrom: [{ prefix: 'CM_', configMapRef: { name: 'env' } }, { configMapRef: { name: 'none', optional: true } }],
              env: [
                { name: 'PLAIN', value: 'a' },
                { name: 'COMBINED', value: '$(PLAIN)-$$(PLAIN)-$(UNKNOWN)-$(CM_color)' },
                { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'env', key: 'pass' } } },
                { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
                { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
                { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
              ],
            },
            spec: { hostname: 'web', subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['foo', 'bar'] }] },
          }),
        );
        const pod = await node.until('env', isReady);
        const ip = pod.status?.podIP ?? '';
        const script = 'echo $COMBINED; echo $SECRET $IP $APP $CPU $MEM $CM_color; hostname';
        assert.equal(await output(pod, script), `a-$(PLAIN)-$(UNKNOWN)-red\ngeheim ${ip} shop 125 64 red\nweb\n`);
        const hosts = await output(pod, 'cat /etc/hosts');
        assert.match(hosts, /^# Kubernetes-managed hosts file\.\n/);
        assert.ok(hosts.includes(`${ip}\tweb.sub.default.svc.cluster.local\tweb\n`), hosts);
        assert.ok(hosts.includes('1.2.3.4\tfoo\tbar\n'));
        assert.equal(pod.status?.qosClass, 'Burstable');
        await remove('env', 0);
      }),

      t.test('probes: ready after the startup probe, and as long as the readiness probe says so', async () => {
        await node.createPod(
          shellPod('probes', 'echo ok > /tmp/index.html; httpd -f -p 8080 -h /tmp', {
            container: {
              ports: [{ name: 'http', containerPort: 8080 }],
              startupProbe: {
                exec: { command: ['test', '-f', '/tmp/started'] },
                periodSeconds: 1,
                timeoutSeconds: 20,
                failureThreshold: 60,
              },
              readinessProbe: { httpGet: { path: '/index.html', port: 'http' }, periodSeconds: 1, timeoutSeconds: 20 },
              livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 2 },
            },
          }),
        );
        const early = await node.until('probes', (pod) => main(pod)?.state?.running);
        assert.equal(main(early)?.started, false);
        assert.equal(condition(early, 'Ready'), 'False');
        await output(early, 'touch /tmp/started');
        const pod = await node.until('probes', isReady);
        assert.equal(main(pod)?.started, true);
        await output(pod, 'rm /tmp/index.html');
        await node.until('probes', (seen) => !isReady(seen));
        await output(pod, 'echo ok > /tmp/index.html');
        await node.until('probes', isReady);
        await node.told('probes', 'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404');
        await remove('probes', 0);
      }),

      t.test('a failed liveness probe kills and restarts', async () => {
        await node.createPod(
          shellPod('sick', 'touch /tmp/well; sleep 1000', {
            container: {
              livenessProbe: { exec: { command: ['cat', '/tmp/well'] }, periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 2 },
            },
            spec: { terminationGracePeriodSeconds: 1 },
          }),
        );
        const pod = await node.until('sick', isReady);
        await output(pod, 'rm /tmp/well');
        const restarted = await node.until(
          'sick',
          (seen) => (main(seen)?.restartCount ?? 0) > (main(pod)?.restartCount ?? 0) && isReady(seen),
        );
        assert.equal(main(restarted)?.lastState?.terminated?.exitCode, 137);
        await node.told('sick', /^Unhealthy: Liveness probe failed: cat: can't open '\/tmp\/well'/);
        await node.told('sick', 'Killing: Container main failed liveness probe, will be restarted');
        await remove('sick', 0);
      }),

      t.test('deletion: preStop hook, stop signal, terminated status, gone', async () => {
        await node.createPod(
          shellPod('ending', 'trap "echo caught > /dev/termination-log; exit 7" TERM; touch /tmp/set; while true; do sleep 0.1; done', {
            container: {
              lifecycle: {
                preStop: { exec: { command: ['/bin/sh', '-c', 'until [ -e /tmp/set ]; do sleep 0.1; done; echo hook > /proc/1/fd/1'] } },
              },
            },
            // Longer than the test waits: the pod must end at the signal.
            spec: { terminationGracePeriodSeconds: 600 },
            metadata: { finalizers: ['example.com/keep'] },
          }),
        );
        const pod = await node.until('ending', isReady);
        await remove('ending');
        const ended = await node.until('ending', (seen) => seen.status?.phase === 'Failed');
        assert.equal(main(ended)?.state?.terminated?.exitCode, 7);
        assert.equal(main(ended)?.state?.terminated?.message, 'caught\n');
        assert.equal(ended.status?.phase, 'Failed');
        await node.told('ending', 'Killing: Stopping container main');
        const log = `${node.dataDir}/logs/default_ending_${pod.metadata.uid}/main/0.log`;
        await until('the word of the hook', async () => / F hook\n/.test(await node.world.fs.readText(log)));
        await client.resource(Pods).patch('ending', { metadata: { finalizers: null } }, { type: 'merge', namespace });
        await node.untilGone('ending');
      }),

      t.test('sidecars start before and end after the containers', async () => {
        await node.createPod(
          shellPod('sidecar', 'sleep 0.3; exit 0', {
            spec: {
              restartPolicy: 'Never',
              terminationGracePeriodSeconds: 60,
              initContainers: [
                {
                  name: 'side',
                  image: 'busybox:1',
                  restartPolicy: 'Always',
                  command: ['/bin/sh', '-c', 'trap "exit 0" TERM; touch /tmp/up; while true; do sleep 0.1; done'],
                  startupProbe: {
                    exec: { command: ['test', '-f', '/tmp/up'] },
                    periodSeconds: 1,
                    timeoutSeconds: 20,
                    failureThreshold: 60,
                  },
                },
              ],
            },
          }),
        );
        const pod = await node.until('sidecar', (seen) => seen.status?.phase === 'Succeeded');
        assert.equal(pod.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode, 0);
        await remove('sidecar', 0);
      }),

      t.test('a deadline ends the pod', async () => {
        await node.createPod(shellPod('deadline', 'sleep 1000', { spec: { terminationGracePeriodSeconds: 1 } }));
        await node.until('deadline', isReady);
        await client.resource(Pods).patch('deadline', { spec: { activeDeadlineSeconds: 1 } }, { type: 'merge', namespace });
        const pod = await node.until('deadline', (seen) => seen.status?.phase === 'Failed' && main(seen)?.state?.terminated);
        assert.equal(pod.status?.reason, 'DeadlineExceeded');
        assert.equal(pod.status?.message, 'Pod was active on the node longer than the specified deadline');
        await remove('deadline', 0);
      }),

      t.test('the node refuses what does not fit', async () => {
        await node.createPod(shellPod('big', 'sleep 1000', { container: { resources: { requests: { cpu: '1000' } } } }));
        const pod = await node.until('big', (seen) => seen.status?.phase === 'Failed');
        assert.equal(pod.status?.reason, 'OutOfcpu');
        assert.match(
          pod.status?.message ?? '',
          /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: \d+, capacity: \d+$/,
        );
        await remove('big', 0);
      }),

      t.test('too much memory: OOMKilled', async () => {
        await node.createPod(
          shellPod('oom', 'exec tail /dev/zero', {
            container: { resources: { limits: { memory: '16Mi' } } },
            spec: { restartPolicy: 'Never' },
          }),
        );
        const pod = await node.until('oom', (seen) => seen.status?.phase === 'Failed');
        assert.equal(main(pod)?.state?.terminated?.reason, 'OOMKilled');
        assert.equal(main(pod)?.state?.terminated?.exitCode, 137);
        await remove('oom', 0);
      }),
    ]);
  });
}
