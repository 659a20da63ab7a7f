// Conformance of endpoints: what pods, hand-made slices and hand-made Endpoints make of a Service, and how soon.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { EndpointSlices, EndpointsRes, Pods, Services } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { dial, netexec, reaches, ready, service, unreachable } from './netsupport.ts';
import { inSpace, isReady, pod, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

const serviceNameLabel = 'kubernetes.io/service-name';
const managerLabel = 'endpointslice.kubernetes.io/managed-by';
const slicesOf = (space: Space, name: string) => space.list(EndpointSlices, `${serviceNameLabel}=${name}`);
const addressOf = async (space: Space, name: string): Promise<string> => (await space.get(Services, name)).spec.clusterIP ?? '';

/** `pod: port,port`, sorted: what the slices and what the Endpoints of a Service say, ready or not. */
async function endpointsOf(space: Space, name: string): Promise<{ slices: string[]; endpoints: string[] }> {
  const lines = (found: Map<string, number[]>): string[] =>
    [...found].map(([target, ports]) => `${target}: ${ports.toSorted((a, b) => a - b).join()}`).toSorted();
  const bySlice = new Map<string, number[]>();
  const add = (into: Map<string, number[]>, target: string, ports: readonly { port?: number }[]): void =>
    void into.set(target, [...(into.get(target) ?? []), ...ports.map(({ port = 0 }) => port)]);
  for (const { endpoints, ports } of await slicesOf(space, name))
    for (const { targetRef } of endpoints) add(bySlice, targetRef?.name ?? '', ports ?? []);
  const bySubset = new Map<string, number[]>();
  const { subsets } = await space.get(EndpointsRes, name);
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets ?? [])
    for (const { targetRef } of [...addresses, ...notReadyAddresses]) add(bySubset, targetRef?.name ?? '', ports);
  return { slices: lines(bySlice), endpoints: lines(bySubset) };
}

/** Waits until slices and Endpoints say exactly this. */
async function endpointsAre(space: Space, name: string, ...expected: string[]): Promise<void> {
  let last: unknown;
  await until(`endpoints of ${name} are [${expected.join('; ')}]`, async () => {
    const found = await endpointsOf(space, name).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
    last = found;
    return found?.slices.join('; ') === expected.join('; ') && found.endpoints.join('; ') === expected.join('; ');
  }).catch((error: unknown) => {
    throw new Error(JSON.stringify(last), { cause: error });
  });
}

const server = (name: string, labels: Record<string, string>, ...ports: number[]): Draft<Pod> =>
  netexec(name, labels, {
    container: {
      args: ['netexec', `--http-port=${ports[0]}`, `--udp-port=${ports[0]}`],
      ports: ports.map((containerPort) => ({ containerPort })),
      readinessProbe: undefined,
    },
  });

