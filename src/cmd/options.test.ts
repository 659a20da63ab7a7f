import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upOptions } from './options.ts';
import { UsageError } from './usage.ts';

const machine = { dataDir: '/d', hostName: 'My_Host', root: true };

test('defaults: a real node for root, none for others, a name from the host', () => {
  const options = upOptions({}, machine);
  assert.deepEqual(
    [options.nodes.kind, options.apiPort, options.nodeName, options.serviceCidr, options.podCidr],
    ['real', 6443, 'my-host', '10.96.0.0/16', '10.244.0.0/16'],
  );
  assert.equal(upOptions({}, { ...machine, root: false }).nodes.kind, 'none');
});

test('beta group versions are served when they are asked for', () => {
  assert.deepEqual(upOptions({}, machine).runtimeConfig, []);
  assert.deepEqual(upOptions({ runtimeConfig: 'a.k8s.io/v1beta1=true,b.k8s.io/v1alpha1,c.k8s.io/v1beta2=false' }, machine).runtimeConfig, [
    'a.k8s.io/v1beta1',
    'b.k8s.io/v1alpha1',
  ]);
});

test('feature gates are as asked', () => {
  assert.deepEqual(upOptions({}, machine).featureGates, {});
  assert.deepEqual(upOptions({ featureGates: 'ContainerStopSignals=true, GenericWorkload=false' }, machine).featureGates, {
    ContainerStopSignals: true,
    GenericWorkload: false,
  });
});

test('mistakes are named', () => {
  for (const [flags, message] of [
    [{ nodes: 'many' }, /--nodes must be real, none or sim:N with N from 1 to 1000, not "many"/],
    [{ nodes: 'sim:0' }, /--nodes/],
    [{ nodes: 'sim:1001' }, /--nodes/],
    [{ apiPort: '70000' }, /--api-port/],
    [{ serviceCidr: '10.96.0.0' }, /--service-cidr/],
    [{ podCidr: 'x' }, /--pod-cidr/],
    [{ runtimeConfig: 'v1beta1' }, /--runtime-config/],
    [{ nodeName: 'Bad Name' }, /--node-name/],
    [{ featureGates: 'Flying=true' }, /unrecognized feature gate: Flying/],
    [{ featureGates: 'ContainerStopSignals' }, /missing bool value for ContainerStopSignals/],
    [{ featureGates: 'ContainerStopSignals=maybe' }, /invalid value of ContainerStopSignals=maybe, must be true or false/],
  ] as const)
    assert.throws(
      () => upOptions(flags, machine),
      (error) => error instanceof UsageError && message.test(error.message),
    );
});

test('a network of each family, the same families for pods and Services', () => {
  const both = { serviceCidr: '10.96.0.0/16, fd00:96::/112', podCidr: 'fd00:244::/56,10.244.0.0/16' };
  const options = upOptions(both, machine);
  assert.deepEqual([options.serviceCidr, options.podCidr], ['10.96.0.0/16,fd00:96::/112', 'fd00:244::/56,10.244.0.0/16']);
  for (const [flags, message] of [
    [{ serviceCidr: both.serviceCidr }, /same families/],
    [{ serviceCidr: '10.96.0.0/16,10.97.0.0/16' }, /one network of each family/],
  ] as const)
    assert.throws(() => upOptions(flags, machine), message);
});

test('the server may have more names than its own', () => {
  assert.deepEqual(upOptions({}, machine).certSans, []);
  assert.deepEqual(upOptions({ apiserverCertExtraSans: '192.0.2.9, api.example.com' }, machine).certSans, ['192.0.2.9', 'api.example.com']);
  assert.throws(() => upOptions({ apiserverCertExtraSans: 'https://a' }, machine), UsageError);
});

test('etcd is asked for with the flags of kube-apiserver', () => {
  const none = upOptions({}, machine);
  assert.deepEqual([none.etcd, none.leaderElect], [undefined, false]);
  const options = upOptions(
    { etcdServers: 'https://192.0.2.1:2379,https://192.0.2.2:2379/', etcdCafile: '/ca', etcdPrefix: 'mine/' },
    machine,
  );
  assert.deepEqual(options.etcd, {
    servers: ['https://192.0.2.1:2379', 'https://192.0.2.2:2379'],
    caFile: '/ca',
    certFile: undefined,
    keyFile: undefined,
    prefix: '/mine',
  });
  assert.equal(options.leaderElect, true, 'there may be several servers');
  assert.equal(upOptions({ etcdServers: 'http://[::1]:2379' }, machine).etcd?.prefix, '/registry');
  for (const flags of [
    { etcdServers: '192.0.2.1:2379' },
    { etcdServers: 'https://192.0.2.1:2379/path' },
    { etcdServers: 'http://a:1,' },
    { etcdServers: 'https://a:1', etcdCertfile: '/c' },
    { etcdPrefix: '/x' },
    { etcdCafile: '/ca' },
  ])
    assert.throws(() => upOptions(flags, machine), UsageError, JSON.stringify(flags));
});
