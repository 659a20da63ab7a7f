// Preemption through the real API: what the scheduling conformance tests do, on nodes without machines.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PodDisruptionBudgets, Pods, PriorityClasses, Events } from '#api/refs.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { isNotFound } from '#api/status.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { createNodes, standInAgent } from '../../support/simplenodes.ts';
import { until } from '../../support/until.ts';

const foo = 'scheduling.k8s.io/foo';
let bench: ControllerBench;
let stopAgent: () => void;

before(async () => {
  bench = await withControllers((deps) => [startScheduler(deps)]);
  stopAgent = standInAgent(bench.client, bench.informers);
  await createNodes(bench.client, [
    { name: 'one', resources: { [foo]: '3' } },
    { name: 'two', resources: { [foo]: '3' } },
  ]);
  for (const [name, value] of Object.entries({ low: 1, medium: 100, high: 1000 }))
    await bench.client.resource(PriorityClasses).create({ metadata: { name }, value });
  await bench.client.resource(PriorityClasses).create({ metadata: { name: 'polite' }, value: 1000, preemptionPolicy: 'Never' });
});
after(async () => {
  stopAgent();
  await bench[Symbol.asyncDispose]();
});

const pods = () => bench.client.resource(Pods);

interface Wish {
  readonly name: string;
  readonly priorityClassName?: string;
  readonly amount?: string;
  readonly node?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly spec?: Draft<Pod['spec']>;
}

async function create({
  name,
  priorityClassName,
  amount = '2',
  node,
  namespace = 'default',
  labels,
  finalizers,
  spec,
}: Wish): Promise<Pod> {
  const resources = { requests: { [foo]: amount }, limits: { [foo]: amount } };
  const onNode = { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [node ?? ''] }] };
  return pods().create(
    {
      metadata: { name, ...(labels ? { labels } : {}), ...(finalizers ? { finalizers } : {}) },
      spec: {
        containers: [{ name: 'c', image: 'pause', resources }],
        ...(priorityClassName ? { priorityClassName } : {}),
        ...(node
          ? { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onNode] } } } }
          : {}),
        ...spec,
      },
    },
    { namespace },
  );
}

async function find(name: string, namespace = 'default'): Promise<Pod | undefined> {
  return pods()
    .get(name, { namespace })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
}

async function bound(name: string, namespace = 'default'): Promise<Pod> {
  return until(
    `${name} is bound`,
    async () => {
      const pod = await find(name, namespace);
      return pod?.spec.nodeName ? pod : undefined;
    },
    60_000,
  );
}

async function gone(name: string): Promise<void> {
  await until(`${name} is gone`, async () => (await find(name)) === undefined, 60_000);
}

async function clear(...names: string[]): Promise<void> {
  for (const name of names) {
    const namespace = name === 'critical' ? 'kube-system' : 'default';
    await pods()
      .delete(name, { namespace, options: { gracePeriodSeconds: 0 } })
      .catch(() => undefined);
    await until(`${name} is gone`, async () => (await find(name, namespace)) === undefined, 60_000);
  }
}

async function fillBoth(): Promise<void> {
  await create({ name: 'victim', priorityClassName: 'low', node: 'one' });
  await create({ name: 'other', priorityClassName: 'medium', node: 'two' });
  await bound('victim');
  await bound('other');
}

test('a pod of high priority takes the place of the one of lowest priority', async () => {
  await fillBoth();
  await create({ name: 'preemptor', priorityClassName: 'high' });
  const pod = await bound('preemptor');
  assert.equal(pod.spec.nodeName, 'one');
  await gone('victim');
  assert.equal((await find('other'))?.metadata.deletionTimestamp, undefined);
  const event = await until('the event', async () => {
    const { items } = await bench.client.resource(Events).list({ namespace: 'default' });
    return items.find((item) => item.reason === 'Preempted');
  });
  assert.equal(event.message, `Preempted by pod ${pod.metadata.uid ?? ''} on node one`);
  assert.equal(event.involvedObject.name, 'victim');
  await clear('preemptor', 'other');
});

test('a critical pod preempts', async () => {
  await fillBoth();
  await create({ name: 'critical', namespace: 'kube-system', priorityClassName: 'system-cluster-critical' });
  assert.equal((await bound('critical', 'kube-system')).spec.nodeName, 'one');
  await gone('victim');
  await clear('critical', 'other');
});

test('the victim carries the condition, the preemptor its nomination', async () => {
  await create({ name: 'victim', priorityClassName: 'low', node: 'one', finalizers: ['example.com/test'] });
  await bound('victim');
  await create({ name: 'preemptor', priorityClassName: 'high', node: 'one' });
  const victim = await until('the victim is terminating', async () => {
    const pod = await find('victim');
    return pod?.metadata.deletionTimestamp === undefined ? undefined : pod;
  });
  const condition = victim.status.conditions?.find((item) => item.type === 'DisruptionTarget');
  assert.equal(condition?.status, 'True');
  assert.equal(condition?.reason, 'PreemptionByScheduler');
  assert.equal(condition?.message, 'default-scheduler: preempting to accommodate a higher priority pod');
  const nominated = await until('the nomination', async () => {
    const pod = await find('preemptor');
    return pod?.status.nominatedNodeName === 'one' ? pod : undefined;
  });
  const scheduled = nominated.status.conditions?.find((item) => item.type === 'PodScheduled');
  assert.equal(scheduled?.reason, 'Unschedulable');
  await pods().patch('victim', { metadata: { finalizers: null } }, { type: 'merge', namespace: 'default' });
  const placed = await bound('preemptor');
  assert.equal(placed.spec.nodeName, 'one');
  assert.equal(placed.status.nominatedNodeName, undefined);
  await clear('preemptor');
});

test('a pod that never preempts says so', async () => {
  await create({ name: 'victim', priorityClassName: 'low', node: 'one' });
  await bound('victim');
  await create({ name: 'polite', priorityClassName: 'polite', node: 'one' });
  const message = await until(
    'the condition',
    async () => (await find('polite'))?.status.conditions?.find((item) => item.type === 'PodScheduled' && item.status === 'False')?.message,
  );
  assert.equal(
    message,
    `0/2 nodes are available: 1 Insufficient ${foo}, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.`,
  );
  await clear('victim', 'polite');
});

test('pods that no budget protects go first', async () => {
  await create({ name: 'kept', priorityClassName: 'low', amount: '2', node: 'one', labels: { app: 'kept' } });
  await create({ name: 'free', priorityClassName: 'medium', amount: '2', node: 'two' });
  await bench.client
    .resource(PodDisruptionBudgets)
    .create(
      { metadata: { name: 'kept' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'kept' } } } },
      { namespace: 'default' },
    );
  await bound('kept');
  await bound('free');
  await until('the budget is known', () => bench.informers.of(PodDisruptionBudgets).lister.get('kept', 'default'));
  await create({ name: 'preemptor', priorityClassName: 'high' });
  assert.equal((await bound('preemptor')).spec.nodeName, 'two');
  assert.notEqual(await find('kept'), undefined);
  await clear('kept', 'free', 'preemptor');
});

test('nobody lower: the message says that no victims were found', async () => {
  await fillBoth();
  await create({ name: 'late', priorityClassName: 'low' });
  const message = await until(
    'the condition',
    async () => (await find('late'))?.status.conditions?.find((item) => item.type === 'PodScheduled' && item.status === 'False')?.message,
  );
  assert.equal(
    message,
    `0/2 nodes are available: 2 Insufficient ${foo}. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.`,
  );
  await clear('victim');
  assert.equal((await bound('late')).spec.nodeName, 'one');
  await clear('late', 'other');
});
