// Random clusters from seeds: the indexed scheduler and the plain one in testing/reference.ts must agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodAffinityTerm, TopologySpreadConstraint } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Random } from '#base/random.ts';
import { below, pick, seededRandom } from '#base/seeded.ts';
import { Cycle } from './cycle.ts';
import { defaultPlugins } from './defaults.ts';
import { podInfo } from './podinfo.ts';
import { ClusterCache } from './snapshot.ts';
import { node, pod } from './testing/build.ts';
import { noStorage } from './volumes/storage.ts';
import { feasible, totals, type World } from './testing/reference.ts';

const namespaces = { a: { 'kubernetes.io/metadata.name': 'a', team: 'x' }, b: { 'kubernetes.io/metadata.name': 'b', team: 'y' } };
const keys = ['kubernetes.io/hostname', 'zone', 'rack'];

const chance = (random: Random, share: number): boolean => random.next() < share;
const labels = (random: Random) => ({ app: pick(random, ['web', 'db', 'job']), tier: pick(random, ['1', '2']) });

function randomNode(random: Random, i: number): Node {
  const taint = { key: 'dedicated', value: 'x', effect: pick(random, ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const) };
  return node(`n${i}`, {
    labels: {
      ...(chance(random, 0.9) ? { zone: pick(random, ['z1', 'z2', 'z3']) } : {}),
      ...(chance(random, 0.5) ? { rack: pick(random, ['r1', 'r2']) } : {}),
      ...(chance(random, 0.5) ? { disk: pick(random, ['ssd', 'hdd']) } : {}),
    },
    resources: { cpu: pick(random, ['1', '2', '4']), memory: pick(random, ['1Gi', '4Gi']), pods: pick(random, ['3', '10']) },
    spec: {
      ...(chance(random, 0.2) ? { taints: [taint] } : {}),
      ...(chance(random, 0.1) ? { unschedulable: true } : {}),
    },
  });
}

function randomTerm(random: Random): PodAffinityTerm {
  return {
    topologyKey: pick(random, keys),
    ...(chance(random, 0.95) ? { labelSelector: { matchLabels: { app: pick(random, ['web', 'db', 'job']) } } } : {}),
    ...(chance(random, 0.2) ? { namespaces: [pick(random, ['a', 'b'])] } : {}),
    ...(chance(random, 0.15) ? { namespaceSelector: chance(random, 0.5) ? {} : { matchLabels: { team: 'y' } } } : {}),
  };
}

function randomConstraint(random: Random): TopologySpreadConstraint {
  return {
    maxSkew: 1 + below(random, 2),
    topologyKey: pick(random, keys),
    whenUnsatisfiable: pick(random, ['DoNotSchedule', 'ScheduleAnyway'] as const),
    labelSelector: { matchLabels: { app: pick(random, ['web', 'db']) } },
    ...(chance(random, 0.2) ? { minDomains: 1 + below(random, 4) } : {}),
    ...(chance(random, 0.2) ? { nodeAffinityPolicy: 'Ignore' as const } : {}),
    ...(chance(random, 0.2) ? { nodeTaintsPolicy: 'Honor' as const } : {}),
  };
}

const few = <T>(random: Random, share: number, make: () => T): T[] =>
  chance(random, share) ? Array.from({ length: 1 + below(random, 2) }, make) : [];

