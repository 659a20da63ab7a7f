// Extenders over HTTPS, with the whole scheduler and the real API server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Events, Nodes, Pods, PriorityClasses } from '#api/refs.ts';
import { createWorld } from '#host/world.ts';
import { parseYaml } from '#format/yaml.ts';
import { readConfig } from '#scheduler/config/config.ts';
import { type Scheduler, startScheduler } from '#scheduler/scheduler.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { createNodes, standInAgent } from '../../support/simplenodes.ts';
import { until } from '../../support/until.ts';
import { startWebhooks, type WebhookPath, type WebhookServer } from '../../support/webhooks.ts';

const [license, whole, bound] = ['example.com/license', 'example.com/whole', 'example.com/bound'];
const patience = 60_000;
let server: WebhookServer;
let bench: ControllerBench;
let scheduler: Scheduler;
let stopAgent: () => void;

before(async () => {
  server = await startWebhooks(createWorld({ logLevel: 'error' }), {});
  const tls = `tlsConfig: {caData: ${server.caBundle}}`;
  const config = readConfig(
    parseYaml(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
extenders:
  - urlPrefix: ${server.url}/a
    filterVerb: filter
    prioritizeVerb: prioritize
    preemptVerb: preempt
    weight: 5
    nodeCacheCapable: true
    ${tls}
    managedResources: [{name: ${license}, ignoredByScheduler: true}]
  - urlPrefix: ${server.url}/b/
    filterVerb: filter
    enableHTTPS: true
    ignorable: true
    managedResources: [{name: ${whole}, ignoredByScheduler: true}]
  - urlPrefix: ${server.url}/c
    bindVerb: bind
    ${tls}
    managedResources: [{name: ${bound}, ignoredByScheduler: true}]
`),
  );
  bench = await withControllers((deps) => [(scheduler = startScheduler({ ...deps, config }))]);
  stopAgent = standInAgent(bench.client, bench.informers);
  await createNodes(bench.client, [{ name: 'one' }, { name: 'two' }, { name: 'three' }]);
  await bench.client.resource(PriorityClasses).create({ metadata: { name: 'high' }, value: 1000 });
});
after(async () => {
  stopAgent();
  await bench[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const pods = () => bench.client.resource(Pods);
const extend = (paths: Readonly<Record<string, WebhookPath>>): void => {
  server.asked.length = 0;
  server.paths.clear();
  for (const [path, answer] of Object.entries(paths)) server.paths.set(path, answer);
};
const askedAt = (path: string) => server.asked.filter((one) => one.url === path).map((one) => one.body);

async function create(
  name: string,
  resource: string,
  more: { readonly cpu?: string; readonly priorityClassName?: string } = {},
): Promise<void> {
  const { cpu, ...spec } = more;
  const amounts = { [resource]: '1', ...(cpu ? { cpu } : {}) };
  const resources = { requests: amounts, limits: amounts };
  await pods().create(
    { metadata: { name }, spec: { containers: [{ name: 'c', image: 'pause', resources }], ...spec } },
    { namespace: 'default' },
  );
}

const placed = (name: string): Promise<string> =>
  until(`${name} has a node`, async () => (await pods().get(name, { namespace: 'default' })).spec.nodeName || undefined, patience);

const pending = (name: string, reason: string): Promise<string> =>
  until(
    `${name} is told to be ${reason}`,
    async () => {
      const pod: Pod = await pods().get(name, { namespace: 'default' });
      const condition = pod.status.conditions?.find((item) => item.type === 'PodScheduled' && item.status === 'False');
      return condition?.reason === reason ? condition.message : undefined;
    },
    patience,
  );

test('an extender rules out nodes and prefers one of the rest', async () => {
  extend({
    '/a/filter': () => ({ body: { NodeNames: ['one', 'three'], FailedNodes: { two: 'no license' } } }),
    '/a/prioritize': () => ({
      body: [
        { Host: 'one', Score: 1 },
        { Host: 'three', Score: 10 },
      ],
    }),
  });
  await create('liked', license);
  assert.equal(await placed('liked'), 'three');
  const [filter] = askedAt('/a/filter');
  assert.equal(filter.Pod.metadata.name, 'liked');
  assert.equal(filter.Nodes, null);
  assert.deepEqual(filter.NodeNames.toSorted(), ['one', 'three', 'two']);
  assert.deepEqual(askedAt('/a/prioritize')[0].NodeNames.toSorted(), ['one', 'three']);
  assert.equal(server.asked.length, 2, 'the others have nothing to do with it');
});

test('rejected by an extender, the pod says why, and comes back when the cluster changes', async () => {
  let open = false;
  extend({
    '/a/filter': () => ({
      body: open
        ? { NodeNames: ['two'] }
        : { NodeNames: [], FailedNodes: { one: 'no license', two: 'no license' }, FailedAndUnresolvableNodes: { three: 'no socket' } },
    }),
  });
  await create('waiting', license);
  const message = await pending('waiting', 'Unschedulable');
  assert.match(message, /^0\/3 nodes are available: 1 no socket, 2 no license\. /);
  const verdict = scheduler.verdicts('default').find((item) => item.metadata.name === 'waiting');
  assert.deepEqual(
    verdict?.nodes.find((item) => item.name === 'three'),
    {
      name: 'three',
      plugin: 'Extender',
      code: 'UnschedulableAndUnresolvable',
      reasons: ['no socket'],
    },
  );
  open = true;
  await bench.client.resource(Nodes).patch('one', { metadata: { labels: { changed: 'yes' } } }, { type: 'merge' });
  assert.equal(await placed('waiting'), 'two');
});

test('an extender that fails fails the attempt, which is tried again', async () => {
  let works = false;
  extend({
    '/a/filter': () => (works ? { body: { NodeNames: ['one'] } } : { status: 500, text: 'oops' }),
  });
  await create('hindered', license);
  const message = await pending('hindered', 'SchedulerError');
  assert.equal(message, `failed filter with extender at URL ${server.url}/a/filter, code 500`);
  works = true;
  assert.equal(await placed('hindered'), 'one');
});

test('one that may be ignored does not stop anybody; whole nodes are told to those who do not know them', async () => {
  extend({ '/b/filter': () => ({ status: 503, text: 'later' }) });
  await create('unhindered', whole);
  await placed('unhindered');
  extend({
    '/b/filter': ({ body }) => ({
      body: { nodes: { items: body.Nodes.items.filter((item: { metadata: { name: string } }) => item.metadata.name === 'two') } },
    }),
  });
  await create('directed', whole);
  assert.equal(await placed('directed'), 'two');
  const [asked] = askedAt('/b/filter');
  assert.equal(asked.NodeNames, null);
  assert.equal(asked.Nodes.items[0].status.allocatable.cpu, '4');
});

test('an extender binds; what it says against it is told', async () => {
  let willing = false;
  extend({
    '/c/bind': async ({ body }) => {
      if (!willing) return { body: { Error: 'not today' } };
      const { PodName: name, PodNamespace: namespace, PodUID: uid, Node: node } = body;
      await pods().createSub(
        name,
        'binding',
        { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { kind: 'Node', name: node } },
        { namespace },
      );
      return { body: {} };
    },
  });
  await create('given', bound);
  assert.equal(await pending('given', 'SchedulerError'), 'not today');
  willing = true;
  const node = await placed('given');
  assert.equal(askedAt('/c/bind').at(-1).Node, node);
  await until('the event', async () => {
    const { items } = await bench.client.resource(Events).list({ namespace: 'default' });
    return items.some((item) => item.reason === 'Scheduled' && item.involvedObject.name === 'given');
  });
});

test('an extender chooses among those that preemption would take', async () => {
  extend({ '/a/filter': ({ body }) => ({ body: { NodeNames: body.NodeNames } }) });
  for (const name of ['v1', 'v2', 'v3']) await create(name, 'cpu', { cpu: '3' });
  const where = new Map<string, string>();
  for (const name of ['v1', 'v2', 'v3']) where.set(await placed(name), name);
  assert.equal(where.size, 3, 'each on a node of its own');
  let uid = '';
  extend({
    '/a/filter': ({ body }) => ({ body: { NodeNames: body.NodeNames } }),
    '/a/preempt': ({ body }) => {
      const { two } = body.NodeNameToMetaVictims;
      uid = two.Pods[0].UID;
      return { body: { NodeNameToMetaVictims: { two } } };
    },
  });
  const victim = where.get('two') ?? '';
  const before = await pods().get(victim, { namespace: 'default' });
  await create('preemptor', license, { cpu: '3', priorityClassName: 'high' });
  assert.equal(await placed('preemptor'), 'two');
  const [asked] = askedAt('/a/preempt');
  assert.deepEqual(Object.keys(asked.NodeNameToMetaVictims).toSorted(), ['one', 'three', 'two']);
  assert.equal(asked.NodeNameToVictims, null);
  assert.equal(uid, before.metadata.uid);
});
