import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerdConfig, toToml } from './config.ts';
import { daemonCommand } from './daemon.ts';
import { cniResultsOf, mountsBelow } from './leftovers.ts';
import { type ContainerMachine, fileSystemOf, parseVersion } from './machine.ts';
import { containerdPaths } from './paths.ts';
import { exactTimers, withLateTimers } from './timers.ts';

const digest = { sha256: () => '0123456789abcdef' };

function configOf(version: string, extra: Partial<ContainerMachine> = {}): string {
  const machine: ContainerMachine = {
    containerd: '/usr/bin/containerd',
    containerdVersion: version,
    ociRuntime: '/usr/sbin/runc',
    ip: '/usr/bin/ip',
    nsenter: '/usr/bin/nsenter',
    cgroups: { version: 2, controllers: new Map([['memory', '/c']]), roots: ['/c'] },
    apparmor: false,
    lowersOomScore: true,
    snapshotter: 'overlayfs',
    ...extra,
  };
  return containerdConfig({ paths: containerdPaths('/data', digest), machine, cgroup: '/tutti/n/containerd', pauseImage: 'p:1' });
}

test('TOML puts plain values before tables and quotes names', () => {
  assert.equal(toToml({ a: { 'x.y': { z: true } }, b: 1, c: ['d'] }), 'b = 1\nc = ["d"]\n\n[a."x.y"]\nz = true\n');
});

test('containerd 1.x gets format 2, containerd 2.x format 3', () => {
  const one = configOf('1.6.20');
  assert.match(one, /^version = 2\n/m);
  assert.match(one, /\[plugins\."io\.containerd\.grpc\.v1\.cri"\]\nsandbox_image = "p:1"/);
  assert.doesNotMatch(one, /nri/);
  assert.match(configOf('1.7.2'), /\[plugins\."io\.containerd\.nri\.v1\.nri"\]\ndisable = true/);
  const two = configOf('2.1.0');
  assert.match(two, /^version = 3\n/m);
  assert.match(two, /\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\nsandbox = "p:1"/);
  assert.match(two, /\[plugins\."io\.containerd\.cri\.v1\.runtime"\.cni\]\nbin_dir = "\/data\/containerd\/cni\/bin"/);
});

test('what the machine lacks is switched off', () => {
  assert.match(configOf('1.6.20', { lowersOomScore: false, snapshotter: 'native' }), /restrict_oom_score_adj = true/);
  assert.match(configOf('1.6.20'), /disable_hugetlb_controller = true\n[^]*disable_apparmor = true/);
});

test('a long directory has its socket elsewhere', () => {
  assert.equal(containerdPaths('/data', digest).socket, '/data/containerd/containerd.sock');
  assert.equal(containerdPaths(`/${'d'.repeat(120)}`, digest).socket, '/run/tutti-0123456789/containerd.sock');
});

test('the command that puts the daemon in its place', () => {
  const plain = withLateTimers(['/c', '--config', '/x']);
  assert.deepEqual(daemonCommand('/c', '/x', {}), plain);
  assert.deepEqual(daemonCommand('/c', '/x', { netns: '/n' }), ['nsenter', '--net=/n', ...plain]);
  assert.deepEqual(daemonCommand('/c', '/x', { netns: '/n', hostName: 'h' }).slice(0, 5), [
    'nsenter',
    '--net=/n',
    'unshare',
    '--uts',
    'sh',
  ]);
});

test('texts of the machine', () => {
  assert.equal(parseVersion('containerd github.com/containerd/containerd v2.0.1 abc'), '2.0.1');
  assert.equal(parseVersion('containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1'), '1.6.20');
  const mounts = ['1 0 8:1 / / rw - ext4 a rw', '2 1 0:5 / /data rw - overlay o rw', '3 2 0:6 / /data/x\\040y rw - tmpfs t rw'].join('\n');
  assert.equal(fileSystemOf(mounts, '/data/d'), 'overlay');
  assert.equal(fileSystemOf(mounts, '/database'), 'ext4');
  assert.deepEqual(mountsBelow(mounts, '/data'), ['/data/x y']);
});

test("only a network's own CNI results are found", () => {
  const names = ['tutti-a-1234-eth0', 'cni-loopback-1234-lo', 'cni-loopback-99-lo', 'tutti-ab-5-eth0', 'other-1234-eth0'];
  assert.deepEqual(cniResultsOf(names, 'tutti-a'), ['tutti-a-1234-eth0', 'cni-loopback-1234-lo']);
});

test('the daemon and its shims may be woken late, containers may not', () => {
  assert.match(configOf('1.6.20'), /BinaryName = "\/data\/containerd\/runc"/);
  assert.match(withLateTimers(['/c', 'x'])[2] ?? '', /echo 1000000 >\/proc\/self\/timerslack_ns; \} 2>\/dev\/null; exec "\$@"$/);
  const script = exactTimers("/it's/runc", 50_000);
  assert.match(script, /\{ echo 50000 >\/proc\/self\/timerslack_ns; \} 2>\/dev\/null\nexec '\/it'\\''s\/runc' "\$@"\n$/);
});
