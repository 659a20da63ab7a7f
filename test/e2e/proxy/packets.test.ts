// The rules against the kernel: two network namespaces stand for pods, a third for the node; real packets.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { type Front, frontKey } from '#proxy/front.ts';
import { RuleState } from '#proxy/rules.ts';
import { until } from '../../support/until.ts';

const id = `tp${process.pid % 100_000}`;
const node = `${id}n`;
const pods = [1, 2].map((n) => ({ ns: `${id}p${n}`, ip: `10.244.0.${n + 1}`, link: `v${id}${n}` }));
const sh = (command: string, input?: string): string =>
  execFileSync('sh', ['-ec', command], { encoding: 'utf8', ...(input === undefined ? {} : { input }) });
const nft = (text: string): string => sh(`ip netns exec ${node} nft -f -`, text);
const state = new RuleState({ table: 'tutti', podRanges: { ip: '10.244.0.0/16' } }, 'ip');
const servers: { kill(): unknown }[] = [];

const front = (over: Partial<Front>): Front => {
  const backends = over.backends ?? [];
  return {
    kind: 'cluster',
    family: 'ip',
    address: '10.96.0.10',
    protocol: 'tcp',
    port: 80,
    masquerade: true,
    ready: new Set(),
    ...over,
    backends,
  };
};
const all = pods.map((pod) => ({ address: pod.ip, port: 8080 }));

/** The names of the pods that answered `count` requests from `from`, or the failures. */
function ask(from: string, url: string, count = 12, patience = 30): Map<string, number> {
  const script = `for i in $(seq ${count}); do timeout ${patience} busybox wget -qO- ${url} 2>/dev/null || echo FAIL; done`;
  const answers = sh(`ip netns exec ${from} sh -c '${script}'`).trim().split('\n');
  return new Map(Object.entries(Object.groupBy(answers, (answer) => answer)).map(([answer, list]) => [answer, list?.length ?? 0]));
}

/** What a client complains of that gets no answer. */
function complaint(from: string, url: string): string {
  return sh(`ip netns exec ${from} timeout 30 busybox wget -qO- ${url} 2>&1 || true`);
}

before(async () => {
  sh(`ip netns add ${node}; ip -n ${node} link set lo up; ip netns exec ${node} sysctl -qw net.ipv4.ip_forward=1`);
  // The node needs a default route, or packets to Service addresses are refused before they meet a rule.
  sh(
    `ip -n ${node} link add up0 type bridge; ip -n ${node} addr add 192.0.2.1/24 dev up0; ip -n ${node} link set up0 up; ip -n ${node} route add default via 192.0.2.254`,
  );
  for (const pod of pods) {
    sh(`ip netns add ${pod.ns}; ip link add eth0 netns ${pod.ns} type veth peer name ${pod.link} netns ${node}
      ip -n ${pod.ns} link set lo up; ip -n ${pod.ns} addr add ${pod.ip}/32 dev eth0; ip -n ${pod.ns} link set eth0 up
      ip -n ${node} addr add 10.244.0.1/32 dev ${pod.link}; ip -n ${node} link set ${pod.link} up; ip -n ${node} route add ${pod.ip}/32 dev ${pod.link}
      ip -n ${pod.ns} route add 10.244.0.1 dev eth0; ip -n ${pod.ns} route add default via 10.244.0.1`);
    const dir = sh('mktemp -d').trim();
    sh(`echo ${pod.ns} > ${dir}/index.html`);
    servers.push(spawn('ip', ['netns', 'exec', pod.ns, 'busybox', 'httpd', '-f', '-p', '8080', '-h', dir], { stdio: 'ignore' }));
  }
  nft(state.replace(['192.0.2.1']));
  for (const pod of pods) await until(`${pod.ns} serves`, () => ask(pod.ns, `http://${pod.ip}:8080/`, 1).has(pod.ns));
});

after(() => {
  for (const server of servers) server.kill();
  for (const name of [node, ...pods.map((pod) => pod.ns)]) sh(`ip netns del ${name} || true`);
});

const [first, second] = pods;
assert.ok(first && second);

test('a ClusterIP spreads over its backends, from a pod (hairpin too) and from the node', () => {
  nft(state.change([], [front({ backends: all })]));
  for (const from of [first.ns, node]) {
    const answers = ask(from, 'http://10.96.0.10/', 24);
    assert.equal(answers.get('FAIL'), undefined, from);
    assert.equal(answers.size, 2, from);
  }
});

test('removing one backend fails no connection, removing the last refuses', () => {
  nft(state.change([], [front({ backends: [all[1] as (typeof all)[0]] })]));
  assert.deepEqual([...ask(first.ns, 'http://10.96.0.10/')], [[second.ns, 12]]);
  nft(state.change([], [front({ backends: [] })]));
  assert.match(complaint(first.ns, 'http://10.96.0.10/'), /refused/);
});

test('node ports answer on the node address', () => {
  nft(state.change([], [front({ kind: 'port', address: '', port: 30080, backends: all })]));
  const answers = ask(first.ns, 'http://192.0.2.1:30080/', 20);
  assert.equal(answers.get('FAIL'), undefined);
  assert.equal(answers.size, 2);
});

test('affinity keeps a client on one backend, and moves it when that one goes', () => {
  const sticky = front({ address: '10.96.0.11', affinity: 60, backends: all });
  nft(state.change([], [sticky]));
  const answers = ask(first.ns, 'http://10.96.0.11/', 10);
  assert.equal(answers.size, 1);
  const chosen = pods.find((pod) => answers.has(pod.ns));
  const others = all.filter((backend) => backend.address !== chosen?.ip);
  nft(state.change([], [{ ...sticky, backends: others }]));
  const moved = ask(first.ns, 'http://10.96.0.11/', 6);
  assert.equal(moved.get('FAIL'), undefined);
  assert.equal(moved.has(chosen?.ns ?? ''), false);
});

test('a guarded address answers those alone who may use it', () => {
  const guarded = front({ kind: 'external', address: '203.0.113.1', backends: all, sources: [`${first.ip}/32`, '192.0.2.0/24'] });
  nft(state.change([], [guarded]));
  assert.equal(ask(first.ns, 'http://203.0.113.1/', 6).get('FAIL'), undefined);
  assert.equal(ask(node, 'http://203.0.113.1/', 6).get('FAIL'), undefined);
  assert.deepEqual([...ask(second.ns, 'http://203.0.113.1/', 1, 3)], [['FAIL', 1]]);
  nft(state.change([], [{ ...guarded, sources: ['10.244.0.0/16'] }]));
  assert.equal(ask(second.ns, 'http://203.0.113.1/', 6).get('FAIL'), undefined);
  nft(state.change([], [{ ...guarded, sources: ['10.244.0.0/24', '198.51.100.0/24'] }]));
  assert.equal(ask(second.ns, 'http://203.0.113.1/', 6).get('FAIL'), undefined);
  nft(state.change([frontKey(guarded)], []));
});

test('a full replacement keeps everything working', () => {
  nft(state.change([], [front({ backends: all })]));
  nft(state.replace(['192.0.2.1']));
  assert.equal(ask(second.ns, 'http://10.96.0.10/', 8).get('FAIL'), undefined);
  nft(state.change([frontKey(front({}))], []));
  const listing = sh(`ip netns exec ${node} nft list map ip tutti svc`);
  assert.doesNotMatch(listing, /10\.96\.0\.10 /);
});
