// Addresses of a balancer's pool on a link: a neighbour finds them at the node that announces them, over both families.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { Service } from '#api/core/v1/service.ts';
import { Nodes, Services } from '#api/refs.ts';
import type { World } from '#base/world.ts';
import { createWorld } from '#host/world.ts';
import { removeAnnouncements, startAnnouncer } from '#proxy/announce.ts';
import { createFeeds } from '../../support/feed.ts';
import { until } from '../../support/until.ts';

const id = `ta${process.pid % 100_000}`;
const [node, neighbour] = [`${id}n`, `${id}c`];
const sh = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8', stdio: 'pipe' });
const real = createWorld({ logLevel: 'silent' });
const world: World = {
  ...real,
  exec: { ...real.exec, run: (command, args, options) => real.exec.run('ip', ['netns', 'exec', node, command, ...args], options) },
};
const feeds = createFeeds();
const balanced = (...ips: readonly string[]): Service => ({
  metadata: { name: 's', namespace: 'd' },
  spec: { type: 'LoadBalancer' },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) } },
});
const answers = (ip: string, wait = 1): boolean => {
  try {
    sh(`ip netns exec ${neighbour} busybox ping -c1 -W${wait} ${ip}`);
    return true;
  } catch {
    return false;
  }
};

before(() => {
  sh(`ip netns add ${node}; ip netns add ${neighbour}
    ip link add up0 netns ${node} type veth peer name up0 netns ${neighbour}
    for n in 1 2; do ns=$([ $n = 1 ] && echo ${node} || echo ${neighbour})
      ip -n $ns link set lo up; ip -n $ns addr add 192.0.2.$n/24 dev up0; ip -n $ns addr add fd00:a::$n/64 dev up0 nodad; ip -n $ns link set up0 up
    done
    ip -n ${node} -6 route add default via fd00:a::2
    ip netns exec ${node} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`);
  feeds.feed(Nodes).put({
    metadata: { name: 'n' },
    spec: {},
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }], conditions: [{ type: 'Ready', status: 'True' }] },
  });
});
after(() => {
  for (const name of [node, neighbour]) sh(`ip netns del ${name} || true`);
});

/** The addresses that the node has for the pool. */
const held = (): string => sh(`ip -n ${node} addr show dev tutti-pool || true`);

test('addresses come and go with the status of Services, and are taken up by the next process', async () => {
  const [four, six] = ['192.0.2.77', 'fd00:a::77'];
  {
    await using announcer = startAnnouncer({ informers: feeds, world, nodeName: 'n' });
    feeds.feed(Services).put(balanced(four, six));
    await until('both are there', () => held().includes(four) && held().includes(six));
    await until('both answer', () => answers(four) && answers(six));
    feeds.feed(Services).put(balanced(six));
    await until('one is gone', () => !held().includes(four));
    assert.equal(announcer.health(), undefined);
  }
  // Announcements outlive the process; what is not wanted any more goes when the next one looks.
  assert.equal(answers(six, 20), true);
  assert.equal(answers(four), false);
  feeds.feed(Services).put(balanced(four));
  await using next = startAnnouncer({ informers: feeds, world, nodeName: 'n' });
  await until('the other is there', () => held().includes(four) && !held().includes(six));
  await until('the other answers', () => answers(four));
  assert.equal(next.health(), undefined);
  await removeAnnouncements(world);
  assert.equal(held(), '');
});
