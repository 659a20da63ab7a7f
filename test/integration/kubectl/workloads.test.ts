// StatefulSets, DaemonSets, CronJobs, budgets, autoscalers and quotas with stock kubectl, against all controllers; a pretended
// node makes their pods run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Component } from '#base/world.ts';
import type { Informers } from '#client/cache.ts';
import { createInformers } from '#client/informer.ts';
import type { Kubectl } from '../../support/kubectl.ts';
import { type KubectlBench, shows, startKubectlBench } from '../../support/kubectlbench.ts';
import { addNode, startPretendNode } from '../../support/pretend.ts';
import { until } from '../../support/until.ts';

let bench: KubectlBench;
let informers: Informers;
let node: Component;
let k: Kubectl;

before(async () => {
  bench = await startKubectlBench({ controllers: true });
  k = bench.k;
  const { client } = bench;
  informers = createInformers(client, bench.https.api.world);
  const ends = (pod: { metadata: { labels?: Readonly<Record<string, string>> } }) =>
    pod.metadata.labels?.['batch.kubernetes.io/job-name'] ? ({ phase: 'Succeeded', exitCode: 0 } as const) : undefined;
  node = startPretendNode({ client, informers, world: bench.https.api.world }, { ends });
  informers.start();
  for (const name of ['n1', 'n2']) await addNode(client, name);
});
after(async () => {
  await node[Symbol.asyncDispose]();
  await informers[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const labels = (app: string) => ({ matchLabels: { app } });
const template = (app: string, image = 'web:1') => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] },
});
const apply = (object: object) => k.pipe(JSON.stringify(object), 'apply', '-f', '-');
const jsonpath = (kind: string, name: string, path: string) => k.ok('get', kind, name, '-o', `jsonpath={${path}}`);

/** What kubectl says where a partition is set, be it 0. */
const done = /^partitioned roll out complete: 2 new pods have been updated\.\.\.$/m;

test('a StatefulSet: rollout status, history, undo, scale, describe', async () => {
  await apply({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: { replicas: 2, serviceName: 'db', selector: labels('db'), template: template('db') },
  });
  assert.match(await k.ok('rollout', 'status', 'sts/db', '--timeout=60s'), done);
  assert.match(await k.ok('get', 'sts', 'db', '--no-headers'), /^db +2\/2 +\d[\dms]*$/m);
  assert.equal(await k.ok('get', 'pods', '-l', 'app=db', '-o', 'jsonpath={.items[*].metadata.name}'), 'db-0 db-1');
  await k.ok('set', 'image', 'sts/db', 'c=web:2');
  assert.match(await k.ok('rollout', 'status', 'sts/db', '--timeout=60s'), done);
  const history = await k.ok('rollout', 'history', 'sts/db');
  assert.match(history, /^statefulset\.apps\/db \nREVISION {2}CHANGE-CAUSE\n1 +<none>\n2 +<none>\n\n$/);
  assert.match(await k.ok('rollout', 'history', 'sts/db', '--revision=1'), /Image:\tweb:1/);
  assert.equal(await k.ok('rollout', 'undo', 'sts/db'), 'statefulset.apps/db rolled back\n');
  assert.match(await k.ok('rollout', 'status', 'sts/db', '--timeout=60s'), done);
  assert.equal(await jsonpath('sts', 'db', '.spec.template.spec.containers[0].image'), 'web:1');
  assert.match(await k.ok('rollout', 'history', 'sts/db'), /\n2 +<none>\n3 +<none>\n/);
  assert.match(await k.ok('rollout', 'restart', 'sts/db'), /restarted/);
  assert.match(await k.ok('rollout', 'status', 'sts/db', '--timeout=60s'), done);
  await k.ok('scale', 'sts/db', '--replicas=3');
  await k.ok('wait', 'sts/db', '--for=jsonpath={.status.readyReplicas}=3', '--timeout=60s');
  const described = await shows(
    /SuccessfulCreate .* statefulset-controller +create Pod db-0 in StatefulSet db successful/,
    k,
    'describe',
    'sts',
    'db',
  );
  assert.match(described, /^Replicas: +3 desired \| 3 total$/m);
  assert.match(described, /^Pods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m);
});

