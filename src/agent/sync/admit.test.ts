import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { admitPod } from './admit.ts';
import { podRequests } from './capacity.ts';

const make = (spec: object): Pod =>
  ({ metadata: { name: 'p', namespace: 'd' }, spec: { containers: [], ...spec }, status: {} }) as unknown as Pod;
const asks = (cpu: string, more: object = {}): Pod => make({ containers: [{ name: 'a', resources: { requests: { cpu } }, ...more }] });
const node = { metadata: { name: 'n', labels: { disk: 'ssd', size: '8' } }, spec: {}, status: {} } as Node;
const about = {
  node,
  nodeName: 'n',
  allocatable: { cpu: '2', memory: '1Gi', pods: '3', 'x.io/dongle': '1' },
  userNamespaces: false,
  pressures: new Set<string>(),
};

test('requests: containers together, or the largest init container beside the sidecars before it', () => {
  const cpu = (name: string, value: string, more: object = {}) => ({ name, resources: { requests: { cpu: value } }, ...more });
  const pod = make({
    containers: [cpu('a', '100m'), cpu('b', '200m')],
    initContainers: [cpu('s', '50m', { restartPolicy: 'Always' }), cpu('i', '1')],
    overhead: { cpu: '10m' },
  });
  assert.equal(podRequests(pod).get('cpu'), 1060);
});

const affinity = (expression: object): object => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
  },
});
const port = (hostPort: number, hostIP?: string): Pod =>
  asks('0', { ports: [{ containerPort: 1, hostPort, ...(hostIP ? { hostIP } : {}) }] });

const wants = (name: string, value: string): Pod => make({ containers: [{ name: 'a', resources: { requests: { [name]: value } } }] });

const rows: [string, Pod, Pod[], string | undefined][] = [
  ['fits', asks('1'), [asks('1')], undefined],
  [
    'too much cpu',
    asks('1500m'),
    [asks('1')],
    "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
  ],
  [
    'too many pods',
    asks('0'),
    [asks('0'), asks('0'), asks('0')],
    "OutOfpods: Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  ],
  ['a resource that the node never heard of', wants('x.io/gpu', '1'), [], undefined],
  [
    'more of a resource than there is',
    wants('x.io/dongle', '2'),
    [],
    "OutOfx.io/dongle: Pod was rejected: Node didn't have enough resource: x.io/dongle, requested: 2, used: 0, capacity: 1",
  ],
  [
    'selector',
    make({ nodeSelector: { disk: 'hdd' } }),
    [],
    "NodeAffinity: Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  ],
  ['affinity In', make(affinity({ key: 'disk', operator: 'In', values: ['ssd'] })), [], undefined],
  ['affinity Gt', make(affinity({ key: 'size', operator: 'Gt', values: ['7'] })), [], undefined],
  [
    'affinity DoesNotExist',
    make(affinity({ key: 'disk', operator: 'DoesNotExist' })),
    [],
    "NodeAffinity: Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  ],
  [
    'port taken',
    port(80),
    [port(80)],
    "NodePorts: Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  ],
  [
    'a sysctl of the whole machine',
    make({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
    [],
    'SysctlForbidden: Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
  ],
  ['a safe sysctl', make({ securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] } }), [], undefined],
  ['port on another address', port(80, '10.0.0.1'), [port(80, '10.0.0.2')], undefined],
  [
    'port on any address',
    port(80, '10.0.0.1'),
    [port(80)],
    "NodePorts: Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  ],
];
for (const [says, pod, others, expected] of rows) {
  test(`admission: ${says}`, () => {
    const refused = admitPod(pod, others, about);
    assert.equal(refused && `${refused.reason}: ${refused.message}`, expected);
  });
}

test('admission: a node that is short of something', () => {
  const refused = (pod: Pod, ...pressures: string[]): string | undefined =>
    admitPod(pod, [], { ...about, pressures: new Set(pressures) })?.message;
  const best = make({});
  assert.equal(refused(best, 'MemoryPressure'), 'Pod was rejected: The node had condition: [MemoryPressure]. ');
  assert.equal(refused(asks('1'), 'MemoryPressure'), undefined);
  assert.equal(refused(asks('1'), 'DiskPressure'), 'Pod was rejected: The node had condition: [DiskPressure]. ');
  assert.equal(refused(make({ priority: 2_000_000_000 }), 'DiskPressure'), undefined);
  assert.equal(refused(make({ tolerations: [{ operator: 'Exists' }] }), 'MemoryPressure'), undefined);
});

test('admission: sysctls that the node allows besides the safe ones', () => {
  const pod = (name: string, spec: object = {}): Pod => make({ securityContext: { sysctls: [{ name, value: '1' }] }, ...spec });
  const reason = (one: Pod): string | undefined =>
    admitPod(one, [], { ...about, unsafeSysctls: ['kernel.msg*', 'net.core.somaxconn'] })?.reason;
  assert.equal(reason(pod('kernel.msgmax')), undefined);
  assert.equal(reason(pod('net/core/somaxconn')), undefined);
  assert.equal(reason(pod('net.core.rmem_max')), 'SysctlForbidden');
  assert.equal(reason(pod('kernel.msgmax', { hostIPC: true })), 'SysctlForbidden');
});

test('admission: a critical pod is refused for want of room only when others could make none; other reasons stand', () => {
  const critical = (more: object): Pod => make({ priority: 2_000_000_000, ...more });
  const big = { containers: [{ name: 'a', resources: { requests: { cpu: '1500m' } } }] };
  assert.deepEqual(admitPod(critical(big), [asks('1')], about)?.shortages, [
    { resource: 'cpu', requested: 1500, used: 1000, capacity: 2000 },
  ]);
  assert.equal(admitPod(critical({ ...big, nodeSelector: { disk: 'hdd' } }), [asks('1')], about)?.reason, 'NodeAffinity');
  assert.equal(admitPod(make(big), [asks('1')], about)?.shortages, undefined);
});

test('admission: a node that goes down takes nobody', () => {
  assert.deepEqual(admitPod(make({}), [], { ...about, shuttingDown: true }), {
    reason: 'NodeShutdown',
    message: 'Pod was rejected as the node is shutting down.',
  });
});
