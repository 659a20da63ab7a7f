// Conformance of pods: their life as the API shows it, and what is read of them over raw WebSockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods, Services } from '#api/refs.ts';
import { isConflict } from '#api/status.ts';
import { stream } from '../../../support/exec.ts';
import { until } from '../../../support/until.ts';
import { busybox, condition, idle, inSpace, isReady, pod, restarts, shell, type Space, update } from '../support.ts';
import { cluster } from './cluster.ts';

/** What happens to the pods with a label from now on, in its order. */
async function observe(space: Space, labelSelector: string) {
  const { namespace, of } = space;
  const { metadata } = await of(Pods).list({ namespace, labelSelector });
  const ending = new AbortController();
  const events: { type: string; object: Pod }[] = [];
  const { signal } = ending;
  const watching = (async () => {
    const options = { namespace, labelSelector, signal, resourceVersion: metadata?.resourceVersion ?? '0' };
    for await (const event of of(Pods).watch(options)) events.push(event);
  })().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  const seen = (type: string, check: (object: Pod) => unknown = () => true) =>
    until(`${type} of ${labelSelector}`, () => events.find((event) => event.type === type && check(event.object)));
  return {
    seen,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watching;
    },
  };
}

export function pods(): void {
  // Conformance: [sig-node] Pods should run through the lifecycle of Pods and PodStatus [Conformance]
  test('from creation over patches and its status to a deletion by label', () =>
    inSpace(cluster, async (space) => {
      const { namespace, of } = space;
      await using watch = await observe(space, 'test-pod-static=true');
      await space.create(Pods, idle('p', { labels: { 'test-pod-static': 'true' }, spec: { restartPolicy: 'Always' } }));
      await watch.seen('MODIFIED', ({ status }) => status?.phase === 'Running');
      const first = await space.until(Pods, 'p', isReady);
      const patch = {
        metadata: { labels: { 'test-pod': 'patched' } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'agnhost:1' }] },
      };
      await of(Pods).patch('p', patch, { type: 'strategic', namespace });
      await watch.seen('MODIFIED', ({ metadata }) => metadata.labels?.['test-pod'] === 'patched');
      const patched = await space.get(Pods, 'p');
      assert.deepEqual([patched.spec.containers[0]?.image, patched.metadata.labels?.['test-pod']], ['agnhost:1', 'patched']);
      assert.ok(Number(patched.metadata.resourceVersion) > Number(first.metadata.resourceVersion));
      await until('a status is written', async () => {
        // The container is exchanged meanwhile: sooner or later the pod is ready.
        const read = await of(Pods).get('p', { namespace, subresource: 'status' });
        if (condition(read, 'Ready') !== 'True' || condition(read, 'ContainersReady') !== 'True') return false;
        const conditions = (read.status?.conditions ?? []).map((entry) =>
          ['Ready', 'ContainersReady'].includes(entry.type) ? { ...entry, status: 'False' } : entry,
        );
        try {
          const written = await of(Pods).update({ ...read, status: { ...read.status, conditions } }, { namespace, subresource: 'status' });
          assert.deepEqual([condition(written, 'Ready'), condition(written, 'ContainersReady')], ['False', 'False']);
          return true;
        } catch (error) {
          if (!isConflict(error)) throw error;
          return false;
        }
      });
      await space.until(Pods, 'p', (now) => isReady(now) && restarts(now) === 1);
      await of(Pods).deleteCollection({ namespace, labelSelector: 'test-pod-static=true' }, { options: { gracePeriodSeconds: 1 } });
      await watch.seen('DELETED');
      await space.untilGone(Pods, 'p');
    }));

  // Conformance: [sig-node] Pods should patch a pod status [Conformance]
  // Conformance: [sig-node] Pods should delete a collection of pods [Conformance]
  test('a status may be patched; a collection is deleted', () =>
    inSpace(cluster, async (space) => {
      const { namespace, of } = space;
      const names = ['a', 'b', 'c'];
      for (const name of names) await space.create(Pods, idle(name, { labels: { type: 'Testing' } }));
      await Promise.all(names.map((name) => space.until(Pods, name, isReady)));
      const written = await of(Pods).patch(
        'a',
        { status: { message: 'Patched by a test', reason: 'Test' } },
        { type: 'strategic', namespace, subresource: 'status' },
      );
      assert.deepEqual([written.status?.message, written.status?.reason], ['Patched by a test', 'Test']);
      await of(Pods).deleteCollection({ namespace, labelSelector: 'type=Testing' }, { options: { gracePeriodSeconds: 1 } });
      await until('none is left', async () => (await space.list(Pods, 'type=Testing')).length === 0);
    }));

  // Conformance: [sig-node] Pods should be updated [NodeConformance] [Conformance]
  test('a label is changed while the pod runs', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, idle('p', { labels: { name: 'foo', time: '1' } }));
      await space.until(Pods, 'p', isReady);
      assert.equal((await space.list(Pods, 'time=1')).length, 1);
      await update(space, 'p', (now) => ({ ...now, metadata: { ...now.metadata, labels: { ...now.metadata.labels, time: '2' } } }));
      await space.until(Pods, 'p', ({ status }) => status?.phase === 'Running');
      assert.deepEqual([(await space.list(Pods, 'time=1')).length, (await space.list(Pods, 'time=2')).length], [0, 1]);
    }));

  test('a pod is submitted and removed: a graceful deletion is told first, then the pod goes', () =>
    inSpace(cluster, async (space) => {
      await using watch = await observe(space, 'time=1');
      await space.create(Pods, idle('p', { labels: { time: '1' } }));
      await watch.seen('ADDED');
      assert.ok((await space.until(Pods, 'p', isReady)).status?.hostIP);
      const { metadata } = (await space.of(Pods).delete('p', { namespace: space.namespace, options: { gracePeriodSeconds: 30 } })) as Pod;
      assert.ok(metadata.deletionTimestamp);
      assert.equal(metadata.deletionGracePeriodSeconds, 30);
      const { object } = await watch.seen('DELETED');
      assert.ok(object.metadata.deletionTimestamp);
      assert.equal((await space.list(Pods, 'time=1')).length, 0);
      // The node's own list through the API server's proxy no longer has it either.
      const { nodeName } = space.cluster;
      await until('the node forgets the pod', async () => {
        const list = JSON.parse(await space.kubectl.ok('get', '--raw', `/api/v1/nodes/${nodeName}/proxy/pods`)) as { items: Pod[] };
        return list.items.every((item) => item.metadata.namespace !== space.namespace);
      });
    }));

  test('a deadline that is set while the pod runs ends it', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, idle('p', { spec: { restartPolicy: 'Always' } }));
      await space.until(Pods, 'p', isReady);
      await update(space, 'p', (now) => ({ ...now, spec: { ...now.spec, activeDeadlineSeconds: 1 } }));
      const { status } = await space.until(Pods, 'p', (now) => now.status?.phase === 'Failed');
      assert.equal(status?.reason, 'DeadlineExceeded');
    }));

  test('services are in the environment', () =>
    inSpace(cluster, async (space) => {
      await space.create(Services, {
        metadata: { name: 'fooservice' },
        spec: { ports: [{ port: 8765, targetPort: 8080 }], selector: { name: 'server' } },
      });
      const ip = (await space.get(Services, 'fooservice')).spec.clusterIP ?? '';
      let text = '';
      // The node may hear of the service a moment after the pod: the suite, too, tries a few pods.
      for (let tries = 0; tries < 20 && !text.includes('FOOSERVICE'); tries++) {
        text = await space.output(pod(`p${tries}`, shell('env'), { spec: { restartPolicy: 'Never' } }));
      }
      for (const line of [
        `FOOSERVICE_SERVICE_HOST=${ip}`,
        'FOOSERVICE_SERVICE_PORT=8765',
        `FOOSERVICE_PORT=tcp://${ip}:8765`,
        'FOOSERVICE_PORT_8765_TCP_PORT=8765',
        'FOOSERVICE_PORT_8765_TCP_PROTO=tcp',
        `FOOSERVICE_PORT_8765_TCP=tcp://${ip}:8765`,
        `FOOSERVICE_PORT_8765_TCP_ADDR=${ip}`,
      ]) {
        assert.ok(text.split('\n').includes(line), `${line} in ${text}`);
      }
    }));

  // Conformance: [sig-node] Pods should support remote command execution over websockets [NodeConformance] [Conformance]
  test('commands and logs over raw WebSockets, which the server closes at the end', () =>
    inSpace(cluster, async (space) => {
      // The log ends with the container, a stream of it too.
      await space.create(Pods, pod('p', shell('echo container is alive; sleep 10000')));
      await space.until(Pods, 'p', isReady);
      const base = `/api/v1/namespaces/${space.namespace}/pods/p`;
      const command = ['echo', 'remote execution test'].map((part) => `command=${encodeURIComponent(part)}`).join('&');
      const ran = await stream(cluster.access, `${base}/exec?stderr=1&stdout=1&container=main&${command}`, { protocol: 'channel.k8s.io' });
      assert.equal(ran.channels.get(1)?.toString(), 'remote execution test\n');
      for (const [number, data] of ran.channels) assert.ok(number === 1 || data.length === 0, `channel ${number}: ${data}`);
      assert.equal(ran.code, 1000);
      const log = await until('its word', async () => {
        const read = await stream(cluster.access, `${base}/log?container=main`, { protocol: 'binary.k8s.io' });
        return read.channels.get(1)?.toString() === 'container is alive\n' && read;
      });
      assert.equal(log.code, 1000);
    }));

  test('the quality of service follows from requests and limits', () =>
    inSpace(cluster, async (space) => {
      const size = { cpu: '100m', memory: '100Mi' };
      const classes = { guaranteed: { requests: size, limits: size }, burstable: { requests: size }, best: {} };
      // It is told at once: nobody needs to run them.
      for (const [name, resources] of Object.entries(classes))
        await space.create(Pods, pod(name, { resources }, { spec: { nodeSelector: { no: 'where' } } }));
      const found = await Promise.all(Object.keys(classes).map(async (name) => (await space.get(Pods, name)).status?.qosClass));
      assert.deepEqual(found, ['Guaranteed', 'Burstable', 'BestEffort']);
    }));

  test('a resource that somebody adds to the node is offered to pods', () =>
    inSpace(cluster, async (space) => {
      const { nodeName } = space.cluster;
      const patch = (op: string) =>
        space.kubectl.ok(
          'patch',
          'node',
          nodeName,
          '--subresource=status',
          '--type=json',
          '-p',
          JSON.stringify([{ op, path: '/status/capacity/example.com~1dongle', ...(op === 'add' ? { value: '2' } : {}) }]),
        );
      const amount = async (list: 'capacity' | 'allocatable') =>
        (await space.kubectl.ok('get', 'node', nodeName, '-o', `jsonpath={.status.${list}.example\\.com/dongle}`)).trim();
      await patch('add');
      await until('the node offers it', async () => (await amount('allocatable')) === '2');
      const resources = { requests: { 'example.com/dongle': '1' }, limits: { 'example.com/dongle': '1' } };
      await space.create(Pods, pod('p', { args: ['pause'], resources }));
      await space.until(Pods, 'p', isReady);
      await patch('remove');
      await until('the node offers it no more', async () => (await amount('allocatable')) === '' && (await amount('capacity')) === '');
    }));

  // Conformance: [sig-node] Kubelet when scheduling a busybox command in a pod should print the output to logs [NodeConformance] [Conformance]
  test('what a command prints is in the log, while it runs', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('p', shell("echo 'Hello World'; sleep 240")));
      await space.until(Pods, 'p', isReady);
      await until('the log', async () => (await space.logs('p')) === 'Hello World\n');
    }));

  // Conformance: [sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason [NodeConformance] [Conformance]
  test('a command that always fails has a reason, and its pod can be deleted', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('p', { image: busybox, command: ['/bin/false'] }));
      const found = await space.until(Pods, 'p', ({ status }) => status?.containerStatuses?.[0]?.state?.terminated);
      const ended = found.status?.containerStatuses?.[0]?.state?.terminated;
      assert.deepEqual([ended?.exitCode, ended?.reason], [1, 'Error']);
      await space.remove(Pods, 'p');
      await space.untilGone(Pods, 'p');
    }));
}
