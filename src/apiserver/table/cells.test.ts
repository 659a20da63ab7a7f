import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { Endpoints } from '#api/core/v1/endpoints.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { KubeObject } from '#api/object.ts';
import { allRows } from '../resources/all.ts';
import { joinMax, labelsText } from './cells.ts';
import { nodeRoles, nodeStatus } from './core.ts';
import { hpaTargets, hpaTargetsV1 } from './hpacells.ts';
import { endpointsText, serviceExternalIP, servicePorts } from './network.ts';
import { podSummary, readinessGates, restartsText } from './podcells.ts';
import { accessModesText } from './storage.ts';
import { columnsOf, tableable, tableOf } from './table.ts';
import { jobCompletions, jobDuration, jobStatus } from './workloads.ts';

const now = Date.UTC(2026, 0, 1);
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
const context = { now };

interface PodParts {
  readonly phase?: string;
  readonly reason?: string;
  readonly deleted?: boolean;
  readonly init?: readonly object[];
  readonly initSpecs?: readonly object[];
  readonly containers?: readonly object[];
  readonly conditions?: readonly object[];
  readonly count?: number;
}
function pod(parts: PodParts): Pod {
  const count = parts.count ?? parts.containers?.length ?? 1;
  return {
    metadata: { name: 'p', ...(parts.deleted ? { deletionTimestamp: ago(1) } : {}) },
    spec: {
      containers: Array.from({ length: count }, (_, i) => ({ name: `c${i}` })),
      ...(parts.initSpecs ? { initContainers: parts.initSpecs } : {}),
    },
    status: {
      phase: parts.phase ?? 'Running',
      reason: parts.reason,
      conditions: parts.conditions,
      initContainerStatuses: parts.init,
      containerStatuses: parts.containers,
    },
  } as unknown as Pod;
}
const running = (more: object = {}) => ({ restartCount: 0, ready: true, state: { running: {} }, ...more });
const waiting = (reason: string) => ({ restartCount: 0, ready: false, state: { waiting: { reason } } });
const ended = (exitCode: number, more: object = {}) => ({
  restartCount: 0,
  ready: false,
  state: { terminated: { exitCode, ...more } },
});
const ready = { type: 'Ready', status: 'True' };

test('the status of a pod in one word', () => {
  const cases: readonly (readonly [PodParts, string, string])[] = [
    [{ phase: 'Pending' }, 'Pending', '0/1'],
    [{ containers: [running()] }, 'Running', '1/1'],
    [{ containers: [running(), running({ ready: false })] }, 'Running', '1/2'],
    [{ phase: 'Pending', containers: [waiting('ContainerCreating')] }, 'ContainerCreating', '0/1'],
    [{ containers: [waiting('CrashLoopBackOff')] }, 'CrashLoopBackOff', '0/1'],
    [{ containers: [waiting('ErrImagePull'), waiting('ImagePullBackOff')] }, 'ErrImagePull', '0/2'],
    [{ phase: 'Failed', reason: 'Evicted' }, 'Evicted', '0/1'],
    [{ phase: 'Failed', containers: [ended(1, { reason: 'Error' })] }, 'Error', '0/1'],
    [{ phase: 'Failed', containers: [ended(137)] }, 'ExitCode:137', '0/1'],
    [{ phase: 'Failed', containers: [ended(1, { signal: 9 })] }, 'Signal:9', '0/1'],
    [{ phase: 'Succeeded', containers: [ended(0, { reason: 'Completed' })] }, 'Completed', '0/1'],
    [{ containers: [ended(0, { reason: 'Completed' }), running()], conditions: [ready] }, 'Running', '1/2'],
    [{ containers: [ended(0, { reason: 'Completed' }), running()] }, 'NotReady', '1/2'],
    [{ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }, 'SchedulingGated', '0/1'],
    [{ containers: [running()], deleted: true }, 'Terminating', '1/1'],
    [{ containers: [running()], deleted: true, reason: 'NodeLost' }, 'Unknown', '1/1'],
    [{ phase: 'Succeeded', containers: [ended(0, { reason: 'Completed' })], deleted: true }, 'Completed', '0/1'],
  ];
  for (const [parts, status, counted] of cases) {
    const summary = podSummary(pod(parts));
    assert.equal(summary.status, status);
    assert.equal(`${summary.ready}/${summary.total}`, counted, status);
  }
});

test('init containers hold a pod up', () => {
  const specs = [{ name: 'i0' }, { name: 'i1' }];
  const at = (init: readonly object[], more: PodParts = {}): string =>
    podSummary(pod({ phase: 'Pending', initSpecs: specs, init, count: 1, ...more })).status;
  const named = (i: number, status: object) => ({ name: `i${i}`, ...status });
  assert.equal(at([named(0, { restartCount: 0, state: { running: {} } })]), 'Init:0/2');
  assert.equal(at([named(0, ended(0)), named(1, waiting('PodInitializing'))]), 'Init:1/2');
  assert.equal(at([named(0, waiting('ImagePullBackOff'))]), 'Init:ImagePullBackOff');
  assert.equal(at([named(0, ended(3, { reason: 'Error' }))]), 'Init:Error');
  assert.equal(at([named(0, ended(3))]), 'Init:ExitCode:3');
  assert.equal(at([named(0, ended(3, { signal: 6 }))]), 'Init:Signal:6');
  const sidecar = pod({
    initSpecs: [{ name: 'i0', restartPolicy: 'Always' }],
    init: [named(0, running({ started: true }))],
    containers: [running()],
  });
  assert.deepEqual([podSummary(sidecar).status, podSummary(sidecar).ready, podSummary(sidecar).total], ['Running', 2, 2]);
});

