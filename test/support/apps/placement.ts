// Scheduling, as test/e2e/scheduling/{predicates,preemption,limit_range}.go of the conformance suite try it.
import assert from 'node:assert/strict';
import type { Pod } from '#api/core/v1/pod.ts';
import { conditionOf } from '#api/podutil.ts';
import { Events, LimitRanges, Nodes, Pods, PriorityClasses, ReplicaSets } from '#api/refs.ts';
import { isForbidden, isInvalid, isNotFound } from '#api/status.ts';
import { until } from '../until.ts';
import { busybox, event, type Ground, patience, named, patched, removing, schedulableNodes, updated, versionOf } from './ground.ts';
import { deleteCollection } from './parts.ts';

const pause = (spec: object = {}, container: object = {}): object => ({
  terminationGracePeriodSeconds: 1,
  containers: [{ name: 'c', image: busybox, command: ['sleep', '1000000'], ...container }],
  ...spec,
});
const make = (ground: Ground, name: string, spec: object, metadata: object = {}): Promise<Pod> =>
  ground.create(Pods, { metadata: { name, ...metadata }, spec } as never);
const runs = (ground: Ground, name: string) => ground.until(Pods, name, ({ status }) => status.phase === 'Running', patience);
const isRefused = (pod: Pod): boolean => {
  const condition = conditionOf(pod.status.conditions, 'PodScheduled');
  return condition?.status === 'False' && condition.reason === 'Unschedulable';
};
const refused = (ground: Ground, name: string) => ground.until(Pods, name, isRefused, patience);
const failedScheduling = (ground: Ground, name: string) =>
  until('the event is there', async () => {
    const { items } = await ground
      .of(Events)
      .list({ namespace: ground.namespace, fieldSelector: `involvedObject.name=${name},reason=FailedScheduling` });
    return items[0]?.message;
  });
const onNode = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } });

/** What is said of a node that offers a resource only for this scenario. */
async function offering(
  ground: Ground,
  resource: string,
  amount: string,
  nodes: readonly string[],
  body: () => Promise<void>,
): Promise<void> {
  const tell = (value: string | null) =>
    Promise.all(
      nodes.map((node) =>
        ground.of(Nodes).patch(node, { status: { capacity: { [resource]: value } } }, { type: 'strategic', subresource: 'status' }),
      ),
    );
  await tell(amount);
  try {
    // Only the capacity is told: that pods may use it is the node's own conclusion.
    for (const node of nodes)
      await until(
        'the node offers it',
        async () => (await ground.of(Nodes).get(node)).status.allocatable?.[resource] !== undefined,
        patience,
      );
    await body();
  } finally {
    await tell(null);
  }
}

export async function resourceLimits(ground: Ground): Promise<void> {
  const nodes = await schedulableNodes(ground);
  const resource = `example.com/beardsecond-${ground.namespace}`;
  const wanting = (amount: string) => ({ resources: { requests: { [resource]: amount }, limits: { [resource]: amount } } });
  await offering(ground, resource, '1000', nodes, async () => {
    for (const [index, node] of nodes.entries()) await make(ground, `filler-${index}`, pause(onNode(node), wanting('700')));
    for (const index of nodes.keys()) await runs(ground, `filler-${index}`);
    await make(ground, 'additional-pod', pause({}, wanting('500')));
    await refused(ground, 'additional-pod');
    assert.match(
      (await failedScheduling(ground, 'additional-pod')) ?? '',
      new RegExp(`^0/${nodes.length} nodes are available: ${nodes.length} Insufficient example\\.com/beardsecond-`),
    );
  });
}

export async function selectorUnmatched(ground: Ground): Promise<void> {
  await make(ground, 'restricted-pod', pause({ nodeSelector: { label: 'nonempty' } }));
  await refused(ground, 'restricted-pod');
  assert.match((await failedScheduling(ground, 'restricted-pod')) ?? '', /node\(s\) didn't match Pod's node affinity\/selector/);
}