test('a DaemonSet: rollout status, history, undo, describe', async () => {
  await apply({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent' },
    spec: { selector: labels('agent'), template: template('agent') },
  });
  assert.match(await k.ok('rollout', 'status', 'ds/agent', '--timeout=60s'), /daemon set "agent" successfully rolled out/);
  assert.match(await k.ok('get', 'ds', 'agent', '--no-headers'), /^agent +2 +2 +2 +2 +2 +<none> +\d[\dms]*$/m);
  await k.ok('set', 'image', 'ds/agent', 'c=web:2');
  assert.match(await k.ok('rollout', 'status', 'ds/agent', '--timeout=60s'), /daemon set "agent" successfully rolled out/);
  assert.match(
    await k.ok('rollout', 'history', 'ds/agent'),
    /^daemonset\.apps\/agent \nREVISION {2}CHANGE-CAUSE\n1 +<none>\n2 +<none>\n\n$/,
  );
  assert.equal(await k.ok('rollout', 'undo', 'ds/agent', '--to-revision=1'), 'daemonset.apps/agent rolled back\n');
  assert.match(await k.ok('rollout', 'status', 'ds/agent', '--timeout=60s'), /daemon set "agent" successfully rolled out/);
  assert.equal(await k.ok('get', 'pods', '-l', 'app=agent', '-o', 'jsonpath={.items[*].spec.containers[0].image}'), 'web:1 web:1');
  assert.equal(
    await k.ok('rollout', 'undo', 'ds/agent', '--to-revision=3'),
    'daemonset.apps/agent skipped rollback (current template already matches revision 3)\n',
  );
  const described = await shows(/SuccessfulCreate .* daemonset-controller +Created pod: agent-/, k, 'describe', 'ds', 'agent');
  assert.match(described, /^Desired Number of Nodes Scheduled: 2$/m);
  assert.match(described, /^Number of Nodes Scheduled with Available Pods: 2$/m);
});

test('a CronJob, and a job from it by hand', async () => {
  await k.ok('create', 'cronjob', 'tick', '--image=x', '--schedule=0 0 1 1 *');
  assert.match(await k.ok('get', 'cj', 'tick', '--no-headers'), /^tick +0 0 1 1 \* +<none> +False +0 +<none> +\d[\dms]*$/m);
  assert.equal(await k.ok('create', 'job', 'now', '--from=cronjob/tick'), 'job.batch/now created\n');
  await k.ok('wait', 'job/now', '--for=condition=complete', '--timeout=60s');
  assert.match(await k.ok('get', 'job', 'now', '--no-headers'), /^now +Complete +1\/1 +\d[\dms]* +\d[\dms]*$/m);
  const described = await shows(/Completed .* job-controller +Job completed/, k, 'describe', 'job', 'now');
  assert.match(described, /^Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed$/m);
  assert.match(await k.ok('describe', 'cronjob', 'tick'), /^Concurrency Policy: +Allow$/m);
});

test('drain waits for a budget, and goes on when it allows', async () => {
  await apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop' },
    spec: {
      replicas: 2,
      selector: labels('shop'),
      template: { ...template('shop'), spec: { ...template('shop').spec, nodeSelector: { 'kubernetes.io/hostname': 'n1' } } },
    },
  });
  await k.ok('rollout', 'status', 'deploy/shop', '--timeout=60s');
  await k.ok('create', 'pdb', 'shop', '--selector=app=shop', '--min-available=2');
  await k.ok('wait', 'pdb/shop', '--for=jsonpath={.status.currentHealthy}=2', '--timeout=60s');
  assert.match(await k.ok('get', 'pdb', 'shop', '--no-headers'), /^shop +2 +N\/A +0 +\d[\dms]*$/m);
  const held = await k('drain', 'n1', '--ignore-daemonsets', '--pod-selector=app=shop', '--timeout=2s');
  assert.equal(held.code, 1);
  assert.match(
    held.stderr,
    /error when evicting pods\/"shop-[^"]+" -n "default" \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\./,
  );
  await k.ok('uncordon', 'n1');
  await k.ok('patch', 'pdb', 'shop', '--type=merge', '-p', '{"spec":{"minAvailable":0}}');
  await k.ok('wait', 'pdb/shop', '--for=jsonpath={.status.disruptionsAllowed}=2', '--timeout=60s');
  const drained = await k.ok('drain', 'n1', '--ignore-daemonsets', '--pod-selector=app=shop', '--timeout=60s');
  assert.match(drained, /^pod\/shop-\S+ evicted$/m);
  assert.match(drained, /^node\/n1 drained$/m);
  await k.ok('uncordon', 'n1');
  const described = await k.ok('describe', 'pdb', 'shop');
  assert.match(described, /^Min available: +0$/m);
  assert.match(described, /^ +Allowed disruptions: +\d$/m);
});

