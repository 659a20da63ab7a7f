// NetworkPolicies by truth table: every pod asks every pod on every port, under more than a hundred policies; real packets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '#api/networking/v1/networkpolicy.ts';
import { Namespaces, NetworkPolicies, Pods, ServiceAccounts, Services } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { agnhost, isReady, pod, shell } from '../conformance/support.ts';
import { allowed, type Endpoint, type Policy } from './truth.ts';

let cluster: TestCluster;
const ends: Endpoint[] = [];
const spaces = ['x', 'y', 'z'];
const names = ['a', 'b', 'c'];
const wires = [
  { protocol: 'TCP', port: 80 },
  { protocol: 'TCP', port: 81 },
  { protocol: 'UDP', port: 80 },
  { protocol: 'UDP', port: 81 },
] as const;
const portName = (protocol: string, port: number): string => `serve-${port}-${protocol.toLowerCase()}`;

async function serve(namespace: string, name: string): Promise<Endpoint> {
  const { client } = cluster;
  const server = (port: number): object => ({
    name: `s${port}`,
    args: ['netexec', `--http-port=${port}`, `--udp-port=${port}`],
    ports: (['TCP', 'UDP'] as const).map((protocol) => ({ name: portName(protocol, port), containerPort: port, protocol })),
    readinessProbe: { httpGet: { path: '/healthz', port }, periodSeconds: 1, timeoutSeconds: 20 },
  });
  const both = { containers: [80, 81].map((port) => ({ image: agnhost, ...server(port) })) };
  await client.resource(Pods).create(pod(name, {}, { labels: { pod: name }, spec: both }), { namespace });
  const ready = await until(
    `${namespace}/${name} is ready`,
    async () => {
      const found = await client.resource(Pods).get(name, { namespace });
      return isReady(found) && found;
    },
    180_000,
  );
  return {
    namespace,
    name,
    ip: ready.status.podIP ?? '',
    labels: { pod: name },
    namespaceLabels: { ns: namespace, 'kubernetes.io/metadata.name': namespace },
    portNames: Object.fromEntries(wires.map(({ protocol, port }) => [`${protocol}/${port}`, portName(protocol, port)])),
  };
}

before(async () => {
  cluster = await startCluster();
  const { client } = cluster;
  for (const name of spaces) {
    await client.resource(Namespaces).create({ metadata: { name, labels: { ns: name } } });
    await until('its account', () =>
      client
        .resource(ServiceAccounts)
        .get('default', { namespace: name })
        .catch(() => undefined),
    );
  }
  ends.push(...(await Promise.all(spaces.flatMap((space) => names.map((name) => serve(space, name))))));
});
after(async () => cluster?.[Symbol.asyncDispose]());

/** One character per target: does a pod get an answer? */
async function probe(from: Endpoint, targets: readonly string[], patience: number): Promise<string> {
  const cmd = `/agnhost probe ${patience} ${targets.join(' ')}`;
  const response = await cluster.client.transport.send({
    method: 'GET',
    path: `/api/v1/namespaces/${from.namespace}/pods/${from.name}:80/proxy/shell`,
    query: new URLSearchParams({ cmd }).toString(),
  });
  assert.ok('stream' in response.body);
  const parts: Uint8Array[] = [];
  for await (const part of response.body.stream) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  assert.equal(response.status, 200, text);
  return (JSON.parse(text) as { output: string }).output.trim();
}

/** The whole table, a line for each pod that asks. */
async function table(patience: number): Promise<string[]> {
  const targets = ends.flatMap(({ ip }) => wires.map(({ protocol, port }) => `${protocol.toLowerCase()}/${ip}/${port}`));
  return await Promise.all(ends.map(async (from) => `${from.namespace}/${from.name} ${await probe(from, targets, patience)}`));
}

function truth(policies: readonly Policy[]): string[] {
  return ends.map((from) => {
    const line = ends.flatMap((to) => wires.map((wire) => (allowed(policies, from, to, wire) ? '.' : 'X'))).join('');
    return `${from.namespace}/${from.name} ${line}`;
  });
}

/** Probes until the table is what the policies say; a busy machine may need more patience. */
async function check(policies: readonly Policy[]): Promise<void> {
  const wanted = truth(policies);
  let last: string[] = [];
  const began = performance.now();
  for (let patience = 250; performance.now() - began < 180_000; patience = Math.min(patience * 1.5, 10_000)) {
    last = await table(Math.round(patience));
    if (last.join() === wanted.join()) return;
  }
  assert.deepEqual(last, wanted, JSON.stringify(policies, undefined, 1));
}

async function withPolicies(policies: readonly Policy[], run: () => Promise<void>): Promise<void> {
  const resource = cluster.client.resource(NetworkPolicies);
  await Promise.all(policies.map(({ namespace, spec }, i) => resource.create({ metadata: { name: `p${i}`, namespace }, spec })));
  try {
    await run();
  } finally {
    await Promise.all(policies.map(({ namespace }, i) => resource.delete(`p${i}`, { namespace })));
  }
}

/** Peers that a rule may name; undefined is a rule for everybody, `none` is no rule at all. */
function peers(): readonly (readonly NetworkPolicyPeer[] | undefined | 'none')[] {
  const [one] = ends;
  const pods = (name: string): NetworkPolicyPeer => ({ podSelector: { matchLabels: { pod: name } } });
  const inSpace = (name: string): NetworkPolicyPeer => ({ namespaceSelector: { matchLabels: { ns: name } } });
  return [
    undefined,
    'none',
    [pods('b')],
    [{ podSelector: {} }],
    [inSpace('y')],
    [{ ...pods('c'), ...inSpace('z') }],
    [
      {
        namespaceSelector: { matchExpressions: [{ key: 'ns', operator: 'NotIn', values: ['x'] }] },
        podSelector: { matchExpressions: [{ key: 'pod', operator: 'In', values: ['a', 'b'] }] },
      },
    ],
    [pods('a'), inSpace('z')],
    [{ ipBlock: { cidr: `${one?.ip}/32` } }],
    [{ ipBlock: { cidr: '10.244.0.0/16', except: [`${one?.ip}/32`, `${ends[4]?.ip}/31`] } }, pods('a')],
    [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'pod', operator: 'DoesNotExist' }] } }],
  ];
}