export async function selectorMatched(ground: Ground): Promise<void> {
  const [node = ''] = await schedulableNodes(ground);
  const key = `kubernetes.io/e2e-${ground.namespace}`;
  const label = (value: string | null) => ground.of(Nodes).patch(node, { metadata: { labels: { [key]: value } } }, { type: 'merge' });
  await label('42');
  try {
    await make(ground, 'with-labels', pause({ nodeSelector: { 'kubernetes.io/hostname': node, [key]: '42' } }));
    assert.equal((await runs(ground, 'with-labels')).spec.nodeName, node);
  } finally {
    await label(null);
  }
}

export async function hostPortConflict(ground: Ground): Promise<void> {
  const [node = ''] = await schedulableNodes(ground);
  const { status } = await ground.of(Nodes).get(node);
  const hostIP = status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
  const port = (address: string) => ({ ports: [{ containerPort: 8080, hostPort: 54_322, protocol: 'TCP', hostIP: address }] });
  await make(ground, 'pod4', pause(onNode(node), port('0.0.0.0')));
  await runs(ground, 'pod4');
  await make(ground, 'pod5', pause(onNode(node), port(hostIP)));
  await refused(ground, 'pod5');
}

/** Classes of these priorities, by name as they are called here. */
async function priorities(
  ground: Ground,
  values: Readonly<Record<string, number>>,
  body: (name: (short: string) => string) => Promise<void>,
) {
  const prefix = named('priority');
  const name = (short: string) => `${prefix}-${short}`;
  const names = Object.keys(values).map(name);
  for (const [short, value] of Object.entries(values)) await ground.of(PriorityClasses).create({ metadata: { name: name(short) }, value });
  await removing(ground, PriorityClasses, names, () => body(name));
}

/** Two thirds of every node are taken by pods of low priority on the first node and of medium on the others. */
async function filled(
  ground: Ground,
  body: (about: { wants: object; nodes: readonly string[]; name: (short: string) => string }) => Promise<void>,
) {
  const resource = `scheduling.k8s.io/foo-${ground.namespace}`;
  const nodes = await schedulableNodes(ground);
  const wants = { resources: { requests: { [resource]: '2' }, limits: { [resource]: '2' } } };
  await priorities(ground, { low: 1, medium: 100, high: 1000 }, (name) =>
    offering(ground, resource, '3', nodes, async () => {
      for (const [index, node] of nodes.entries()) {
        const priorityClassName = name(index === 0 ? 'low' : 'medium');
        const metadata = index === 0 ? { finalizers: ['example.com/test-finalizer'] } : {};
        await make(ground, `pod${index}`, pause({ priorityClassName, ...onNode(node) }, wants), metadata);
      }
      for (const index of nodes.keys()) await runs(ground, `pod${index}`);
      await body({ wants, nodes, name });
    }),
  );
}
/** The victim terminates with the condition, and goes when its finalizer does. */
async function victimGoes(ground: Ground): Promise<Pod> {
  const victim = await ground.until(Pods, 'pod0', ({ metadata }) => metadata.deletionTimestamp !== undefined, patience);
  await patched(ground, Pods, 'pod0', { metadata: { finalizers: null } }, { type: 'merge' });
  await ground.untilGone(Pods, 'pod0', patience);
  return victim;
}

export const preempts = (ground: Ground): Promise<void> =>
  filled(ground, async ({ wants, nodes, name }) => {
    await make(ground, 'preemptor', pause({ priorityClassName: name('high') }, wants));
    await victimGoes(ground);
    assert.equal((await runs(ground, 'preemptor')).spec.nodeName, nodes[0]);
    for (const index of nodes.keys()) {
      if (index > 0) assert.equal((await ground.get(Pods, `pod${index}`)).metadata.deletionTimestamp, undefined);
    }
  });

export const criticalPreempts = (ground: Ground): Promise<void> =>
  filled(ground, async ({ wants, nodes }) => {
    const name = named('critical-pod');
    const namespace = 'kube-system';
    const spec = pause({ priorityClassName: 'system-cluster-critical' }, wants);
    await ground.of(Pods).create({ metadata: { name }, spec } as never, { namespace });
    try {
      await victimGoes(ground);
      const critical = await until(
        'the critical pod runs',
        async () => {
          const pod = await ground.of(Pods).get(name, { namespace });
          return pod.status.phase === 'Running' && pod;
        },
        patience,
      );
      assert.equal(critical.spec.nodeName, nodes[0]);
    } finally {
      await ground.of(Pods).delete(name, { namespace, options: { gracePeriodSeconds: 0 } });
    }
  });

