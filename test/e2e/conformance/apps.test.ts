// Workloads on real containers, as the conformance suite tries them: sets with an order, one pod per node, jobs that fail.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Job } from '#api/batch/v1/job.ts';
import type { Draft } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { ControllerRevisions, DaemonSets, Jobs, PodDisruptionBudgets, Pods, StatefulSets } from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { type OneNodeCluster, startCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { busybox, inSpace, type Space } from './support.ts';

const minute = 60_000;

/** A container that is ready while a file of it is there. */
const serving = (version: string) => ({
  name: 'c',
  image: busybox,
  command: ['sh', '-c', 'touch /tmp/ready; trap "exit 0" TERM; while true; do sleep 1; done'],
  env: [{ name: 'VERSION', value: version }],
  readinessProbe: { exec: { command: ['cat', '/tmp/ready'] }, periodSeconds: 1, failureThreshold: 1 },
});
const labels = { app: 'web' };
const template = (version: string, more: object = {}) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 1, containers: [serving(version)], ...more },
});
const versionsOf = async (space: Space) =>
  (await space.list(Pods, 'app=web'))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((pod) => `${pod.metadata.name}=${pod.spec.containers[0]?.env?.[0]?.value}`);
const newVersion = (version: string) => ({ spec: { template: { spec: { containers: [serving(version)] } } } });
const patch = { type: 'strategic' } as const;