test('restarts, and when the last was', () => {
  const crashed = running({ restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: ago(300) } } });
  assert.equal(restartsText(podSummary(pod({ containers: [crashed, running({ restartCount: 1 })] })), context), '4 (5m ago)');
  assert.equal(restartsText(podSummary(pod({ containers: [running()] })), context), '0');
});

test('readiness gates', () => {
  const gated = { metadata: { name: 'p' }, spec: { readinessGates: [{ conditionType: 'a' }, { conditionType: 'b' }] } };
  assert.equal(readinessGates({ ...gated, status: { conditions: [{ type: 'a', status: 'True' }] } } as unknown as Pod), '1/2');
  assert.equal(readinessGates(pod({})), '<none>');
});

test('Services', () => {
  const service = (spec: object, status: object = {}): Service => ({ metadata: { name: 's' }, spec, status }) as unknown as Service;
  const balancer = { loadBalancer: { ingress: [{ ip: '2.2.2.2' }, { hostname: 'lb' }, { ip: '1.1.1.1' }] } };
  assert.equal(serviceExternalIP(service({ type: 'ClusterIP' })), '<none>');
  assert.equal(serviceExternalIP(service({ type: 'NodePort', externalIPs: ['9.9.9.9', '8.8.8.8'] })), '9.9.9.9,8.8.8.8');
  assert.equal(serviceExternalIP(service({ type: 'LoadBalancer' })), '<pending>');
  assert.equal(serviceExternalIP(service({ type: 'LoadBalancer', externalIPs: ['9.9.9.9'] }, balancer)), '1.1.1.1,2.2.2.2,lb,9.9.9.9');
  assert.equal(serviceExternalIP(service({ type: 'ExternalName', externalName: 'x.y' })), 'x.y');
  const ports = [
    { port: 80, nodePort: 30080, protocol: 'TCP' },
    { port: 53, protocol: 'UDP' },
  ];
  assert.equal(servicePorts(service({ ports })), '80:30080/TCP,53/UDP');
  assert.equal(servicePorts(service({})), '<none>');
});

test('endpoints, longer lists cut', () => {
  const endpoints = (subsets: object[]): Endpoints => ({ metadata: { name: 'e' }, subsets }) as unknown as Endpoints;
  const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((ip) => ({ ip }));
  assert.equal(endpointsText(endpoints([{ addresses, ports: [{ port: 80 }] }])), '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...');
  assert.equal(endpointsText(endpoints([{ addresses: [{ ip: 'fd00::1' }], ports: [{ port: 80 }] }])), '[fd00::1]:80');
  assert.equal(endpointsText(endpoints([{ addresses: addresses.slice(0, 1) }])), '10.0.0.1');
  assert.equal(endpointsText(endpoints([])), '<none>');
  assert.equal(joinMax(['a', 'b', 'c']), 'a,b,c');
});

test('nodes', () => {
  const node = (parts: { labels?: object; conditions?: object[]; unschedulable?: boolean }): Node =>
    ({
      metadata: { name: 'n', labels: parts.labels },
      spec: { unschedulable: parts.unschedulable },
      status: { conditions: parts.conditions },
    }) as unknown as Node;
  assert.equal(nodeStatus(node({ conditions: [ready] })), 'Ready');
  assert.equal(nodeStatus(node({ conditions: [{ ...ready, status: 'Unknown' }] })), 'NotReady');
  assert.equal(nodeStatus(node({ unschedulable: true })), 'Unknown,SchedulingDisabled');
  assert.equal(
    nodeRoles(node({ labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' } })),
    'control-plane,worker',
  );
  assert.equal(nodeRoles(node({ labels: { 'kubernetes.io/role': 'edge' } })), 'edge');
  assert.equal(nodeRoles(node({})), '<none>');
});

test('targets of autoscalers', () => {
  const hpa = (metrics: object[], currentMetrics: object[] = []): HorizontalPodAutoscaler =>
    ({ metadata: { name: 'h' }, spec: { metrics }, status: { currentMetrics } }) as unknown as HorizontalPodAutoscaler;
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
  const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } };
  const requests = { type: 'Pods', pods: { metric: { name: 'rps' }, target: { averageValue: '100' } } };
  const queue = { type: 'External', external: { metric: { name: 'queue' }, target: { averageValue: '5' } } };
  const object = { type: 'Object', object: { metric: { name: 'x' }, target: { value: '7' } } };
  assert.equal(hpaTargets(hpa([])), '<none>');
  assert.equal(hpaTargets(hpa([cpu])), 'cpu: <unknown>/80%');
  assert.equal(
    hpaTargets(hpa([cpu], [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 45 } } }])),
    'cpu: 45%/80%',
  );
  assert.equal(hpaTargets(hpa([memory], [{ resource: { name: 'memory', current: { averageValue: '512Mi' } } }])), 'memory: 512Mi/1Gi');
  assert.equal(hpaTargets(hpa([requests, queue, object, cpu])), '<unknown>/100, <unknown>/5 (avg) + 2 more...');
  assert.equal(hpaTargets(hpa([object], [{ object: { current: { value: '3' } } }])), '3/7');
  const old = { spec: { targetCPUUtilizationPercentage: 50 }, status: { currentCPUUtilizationPercentage: 20 } };
  assert.equal(hpaTargetsV1(old as unknown as Parameters<typeof hpaTargetsV1>[0]), 'cpu: 20%/50%');
});

