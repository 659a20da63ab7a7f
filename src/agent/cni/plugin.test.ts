import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createWorld } from '#host/world.ts';
import { freeUnowned } from './network.ts';
import { loopbackPlugin, networkPlugin } from './plugin.ts';

interface Said {
  readonly code: number | null;
  readonly answer: string;
}

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tutti-plugin-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The plugin on programs that only note what they are asked. `inside` fails when there is a file `broken`. */
function plugin(...subnets: string[]): (command: string, id: string, before?: string) => Said {
  const log = `${dir}/log`;
  const ip = `#!/bin/sh\n{ echo "ip $*"; [ "$1" = -batch ] && cat; } >>'${log}'\n`;
  writeFileSync(`${dir}/ip`, ip, { mode: 0o755 });
  const nsenter = `#!/bin/sh\n[ -f '${dir}/broken' ] && { echo broken >&2; exit 1; }\necho "nsenter $1" >>'${log}'; shift; exec "$@"\n`;
  writeFileSync(`${dir}/nsenter`, nsenter, { mode: 0o755 });
  const leases = mkdtempSync(join(dir, "lea ses'"));
  const text = networkPlugin({ ip: `${dir}/ip`, nsenter: `${dir}/nsenter`, leases, subnets, mtu: 1450 });
  return (command, id, before = '') => {
    const env = { PATH: process.env.PATH, CNI_COMMAND: command, CNI_CONTAINERID: id, CNI_NETNS: '/run/n', CNI_IFNAME: 'eth0' };
    const ran = spawnSync('sh', ['-c', `${before}\n${text}`], { env, input: '{}', encoding: 'utf8' });
    return { code: ran.status, answer: ran.stdout };
  };
}

const addresses = ({ code, answer }: Said): string[] => {
  assert.equal(code, 0, answer);
  return (JSON.parse(answer) as { ips: { address: string }[] }).ips.map(({ address }) => address);
};
const leases = (): string[] => {
  const found = readdirSync(dir).find((name) => name.startsWith('lea')) ?? '';
  return readdirSync(join(dir, found)).filter((name) => !name.startsWith('last'));
};

test('a pod gets a pair of interfaces, an address and the way out', () => {
  const call = plugin('10.1.0.0/24');
  const { answer } = call('ADD', '0123456789abcdef');
  assert.deepEqual(JSON.parse(answer), {
    cniVersion: '0.4.0',
    interfaces: [{ name: 'veth01234567' }, { name: 'eth0', sandbox: '/run/n' }],
    ips: [{ version: '4', interface: 1, address: '10.1.0.2/24', gateway: '10.1.0.1' }],
    routes: [{ dst: '0.0.0.0/0', gw: '10.1.0.1' }],
    dns: {},
  });
  assert.deepEqual(readFileSync(`${dir}/log`, 'utf8').trim().split('\n'), [
    'ip -batch -',
    'link add veth01234567 mtu 1450 type veth peer name eth0 mtu 1450 netns /run/n',
    'link set veth01234567 up',
    'addr add 10.1.0.1/32 dev veth01234567',
    'route add 10.1.0.2/32 dev veth01234567',
    'nsenter --net=/run/n',
    'ip -batch -',
    'link set lo up',
    'link set eth0 up',
    'addr add 10.1.0.2/24 dev eth0 noprefixroute',
    'route add 10.1.0.1/32 dev eth0',
    'route add 10.1.0.0/24 via 10.1.0.1',
    'route add default via 10.1.0.1',
  ]);
});