export const victimIsTold = (ground: Ground): Promise<void> =>
  filled(ground, async ({ wants, name }) => {
    await make(ground, 'preemptor', pause({ priorityClassName: name('high') }, wants));
    const condition = conditionOf((await victimGoes(ground)).status.conditions, 'DisruptionTarget');
    assert.deepEqual([condition?.status, condition?.reason], ['True', 'PreemptionByScheduler']);
    await runs(ground, 'preemptor');
    const told = /FailedScheduling .*nodes are available: .*Insufficient scheduling\.k8s\.io\/foo-/;
    await until('it is described', async () => told.test(await ground.kubectl.ok('describe', 'pod', 'preemptor')));
  });

export async function preemptsReplicas(ground: Ground): Promise<void> {
  const resource = `example.com/fakecpu-${ground.namespace}`;
  const [node = ''] = await schedulableNodes(ground);
  const wants = (amount: string) => ({ resources: { requests: { [resource]: amount }, limits: { [resource]: amount } } });
  await priorities(ground, { p1: 1, p2: 2, p3: 3, p4: 4 }, (name) =>
    offering(ground, resource, '1000', [node], async () => {
      const from = await versionOf(ground, Pods);
      for (const [index, amount] of ['200', '300', '450'].entries()) {
        const labels = { name: `pod${index + 1}` };
        const spec = pause({ priorityClassName: name(`p${index + 1}`), ...onNode(node) }, wants(amount));
        await ground.create(ReplicaSets, {
          metadata: { name: `rs-pod${index + 1}` },
          spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
        } as never);
        await ground.until(ReplicaSets, `rs-pod${index + 1}`, ({ status }) => status.availableReplicas === 1, patience);
      }
      await make(ground, 'pod4', pause({ priorityClassName: name('p4'), ...onNode(node) }, wants('500')));
      await runs(ground, 'pod4');
      // The first two were preempted once each and made again, the third never.
      const made = { pod1: 0, pod2: 0, pod3: 0 };
      await event(ground, Pods, { resourceVersion: from }, ({ type, object }) => {
        const key = object.metadata.labels?.['name'] as keyof typeof made;
        if (type === 'ADDED' && key in made) made[key]++;
        return made.pod1 === 2 && made.pod2 === 2;
      });
      await until(
        'those made again find no place',
        async () => {
          const pods = (await ground.list(Pods)).filter(({ metadata }) => metadata.name !== 'pod4');
          return pods.length === 3 && pods.filter(({ metadata }) => metadata.labels?.['name'] !== 'pod3').every(isRefused);
        },
        patience,
      );
      assert.deepEqual(made, { pod1: 2, pod2: 2, pod3: 1 });
    }),
  );
}

export const priorityClasses = (ground: Ground): Promise<void> =>
  priorities(ground, { p1: 1, p2: 2 }, async (name) => {
    const classes = ground.of(PriorityClasses);
    await assert.rejects(classes.patch(name('p1'), { value: 10 }, { type: 'strategic' }), isForbiddenOrInvalid);
    await assert.rejects(
      updated(ground, PriorityClasses, name('p2'), (old) => ({ ...old, value: 20 })),
      isForbiddenOrInvalid,
    );
    await classes.patch(name('p1'), { description: 'updated description' }, { type: 'strategic' });
    const second = await classes.get(name('p2'));
    await classes.update({ ...second, description: 'updated description' });
    assert.ok((await classes.list()).items.some(({ metadata }) => metadata.name === name('p2')));
    for (const [short, value] of [
      ['p1', 1],
      ['p2', 2],
    ] as const) {
      const read = await classes.get(name(short));
      assert.deepEqual([read.value, read.description], [value, 'updated description']);
    }
  });
const isForbiddenOrInvalid = (error: unknown): boolean => isForbidden(error) || isInvalid(error);

