// KubeSchedulerConfiguration: what is read, what is refused, and what a profile does with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#base/seeded.ts';
import { parseYaml } from '#format/yaml.ts';
import { Cycle } from '../cycle.ts';
import { podInfo } from '../podinfo.ts';
import { node, on, pod } from '../testing/build.ts';
import { cacheOf } from '../testing/judge.ts';
import { noStorage } from '../volumes/storage.ts';
import { configByWord, type ProfileConfig, readConfig, type SchedulerConfig } from './config.ts';
import { buildProfile } from './profile.ts';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const read = (text: string): SchedulerConfig => readConfig(parseYaml(head + text));
const deps = { namespaceLabels: () => undefined, defaultSelector: () => undefined, storage: noStorage };
const build = (config: SchedulerConfig) => buildProfile(config.profiles[0] as ProfileConfig, deps);

test('nothing said: one profile as Kubernetes has it', () => {
  const profile = build(read(''));
  assert.equal(profile.schedulerName, 'default-scheduler');
  assert.deepEqual(
    profile.set.plugins.map((plugin) => plugin.name),
    [
      'SchedulingGates',
      'NodeUnschedulable',
      'NodeName',
      'TaintToleration',
      'NodeAffinity',
      'NodePorts',
      'NodeResourcesFit',
      'VolumeRestrictions',
      'NodeVolumeLimits',
      'VolumeZone',
      'PodTopologySpread',
      'InterPodAffinity',
      'NodeResourcesBalancedAllocation',
      'ImageLocality',
    ],
  );
  assert.deepEqual(profile.preemption, {});
});

test('plugins are switched off and on by point, weights and arguments are heeded', () => {
  const profile = build(
    read(`
percentageOfNodesToScore: 40
profiles:
  - schedulerName: mine
    percentageOfNodesToScore: 70
    plugins:
      score:
        disabled: [{name: '*'}]
        enabled: [{name: NodeResourcesFit, weight: 5}]
      filter:
        disabled: [{name: NodePorts}]
      postFilter:
        disabled: [{name: DefaultPreemption}]
    pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated}}
`),
  );
  const scoring = profile.set.plugins.filter((plugin) => plugin.score !== undefined).map((plugin) => plugin.name);
  assert.deepEqual(scoring, ['NodeResourcesFit']);
  assert.equal(profile.set.weights['NodeResourcesFit'], 5);
  assert.equal(profile.set.plugins.find((plugin) => plugin.name === 'NodePorts')?.filter, undefined);
  assert.equal(profile.preemption, undefined);
  assert.equal(profile.percentageOfNodesToScore, 70);
});

test('one word packs: the fuller node is chosen as long as it has room', () => {
  const config = configByWord('binpack');
  assert.ok(config);
  const cycle = new Cycle({ set: build(config).set, random: seededRandom(1) });
  const spread = new Cycle({ set: build(read('')).set, random: seededRandom(1) });
  const placed = [on('half', pod('x', { requests: { cpu: '2', memory: '2Gi' } })), on('full', pod('y', { requests: { cpu: '3500m' } }))];
  const cache = cacheOf({ nodes: [node('empty'), node('half'), node('full')], placed });
  const choice = (using: Cycle) => {
    const attempt = using.attempt(podInfo(pod('p', { requests: { cpu: '1', memory: '1Gi' } })), cache);
    return attempt.ok && attempt.node.name;
  };
  assert.equal(choice(cycle), 'half');
  assert.equal(choice(spread), 'empty');
});

test('mistakes name their field', () => {
  const cases: readonly [string, RegExp][] = [
    ['profile: []', /unknown field "profile"/],
    ['profiles: [{schedulerName: a}, {schedulerName: a}]', /profiles\[1\]\.schedulerName: Duplicate value: "a"/],
    ['percentageOfNodesToScore: 101', /percentageOfNodesToScore: must be a whole number from 0 to 100/],
    ['profiles: [{plugins: {queueSort: {enabled: [{name: Other}]}}}]', /queueSort: only PrioritySort is there/],
    ['podInitialBackoffSeconds: 20', /podMaxBackoffSeconds/],
  ];
  for (const [text, expected] of cases) assert.throws(() => read(text), expected, text);
  assert.throws(() => readConfig({ kind: 'Pod' }), /KubeSchedulerConfiguration/);
  assert.throws(() => build(read('profiles: [{plugins: {filter: {enabled: [{name: Nope}]}}}]')), /plugin "Nope" does not exist/);
  const strategy = (args: string) => () => build(read(`profiles: [{pluginConfig: [{name: NodeResourcesFit, args: ${args}}]}]`));
  assert.throws(strategy('{scoringStrategy: {type: Random}}'), /unsupported value "Random"/);
  assert.throws(strategy('{scoringStrategy: {type: RequestedToCapacityRatio}}'), /at least one point/);
});
