import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { hostNetworkHosts, podHosts } from '../hosts/hosts.ts';
import { parseResolvConf, podDns } from './dns.ts';
import { podHostName } from './hostname.ts';
import { containerResources, cpuQuota, cpuShares } from './resources.ts';
import { boundingSet, containerSecurity, namespaceOptions, sandboxSecurity } from './security.ts';

const make = (spec: object = {}): Pod =>
  ({ metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [], ...spec }, status: {} }) as unknown as Pod;

test('cpu as shares and quota', () => {
  assert.deepEqual([0, 1, 2, 100, 1000, 300_000].map(cpuShares), [2, 2, 2, 102, 1024, 262_144]);
  assert.deepEqual([0, 1, 10, 500, 2000].map(cpuQuota), [0, 1000, 1000, 50_000, 200_000]);
});

test('resources of a container', () => {
  const container = { name: 'c', resources: { limits: { cpu: '200m', memory: '64Mi' }, requests: { memory: '32Mi' } } };
  const pod = make({ containers: [container] });
  assert.deepEqual(containerResources(pod, container, { memoryCapacity: 1024 ** 3 }), {
    cpuPeriod: 100_000,
    cpuQuota: 20_000,
    cpuShares: 204,
    memoryLimitInBytes: 64 * 1024 * 1024,
    oomScoreAdj: 968,
  });
});

test('without quotas of processor time', () => {
  const container = { name: 'c', resources: { limits: { cpu: '200m' } } };
  const { cpuQuota: quota, cpuPeriod } = containerResources(make({ containers: [container] }), container, {
    memoryCapacity: 1,
    cpuQuota: false,
  });
  assert.deepEqual([quota, cpuPeriod], [undefined, undefined]);
});

test('huge pages: what a container does not ask for it does not get', () => {
  const container = { name: 'c', resources: { limits: { 'hugepages-2Mi': '4Mi' } } };
  const of = (one: object, hugepageSizes?: string[]) =>
    containerResources(make({ containers: [one] }), one as typeof container, {
      memoryCapacity: 1,
      ...(hugepageSizes ? { hugepageSizes } : {}),
    }).hugepageLimits;
  assert.deepEqual(of(container, ['2Mi', '1Gi']), [
    { pageSize: '2MB', limit: 4 * 1024 * 1024 },
    { pageSize: '1GB', limit: 0 },
  ]);
  assert.deepEqual(of({ name: 'c' }, ['2Mi']), [{ pageSize: '2MB', limit: 0 }]);
  assert.equal(of({ name: 'c' }), undefined);
});

