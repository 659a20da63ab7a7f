import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imagePullDefaults } from '../pulls/options.ts';
import { formatCpuset, parseCpuset } from './cpuset.ts';
import { readKubeletConfiguration } from './kubeletconfiguration.ts';

const file = (fields: object): string =>
  JSON.stringify({ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...fields });
const read = (fields: object) => readKubeletConfiguration(file(fields)).options;

test('an empty configuration sets nothing', () => assert.deepEqual(read({}), {}));

test('what a file sets', () => {
  const text = [
    'apiVersion: kubelet.config.k8s.io/v1beta1',
    'kind: KubeletConfiguration',
    'staticPodPath: /etc/kubernetes/manifests',
    'fileCheckFrequency: 5s',
    'maxPods: 42',
    'runtimeRequestTimeout: 90s',
    'containerLogMaxSize: 1Mi',
    'systemReserved: {cpu: 200m, memory: 100Mi}',
    'kubeReserved: {cpu: 300m}',
    'shutdownGracePeriod: 30s',
    'shutdownGracePeriodCriticalPods: 10s',
    'cgroupDriver: systemd',
  ].join('\n');
  const { options, ignored } = readKubeletConfiguration(text);
  assert.deepEqual(options, {
    staticPodPath: '/etc/kubernetes/manifests',
    fileCheckFrequency: 5000,
    maxPods: 42,
    runtimeRequestTimeout: 90_000,
    containerLogMaxSize: 1024 * 1024,
    reserved: { cpu: '500m', memory: '100Mi' },
    shutdown: [
      { priority: 0, seconds: 20 },
      { priority: 2_000_000_000, seconds: 10 },
    ],
  });
  assert.deepEqual(ignored, ['cgroupDriver']);
});

test('hard thresholds that are named replace all others, unless they are to be merged', () => {
  assert.deepEqual(read({ evictionHard: { 'memory.available': '1Gi' } }).eviction?.hard, { 'memory.available': '1Gi' });
  const merged = read({ evictionHard: { 'memory.available': '1Gi' }, mergeDefaultEvictionSettings: true }).eviction?.hard;
  assert.equal(merged?.['memory.available'], '1Gi');
  assert.equal(merged['nodefs.available'], '10%');
});

test('the feature gate decides about memory QoS', () => {
  assert.equal(read({ memoryThrottlingFactor: 0.8 }).memoryQos, undefined);
  assert.deepEqual(read({ memoryThrottlingFactor: 0.8, featureGates: { MemoryQoS: true } }).memoryQos, { throttlingFactor: 0.8 });
});

test('pods are kept off what is reserved, unless the file says otherwise', () => {
  assert.equal(read({ enforceNodeAllocatable: ['pods'] }).enforceAllocatable, true);
  for (const list of [[], ['none']]) assert.equal(read({ enforceNodeAllocatable: list }).enforceAllocatable, false);
  assert.throws(() => read({ enforceNodeAllocatable: ['pods', 'all'] }), /option "all" specified for enforceNodeAllocatable/);
  assert.equal(read({ cpuCFSQuota: false }).cpuQuota, false);
});

test('processors of their own for containers', () => {
  assert.equal(read({ cpuManagerPolicy: 'none' }).cpuManager, undefined);
  assert.deepEqual(read({ cpuManagerPolicy: 'static', reservedSystemCPUs: '0-1' }).cpuManager, {
    policy: 'static',
    reservedCpus: '0-1',
    options: {},
  });
});

const pulls: readonly (readonly [string, object, object | undefined])[] = [
  ['nothing is said', {}, undefined],
  ['one after the other', { serializeImagePulls: true, maxParallelImagePulls: 1 }, { parallel: 1 }],
  ['all at once', { serializeImagePulls: false }, {}],
  ['so many at once', { serializeImagePulls: false, maxParallelImagePulls: 3 }, { parallel: 3 }],
  ['several at once need no more words', { maxParallelImagePulls: 2 }, { parallel: 2 }],
  ['one at once', { maxParallelImagePulls: 1 }, { parallel: 1 }],
  ['without a limit', { registryPullQPS: 0, registryBurst: 1 }, { parallel: 1, qps: 0, burst: 1 }],
  [
    'a list',
    { imagePullCredentialsVerificationPolicy: 'NeverVerifyAllowlistedImages', preloadedImagesVerificationAllowlist: ['r.io/*'] },
    { parallel: 1, verification: { policy: 'NeverVerifyAllowlistedImages', allowlist: ['r.io/*'] } },
  ],
  ['without the feature', { featureGates: { KubeletEnsureSecretPulledImages: false } }, { parallel: 1, verification: undefined }],
];
for (const [name, fields, expected] of pulls) {
  test(`pulls: ${name}`, () => {
    const found = read(fields).imagePulls;
    if (!expected) return assert.equal(found, undefined);
    const { parallel: _parallel, ...usual } = imagePullDefaults;
    assert.deepEqual({ verification: undefined, ...found }, { ...usual, ...expected });
  });
}