describe('endpoints', { concurrency: 3 }, () => {
  // Conformance: [sig-network] Services should serve a basic endpoint from pods [Conformance]
  test('a Service serves the pods that its selector finds, and refuses when there is none', () =>
    inSpace(cluster, async (space) => {
      await space.create(
        Services,
        service('basic', { selector: { app: 'basic' }, ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] }),
      );
      await endpointsAre(space, 'basic');
      const host = await addressOf(space, 'basic');
      await ready(space, netexec('client'), server('pod1', { app: 'basic' }, 80));
      await endpointsAre(space, 'basic', 'pod1: 80');
      await reaches(space, 'client', { host, port: 80 }, ['pod1']);
      await reaches(space, 'client', { host: 'basic', port: 80 }, ['pod1']);
      await ready(space, server('pod2', { app: 'basic' }, 80));
      await endpointsAre(space, 'basic', 'pod1: 80', 'pod2: 80');
      await reaches(space, 'client', { host, port: 80 }, ['pod1', 'pod2']);
      await space.remove(Pods, 'pod1', 0);
      await endpointsAre(space, 'basic', 'pod2: 80');
      await reaches(space, 'client', { host, port: 80 }, ['pod2']);
      // A pod that loses its label leaves.
      await space.of(Pods).patch('pod2', { metadata: { labels: { app: null } } }, { type: 'merge', namespace: space.namespace });
      await endpointsAre(space, 'basic');
      await unreachable(space, 'client', { host, port: 80 });
      assert.match((await dial(space, 'client', { host, port: 80 })).errors[0] ?? '', /refused/);
    }));

  // Conformance: [sig-network] Services should serve multiport endpoints from pods [Conformance]
  test('several ports, each with a target of its own', () =>
    inSpace(cluster, async (space) => {
      const ports = [
        { name: 'portname1', port: 80, targetPort: 'portname1' },
        { name: 'portname2', port: 81, targetPort: 'portname2' },
      ];
      await space.create(Services, service('multi', { selector: { app: 'multi' }, ports }));
      await endpointsAre(space, 'multi');
      const named = (name: string, ...list: [string, number][]): Draft<Pod> =>
        netexec(
          name,
          { app: 'multi' },
          {
            container: {
              args: ['netexec', `--http-port=${list[0]?.[1]}`, '--udp-port=-1'],
              ports: list.map(([port, containerPort]) => ({ name: port, containerPort })),
              readinessProbe: undefined,
            },
          },
        );
      await ready(space, netexec('client'), named('pod1', ['portname1', 100]));
      await endpointsAre(space, 'multi', 'pod1: 100');
      await ready(space, named('pod2', ['portname2', 101]));
      await endpointsAre(space, 'multi', 'pod1: 100', 'pod2: 101');
      const host = await addressOf(space, 'multi');
      await reaches(space, 'client', { host, port: 80 }, ['pod1']);
      await reaches(space, 'client', { host, port: 81 }, ['pod2']);
      await space.remove(Pods, 'pod1', 0);
      await endpointsAre(space, 'multi', 'pod2: 101');
      await space.remove(Pods, 'pod2', 0);
      await endpointsAre(space, 'multi');
    }));

  // Conformance: [sig-network] Services should serve endpoints on same port and different protocols [Conformance]
  test('one port for TCP and UDP; each protocol can be taken away alone', () =>
    inSpace(cluster, async (space) => {
      const tcp = { name: 'tcp-port', port: 80, protocol: 'TCP' as const, targetPort: 80 };
      const udp = { name: 'udp-port', port: 80, protocol: 'UDP' as const, targetPort: 80 };
      await space.create(Services, service('both', { selector: { app: 'both' }, ports: [tcp, udp] }));
      const both = {
        container: { args: ['netexec', '--http-port=80', '--udp-port=80'], ports: [{ containerPort: 80 }], readinessProbe: undefined },
      };
      await ready(space, netexec('client'), netexec('pod1', { app: 'both' }, both));
      await endpointsAre(space, 'both', 'pod1: 80,80');
      const host = await addressOf(space, 'both');
      await reaches(space, 'client', { host, port: 80 }, ['pod1']);
      await reaches(space, 'client', { host, port: 80, protocol: 'udp' }, ['pod1']);
      const keep = async (...ports: (typeof tcp | typeof udp)[]) => {
        const current = await space.get(Services, 'both');
        await space.of(Services).update({ ...current, spec: { ...current.spec, ports } });
      };
      await keep(udp);
      await unreachable(space, 'client', { host, port: 80 });
      await reaches(space, 'client', { host, port: 80, protocol: 'udp' }, ['pod1']);
      await keep(tcp);
      await reaches(space, 'client', { host, port: 80 }, ['pod1']);
      await unreachable(space, 'client', { host, port: 80, protocol: 'udp' });
      await keep(tcp, udp);
      await reaches(space, 'client', { host, port: 80, protocol: 'udp' }, ['pod1']);
      await reaches(space, 'client', { host, port: 80 }, ['pod1']);
      // That a protocol does not answer is told by the Service: the slices may have been behind all the while.
      await until('the slices tell both', async () => {
        const ports = (await slicesOf(space, 'both')).flatMap((slice) => slice.ports ?? []);
        const found = ports.map(({ protocol, port }) => `${protocol} ${port}`).toSorted();
        return found.join() === 'TCP 80,UDP 80';
      });
    }));

  // Conformance: [sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]
  // Conformance: [sig-network] EndpointsController should create Endpoints for Pods matching a Service [Conformance]
  test('Endpoints and slices tell their pods; slices that are deleted come back', () =>
    inSpace(cluster, async (space) => {
      const idle = (name: string, labels: Record<string, string>, ports: object[]) =>
        pod(name, { args: ['pause'], ports }, { labels: { ...labels, shared12: 'on' } });
      const pods = await ready(
        space,
        idle('pod1', { pod1: 'on' }, [{ name: 'example-name', containerPort: 3000 }]),
        idle('pod2', { pod2: 'on' }, [
          { name: 'example-name', containerPort: 3001 },
          { name: 'other-port', containerPort: 3002 },
        ]),
      );
      const make = (name: string, selector: Record<string, string>, port: object) =>
        space.create(
          Services,
          service(name, { selector, publishNotReadyAddresses: true, ports: [{ port: 80, protocol: 'TCP', ...port }] }),
        );
      await make('example-int-port', { pod1: 'on' }, { name: 'example', targetPort: 3000 });
      await make('example-named-port', { shared12: 'on' }, { name: 'http', targetPort: 'example-name' });
      await make('example-no-match', { pod3: 'on' }, { name: 'example-no-match', targetPort: 8080 });
      await endpointsAre(space, 'example-int-port', 'pod1: 3000');
      await endpointsAre(space, 'example-named-port', 'pod1: 3000', 'pod2: 3001');
      await endpointsAre(space, 'example-no-match');
      const [single] = await slicesOf(space, 'example-int-port');
      assert.deepEqual(single?.ports, [{ name: 'example', port: 3000, protocol: 'TCP' }]);
      assert.deepEqual((await space.get(EndpointsRes, 'example-int-port')).subsets?.[0]?.ports, [
        { name: 'example', port: 3000, protocol: 'TCP' },
      ]);
      const named = await slicesOf(space, 'example-named-port');
      assert.deepEqual(named.map(({ ports }) => ports?.map(({ name, port }) => `${name} ${port}`).join()).toSorted(), [
        'http 3000',
        'http 3001',
      ]);
      assert.equal((await space.get(EndpointsRes, 'example-named-port')).subsets?.length, 2);
      const uids = new Map(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
      for (const { targetRef } of named.flatMap(({ endpoints }) => endpoints))
        assert.deepEqual(
          [targetRef?.kind, targetRef?.namespace, targetRef?.uid],
          ['Pod', space.namespace, uids.get(targetRef?.name ?? '')],
        );
      const [none, ...more] = await slicesOf(space, 'example-no-match');
      assert.deepEqual([none?.endpoints, none?.ports ?? [], more], [[], [], []]);
      for (const { metadata } of named) await space.remove(EndpointSlices, metadata.name);
      await endpointsAre(space, 'example-named-port', 'pod1: 3000', 'pod2: 3001');
    }));

  // Conformance: [sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods [Conformance]
  test('a selector that finds nothing has an empty slice, for as long as the Service lives', () =>
    inSpace(cluster, async (space) => {
      const spec = { selector: { nothing: 'has-this' }, ports: [{ name: 'example', port: 80, protocol: 'TCP' as const }] };
      await space.create(Services, service('empty', spec));
      const slice = await until('a slice', async () => (await slicesOf(space, 'empty'))[0]);
      assert.equal(slice.metadata.labels?.[managerLabel], 'endpointslice-controller.k8s.io');
      assert.deepEqual(slice.endpoints, []);
      await endpointsAre(space, 'empty');
      await space.remove(Services, 'empty');
      await space.untilGone(EndpointsRes, 'empty');
      await until('no slice', async () => (await slicesOf(space, 'empty')).length === 0);
    }));

  // Conformance: [sig-network] EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices [Conformance]
  // Conformance: [sig-network] EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices [Conformance]
  test('slices by hand: several addresses and several ports in several slices', () =>
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
      const slice = (name: string, ports: { name: string; port: number }[], ...ips: (string | undefined)[]) =>
        space.create(EndpointSlices, {
          metadata: { name, labels: { [serviceNameLabel]: 'custom', [managerLabel]: 'test' } },
          addressType: 'IPv4',
          ports: ports.map((port) => ({ protocol: 'TCP' as const, ...port })),
          endpoints: ips.map((ip) => ({ addresses: [ip ?? ''] })),
        });
      await slice('one', [{ name: 'first', port: 8080 }], a?.status.podIP);
      await slice('two', [{ name: 'first', port: 8080 }], b?.status.podIP);
      await slice('three', [{ name: 'second', port: 8080 }], b?.status.podIP);
      const host = await addressOf(space, 'custom');
      await reaches(space, 'client', { host, port: 80 }, ['a', 'b']);
      await reaches(space, 'client', { host, port: 81 }, ['b']);
      await space.remove(EndpointSlices, 'two');
      await reaches(space, 'client', { host, port: 80 }, ['a']);
      // One slice may hold all of it.
      for (const name of ['one', 'three']) await space.remove(EndpointSlices, name);
      await unreachable(space, 'client', { host, port: 80 });
      const all = [
        { name: 'first', port: 8080 },
        { name: 'second', port: 8080 },
      ];
      await slice('all', all, a?.status.podIP, b?.status.podIP);
      for (const port of [80, 81]) await reaches(space, 'client', { host, port }, ['a', 'b']);
    }));

  test('hand-made Endpoints are mirrored while they are created, changed and deleted, and served', () =>
    inSpace(cluster, async (space) => {
      const [, a, b] = await ready(space, netexec('client'), netexec('a'), netexec('b'));
      await space.create(Services, service('mirrored', { ports: [{ name: 'example', port: 80, protocol: 'TCP' }] }));
      const subset = (ip?: string) => ({
        ports: [{ name: 'example', port: 8080, protocol: 'TCP' as const }],
        addresses: [{ ip: ip ?? '' }],
      });
      await space.create(EndpointsRes, { metadata: { name: 'mirrored' }, subsets: [subset(a?.status.podIP)] });
      const mirrored = async (ip: string | undefined) => {
        const slices = await slicesOf(space, 'mirrored');
        return slices.length === 1 && slices[0]?.endpoints[0]?.addresses[0] === ip && slices[0];
      };
      const slice = await until('a mirror', () => mirrored(a?.status.podIP));
      assert.deepEqual([slice.endpoints.length, slice.ports], [1, [{ name: 'example', port: 8080, protocol: 'TCP' }]]);
      const host = await addressOf(space, 'mirrored');
      await reaches(space, 'client', { host, port: 80 }, ['a']);
      const current = await space.get(EndpointsRes, 'mirrored');
      await space.of(EndpointsRes).update({ ...current, subsets: [subset(b?.status.podIP)] });
      await until('the mirror follows', () => mirrored(b?.status.podIP));
      await reaches(space, 'client', { host, port: 80 }, ['b']);
      await space.remove(EndpointsRes, 'mirrored');
      await until('the mirror goes', async () => (await slicesOf(space, 'mirrored')).length === 0);
      await unreachable(space, 'client', { host, port: 80 });
    }));

  // Conformance: [sig-network] Service endpoints latency should not be very high [Conformance]
  test('two hundred Services, fifteen at a time, get endpoints', () =>
    inSpace(cluster, async (space) => {
      const labels = { name: 'svc-latency-rc' };
      await space.create(Pods, pod('rc', { args: ['pause'] }, { labels }));
      await space.until(Pods, 'rc', isReady);
      const seen = new Set<string>();
      const watching = new AbortController();
      const watch = (async () => {
        for await (const { object } of space.of(EndpointSlices).watch({ namespace: space.namespace, signal: watching.signal })) {
          const name = object.metadata.labels?.[serviceNameLabel];
          if (name && object.endpoints.length > 0) seen.add(name);
        }
      })().catch(() => undefined);
      let next = 0;
      const work = async (): Promise<void> => {
        while (next < 200) {
          const name = `latency-svc-${next++}`;
          await space.create(Services, service(name, { selector: labels, ports: [{ port: 80, protocol: 'TCP' }] }));
          await until(`endpoints of ${name}`, () => seen.has(name));
          await space.remove(Services, name);
        }
      };
      await Promise.all(Array.from({ length: 15 }, work));
      watching.abort();
      await watch;
      assert.equal(seen.size, 200);
    }));
});
