// A cluster of both families: pods and the node have two addresses, Services one or two, and every way in works over both;
// balancers have addresses of a pool.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { EndpointSlices, NetworkPolicies, Nodes, Services } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { expose, netexec, reaches, ready, says, service, unreachable } from '../conformance/netsupport.ts';
import { inSpace } from '../conformance/support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster({ dualStack: true, flags: ['--load-balancer-pool', '203.0.113.16/28,fd5b::/124'] });
});
after(async () => cluster?.[Symbol.asyncDispose]());

describe('two families', { concurrency: 3 }, () => {
  test('the node and pods have addresses of both; they reach each other by both', () =>
    inSpace(cluster, async (space) => {
      const node = await space.cluster.client.resource(Nodes).get(cluster.nodeName);
      assert.deepEqual(node.spec.podCIDRs, ['10.244.0.0/24', 'fd00:10:244::/64']);
      assert.deepEqual(
        node.status.addresses?.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
        [cluster.nodeIp, cluster.nodeIp6],
      );
      const [a, b] = await ready(space, netexec('a'), netexec('b'));
      const [four = '', six = ''] = (b?.status.podIPs ?? []).map(({ ip }) => ip);
      assert.match(`${four} ${six}`, /^10\.244\.0\.\d+ fd00:10:244::[0-9a-f]+$/);
      assert.deepEqual(
        a?.status.hostIPs?.map(({ ip }) => ip),
        [cluster.nodeIp, cluster.nodeIp6],
      );
      await reaches(space, 'a', { host: four, port: 8080 }, ['b']);
      await reaches(space, 'a', { host: six, port: 8080 }, ['b']);
    }));

  test('a Service of both is reached by its name, its addresses and its node port', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'), netexec('s', { app: 'both' }));
      const made = await expose(space, 'both', { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack' });
      const [four = '', six = ''] = made.spec.clusterIPs ?? [];
      const slices = await until('a slice for each family', async () => {
        const found = await space.list(EndpointSlices, 'kubernetes.io/service-name=both');
        return found.length === 2 && found.every(({ endpoints }) => endpoints.length === 1) && found;
      });
      assert.deepEqual(slices.map(({ addressType }) => addressType).toSorted(), ['IPv4', 'IPv6']);
      for (const host of ['both', four, six]) await reaches(space, 'client', { host, port: 80 }, ['s']);
      await says(space, 'client', `nslookup -type=aaaa both.${space.namespace}.svc.cluster.local`, new RegExp(`Address: ${six}`));
      const nodePort = made.spec.ports?.[0]?.nodePort;
      for (const host of [cluster.nodeIp, `[${cluster.nodeIp6}]`])
        await until(`the node port answers at ${host}`, async () => {
          const answer = await fetch(`http://${host}:${nodePort}/hostname`).catch(() => undefined);
          return (await answer?.text()) === 's';
        });
      // The last endpoint goes: refused over both.
      await space.of(Services).patch('both', { spec: { selector: { app: 'nobody' } } }, { type: 'merge', namespace: space.namespace });
      for (const host of [four, six]) await unreachable(space, 'client', { host, port: 80 });
    }));

  test('a Service of the other family alone, a headless one of both, and a policy for both', () =>
    inSpace(cluster, async (space) => {
      const [, pod] = await ready(space, netexec('client'), netexec('s', { app: 'six' }));
      const [four = '', podSix = ''] = (pod?.status.podIPs ?? []).map(({ ip }) => ip);
      const made = await expose(space, 'six', { ipFamilies: ['IPv6'] });
      assert.match(made.spec.clusterIP ?? '', /^fd00:10:96::/);
      await reaches(space, 'client', { host: 'six', port: 80 }, ['s']);
      const spec = { clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack', selector: { app: 'six' }, ports: [{ port: 8080 }] } as const;
      await space.create(Services, service('headless', spec));
      const name = `headless.${space.namespace}.svc.cluster.local`;
      await says(space, 'client', `nslookup -type=aaaa ${name}`, new RegExp(`Address: ${podSix}`));
      await says(space, 'client', `nslookup -type=a ${name}`, new RegExp(`Address: ${four}`));
      await says(space, 'client', `nslookup ${podSix}`, /name = .*headless/);
      await space.create(NetworkPolicies, {
        metadata: { name: 'deny' },
        spec: { podSelector: { matchLabels: { app: 'six' } }, policyTypes: ['Ingress'] },
      });
      for (const host of [four, podSix, made.spec.clusterIP ?? ''])
        await unreachable(space, 'client', { host, port: host.includes('96::') ? 80 : 8080 });
    }));

  test('a balancer has an address of the pool in each family, which the node answers', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('s', { app: 'balanced' }));
      await expose(space, 'balanced', { type: 'LoadBalancer', ipFamilyPolicy: 'RequireDualStack' });
      const { status } = await space.until(Services, 'balanced', (made) => made.status.loadBalancer?.ingress?.length === 2);
      const [four = '', six = ''] = (status.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
      assert.match(`${four} ${six}`, /^203\.0\.113\.\d+ fd5b::/);
      const routes = [
        ['-4', 'route', 'replace', `${four}/32`, 'via', cluster.nodeIp],
        ['-6', 'route', 'replace', `${six}/128`, 'via', cluster.nodeIp6 ?? ''],
      ];
      for (const route of routes) execFileSync('ip', route);
      try {
        for (const host of [four, `[${six}]`])
          await until(`the balancer answers at ${host}`, async () => {
            const answer = await fetch(`http://${host}/hostname`).catch(() => undefined);
            return (await answer?.text()) === 's';
          });
        const addresses = (): string => execFileSync('ip', ['-n', cluster.netns, 'addr'], { encoding: 'utf8' });
        await until('the node has the addresses', async () =>
          [four, six].every((address) => addresses().includes(` ${address}/`) && addresses().includes('tutti-pool')),
        );
      } finally {
        for (const [family = '', , , to = ''] of routes) execFileSync('ip', [family, 'route', 'del', to]);
      }
    }));
});