describe('workloads', { timeout: 6 * minute }, () => {
  let cluster: OneNodeCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster[Symbol.asyncDispose]());

  test('a StatefulSet comes and goes in order, halts at an unhealthy pod, and rolls back', () =>
    inSpace(cluster, async (space) => {
      const { namespace } = space;
      const ready = (count: number) =>
        space.until(StatefulSets, 'web', ({ status }) => status.replicas === count && (status.readyReplicas ?? 0) === count, minute);
      await space.create(StatefulSets, {
        metadata: { name: 'web' },
        spec: { replicas: 2, serviceName: 'web', selector: { matchLabels: labels }, template: template('1') },
      } as never);
      const first = await ready(2);
      assert.equal((await space.exec('web-1', 'hostname')).trim(), 'web-1');
      await space.exec('web-0', 'rm', '/tmp/ready');
      await space.until(Pods, 'web-0', (pod) => !isPodReady(pod));
      await space.of(StatefulSets).patch('web', { spec: { replicas: 3 } }, { type: 'merge', namespace });
      await space.until(StatefulSets, 'web', ({ status, metadata }) => status.observedGeneration === metadata.generation);
      assert.equal((await space.list(Pods, 'app=web')).length, 2, 'an unhealthy pod halts growing');
      await space.exec('web-0', 'touch', '/tmp/ready');
      await ready(3);

      await space.of(StatefulSets).patch('web', newVersion('2'), { ...patch, namespace });
      await until('version 2', async () => (await versionsOf(space)).join() === 'web-0=2,web-1=2,web-2=2', minute);
      await space.until(StatefulSets, 'web', ({ status }) => status.currentRevision === status.updateRevision, minute);
      await space.of(StatefulSets).patch('web', newVersion('1'), { ...patch, namespace });
      const back = await space.until(StatefulSets, 'web', ({ status }) => status.currentRevision === first.status.currentRevision, minute);
      assert.equal(back.status.updateRevision, first.status.updateRevision, 'the old revision is found again');
      await space.of(StatefulSets).patch('web', { spec: { replicas: 0 } }, { type: 'merge', namespace });
      await ready(0);
    }));

  test('a StatefulSet makes a pod again that the node refuses', () =>
    inSpace(cluster, async (space) => {
      const ports = [{ containerPort: 21017, hostPort: 21017 }];
      const container = { name: 'c', image: busybox, command: ['sleep', '3600'], ports };
      const spec = { nodeName: cluster.nodeName, terminationGracePeriodSeconds: 0, containers: [container] };
      await space.create(Pods, { metadata: { name: 'first' }, spec } as never);
      await space.until(Pods, 'first', ({ status }) => status.phase === 'Running');
      await space.create(StatefulSets, {
        metadata: { name: 'late' },
        spec: { serviceName: 'late', selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      } as never);
      const failed = await space.until(Pods, 'late-0', ({ status }) => status.phase === 'Failed');
      await space.until(Pods, 'late-0', ({ metadata }) => metadata.uid !== failed.metadata.uid);
      await space.remove(Pods, 'first', 0);
      await space.until(Pods, 'late-0', ({ status }) => status.phase === 'Running', minute);
    }));

  test('a DaemonSet runs on the node, replaces a failed pod, and rolls', () =>
    inSpace(cluster, async (space) => {
      const { namespace } = space;
      await space.create(DaemonSets, {
        metadata: { name: 'web' },
        spec: { selector: { matchLabels: labels }, template: template('1') },
      } as never);
      const available = () =>
        space.until(
          DaemonSets,
          'web',
          ({ status, metadata }) =>
            status.numberAvailable === 1 && status.updatedNumberScheduled === 1 && status.observedGeneration === metadata.generation,
          minute,
        );
      await available();
      const [pod] = await space.list(Pods, 'app=web');
      const status = { phase: 'Failed' as const };
      await space.of(Pods).patch(pod?.metadata.name ?? '', { status }, { type: 'merge', subresource: 'status', namespace });
      await until(
        'replaced',
        async () => {
          const list = await space.list(Pods, 'app=web');
          return list.length === 1 && list[0]?.metadata.uid !== pod?.metadata.uid;
        },
        minute,
      );
      await available();
      await space.of(DaemonSets).patch('web', newVersion('2'), { ...patch, namespace });
      await until('version 2', async () => (await versionsOf(space)).every((text) => text.endsWith('=2')), minute);
      await available();
      const revisions = await space.list(ControllerRevisions, 'app=web');
      assert.deepEqual(revisions.map(({ revision }) => revision).toSorted(), [1, 2]);
    }));

  const job = (name: string, script: string, spec: Draft<Job['spec']> = {}, pod: object = {}) =>
    ({
      metadata: { name },
      spec: {
        ...spec,
        template: {
          spec: {
            restartPolicy: 'Never',
            terminationGracePeriodSeconds: 0,
            containers: [{ name: 'c', image: busybox, command: ['sh', '-c', script] }],
            ...pod,
          },
        },
      },
    }) as Draft<Job>;
  const ended = (space: Space, name: string, type: 'Complete' | 'Failed') =>
    space.until(
      Jobs,
      name,
      ({ status }) => status.conditions?.some((condition) => condition.type === type && condition.status === 'True'),
      minute,
    );

  test('jobs: restarted in place, indexed, failing by index, succeeding early', () =>
    inSpace(cluster, async (space) => {
      const once = 'if [ -f /data/seen ]; then exit 0; fi; touch /data/seen; exit 1';
      const data = { volumes: [{ name: 'data', emptyDir: {} }] };
      const container = { name: 'c', image: busybox, command: ['sh', '-c', once], volumeMounts: [{ name: 'data', mountPath: '/data' }] };
      await space.create(
        Jobs,
        job('local', '', { completions: 2, parallelism: 2 }, { restartPolicy: 'OnFailure', containers: [container], ...data }),
      );
      const indexed = { completions: 3, parallelism: 3, completionMode: 'Indexed' } as const;
      await space.create(Jobs, job('named', 'test "$(hostname)" = "named-$JOB_COMPLETION_INDEX"', indexed));
      const policy = { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }] };
      await space.create(
        Jobs,
        job('partly', '[ $JOB_COMPLETION_INDEX != 1 ] || exit 42', {
          ...indexed,
          backoffLimitPerIndex: 1,
          podFailurePolicy: policy,
        } as never),
      );
      const early = { rules: [{ succeededIndexes: '0' }] };
      await space.create(Jobs, job('early', '[ $JOB_COMPLETION_INDEX = 0 ] || sleep 3600', { ...indexed, successPolicy: early } as never));
      assert.equal((await ended(space, 'local', 'Complete')).status.succeeded, 2);
      assert.equal((await ended(space, 'named', 'Complete')).status.completedIndexes, '0-2');
      const partly = (await ended(space, 'partly', 'Failed')).status;
      assert.deepEqual([partly.completedIndexes, partly.failedIndexes], ['0,2', '1']);
      const done = await ended(space, 'early', 'Complete');
      assert.equal(done.status.completedIndexes, '0');
      assert.deepEqual([done.status.active ?? 0, done.status.ready ?? 0, done.status.terminating ?? 0], [0, 0, 0]);
      assert.ok((await space.list(Pods)).every(({ metadata }) => metadata.finalizers === undefined));
    }));

  test('a disruption budget keeps pods until it allows their eviction', () =>
    inSpace(cluster, async (space) => {
      const { namespace } = space;
      await space.create(PodDisruptionBudgets, {
        metadata: { name: 'web' },
        spec: { minAvailable: 1, selector: { matchLabels: labels } },
      } as never);
      await space.create(Pods, { metadata: { name: 'one', labels }, spec: template('1').spec } as never);
      await space.until(PodDisruptionBudgets, 'web', ({ status }) => status.currentHealthy === 1, minute);
      const evict = () =>
        space
          .of(Pods)
          .createSub('one', 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'one', namespace } }, { namespace });
      await assert.rejects(
        evict(),
        ({ code, status }: StatusError) => code === 429 && status.details?.causes?.[0]?.reason === 'DisruptionBudget',
      );
      await space.create(Pods, { metadata: { name: 'two', labels }, spec: template('1').spec } as never);
      await space.until(PodDisruptionBudgets, 'web', ({ status }) => status.disruptionsAllowed === 1, minute);
      await evict();
      await space.untilGone(Pods, 'one');
    }));
});