test('the longest pause between restarts is also the first when it is shorter; pulls have pauses of their own', () => {
  const { backoffInitial, backoffMax } = read({ crashLoopBackOff: { maxContainerRestartPeriod: '2s' } });
  assert.deepEqual([backoffInitial, backoffMax], [2_000, 2_000]);
  assert.equal(read({ crashLoopBackOff: { maxContainerRestartPeriod: '1m' } }).backoffInitial, 10_000);
  assert.equal(imagePullDefaults.backoffMax, 300_000);
});

test('what the object of the node says', () => {
  const { podsPerCore, statusImages, providerId } = read({ podsPerCore: 10, nodeStatusMaxImages: 5, providerID: 'cloud://x/y' });
  assert.deepEqual([podsPerCore, statusImages, providerId], [10, 5, 'cloud://x/y']);
  assert.equal(read({ podsPerCore: 0 }).podsPerCore, undefined);
  assert.equal(read({ nodeStatusMaxImages: -1 }).statusImages, Number.POSITIVE_INFINITY);
});

test('images that nobody uses, and profiles that nobody names', () => {
  assert.equal(read({ imageMaximumGCAge: '0s' }).imageGc, undefined);
  const defaults = { highPercent: 85, lowPercent: 80, minimumAge: 120_000 };
  assert.deepEqual(read({ imageMaximumGCAge: '24h' }).imageGc, { ...defaults, maximumAge: 86_400_000 });
  assert.deepEqual(read({ imageMinimumGCAge: '1m' }).imageGc, { ...defaults, minimumAge: 60_000 });
  assert.equal(read({ seccompDefault: true }).seccompDefault, true);
});

test('memory of certain nodes, and everything of the same', () => {
  const reservedMemory = [{ numaNode: 1, limits: { memory: '1Gi', 'hugepages-2Mi': '4Mi' } }];
  assert.equal(read({ memoryManagerPolicy: 'None', reservedMemory }).memoryManager, undefined);
  assert.deepEqual(read({ memoryManagerPolicy: 'Static', reservedMemory }).memoryManager, { policy: 'Static', reservedMemory });
  assert.equal(read({ topologyManagerPolicy: 'none', topologyManagerScope: 'pod' }).topologyManager, undefined);
  const options = { 'prefer-closest-numa-nodes': 'true' };
  assert.deepEqual(read({ topologyManagerPolicy: 'restricted', topologyManagerPolicyOptions: options }).topologyManager, {
    policy: 'restricted',
    scope: 'container',
    options,
  });
});