function randomPod(random: Random, i: number): Pod {
  const term = () => randomTerm(random);
  const weighted = () => ({ weight: 1 + below(random, 50), podAffinityTerm: randomTerm(random) });
  const parts = (share: number) => {
    const required = few(random, share, term);
    const preferred = few(random, share, weighted);
    return {
      ...(required.length > 0 ? { requiredDuringSchedulingIgnoredDuringExecution: required } : {}),
      ...(preferred.length > 0 ? { preferredDuringSchedulingIgnoredDuringExecution: preferred } : {}),
    };
  };
  const disk = { key: 'disk', operator: 'In' as const, values: ['ssd'] };
  const spread = few(random, 0.35, () => randomConstraint(random));
  // The API refuses two constraints of one kind over one key.
  const unique = spread.filter((item, n) => spread.findIndex((other) => other.topologyKey === item.topologyKey) === n);
  return pod(`p${i}`, {
    namespace: pick(random, ['a', 'b']),
    ...(chance(random, 0.9) ? { labels: labels(random) } : {}),
    ...(chance(random, 0.8) ? { requests: { cpu: pick(random, ['100m', '500m', '1']), memory: pick(random, ['64Mi', '512Mi']) } } : {}),
    ...(chance(random, 0.15)
      ? { ports: [{ containerPort: 80, hostPort: pick(random, [80, 81]), ...(chance(random, 0.5) ? { hostIP: '10.0.0.1' } : {}) }] }
      : {}),
    terminating: chance(random, 0.1),
    spec: {
      ...(chance(random, 0.4) ? { tolerations: [{ key: 'dedicated', operator: 'Exists' as const }] } : {}),
      ...(chance(random, 0.2) ? { nodeSelector: { disk: 'ssd' } } : {}),
      affinity: {
        ...(chance(random, 0.3)
          ? {
              nodeAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  { weight: 1 + below(random, 100), preference: { matchExpressions: [disk] } },
                ],
              },
            }
          : {}),
        podAffinity: parts(0.15),
        podAntiAffinity: parts(0.15),
      },
      ...(unique.length > 0 ? { topologySpreadConstraints: unique } : {}),
    },
  });
}

function booked(world: World, name: string): { cpu: number; pods: number } {
  const there = world.pods.filter((item) => item.spec.nodeName === name).map((item) => podInfo(item));
  return { cpu: there.reduce((sum, info) => sum + info.requests.cpu, 0), pods: there.length };
}

/** Plays one cluster: pods come and go, nodes change, and every decision is checked. */
function play(seed: number): void {
  const random = seededRandom(seed);
  const labelsOf = (name: string) => namespaces[name as keyof typeof namespaces];
  const cache = new ClusterCache(labelsOf);
  const set = defaultPlugins({ namespaceLabels: labelsOf, defaultSelector: () => undefined, storage: noStorage });
  const cycle = new Cycle({ set, random, percentageOfNodesToScore: 100 });
  let nodes = Array.from({ length: 3 + below(random, 8) }, (_, i) => randomNode(random, i));
  let pods: Pod[] = [];
  for (const item of nodes) cache.setNode(item);
  for (let i = 0; i < 40; i++) {
    const incoming = randomPod(random, i);
    const world: World = { nodes, pods, namespaces };
    const open = nodes.filter((item) => feasible(world, incoming, item));
    const attempt = cycle.attempt(podInfo(incoming), cache);
    const context = `seed ${seed}, pod ${i}`;
    if (!attempt.ok)
      assert.deepEqual(
        open.map((item) => item.metadata.name),
        [],
        `${context}: rejected, yet these nodes are open`,
      );
    else {
      const scores = totals(world, incoming, open);
      const chosen = open.findIndex((item) => item.metadata.name === attempt.node.name);
      assert.notEqual(chosen, -1, `${context}: ${attempt.node.name} is not open`);
      assert.equal(scores[chosen], Math.max(...scores), `${context}: ${attempt.node.name} is not among the best`);
      assert.equal(attempt.feasible, open.length, context);
      cache.place(podInfo(incoming), attempt.node.name);
      pods.push({ ...incoming, spec: { ...incoming.spec, nodeName: attempt.node.name } });
    }
    for (const item of nodes) {
      const total = booked({ nodes, pods, namespaces }, item.metadata.name);
      const info = cache.get(item.metadata.name);
      assert.equal(info?.requested.cpu, total.cpu, context);
      assert.equal(info?.pods.size, total.pods, context);
    }
    if (pods.length > 0 && chance(random, 0.3)) {
      const gone = pick(random, pods);
      pods = pods.filter((item) => item !== gone);
      cache.forget(podInfo(gone));
    }
    if (chance(random, 0.15)) {
      const at = below(random, nodes.length);
      const changed = { ...(nodes[at] as Node), ...pickParts(randomNode(random, at)) };
      // Capacity stays: a node that shrinks below what runs on it would end the comparison of bookings.
      nodes = nodes.with(at, changed);
      cache.setNode(changed);
    }
  }
}

const pickParts = (item: Node): Pick<Node, 'metadata' | 'spec'> => ({ metadata: item.metadata, spec: item.spec });

test('the indexed scheduler and the plain one agree on who fits where and what is best', () => {
  for (let seed = 1; seed <= 40; seed++) play(seed);
});
