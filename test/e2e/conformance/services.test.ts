// Conformance of Services: every type and change of type, endpoints by pods and by hand, affinity, ports of nodes and hosts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { EndpointSlices, EndpointsRes, NetworkPolicies, Pods, Services } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { dial, expose, netexec, reaches, ready, says, service, unreachable } from './netsupport.ts';
import { inSpace, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

const addressOf = async (space: Space, name: string): Promise<string> => (await space.get(Services, name)).spec.clusterIP ?? '';
const slicesOf = (space: Space, name: string) => space.list(EndpointSlices, `kubernetes.io/service-name=${name}`);

describe('services', { concurrency: 3 }, () => {
  test('the kubernetes Service is there, with endpoints and slice at the API server', () =>
    inSpace(cluster, async (space) => {
      const at = { namespace: 'default' };
      const { spec } = await space.of(Services).get('kubernetes', at);
      assert.deepEqual([spec.ports?.[0]?.name, spec.ports?.[0]?.port], ['https', 443]);
      const { subsets } = await space.of(EndpointsRes).get('kubernetes', at);
      assert.equal(subsets?.[0]?.addresses?.[0]?.ip, cluster.nodeIp);
      const slice = await space.of(EndpointSlices).get('kubernetes', at);
      assert.deepEqual(slice.endpoints[0]?.addresses, [cluster.nodeIp]);
    }));

  test('endpoints come and go with pods and labels; a named port may differ by pod', () =>
    inSpace(cluster, async (space) => {
      await space.create(
        Services,
        service('multi', {
          selector: { app: 'multi' },
          ports: [
            { name: 'one', port: 80, targetPort: 'http' },
            { name: 'two', port: 81, targetPort: 8080 },
          ],
        }),
      );
      const placeholder = await until('a slice without pods', async () => (await slicesOf(space, 'multi'))[0]);
      assert.deepEqual(placeholder.endpoints, []);
      const other = {
        container: {
          args: ['netexec', '--http-port=9090', '--udp-port=-1'],
          ports: [{ name: 'http', containerPort: 9090 }],
          readinessProbe: undefined,
        },
      };
      await ready(space, netexec('client'), netexec('a', { app: 'multi' }), netexec('b', { app: 'multi' }, other));
      const address = await addressOf(space, 'multi');
      await reaches(space, 'client', { host: address, port: 80 }, ['a', 'b']);
      const endpoints = await space.get(EndpointsRes, 'multi');
      assert.deepEqual(
        endpoints.subsets?.map((subset) => [subset.addresses?.length, subset.ports?.length]),
        [
          [1, 2],
          [1, 2],
        ],
      );
      await space.of(Pods).patch('b', { metadata: { labels: { app: null } } }, { type: 'merge', namespace: space.namespace });
      await reaches(space, 'client', { host: address, port: 80 }, ['a']);
      await space.remove(Pods, 'a', 0);
      await unreachable(space, 'client', { host: address, port: 80 });
      const started = performance.now();
      assert.match((await dial(space, 'client', { host: address, port: 80 })).errors[0] ?? '', /refused/);
      assert.ok(performance.now() - started < 4000, 'refused at once');
    }));

  test('TCP and UDP on one port, from a pod, by name and on node ports', () =>
    inSpace(cluster, async (space) => {
      await ready(
        space,
        netexec('client'),
        netexec('both', { app: 'both' }, { container: { args: ['netexec', '--http-port=8080', '--udp-port=8080'] } }),
      );
      await expose(space, 'both', {
        type: 'NodePort',
        ports: [
          { name: 'tcp', port: 80, targetPort: 8080, protocol: 'TCP' },
          { name: 'udp', port: 80, targetPort: 8080, protocol: 'UDP' },
        ],
      });
      await reaches(space, 'client', { host: 'both', port: 80 }, ['both']);
      await reaches(space, 'client', { host: 'both', port: 80, protocol: 'udp' }, ['both']);
      const { spec } = await space.get(Services, 'both');
      const [tcp, udp] = (spec.ports ?? []).map((port) => port.nodePort ?? 0);
      assert.equal(tcp, udp, 'one number for both protocols');
      await reaches(space, 'client', { host: cluster.nodeIp, port: tcp ?? 0 }, ['both']);
      await reaches(space, 'client', { host: cluster.nodeIp, port: udp ?? 0, protocol: 'udp' }, ['both']);
      const outside = await fetch(`http://${cluster.nodeIp}:${tcp}/hostname`);
      assert.equal(await outside.text(), 'both');
    }));

  test('changes of type: ExternalName, ClusterIP, NodePort and back', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'), netexec('s', { app: 'changing' }));
      await space.create(Services, service('changing', { type: 'ExternalName', externalName: 'kubernetes.default.svc.cluster.local' }));
      const lookup = `nslookup -type=cname changing.${space.namespace}.svc.cluster.local`;
      await says(space, 'client', lookup, /canonical name = kubernetes\.default\.svc/);
      const change = (spec: object) => space.of(Services).patch('changing', { spec }, { type: 'merge', namespace: space.namespace });
      const ports = [{ port: 80, targetPort: 8080, protocol: 'TCP' }];
      const first = await change({ type: 'ClusterIP', externalName: null, selector: { app: 'changing' }, ports });
      assert.match(first.spec.clusterIP ?? '', /^10\.96\./);
      await reaches(space, 'client', { host: 'changing', port: 80 }, ['s']);
      const second = await change({ type: 'NodePort' });
      const nodePort = second.spec.ports?.[0]?.nodePort ?? 0;
      assert.ok(nodePort >= 30_000);
      await reaches(space, 'client', { host: cluster.nodeIp, port: nodePort }, ['s']);
      const third = await change({ type: 'ClusterIP', ports: [{ ...ports[0], nodePort: null }] });
      assert.equal(third.spec.ports?.[0]?.nodePort, undefined);
      await unreachable(space, 'client', { host: cluster.nodeIp, port: nodePort });
      const last = await change({ type: 'ExternalName', externalName: 'example.org', clusterIP: null, clusterIPs: null });
      assert.equal(last.spec.clusterIP ?? '', '');
      await says(space, 'client', lookup, /canonical name = example\.org/);
      const again = await change({ type: 'NodePort', externalName: null, selector: { app: 'changing' }, ports });
      await reaches(space, 'client', { host: cluster.nodeIp, port: again.spec.ports?.[0]?.nodePort ?? 0 }, ['s']);
    }));

  test('affinity by client address, switched on and off, on the cluster address and the node port', () =>
    inSpace(cluster, async (space) => {
      const names = ['a', 'b', 'c'];
      await ready(space, netexec('client'), ...names.map((name) => netexec(name, { app: 'sticky' })));
      const made = await expose(space, 'sticky', { type: 'NodePort', sessionAffinity: 'ClientIP' });
      const places = [
        { host: made.spec.clusterIP ?? '', port: 80 },
        { host: cluster.nodeIp, port: made.spec.ports?.[0]?.nodePort ?? 0 },
      ];
      for (const place of places) {
        await until('one server', async () => (await dial(space, 'client', { ...place, tries: 15 })).responses.length === 15, 30_000);
        assert.equal(new Set((await dial(space, 'client', { ...place, tries: 15 })).responses).size, 1);
      }
      const change = (sessionAffinity: string) =>
        space.of(Services).patch('sticky', { spec: { sessionAffinity } }, { type: 'merge', namespace: space.namespace });
      await change('None');
      for (const place of places) await reaches(space, 'client', place, names);
      await change('ClientIP');
      for (const place of places) {
        await until(
          'one server again',
          async () => new Set((await dial(space, 'client', { ...place, tries: 15 })).responses).size === 1,
          30_000,
        );
        assert.equal(new Set((await dial(space, 'client', { ...place, tries: 15 })).responses).size, 1);
      }
    }));

  test('slices by hand: several addresses and ports', () =>
    inSpace(cluster, async (space) => {
      const [, a, b] = await ready(space, netexec('client'), netexec('a'), netexec('b'));
      await space.create(
        Services,
        service('custom', {
          ports: [
            { name: 'first', port: 80, protocol: 'TCP' },
            { name: 'second', port: 81, protocol: 'TCP' },
          ],
        }),
      );
      const slice = (name: string, port: string, ip: string) =>
        space.create(EndpointSlices, {
          metadata: { name, labels: { 'kubernetes.io/service-name': 'custom', 'endpointslice.kubernetes.io/managed-by': 'test' } },
          addressType: 'IPv4',
          ports: [{ name: port, port: 8080, protocol: 'TCP' }],
          endpoints: [{ addresses: [ip] }],
        });
      await slice('one', 'first', a?.status.podIP ?? '');
      await slice('two', 'first', b?.status.podIP ?? '');
      await slice('three', 'second', b?.status.podIP ?? '');
      const host = await addressOf(space, 'custom');
      await reaches(space, 'client', { host, port: 80 }, ['a', 'b']);
      await reaches(space, 'client', { host, port: 81 }, ['b']);
      await space.remove(EndpointSlices, 'two');
      await reaches(space, 'client', { host, port: 80 }, ['a']);
    }));

  test('host ports: the same number on other addresses and protocols', () =>
    inSpace(cluster, async (space) => {
      const at = (name: string, hostIP: string, protocol: string) =>
        netexec(
          name,
          {},
          {
            container: {
              args: ['netexec', '--http-port=8080', '--udp-port=8080'],
              ports: [{ containerPort: 8080, hostPort: 54_323, hostIP, protocol }],
            },
          },
        );
      await ready(
        space,
        netexec(
          'host',
          {},
          { spec: { hostNetwork: true, nodeName: cluster.nodeName }, container: { args: ['pause'], readinessProbe: undefined, ports: [] } },
        ),
        at('pod1', '127.0.0.1', 'TCP'),
        at('pod2', cluster.nodeIp, 'TCP'),
        at('pod3', cluster.nodeIp, 'UDP'),
        netexec('client'),
      );
      const fromHost = (url: string): Promise<string> => space.exec('host', 'timeout', '5', 'wget', '-qO-', url).catch(String);
      await until('the loopback port', async () => (await fromHost('http://127.0.0.1:54323/hostname')) === 'pod1', 20_000);
      assert.equal(await fromHost(`http://${cluster.nodeIp}:54323/hostname`), 'pod2');
      await reaches(space, 'client', { host: cluster.nodeIp, port: 54_323, protocol: 'udp' }, ['pod3']);
      assert.equal(await (await fetch(`http://${cluster.nodeIp}:54323/hostname`)).text(), 'pod2');
    }));

  test('pods reach pods and themselves, and nodes reach pods, over HTTP and UDP', () =>
    inSpace(cluster, async (space) => {
      const [a, b] = await ready(space, netexec('a', { app: 'self' }), netexec('b'));
      await ready(
        space,
        netexec(
          'host',
          {},
          {
            spec: { hostNetwork: true },
            container: {
              args: ['netexec', '--http-port=18080', '--udp-port=18081'],
              ports: [],
              readinessProbe: { httpGet: { path: '/healthz', port: 18_080 } },
            },
          },
        ),
      );
      await reaches(space, 'a', { host: b?.status.podIP ?? '', port: 8080 }, ['b']);
      await reaches(space, 'a', { host: b?.status.podIP ?? '', port: 8081, protocol: 'udp' }, ['b']);
      await expose(space, 'self');
      await reaches(space, 'a', { host: 'self', port: 80 }, ['a']);
      const host = await space.exec(
        'host',
        'wget',
        '-qO-',
        `http://127.0.0.1:18080/dial?host=${a?.status.podIP}&port=8081&protocol=udp&request=hostname&tries=3`,
      );
      assert.match(host, /"responses":\["a","a","a"\]/);
      assert.match(await space.exec('host', 'wget', '-qO-', `http://${a?.status.podIP}:8080/hostname`), /^a$/);
      // The source of a pod's packets to another pod is its own address.
      const seen = await dial(space, 'a', { host: b?.status.podIP ?? '', port: 8080, request: 'clientip' });
      assert.equal(seen.responses[0]?.split(':')[0], a?.status.podIP);
    }));

  test('external addresses, balancers and local policies', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'), netexec('s', { app: 'out' }));
      const made = await expose(space, 'out', { type: 'LoadBalancer', externalIPs: ['203.0.113.7'], externalTrafficPolicy: 'Local' });
      const balanced = await space.until(Services, 'out', ({ status }) => status.loadBalancer?.ingress?.length, 20_000);
      assert.equal(balanced.status.loadBalancer?.ingress?.[0]?.ip, cluster.nodeIp);
      await reaches(space, 'client', { host: '203.0.113.7', port: 80 }, ['s']);
      const text = await (await fetch(`http://${cluster.nodeIp}:${made.spec.ports?.[0]?.nodePort}/clientip`)).text();
      assert.match(text, /^198\.18\./, 'the client keeps its address');
      const health = made.spec.healthCheckNodePort;
      const answer = await until(
        'health of local endpoints',
        async () => {
          const response = await fetch(`http://${cluster.nodeIp}:${health}/healthz`).catch(() => undefined);
          return response?.status === 200 ? response : undefined;
        },
        20_000,
      );
      assert.equal(((await answer.json()) as { localEndpoints: number }).localEndpoints, 1);
      await space.remove(Pods, 's', 0);
      await until('no local endpoint', async () => (await fetch(`http://${cluster.nodeIp}:${health}/healthz`)).status === 503, 20_000);
    }));

  test('rules that somebody else flushes come back', () =>
    inSpace(cluster, async (space) => {
      const [, server] = await ready(space, netexec('client'), netexec('s', { app: 'flushed' }));
      const { spec } = await expose(space, 'flushed');
      const deny = {
        podSelector: { matchLabels: { app: 'flushed' } },
        policyTypes: ['Ingress' as const],
        ingress: [{ ports: [{ port: 8080 }] }],
      };
      await space.create(NetworkPolicies, { metadata: { name: 'deny' }, spec: deny });
      const host = spec.clusterIP ?? '';
      const udp = { host: server?.status.podIP ?? '', port: 8081, protocol: 'udp' } as const;
      await reaches(space, 'client', { host, port: 80 }, ['s']);
      await unreachable(space, 'client', udp);
      for (const command of ['flush ruleset', 'delete table ip tutti']) {
        execFileSync('ip', ['netns', 'exec', cluster.netns, 'nft', ...command.split(' ')]);
        await reaches(space, 'client', { host, port: 80 }, ['s']);
        await unreachable(space, 'client', udp);
      }
    }));
});