test('each pod has an address of its own; those that are free again are used last', () => {
  const call = plugin('10.1.0.248/29');
  const ids = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(12));
  assert.deepEqual(
    ids.flatMap((id) => addresses(call('ADD', id))),
    ['10.1.0.250/29', '10.1.0.251/29', '10.1.0.252/29', '10.1.0.253/29', '10.1.0.254/29'],
  );
  const full = call('ADD', 'f'.repeat(12));
  assert.deepEqual([full.code, (JSON.parse(full.answer) as { msg: string }).msg], [1, 'no address of IPv4 is free']);
  for (const id of [ids[0], ids[0], ids[1]]) assert.deepEqual(call('DEL', id ?? ''), { code: 0, answer: '' });
  assert.deepEqual(leases(), ['10.1.0.252', '10.1.0.253', '10.1.0.254']);
  assert.deepEqual(addresses(call('ADD', ids[0] ?? '')), ['10.1.0.250/29']);
  call('DEL', ids[0] ?? '');
  assert.deepEqual(addresses(call('ADD', ids[1] ?? '')), ['10.1.0.251/29']);
});

test('two families; the last group of IPv6 counts in hexadecimal', () => {
  const call = plugin('10.1.0.0/24', 'fd00:1:0:2::/64');
  const got = Array.from({ length: 17 }, (_, i) => addresses(call('ADD', `${i + 10}`.repeat(5))));
  assert.deepEqual(
    [got[0], got[8], got[16]],
    [
      ['10.1.0.2/24', 'fd00:1:0:2::2/64'],
      ['10.1.0.10/24', 'fd00:1:0:2::a/64'],
      ['10.1.0.18/24', 'fd00:1:0:2::12/64'],
    ],
  );
  assert.match(readFileSync(`${dir}/log`, 'utf8'), /addr add fd00:1:0:2::2\/64 dev eth0 noprefixroute nodad\n/);
});

test('what fails leaves no address taken', () => {
  const call = plugin('10.1.0.0/24', 'fd00::/120');
  writeFileSync(`${dir}/broken`, '');
  assert.equal(call('ADD', 'abcdefghijkl').code, 1);
  assert.deepEqual(leases(), []);
  assert.match(readFileSync(`${dir}/log`, 'utf8'), /ip link del vethabcdefgh\n$/);
});

test('an address whose owner cannot be written down stays free, and the error says why', () => {
  const call = plugin('10.1.0.0/24');
  const full = call('ADD', 'abcdefghijkl', "trap '' XFSZ; ulimit -f 0");
  assert.equal(full.code, 1);
  assert.match((JSON.parse(full.answer) as { msg: string }).msg, /10\.1\.0\.2: File too large$/);
  assert.deepEqual(leases(), []);
});

test('addresses that were taken for nobody are free again after a while', async () => {
  const call = plugin('10.1.0.0/24');
  const place = join(dir, readdirSync(dir).find((name) => name.startsWith('lea')) ?? '');
  call('ADD', 'abcdefghijkl');
  writeFileSync(join(place, '10.1.0.7'), '');
  const { fs, clock } = createWorld();
  await freeUnowned({ fs, clock }, place);
  assert.deepEqual(leases(), ['10.1.0.2', '10.1.0.7']);
  await freeUnowned({ fs, clock: { ...clock, now: () => clock.now() + 61_000 } }, place);
  assert.deepEqual(leases(), ['10.1.0.2']);
});

test('addresses that host-local gave are known', () => {
  const call = plugin('10.1.0.0/24');
  const found = readdirSync(dir).find((name) => name.startsWith('lea')) ?? '';
  writeFileSync(join(dir, found, '10.1.0.2'), 'abcdefghijkl\r\neth0');
  writeFileSync(join(dir, found, '10.1.0.3'), 'abcdefghijklm\r\neth0');
  assert.deepEqual(addresses(call('ADD', 'xyzxyzxyz')), ['10.1.0.4/24']);
  call('DEL', 'abcdefghijkl');
  assert.deepEqual(leases(), ['10.1.0.3', '10.1.0.4']);
});

test('the loopback plugin says that the interface is there', () => {
  const ran = spawnSync('sh', ['-c', loopbackPlugin], { env: { CNI_COMMAND: 'ADD', CNI_NETNS: '/run/n' }, encoding: 'utf8' });
  assert.equal((JSON.parse(ran.stdout) as { interfaces: { name: string }[] }).interfaces[0]?.name, 'lo');
});