const ports: readonly (readonly NetworkPolicyPort[] | undefined)[] = [
  undefined,
  [{ protocol: 'TCP', port: 80 }],
  [{ protocol: 'UDP', port: 81 }],
  [
    { protocol: 'TCP', port: 'serve-81-tcp' },
    { protocol: 'UDP', port: 'serve-80-udp' },
  ],
  [
    { protocol: 'TCP', port: 79, endPort: 80 },
    { protocol: 'TCP', port: 80, endPort: 90 },
  ],
  [{ protocol: 'UDP' }],
];

const targets: readonly NonNullable<NetworkPolicySpec['podSelector']>[] = [
  {},
  { matchLabels: { pod: 'a' } },
  { matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['b'] }] },
];

function specs(): NetworkPolicySpec[] {
  const all: NetworkPolicySpec[] = [];
  for (const [i, peer] of peers().entries()) {
    for (const [j, port] of ports.entries()) {
      for (const direction of ['Ingress', 'Egress'] as const) {
        const rule = port ? { ports: port } : {};
        const list = peer === 'none' ? [] : undefined;
        const podSelector = targets[(i + j) % targets.length] ?? {};
        if (direction === 'Ingress')
          all.push({
            podSelector,
            policyTypes: [direction],
            ingress: list ?? [{ ...rule, ...(peer && peer !== 'none' ? { from: peer } : {}) }],
          });
        else
          all.push({
            podSelector,
            policyTypes: [direction],
            egress: list ?? [{ ...rule, ...(peer && peer !== 'none' ? { to: peer } : {}) }],
          });
      }
    }
  }
  return all;
}

test('without policies everybody reaches everybody', () => check([]));

test('more than a hundred policies, several at a time', async () => {
  const all = specs();
  assert.ok(all.length >= 100, String(all.length));
  // Neighbours in the list differ in one thing only: taken apart, each round mixes peers, ports and directions.
  const rounds = 33;
  for (let round = 0; round < rounds; round++) {
    const policies = all.filter((_, i) => i % rounds === round).map((spec, i) => ({ namespace: spaces[(i + round) % 3] ?? 'x', spec }));
    await withPolicies(policies, () => check(policies));
  }
  await check([]);
});

test('policies follow labels of pods and namespaces', async () => {
  const { client } = cluster;
  const policies: Policy[] = [
    {
      namespace: 'x',
      spec: {
        podSelector: { matchLabels: { pod: 'a' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'one' } } }] }],
      },
    },
  ];
  await withPolicies(policies, async () => {
    await check(policies);
    const relabel = async (space: string, team: string | null): Promise<void> => {
      await client.resource(Namespaces).patch(space, { metadata: { labels: { team } } }, { type: 'merge' });
      for (const [i, end] of ends.entries()) {
        if (end.namespace !== space) continue;
        const { team: _, ...rest } = end.namespaceLabels;
        ends[i] = { ...end, namespaceLabels: team === null ? rest : { ...rest, team } };
      }
    };
    await relabel('y', 'one');
    await check(policies);
    await client.resource(Pods).patch('b', { metadata: { labels: { pod: 'a' } } }, { type: 'merge', namespace: 'x' });
    const at = ends.findIndex(({ namespace, name }) => namespace === 'x' && name === 'b');
    const before = ends[at]!;
    ends[at] = { ...before, labels: { pod: 'a' } };
    await check(policies);
    await client.resource(Pods).patch('b', { metadata: { labels: { pod: 'b' } } }, { type: 'merge', namespace: 'x' });
    ends[at] = before;
    await relabel('y', null);
    await check(policies);
  });
});

test('a policy holds from the first packet of a new pod, and Services lead through policies', async () => {
  const { client } = cluster;
  const open = ends.find(({ namespace }) => namespace === 'y')!;
  await client
    .resource(Services)
    .create({ metadata: { name: 'self', namespace: 'x' }, spec: { selector: { pod: 'new' }, ports: [{ port: 80, targetPort: 8080 }] } });
  const deny: Policy = { namespace: 'x', spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } };
  await withPolicies([deny], async () => {
    await check([deny]);
    const script = `for i in $(seq 40); do timeout 1 wget -qO- http://${open.ip}:80/hostname && echo LEAK; [ $i = 1 ] && echo TRIED; sleep 0.02; [ $i -ge 3 ] && break; done; echo page > /tmp/index.html; httpd -p 8080 -h /tmp; while ! timeout 4 wget -qO- http://self.x.svc.cluster.local; do sleep 0.2; done; echo HAIRPIN; sleep 1000`;
    for (let i = 0; i < 3; i++)
      await client.resource(Pods).create(pod(`new-${i}`, shell(script), { labels: { pod: 'new' } }), { namespace: 'x' });
    for (let i = 0; i < 3; i++) {
      const text = await until(`new-${i} has tried`, async () => {
        const log = (await cluster.kubectl('logs', '-n', 'x', `new-${i}`)).stdout;
        return log.includes('TRIED') && (i > 0 || log.includes('HAIRPIN')) ? log : undefined;
      });
      assert.doesNotMatch(text, /LEAK/);
    }
  });
});