const amounts = (cpu: string, memory: string, storage: string) => ({ cpu, memory, 'ephemeral-storage': storage });
const limits = {
  min: amounts('50m', '100Mi', '100Gi'),
  max: amounts('500m', '500Mi', '500Gi'),
  default: amounts('500m', '500Mi', '500Gi'),
  defaultRequest: amounts('100m', '200Mi', '200Gi'),
};
const resourcesOf = (pod: Pod) => pod.spec.containers[0]?.resources;

export async function limitRange(ground: Ground): Promise<void> {
  const item = { type: 'Container', ...limits };
  const from = await versionOf(ground, LimitRanges);
  const made = await ground.create(LimitRanges, { metadata: { name: 'limit-range' }, spec: { limits: [item] } } as never);
  await event(
    ground,
    LimitRanges,
    { resourceVersion: from },
    ({ type, object }) => type === 'ADDED' && object.metadata.uid === made.metadata.uid,
  );
  assert.deepEqual((await ground.get(LimitRanges, 'limit-range')).spec.limits[0], item);
  // A node that does not exist: the resources are what matters.
  const bare = (container: object = {}) => pause({ nodeSelector: { none: 'none' } }, container);
  const none = await make(ground, 'pod-no-resources', bare());
  assert.deepEqual(resourcesOf(none), { requests: limits.defaultRequest, limits: limits.default });
  const resources = { requests: { cpu: '300m' }, limits: { memory: '300Mi' } };
  const part = await make(ground, 'pod-partial-resources', bare({ resources }));
  assert.deepEqual(resourcesOf(part), {
    requests: { cpu: '300m', memory: '300Mi', 'ephemeral-storage': '200Gi' },
    limits: { cpu: '500m', memory: '300Mi', 'ephemeral-storage': '500Gi' },
  });
  await assert.rejects(make(ground, 'below', bare({ resources: { requests: amounts('10m', '50Mi', '50Gi') } })), isForbidden);
  await assert.rejects(make(ground, 'above', bare({ resources: { requests: amounts('600m', '600Mi', '600Gi') } })), isForbiddenOrInvalid);
  const newMin = amounts('9m', '49Mi', '49Gi');
  const newer = await updated(ground, LimitRanges, 'limit-range', (old) => ({ ...old, spec: { limits: [{ ...item, min: newMin }] } }));
  assert.deepEqual(newer.spec.limits[0]?.min, newMin);
  await until('pods below the old minimum are let in', async () => {
    const pod = await make(ground, 'below', bare({ resources: { requests: amounts('10m', '50Mi', '50Gi') } })).catch(() => undefined);
    return pod !== undefined;
  });
  await assert.rejects(make(ground, 'above', bare({ resources: { requests: amounts('600m', '600Mi', '600Gi') } })), isForbiddenOrInvalid);
  await ground.remove(LimitRanges, 'limit-range');
  await assert.rejects(ground.get(LimitRanges, 'limit-range'), isNotFound);
  await until('what is above the old maximum is let in', async () => {
    const big = { requests: amounts('600m', '600Mi', '600Gi'), limits: amounts('600m', '600Mi', '600Gi') };
    return (await make(ground, 'above', bare({ resources: big })).catch(() => undefined)) !== undefined;
  });
}

export async function limitRanges(ground: Ground): Promise<void> {
  const label = named('ranges');
  const labelSelector = `ranges=${label}`;
  const spec = { limits: [{ type: 'Container', ...limits }] };
  await ground.create(LimitRanges, { metadata: { name: 'e2e-limitrange', labels: { ranges: label } }, spec } as never);
  const { items } = await ground.of(LimitRanges).list({ labelSelector });
  assert.equal(items.length, 1);
  const body = { metadata: { labels: { patched: 'yes' } }, spec: { limits: [{ type: 'Container', min: { cpu: '40m' } }] } };
  const next = await patched(ground, LimitRanges, 'e2e-limitrange', body);
  assert.deepEqual([next.metadata.labels?.['patched'], next.spec.limits[0]?.min?.['cpu']], ['yes', '40m']);
  await deleteCollection(ground, LimitRanges, labelSelector, 1);
}