const node0 = (...limits: readonly object[]): object => ({ reservedMemory: limits.map((one) => ({ numaNode: 0, limits: one })) });
const refused: readonly (readonly [string, object, RegExp])[] = [
  ['another kind', { kind: 'Pod' }, /not a KubeletConfiguration/],
  ['an unknown field', { staticPodPat: 'x' }, /^SettingsError: strict decoding error: unknown field "staticPodPat"$/],
  ['a wrong type', { maxPods: '110' }, /maxPods must be a number/],
  ['no duration', { fileCheckFrequency: '5' }, /fileCheckFrequency: time: missing unit in duration "5"/],
  [
    'critical pods with more than all',
    { shutdownGracePeriod: '5s', shutdownGracePeriodCriticalPods: '10s' },
    /must be <= shutdownGracePeriod/,
  ],
  ['less than a second', { shutdownGracePeriod: '0.5s' }, /must be either zero or otherwise >= 1 sec/],
  [
    'two ways at once',
    { shutdownGracePeriod: '5s', shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 5 }] },
    /cannot specify both/,
  ],
  ['a sysctl of the whole machine', { allowedUnsafeSysctls: ['vm.swappiness'] }, /"vm.swappiness" are not known to be namespaced/],
  ['fewer images than none', { nodeStatusMaxImages: -2 }, /nodeStatusMaxImages -2 must not be less than -1/],
  ['fewer pods than none', { podsPerCore: -1 }, /podsPerCore -1 must not be less than 0/],
  ['an age of images below the least', { imageMaximumGCAge: '2m' }, /imageMaximumGCAge 120s must be greater than imageMinimumGCAge 120s/],
  ['no policy', { cpuManagerPolicy: 'dynamic' }, /unknown policy: "dynamic"/],
  [
    'no topology policy',
    { topologyManagerPolicy: 'strict' },
    /^SettingsError: invalid configuration: topologyManagerPolicy \(--topology-manager-policy\) "strict" must be one of: \["none" "best-effort" "restricted" "single-numa-node"\]$/,
  ],
  [
    'no topology scope',
    { topologyManagerScope: 'node' },
    /topologyManagerScope \(--topology-manager-scope\) "node" must be one of: "container", or "pod"$/,
  ],
  ['no memory policy', { memoryManagerPolicy: 'static' }, /unknown policy: "static"/],
  ['a memory policy of another system', { memoryManagerPolicy: 'BestEffort' }, /policy "BestEffort" is not available for platform "linux"/],
  [
    'memory that is none',
    node0({ cpu: '1' }),
    /the limit type "cpu" for NUMA node 0 is not supported, only \[memory hugepages-<HugePageSize>\] is accepted/,
  ],
  ['no memory', node0({ memory: '0' }), /reserved memory may not be zero for NUMA node 0 and resource "memory"/],
  [
    'memory twice',
    node0({ memory: '1' }, { memory: '1' }),
    /the reserved memory has a duplicate value for NUMA node 0 and resource "memory"/,
  ],
  ['too much throttling', { memoryThrottlingFactor: 1.5 }, /memoryThrottlingFactor 1.5 must be/],
  [
    'several pulls one after the other',
    { serializeImagePulls: true, maxParallelImagePulls: 2 },
    /maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls \(--serialize-image-pulls\) is set to false$/,
  ],
  ['no pull at all', { maxParallelImagePulls: 0 }, /maxParallelImagePulls 0 must be a positive number$/],
  ['half a pull', { maxParallelImagePulls: 1.5 }, /maxParallelImagePulls must be a whole number$/],
  ['less than no pull', { registryPullQPS: -1 }, /registryPullQPS \(--registry-qps\) -1 must not be a negative number$/],
  ['less than none at once', { registryBurst: -1 }, /registryBurst \(--registry-burst\) -1 must not be a negative number$/],
  [
    'a policy that does not exist',
    { imagePullCredentialsVerificationPolicy: 'Sometimes' },
    /option "Sometimes" specified for imagePullCredentialsVerificationPolicy. Valid options are "NeverVerify", .* or "AlwaysVerify"$/,
  ],
  ['a list that nobody reads', { preloadedImagesVerificationAllowlist: ['r.io/a'] }, /can't set `preloadedImagesVerificationAllowlist` if/],
  [
    'a list with a tag',
    { imagePullCredentialsVerificationPolicy: 'NeverVerifyAllowlistedImages', preloadedImagesVerificationAllowlist: ['r.io/a:1'] },
    /invalid image pattern in `preloadedImagesVerificationAllowlist`: neither tag nor digest/,
  ],
  [
    'a policy without the feature',
    { imagePullCredentialsVerificationPolicy: 'AlwaysVerify', featureGates: { KubeletEnsureSecretPulledImages: false } },
    /`imagePullCredentialsVerificationPolicy` must not be set if KubeletEnsureSecretPulledImages feature gate is not enabled$/,
  ],
  ['an image collection that cannot end', { imageGCLowThresholdPercent: 90 }, /must be less than imageGCHighThresholdPercent/],
];
for (const [name, fields, problem] of refused) test(`refused: ${name}`, () => assert.throws(() => read(fields), problem));

test('sets of processors', () => {
  assert.deepEqual([...parseCpuset('0-2,5')], [0, 1, 2, 5]);
  assert.deepEqual([...parseCpuset('\n')], []);
  assert.equal(formatCpuset([5, 0, 1, 2, 7, 8]), '0-2,5,7-8');
  assert.equal(formatCpuset([]), '');
  for (const text of ['a', '3-1', '1,,2', '-1']) assert.throws(() => parseCpuset(text));
});