test('an autoscaler without metrics says so; a quota counts', async () => {
  await k.ok('create', 'deployment', 'elastic', '--image=x');
  await k.ok('autoscale', 'deployment', 'elastic', '--min=1', '--max=3', '--cpu=50%');
  await k.ok('wait', 'hpa/elastic', '--for=jsonpath={.status.conditions[?(@.type=="ScalingActive")].status}=False', '--timeout=60s');
  assert.match(
    await k.ok('get', 'hpa', 'elastic', '--no-headers'),
    /^elastic +Deployment\/elastic +cpu: <unknown>\/50% +1 +3 +\d+ +\d[\dms]*$/m,
  );
  assert.match(
    await k.ok('describe', 'hpa', 'elastic'),
    /ScalingActive +False +FailedGetResourceMetric +the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu/,
  );
  await shows(/^ +Warning +FailedGetResourceMetric .* horizontal-pod-autoscaler +failed to get cpu/m, k, 'describe', 'hpa', 'elastic');
  await k.ok('create', 'quota', 'few', '--hard=configmaps=5,count/deployments.apps=4');
  await k.ok('wait', 'quota/few', '--for=jsonpath={.status.used.configmaps}=1', '--timeout=60s');
  const described = await k.ok('describe', 'quota', 'few');
  assert.match(described, /^configmaps +1 +5$/m);
  assert.match(described, /^count\/deployments\.apps +2 +4$/m);
  const [head = '', row = ''] = (await k.ok('get', 'quota', 'few')).split('\n');
  assert.match(head, /^NAME +REQUEST +LIMIT +AGE$/);
  assert.match(row, /^few +configmaps: 1\/5, count\/deployments\.apps: 2\/4 +\d[\dms]*$/);
  const full = await k.ok('describe', 'namespace', 'default');
  assert.match(full, /^Resource Quotas\n {2}Name: +few\n/m);
  await k.ok('create', 'quota', 'none', '--hard=pods=0');
  await k.ok('wait', 'quota/none', '--for=jsonpath={.status.hard.pods}=0', '--timeout=60s');
  const refused = await k('run', 'more', '--image=x');
  assert.match(
    refused.stderr,
    /^Error from server \(Forbidden\): pods "more" is forbidden: exceeded quota: none, requested: pods=1, used: pods=\d+, limited: pods=0\n$/,
  );
  await k.ok('scale', 'deploy/elastic', '--replicas=2');
  await k.ok('wait', 'deploy/elastic', '--for=condition=ReplicaFailure', '--timeout=60s');
  const set = (await k.ok('get', 'rs', '-l', 'app=elastic', '-o', 'name')).trim();
  await shows(
    /^ +Warning +FailedCreate .* replicaset-controller +Error creating: pods "elastic-\S+" is forbidden: exceeded quota/m,
    k,
    'describe',
    set,
  );
  await k.ok('delete', 'quota', 'few', 'none');
});

test('a CronJob that ran: its job, its event, its last time', async () => {
  // Every minute only when it is suspended: a minute may begin at any moment.
  await k.ok('create', 'cronjob', 'minutely', '--image=x', '--schedule=0 0 1 1 *');
  const held = '{"spec":{"suspend":true,"schedule":"* * * * *"}}';
  assert.equal(await k.ok('patch', 'cronjob', 'minutely', '-p', held), 'cronjob.batch/minutely patched\n');
  assert.match(
    await k.ok('get', 'cj', 'minutely', '-o', 'wide', '--no-headers'),
    /^minutely +\* \* \* \* \* +<none> +True +0 +<none> +\d[\dms]* +minutely +x +<none>$/m,
  );
  await k.ok('create', 'job', 'by-hand', '--from=cronjob/minutely');
  await k.ok('wait', 'job/by-hand', '--for=condition=complete', '--timeout=60s');
  assert.equal(await jsonpath('job', 'by-hand', '.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate'), 'manual');
  assert.equal(await jsonpath('job', 'by-hand', '.metadata.ownerReferences[0].name'), 'minutely');
  const described = await k.ok('describe', 'cronjob', 'minutely');
  assert.match(described, /^Suspend: +True$/m);
  assert.match(described, /^Schedule: +\* \* \* \* \*$/m);
});

test('restart, pause and undo of workloads that cannot, or need not', async () => {
  await apply({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'byhand' },
    spec: { selector: labels('byhand'), template: template('byhand'), updateStrategy: { type: 'OnDelete' } },
  });
  await k.ok('wait', 'ds/byhand', '--for=jsonpath={.status.observedGeneration}=1', '--timeout=60s');
  const status = await k('rollout', 'status', 'ds/byhand');
  assert.equal(status.stderr, 'error: rollout status is only available for RollingUpdate strategy type\n');
  assert.match((await k('rollout', 'pause', 'ds/byhand')).stderr, /^error: daemonsets\.apps "byhand" pausing is not supported\n$/);
  assert.equal(await k.ok('rollout', 'restart', 'ds/byhand'), 'daemonset.apps/byhand restarted\n');
  await until('a second revision', async () => /\n2 /.test(await k.ok('rollout', 'history', 'ds/byhand')));
});