test('dns policies', () => {
  const node = {
    resolv: parseResolvConf('nameserver 1.1.1.1\nsearch corp.example. lan\noptions timeout:2\n'),
    clusterDns: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
  };
  const cluster = ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example', 'lan'];
  assert.deepEqual(podDns(make(), node), { servers: ['10.96.0.10'], searches: cluster, options: ['ndots:5'] });
  assert.deepEqual(podDns(make({ hostNetwork: true }), node).servers, ['1.1.1.1']);
  assert.deepEqual(podDns(make({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), node).servers, ['10.96.0.10']);
  assert.deepEqual(podDns(make({ dnsPolicy: 'Default' }), node), {
    servers: ['1.1.1.1'],
    searches: ['corp.example', 'lan'],
    options: ['timeout:2'],
  });
  const dnsConfig = { nameservers: ['9.9.9.9'], searches: ['x'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] };
  assert.deepEqual(podDns(make({ dnsPolicy: 'None', dnsConfig }), node), {
    servers: ['9.9.9.9'],
    searches: ['x'],
    options: ['ndots:2', 'edns0'],
  });
  assert.deepEqual(podDns(make({ dnsConfig }), node).options, ['ndots:2', 'edns0']);
});

test('host names', () => {
  assert.deepEqual(podHostName(make(), 'c.l'), { hostname: 'p', domain: '', kernelName: 'p' });
  assert.deepEqual(podHostName(make({ hostname: 'h', subdomain: 's' }), 'c.l'), { hostname: 'h', domain: 's.ns.svc.c.l', kernelName: 'h' });
  assert.equal(podHostName(make({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true }), 'c.l').kernelName, 'h.s.ns.svc.c.l');
  assert.throws(
    () => podHostName(make({ hostname: 'h'.repeat(60), subdomain: 's', setHostnameAsFQDN: true }), 'c.l'),
    /is too long \(64 characters is the max, 73 characters requested\)/,
  );
});

test('hosts files', () => {
  assert.match(podHosts({ ips: ['10.0.0.1'], hostname: 'h', domain: 'd', aliases: [] }), /\n10\.0\.0\.1\th\.d\th\n$/);
  assert.equal(
    hostNetworkHosts('127.0.0.1 localhost', [{ ip: '1.1.1.1', hostnames: ['a'] }]),
    '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n\n# Entries added by HostAliases.\n1.1.1.1\ta\n',
  );
});

test('namespaces of a pod', () => {
  assert.deepEqual(namespaceOptions(make()), { network: 'POD', ipc: 'POD', pid: 'CONTAINER' });
  assert.deepEqual(namespaceOptions(make({ hostNetwork: true, hostIPC: true, hostPID: true })), {
    network: 'NODE',
    ipc: 'NODE',
    pid: 'NODE',
  });
  assert.equal(namespaceOptions(make({ shareProcessNamespace: true })).pid, 'POD');
  assert.deepEqual(namespaceOptions(make(), 'abc'), { network: 'POD', ipc: 'POD', pid: 'TARGET', targetId: 'abc' });
});

test('security contexts', () => {
  const node = { capabilities: new Set(['CAP_NET_ADMIN']), seccompDir: '/sec', sandboxSeccomp: '/sandbox.json' };
  const image = { id: 'x', repoTags: [], repoDigests: [], size: 1, username: '', pinned: false };
  const security = (securityContext: object, spec: object = {}, imageOver: object = {}) =>
    containerSecurity(make(spec), { name: 'c', securityContext }, { image: { ...image, ...imageOver }, node });
  assert.deepEqual(security({ capabilities: { add: ['NET_ADMIN', 'SYS_RESOURCE'], drop: ['ALL'] } }).capabilities, {
    addCapabilities: ['NET_ADMIN'],
    dropCapabilities: ['ALL'],
  });
  assert.equal(security({ allowPrivilegeEscalation: false }).noNewPrivs, true);
  assert.deepEqual(security({ privileged: true }).maskedPaths, []);
  assert.equal(security({ runAsUser: 5 }, { securityContext: { runAsUser: 7, runAsGroup: 8 } }).runAsUser, 5);
  assert.equal(security({}, { securityContext: { runAsUser: 7, runAsGroup: 8 } }).runAsGroup, 8);
  assert.deepEqual(security({}, { securityContext: { fsGroup: 9, supplementalGroups: [1] } }).supplementalGroups, [1, 9]);
  assert.deepEqual(security({ seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } }).seccomp, {
    profileType: 'Localhost',
    localhostRef: '/sec/a.json',
  });
  const profile = (securityContext: object, seccompDefault: boolean): string =>
    containerSecurity(make(), { name: 'c', securityContext }, { image, node: { ...node, seccompDefault } }).seccomp?.profileType ?? '';
  assert.deepEqual([profile({}, false), profile({}, true)], ['Unconfined', 'RuntimeDefault']);
  assert.equal(profile({ seccompProfile: { type: 'Unconfined' } }, true), 'Unconfined');
  assert.equal(profile({ privileged: true }, true), 'Unconfined');
  assert.throws(
    () => security({ runAsNonRoot: true, runAsUser: 0 }),
    /^Error: container's runAsUser breaks non-root policy \(pod: "p_ns\(u\)", container: c\)$/,
  );
  assert.throws(() => security({ runAsNonRoot: true }), /container has runAsNonRoot and image will run as root/);
  assert.throws(
    () => security({ runAsNonRoot: true }, {}, { username: 'app' }),
    /image has non-numeric user \(app\), cannot verify user is non-root/,
  );
  assert.equal(security({ runAsNonRoot: true }, {}, { uid: 1000 }).runAsUser, 1000);
});

test('a sandbox has its own seccomp profile, whatever its pod asks for', () => {
  const pod = make({ securityContext: { seccompProfile: { type: 'Unconfined' }, runAsUser: 7 } });
  assert.deepEqual(sandboxSecurity(pod, { seccompDir: '/sec', sandboxSeccomp: '/sandbox.json' }), {
    namespaceOptions: { network: 'POD', ipc: 'POD', pid: 'CONTAINER' },
    runAsUser: 7,
    privileged: false,
    seccomp: { profileType: 'Localhost', localhostRef: '/sandbox.json' },
  });
});

test('the bounding set', () => {
  assert.deepEqual([...(boundingSet('CapBnd:\t0000000000000003\n') ?? [])], ['CAP_CHOWN', 'CAP_DAC_OVERRIDE']);
  assert.equal(boundingSet('nothing'), undefined);
});