test('jobs', () => {
  const job = (spec: object, status: object = {}, metadata: object = {}): Job => ({ metadata, spec, status }) as unknown as Job;
  const condition = (type: string) => ({ conditions: [{ type, status: 'True' }] });
  assert.equal(jobStatus(job({})), 'Running');
  for (const type of ['Complete', 'Failed', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet']) {
    assert.equal(jobStatus(job({}, condition(type))), type);
  }
  assert.equal(jobStatus(job({}, condition('Suspended'), { deletionTimestamp: ago(1) })), 'Terminating');
  assert.equal(jobCompletions(job({ completions: 3 }, { succeeded: 1 })), '1/3');
  assert.equal(jobCompletions(job({ parallelism: 1 })), '0/1');
  assert.equal(jobCompletions(job({ parallelism: 4 }, { succeeded: 1 })), '1/1 of 4');
  assert.equal(jobDuration(job({}), context), '');
  assert.equal(jobDuration(job({}, { startTime: ago(90) }), context), '90s');
  assert.equal(jobDuration(job({}, { startTime: ago(90), completionTime: ago(80) }), context), '10s');
});

test('small texts', () => {
  assert.equal(labelsText({ b: '2', a: '1' }), 'a=1,b=2');
  assert.equal(labelsText({}), '<none>');
  assert.equal(accessModesText(['ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOnce']), 'RWO,RWX');
});

test('events of both groups print alike', () => {
  const row = (structName: string, event: object) => columnsOf(structName).map((column) => column.cell(event as KubeObject, context));
  const about = { kind: 'Pod', name: 'web', fieldPath: 'spec.containers{c}' };
  const cells = ['5m', 'Normal', 'Pulled', 'pod/web', 'spec.containers{c}', 'kubelet, n1', 'done', '10m', 4, 'e'];
  const core = {
    metadata: { name: 'e' },
    type: 'Normal',
    reason: 'Pulled',
    involvedObject: about,
    source: { component: 'kubelet', host: 'n1' },
    message: ' done\n',
    firstTimestamp: ago(600),
    lastTimestamp: ago(300),
    count: 4,
  };
  assert.deepEqual(row('core.v1.Event', core), cells);
  const modern = {
    metadata: { name: 'e' },
    type: 'Normal',
    reason: 'Pulled',
    regarding: about,
    reportingController: 'kubelet',
    reportingInstance: 'n1',
    note: 'done',
    eventTime: ago(600),
    series: { count: 4, lastObservedTime: ago(300) },
  };
  assert.deepEqual(row('events.v1.Event', modern), cells);
});

test('a table holds what was asked for', () => {
  const pods = allRows.find((entry) => entry.group === '' && entry.resource === 'pods');
  assert.ok(pods);
  const object = { metadata: { name: 'p', creationTimestamp: ago(5) }, status: { phase: 'Succeeded' } } as KubeObject;
  const parts = tableOf(pods, [object], { includeObject: 'Metadata', noHeaders: false, now });
  assert.equal(parts.columnDefinitions.length, 9);
  assert.deepEqual(parts.rows, [
    {
      cells: ['p', '0/0', 'Succeeded', '0', '5s', '<none>', '<none>', '<none>', '<none>'],
      conditions: [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    },
  ]);
  const bare = tableOf(pods, [object], { includeObject: 'None', noHeaders: true, now });
  assert.deepEqual(bare.columnDefinitions, []);
  assert.equal((bare.rows[0] as { object: unknown }).object, null);
  const review = allRows.find((entry) => entry.resource === 'subjectaccessreviews');
  assert.ok(review);
  assert.equal(tableable(review), false);
});

test('no column of any kind throws on an object that has hardly anything', () => {
  for (const entry of allRows) {
    const object = { metadata: { name: 'x' } } as KubeObject;
    for (const column of columnsOf(entry.struct.name)) {
      try {
        column.cell(object, context);
      } catch (error) {
        assert.fail(`${entry.struct.name} ${column.name}: ${String(error)}`);
      }
    }
  }
});
