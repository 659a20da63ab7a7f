// Conformance of pods: their life as the API shows it, generations, streams, init and ephemeral containers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods, Services } from '#api/refs.ts';
import { isConflict } from '#api/status.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { busybox, condition, inSpace, isReady, pod, shell, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

/** Reads, changes and writes a pod until nobody came in between. */
async function update(space: Space, name: string, change: (pod: Pod) => Pod): Promise<Pod> {
  for (;;) {
    try {
      return await space.of(Pods).update(change(await space.get(Pods, name)), { namespace: space.namespace });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

const idle = (name: string, more: Parameters<typeof pod>[2] = {}) => pod(name, { args: ['pause'] }, more);
const generation = async (space: Space, name: string): Promise<unknown> => (await space.get(Pods, name)).metadata.generation;

/** Opens a WebSocket on the API server and gathers what it says until `done`. */
async function websocket(space: Space, path: string, about: { protocol: string; done: (text: string) => boolean }): Promise<string> {
  const { access } = space.cluster;
  const { ca = '', cert = '', key = '' } = access.tls;
  const socket = new WebSocket(`${access.server.replace('https', 'wss')}${path}`, about.protocol, { ca, cert, key });
  let text = '';
  let closed = false;
  socket.on('message', (data: Buffer) => {
    const channel = about.protocol === 'channel.k8s.io' ? data[0] : undefined;
    assert.ok(channel === undefined || channel === 1 || data.length === 1, `message on channel ${channel}: ${data}`);
    text += (channel === undefined ? data : data.subarray(1)).toString('utf8');
  });
  socket.on('error', (error) => (text += String(error)));
  socket.on('close', () => (closed = true));
  try {
    await until('the expected text', () => about.done(text) || closed, 20_000);
  } finally {
    socket.close();
  }
  return text;
}

describe('pods', { concurrency: 4 }, () => {
  test('from creation over patches and its status to a deletion by label', () =>
    inSpace(cluster, async (space) => {
      const { namespace, of } = space;
      const labels = { 'test-pod-static': 'true' };
      await space.create(Pods, idle('p', { labels, spec: { restartPolicy: 'Always' } }));
      const first = await space.until(Pods, 'p', isReady);
      const patch = {
        metadata: { labels: { 'test-pod': 'patched' } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'agnhost:1' }] },
      };
      const patched = await of(Pods).patch('p', patch, { type: 'strategic', namespace });
      assert.equal(patched.spec.containers[0]?.image, 'agnhost:1');
      assert.ok(Number(patched.metadata.resourceVersion) > Number(first.metadata.resourceVersion));
      // While the container is exchanged the pod stays as ready as it was.
      for (;;) {
        const read = await space.get(Pods, 'p');
        assert.deepEqual([condition(read, 'Ready'), condition(read, 'ContainersReady')], ['True', 'True']);
        const conditions = (read.status?.conditions ?? []).map((entry) =>
          ['Ready', 'ContainersReady'].includes(entry.type) ? { ...entry, status: 'False' } : entry,
        );
        try {
          const written = await of(Pods).update({ ...read, status: { ...read.status, conditions } }, { namespace, subresource: 'status' });
          assert.deepEqual([condition(written, 'Ready'), condition(written, 'ContainersReady')], ['False', 'False']);
          break;
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
      await space.until(Pods, 'p', (now) => isReady(now) && now.status?.containerStatuses?.[0]?.restartCount === 1);
      await of(Pods).deleteCollection({ namespace, labelSelector: 'test-pod-static=true' });
      await space.untilGone(Pods, 'p');
    }));

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
      await of(Pods).deleteCollection({ namespace, labelSelector: 'type=Testing' });
      await Promise.all(names.map((name) => space.untilGone(Pods, name)));
    }));

  test('a graceful deletion is told first, then the pod goes', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, idle('p'));
      await space.until(Pods, 'p', isReady);
      const { metadata } = (await space.of(Pods).delete('p', { namespace: space.namespace, options: { gracePeriodSeconds: 30 } })) as Pod;
      assert.ok(metadata.deletionTimestamp);
      assert.equal(metadata.deletionGracePeriodSeconds, 30);
      await space.untilGone(Pods, 'p');
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
      for (let tries = 0; tries < 5 && !text.includes('FOOSERVICE'); tries++) {
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

  test('commands and logs over raw WebSockets', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('p', shell('echo container is alive; sleep 10000')));
      await space.until(Pods, 'p', isReady);
      const base = `/api/v1/namespaces/${space.namespace}/pods/p`;
      const command = ['cat', '/etc/resolv.conf'].map((part) => `command=${encodeURIComponent(part)}`).join('&');
      const resolv = await websocket(space, `${base}/exec?stderr=1&stdout=1&container=main&${command}`, {
        protocol: 'channel.k8s.io',
        done: (text) => text.includes('nameserver'),
      });
      assert.match(resolv, /nameserver/);
      const log = await websocket(space, `${base}/log?container=main`, {
        protocol: 'binary.k8s.io',
        done: (text) => text.includes('alive'),
      });
      assert.equal(log, 'container is alive\n');
    }));

  test('the quality of service follows from requests and limits', () =>
    inSpace(cluster, async (space) => {
      const size = { cpu: '100m', memory: '100Mi' };
      const classes = { guaranteed: { requests: size, limits: size }, burstable: { requests: size }, best: {} };
      for (const [name, resources] of Object.entries(classes)) await space.create(Pods, pod(name, { resources }));
      const found = await Promise.all(Object.keys(classes).map(async (name) => (await space.get(Pods, name)).status?.qosClass));
      assert.deepEqual(found, ['Guaranteed', 'Burstable', 'BestEffort']);
    }));

  test('the generation grows with the specification only', () =>
    inSpace(cluster, async (space) => {
      const spec = { initContainers: [{ name: 'init', image: busybox, command: ['true'] }], restartPolicy: 'Always' };
      const made = await space.create(Pods, idle('p', { spec }));
      assert.equal(made.metadata.generation, 1);
      await space.until(Pods, 'p', isReady);
      const steps: [string, (pod: Pod) => Pod, number][] = [
        ['nothing', (now) => now, 1],
        [
          'tolerations',
          (now) => ({
            ...now,
            spec: {
              ...now.spec,
              tolerations: [...(now.spec.tolerations ?? []), { key: 'foo', operator: 'Equal', value: 'bar', effect: 'NoSchedule' }],
            },
          }),
          2,
        ],
        ['deadline', (now) => ({ ...now, spec: { ...now.spec, activeDeadlineSeconds: 5000 } }), 3],
        [
          'image',
          (now) => ({ ...now, spec: { ...now.spec, containers: now.spec.containers.map((one) => ({ ...one, image: 'agnhost:1' })) } }),
          4,
        ],
        ['annotations', (now) => ({ ...now, metadata: { ...now.metadata, annotations: { key: 'value' } } }), 4],
        ['generation', (now) => ({ ...now, metadata: { ...now.metadata, generation: 1 } }), 4],
      ];
      for (const [what, change, expected] of steps) {
        await update(space, 'p', change);
        assert.equal(await generation(space, 'p'), expected, what);
      }
      await space.until(Pods, 'p', (now) => now.status?.observedGeneration === 4);
    }));

  test('a generation of one’s own is not taken; a graceful deletion counts', () =>
    inSpace(cluster, async (space) => {
      const draft = idle('p');
      const made = await space.create(Pods, { ...draft, metadata: { ...draft.metadata, generation: 100 } });
      assert.equal(made.metadata.generation, 1);
      await space.until(Pods, 'p', isReady);
      await space.of(Pods).patch('p', { metadata: { finalizers: ['example.com/hold'] } }, { type: 'merge', namespace: space.namespace });
      await space.remove(Pods, 'p', 60);
      assert.equal(await generation(space, 'p'), 2);
      await space.of(Pods).patch('p', { metadata: { finalizers: null } }, { type: 'merge', namespace: space.namespace });
      await space.untilGone(Pods, 'p');
    }));

  test('500 quick changes are all observed in the end', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, idle('p', { spec: { restartPolicy: 'Always' } }));
      await space.until(Pods, 'p', isReady);
      for (let n = 0; n < 499; n++) {
        await update(space, 'p', (now) => ({
          ...now,
          spec: {
            ...now.spec,
            tolerations: [
              ...(now.spec.tolerations ?? []).filter(({ key }) => !key?.startsWith('t')),
              ...(now.spec.tolerations ?? []).filter(({ key }) => key?.startsWith('t')),
              { key: `t${n}`, operator: 'Equal', value: 'v', effect: 'NoSchedule' },
            ],
          },
        }));
      }
      assert.equal(await generation(space, 'p'), 500);
      await space.until(Pods, 'p', (now) => now.status?.observedGeneration === 500 && isReady(now));
    }));

  const steps = (command: string) => ['init1', 'init2'].map((name) => ({ name, image: busybox, command: [command] }));

  for (const restartPolicy of ['Never', 'Always'] as const) {
    test(`init containers run before the others: ${restartPolicy}`, () =>
      inSpace(cluster, async (space) => {
        const more = { spec: { restartPolicy, initContainers: steps('true') } };
        await space.create(Pods, restartPolicy === 'Never' ? pod('p', shell('true'), more) : idle('p', more));
        const ended = await space.until(Pods, 'p', (now) => (restartPolicy === 'Never' ? now.status?.phase === 'Succeeded' : isReady(now)));
        assert.equal(condition(ended, 'Initialized'), 'True');
        for (const status of ended.status?.initContainerStatuses ?? []) {
          assert.equal(status.ready, true);
          assert.equal(status.state?.terminated?.exitCode, 0);
        }
      }));
  }

  test('a failed init container fails a pod that is never restarted', () =>
    inSpace(cluster, async (space) => {
      const initContainers = [
        { name: 'init1', image: busybox, command: ['true'] },
        { name: 'init2', image: busybox, command: ['false'] },
      ];
      await space.create(Pods, pod('p', shell('true'), { spec: { initContainers } }));
      const ended = await space.until(Pods, 'p', (now) => now.status?.phase === 'Failed');
      const found = ended.status?.conditions?.find(({ type }) => type === 'Initialized');
      assert.deepEqual(
        [found?.status, found?.reason, found?.message],
        ['False', 'ContainersNotInitialized', 'containers with incomplete status: [init2]'],
      );
      const main = ended.status?.containerStatuses?.[0];
      assert.equal(main?.state?.waiting?.reason, 'PodInitializing');
    }));

  test('a failed init container is tried again when the pod restarts; nothing else starts', () =>
    inSpace(cluster, async (space) => {
      const initContainers = [
        { name: 'init1', image: busybox, command: ['false'] },
        { name: 'init2', image: busybox, command: ['true'] },
      ];
      await space.create(Pods, idle('p', { spec: { initContainers, restartPolicy: 'Always' } }));
      const now = await space.until(Pods, 'p', ({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 2, 60_000);
      assert.equal(now.status?.phase, 'Pending');
      assert.ok(now.status?.initContainerStatuses?.[0]?.lastState?.terminated);
      assert.equal(now.status?.initContainerStatuses?.[1]?.state?.waiting?.reason, 'PodInitializing');
      assert.equal(now.status?.containerStatuses?.[0]?.state?.waiting?.reason, 'PodInitializing');
      const found = now.status?.conditions?.find(({ type }) => type === 'Initialized');
      assert.equal(found?.message, 'containers with incomplete status: [init1 init2]');
    }));

  test('ephemeral containers are added, attached to and never changed', () =>
    inSpace(cluster, async (space) => {
      const { namespace } = space;
      await space.create(Pods, pod('p', shell('sleep 10000')));
      await space.until(Pods, 'p', isReady);
      const debug = (name: string) => ({
        name,
        image: busybox,
        command: ['sh', '-c', 'sleep 1; echo polo; sleep 10000'],
        stdin: true,
        tty: true,
        targetContainerName: 'main',
      });
      const options = { type: 'strategic', namespace, subresource: 'ephemeralcontainers' } as const;
      await space.of(Pods).patch('p', { spec: { ephemeralContainers: [debug('debugger')] } }, options);
      await space.until(Pods, 'p', ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.running);
      await until('the log of the ephemeral container', async () => (await space.logs('p', 'debugger')).includes('polo'), 20_000);
      await space.of(Pods).patch('p', { spec: { ephemeralContainers: [debug('debugger2')] } }, options);
      await space.until(Pods, 'p', ({ status }) => status?.ephemeralContainerStatuses?.[1]?.state?.running);
      assert.equal((await space.get(Pods, 'p')).spec.ephemeralContainers?.length, 2);
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
      await until(
        'the node offers it no more',
        async () => (await amount('allocatable')) === '' && (await amount('capacity')) === '',
        20_000,
      );
    }));
});
