// Conformance of Services: every type and change of type, endpoints by pods and by hand, affinity, ports of nodes and hosts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
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

/** What a server says to somebody outside; undefined while it cannot be asked. */
const ask = (url: string): Promise<string | undefined> =>
  fetch(url).then(
    (answer) => answer.text(),
    () => undefined,
  );

describe('services', { concurrency: 3 }, () => {
  test('the kubernetes Service is there, with endpoints and slice at the API server', () =>
    inSpace(cluster, async (space) => {
      const at = { namespace: 'default' };
      const { spec } = await space.of(Services).get('kubernetes', at);
      assert.deepEqual([spec.ports?.[0]?.name, spec.ports?.[0]?.port], ['https', 443]);
      await until('its Endpoints', async () => {
        const found = await space
          .of(EndpointsRes)
          .get('kubernetes', at)
          .catch(() => undefined);
        return found?.subsets?.[0]?.addresses?.[0]?.ip === cluster.nodeIp;
      });
      await until('its slice', async () => {
        const found = await space
          .of(EndpointSlices)
          .get('kubernetes', at)
          .catch(() => undefined);
        return found?.endpoints[0]?.addresses.join() === cluster.nodeIp;
      });
    }));

  // Conformance: [sig-network] Services should be able to create a functioning NodePort service [Conformance]
  test('node ports for TCP and UDP with one number: by name, by cluster address and at the node', () =>
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
      await until('the node port answers', async () => (await ask(`http://${cluster.nodeIp}:${tcp}/hostname`)) === 'both');
    }));

  const targets = [{ port: 80, targetPort: 8080, protocol: 'TCP' as const }];
  /** Replaces the spec as a client does that read the Service: what it does not touch, it sends back. */
  const rewrite = async (space: Space, name: string, spec: Partial<ServiceSpec>): Promise<Service> => {
    const current = await space.get(Services, name);
    return space.of(Services).update({ ...current, spec: { ...current.spec, ...spec } });
  };
  const external = (space: Space) =>
    space.create(Services, service('changing', { type: 'ExternalName', externalName: `target.${space.namespace}.svc.cluster.local` }));
  const lookup = (space: Space) => `nslookup changing.${space.namespace}.svc.cluster.local`;

  // Conformance: [sig-network] Services should be able to change the type from ExternalName to ClusterIP [Conformance]
  test('from ExternalName to ClusterIP and back: the name, the address and what answers', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'), netexec('s', { app: 'changing' }), netexec('t', { app: 'target' }));
      const target = await expose(space, 'target');
      await external(space);
      await says(
        space,
        'client',
        lookup(space),
        new RegExp(`canonical name = target.${space.namespace}[^]*Address: ${target.spec.clusterIP}\\b`),
      );
      const made = await rewrite(space, 'changing', { type: 'ClusterIP', externalName: '', selector: { app: 'changing' }, ports: targets });
      assert.match(made.spec.clusterIP ?? '', /^10\.96\./);
      for (const host of ['changing', made.spec.clusterIP ?? '']) await reaches(space, 'client', { host, port: 80 }, ['s']);
      // Back without a word about the addresses: they go by themselves.
      const again = await rewrite(space, 'changing', { type: 'ExternalName', externalName: 'target' });
      assert.deepEqual([again.spec.clusterIP ?? '', again.spec.clusterIPs, again.spec.ipFamilies], ['', undefined, undefined]);
      await rewrite(space, 'changing', { externalName: `target.${space.namespace}.svc.cluster.local` });
      await says(space, 'client', lookup(space), new RegExp(`canonical name = target[^]*Address: ${target.spec.clusterIP}\\b`));
      await unreachable(space, 'client', { host: made.spec.clusterIP ?? '', port: 80 });
    }));

  // Conformance: [sig-network] Services should be able to change the type from ExternalName to NodePort [Conformance]
  test('from ExternalName to NodePort, to ClusterIP, and back', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'), netexec('s', { app: 'changing' }), netexec('t', { app: 'target' }));
      await expose(space, 'target');
      await external(space);
      const made = await rewrite(space, 'changing', { type: 'NodePort', externalName: '', selector: { app: 'changing' }, ports: targets });
      const nodePort = made.spec.ports?.[0]?.nodePort ?? 0;
      assert.ok(nodePort >= 30_000 && nodePort <= 32_767);
      await reaches(space, 'client', { host: 'changing', port: 80 }, ['s']);
      await reaches(space, 'client', { host: made.spec.clusterIP ?? '', port: 80 }, ['s']);
      await reaches(space, 'client', { host: cluster.nodeIp, port: nodePort }, ['s']);
      const plain = await rewrite(space, 'changing', { type: 'ClusterIP' });
      assert.deepEqual([plain.spec.ports?.[0]?.nodePort, plain.spec.clusterIP], [undefined, made.spec.clusterIP]);
      await unreachable(space, 'client', { host: cluster.nodeIp, port: nodePort });
      const port = (await rewrite(space, 'changing', { type: 'NodePort' })).spec.ports?.[0]?.nodePort ?? 0;
      await reaches(space, 'client', { host: cluster.nodeIp, port }, ['s']);
      const last = await rewrite(space, 'changing', { type: 'ExternalName', externalName: `target.${space.namespace}.svc.cluster.local` });
      assert.deepEqual([last.spec.clusterIP ?? '', last.spec.ports?.[0]?.nodePort], ['', undefined]);
      await says(space, 'client', lookup(space), /canonical name = target/);
    }));

  test('node ports added for a second protocol share the number', () =>
    inSpace(cluster, async (space) => {
      await ready(
        space,
        netexec('client'),
        netexec('s', { app: 'second' }, { container: { args: ['netexec', '--http-port=8080', '--udp-port=8080'] } }),
      );
      await expose(space, 'second', { ports: [{ name: 'tcp-port', port: 80, targetPort: 8080, protocol: 'TCP' }] });
      const first = await rewrite(space, 'second', { type: 'NodePort' });
      const port = first.spec.ports?.[0]?.nodePort ?? 0;
      const both = await rewrite(space, 'second', {
        ports: [
          { name: 'tcp-port', port: 80, targetPort: 8080, protocol: 'TCP', nodePort: port },
          { name: 'udp-port', port: 80, targetPort: 8080, protocol: 'UDP', nodePort: port },
        ],
      });
      assert.deepEqual(
        both.spec.ports?.map(({ nodePort }) => nodePort),
        [port, port],
      );
      await reaches(space, 'client', { host: cluster.nodeIp, port }, ['s']);
      await reaches(space, 'client', { host: cluster.nodeIp, port, protocol: 'udp' }, ['s']);
    }));

  // Conformance: [sig-network] Services should have session affinity work for service with type clusterIP [LinuxOnly] [Conformance]
  // Conformance: [sig-network] Services should be able to switch session affinity for service with type clusterIP [LinuxOnly] [Conformance]
  // Conformance: [sig-network] Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]
  test('affinity by client address, switched on and off, on the cluster address and the node port', () =>
    inSpace(cluster, async (space) => {
      const names = ['a', 'b', 'c'];
      await ready(space, netexec('client'), ...names.map((name) => netexec(name, { app: 'sticky' })));
      const made = await expose(space, 'sticky', { type: 'NodePort', sessionAffinity: 'ClientIP' });
      const places = [
        { host: made.spec.clusterIP ?? '', port: 80 },
        { host: cluster.nodeIp, port: made.spec.ports?.[0]?.nodePort ?? 0 },
      ];
      // A change of the endpoints may move a client.
      await until('all endpoints', async () => {
        const slices = await space.list(EndpointSlices, 'kubernetes.io/service-name=sticky');
        return slices.flatMap(({ endpoints }) => endpoints).filter(({ conditions }) => conditions?.ready).length === names.length;
      });
      for (const place of places) {
        await until('one server', async () => {
          const answer = await dial(space, 'client', { ...place, tries: 15 }).catch(() => undefined);
          return answer?.responses.length === 15 && new Set(answer.responses).size === 1;
        });
        assert.equal(new Set((await dial(space, 'client', { ...place, tries: 15 })).responses).size, 1);
      }
      const change = (sessionAffinity: string) =>
        space.of(Services).patch('sticky', { spec: { sessionAffinity } }, { type: 'merge', namespace: space.namespace });
      await change('None');
      for (const place of places) await reaches(space, 'client', place, names);
      await change('ClientIP');
      for (const place of places) {
        await until('one server again', async () => new Set((await dial(space, 'client', { ...place, tries: 15 })).responses).size === 1);
        assert.equal(new Set((await dial(space, 'client', { ...place, tries: 15 })).responses).size, 1);
      }
    }));

  // Conformance: [sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly] [Conformance]
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
      const fromHost = (...args: string[]): Promise<string> => space.exec('host', ...args).catch(String);
      await until(
        'the loopback port',
        async () => (await fromHost('timeout', '30', 'wget', '-qO-', 'http://127.0.0.1:54323/hostname')) === 'pod1',
      );
      // The suite's client speaks to the loopback port from the node's own address.
      const get = `require('http').get({host:'127.0.0.1',port:54323,path:'/hostname',localAddress:'${cluster.nodeIp}',timeout:60000},r=>r.pipe(process.stdout))`;
      assert.equal(execFileSync('ip', ['netns', 'exec', cluster.netns, process.execPath, '-e', get], { encoding: 'utf8' }), 'pod1');
      await until(
        'the port of the node, from the node',
        async () => (await fromHost('timeout', '30', 'wget', '-qO-', `http://${cluster.nodeIp}:54323/hostname`)) === 'pod2',
      );
      await reaches(space, 'client', { host: cluster.nodeIp, port: 54_323, protocol: 'udp' }, ['pod3']);
      await until('the port of the node', async () => (await ask(`http://${cluster.nodeIp}:54323/hostname`)) === 'pod2');
    }));

  // Conformance: [sig-network] Networking Granular Checks: Pods should function for intra-pod communication: udp [NodeConformance] [Conformance]
  // Conformance: [sig-network] Networking Granular Checks: Pods should function for node-pod communication: http [LinuxOnly] [NodeConformance] [Conformance]
  // Conformance: [sig-network] Networking Granular Checks: Pods should function for node-pod communication: udp [LinuxOnly] [NodeConformance] [Conformance]
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
              readinessProbe: { httpGet: { path: '/healthz', port: 18_080 }, periodSeconds: 1, timeoutSeconds: 20 },
            },
          },
        ),
      );
      await reaches(space, 'a', { host: b?.status.podIP ?? '', port: 8080 }, ['b']);
      await reaches(space, 'a', { host: b?.status.podIP ?? '', port: 8081, protocol: 'udp' }, ['b']);
      await expose(space, 'self');
      await reaches(space, 'a', { host: 'self', port: 80 }, ['a']);
      const dialled = (ip: string): Promise<string> =>
        space.exec('host', 'wget', '-qO-', `http://127.0.0.1:18080/dial?host=${ip}&port=8081&protocol=udp&request=hostname&tries=3`);
      for (const [name, at] of [
        ['a', a],
        ['b', b],
      ] as const) {
        const ip = at?.status.podIP ?? '';
        assert.equal(await space.exec('host', 'wget', '-qO-', `http://${ip}:8080/hostname`), name);
        await until(`${name} answers over UDP`, async () => (await dialled(ip)).includes(`"responses":["${name}","${name}","${name}"]`));
      }
      // The source of a pod's packets to another pod is its own address.
      const seen = await dial(space, 'a', { host: b?.status.podIP ?? '', port: 8080, request: 'clientip' });
      assert.equal(seen.responses[0]?.split(':')[0], a?.status.podIP);
    }));

  test('external addresses, balancers and local policies', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'), netexec('s', { app: 'out' }));
      const made = await expose(space, 'out', { type: 'LoadBalancer', externalIPs: ['203.0.113.7'], externalTrafficPolicy: 'Local' });
      const balanced = await space.until(Services, 'out', ({ status }) => status.loadBalancer?.ingress?.length);
      assert.equal(balanced.status.loadBalancer?.ingress?.[0]?.ip, cluster.nodeIp);
      await reaches(space, 'client', { host: '203.0.113.7', port: 80 }, ['s']);
      const text = await until('the node port answers', () => ask(`http://${cluster.nodeIp}:${made.spec.ports?.[0]?.nodePort}/clientip`));
      assert.match(text, /^198\.18\./, 'the client keeps its address');
      const health = made.spec.healthCheckNodePort;
      const answer = await until('health of local endpoints', async () => {
        const response = await fetch(`http://${cluster.nodeIp}:${health}/healthz`).catch(() => undefined);
        return response?.status === 200 ? response : undefined;
      });
      assert.equal(((await answer.json()) as { localEndpoints: number }).localEndpoints, 1);
      await space.remove(Pods, 's', 0);
      await until('no local endpoint', async () => {
        const response = await fetch(`http://${cluster.nodeIp}:${health}/healthz`).catch(() => undefined);
        return response?.status === 503;
      });
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
