// Processors, memory and devices of one machine, given out together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { equipmentMetrics } from '../server/metrics.ts';
import type { TopologyOptions } from './options.ts';
import { machine, pod, resource } from './testmachine.ts';

const refusal = { name: 'Error', reason: 'TopologyAffinityError' };

test('two nodes, single-numa-node: everything of one node, or nothing', async () => {
  const { topology, has, cpus, memory } = await machine(2, { policy: 'single-numa-node', scope: 'container' });
  const first = pod('first', { cpu: '2', memory: '5Gi', cards: 1 });
  await topology.admit(first);
  assert.equal(has(first), '1-2 0 card-0');
  // Node 0 has processors still, but too little memory; its card is gone.
  const second = pod('second', { cpu: '1', memory: '4Gi', cards: 1 });
  await topology.admit(second);
  assert.match(has(second), /^4 1 (card-1|spare)$/);
  // Two cards, of which one is left: on node 1; memory for it only there.
  const third = pod('third', { cpu: '1', memory: '2Gi', cards: 1 });
  await topology.admit(third);
  assert.match(has(third), /^5 1 (card-1|spare)$/);
  // Three processors are nowhere together, though four are free.
  const wide = pod('wide', { cpu: '3', memory: '1Gi' });
  await assert.rejects(topology.admit(wide), refusal);
  assert.equal(has(wide), 'shared any none');
  await topology.forget('first');
  await topology.admit(wide);
  assert.equal(has(wide), '1-3 0 none');
  const text = equipmentMetrics({ topology, cpus, memory });
  assert.match(text, /^kubelet_topology_manager_admission_requests_total 5$/m);
  assert.match(text, /^kubelet_topology_manager_admission_errors_total 1$/m);
  assert.match(text, /^kubelet_topology_manager_admission_duration_ms_count 5$/m);
  assert.match(text, /^kubelet_cpu_manager_pinning_requests_total 4$/m);
  assert.match(text, /^kubelet_memory_manager_pinning_errors_total 0$/m);
  assert.match(text, /^kubelet_container_aligned_compute_resources_failure_count\{boundary="numa_node",scope="container"\} 1$/m);
});

test('cards alone are aligned with nothing, but must be together', async () => {
  const { topology, has } = await machine(2, { policy: 'single-numa-node', scope: 'container' });
  const cards = (uid: string, count: string): Pod =>
    ({
      metadata: { name: uid, uid },
      spec: { containers: [{ name: 'c', resources: { limits: { [resource]: count } } }] },
    }) as unknown as Pod;
  const both = cards('both', '2');
  await topology.admit(both);
  assert.equal(has(both), 'shared any card-1+spare');
  await topology.forget('both');
  await assert.rejects(topology.admit(cards('all', '3')), refusal);
});

test('scope pod: what all containers need together must be of one node', async () => {
  const half = { cpu: '2', memory: '1Gi' };
  const two = pod('two', half, half);
  const alone = await machine(2, { policy: 'single-numa-node', scope: 'container' });
  await alone.topology.admit(two);
  assert.deepEqual([alone.has(two), alone.has(two, 'c1')], ['1-2 0 none', '4-5 1 none']);
  const together = await machine(2, { policy: 'single-numa-node', scope: 'pod' });
  await together.topology.admit(two);
  assert.deepEqual([together.has(two), together.has(two, 'c1')], ['4-5 1 none', '6-7 1 none']);
  await assert.rejects(together.topology.admit(pod('more', half, half)), refusal);
});

test('restricted wants what could be had of an empty machine; best-effort takes what there is', async () => {
  const wish = { cpu: '4', memory: '1Gi' };
  const strict = await machine(2, { policy: 'restricted', scope: 'container' });
  const one = pod('one', wish);
  await strict.topology.admit(one);
  assert.equal(strict.has(one), '4-7 1 none');
  await strict.topology.forget('one');
  await strict.topology.admit(pod('small', { cpu: '1', memory: '1Gi' }));
  await strict.topology.admit(pod('other', { cpu: '4', memory: '1Gi' }));
  const late = pod('late', { cpu: '2', memory: '6Gi' });
  await assert.rejects(strict.topology.admit(pod('late2', { cpu: '3', memory: '1Gi' })), refusal);
  // Six GiB are free on node 0 and on node 1, two processors on node 0 only.
  await strict.topology.admit(late);
  assert.equal(strict.has(late), '2-3 0 none');

  const loose = await machine(2, { policy: 'best-effort', scope: 'container' });
  await loose.topology.admit(pod('small', { cpu: '1', memory: '1Gi' }));
  const wide = pod('wide', { cpu: '6', memory: '9Gi' });
  // Nine GiB need both nodes, but node 0 has given some of its memory alone.
  await assert.rejects(loose.topology.admit(wide), { reason: 'UnexpectedAdmissionError', message: /memorymanager/ });
  await loose.topology.forget('wide');
  const scattered = pod('scattered', { cpu: '5', memory: '6Gi' });
  await loose.topology.admit(scattered);
  assert.equal(loose.has(scattered), '2-6 0 none');
});

test('four nodes on two sockets: near nodes when they are to be near', async () => {
  const fill = async (options: TopologyOptions['options']): Promise<string> => {
    const { topology, has } = await machine(4, { policy: 'best-effort', scope: 'container', options });
    // Node 0 is used alone: who needs two nodes has the choice of the others, which are of one socket or not.
    await topology.admit(pod('a', { cpu: '3', memory: '1Gi' }));
    const wide = pod('wide', { cpu: '5', memory: '9Gi' });
    await topology.admit(wide);
    return has(wide);
  };
  assert.equal(await fill({}), '4-8 1,2 none');
  assert.equal(await fill({ 'prefer-closest-numa-nodes': 'true' }), '8-12 2,3 none');
});

test('without a policy each is given for itself', async () => {
  const { topology, has } = await machine(2);
  const one = pod('one', { cpu: '4', memory: '2Gi', cards: 1 });
  await topology.admit(one);
  assert.equal(has(one), '4-7 0 card-0');
});
