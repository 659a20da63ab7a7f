// Conformance of names and of the API server's proxy: records of Services and pods over UDP and TCP, search paths, own
// resolvers, and how quickly Services get endpoints.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EndpointSlices, Pods, Services } from '#api/refs.ts';
import { decodeAnswer, encodeQuery } from '#format/dnsmessage.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { expose, netexec, ready, request, says, service } from './netsupport.ts';
import { inSpace, isReady, pod, type Space, shell } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

/** Asks the cluster's name server over TCP from inside a pod. */
async function askTcp(space: Space, from: string, name: string, type: string) {
  const query = Buffer.from(encodeQuery(7, { name, type }));
  const bytes = Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]);
  const octal = [...bytes].map((byte) => `\\0${byte.toString(8)}`).join('');
  const text = await space.exec(from, 'sh', '-c', `printf '%b' '${octal}' | timeout 30 nc 10.96.0.10 53 | base64`);
  return decodeAnswer(Buffer.from(text.replaceAll(/\s/g, ''), 'base64').subarray(2));
}

/** What a resolver gets over TCP that tries the search path of a pod first: the data of the first answer with records. */
async function resolveTcp(space: Space, from: string, name: string, type: string): Promise<readonly unknown[]> {
  const conf = await space.exec(from, 'cat', '/etc/resolv.conf');
  const search = (/^search (.*)$/m.exec(conf)?.[1] ?? '').split(' ');
  for (const suffix of [...search.map((domain) => `.${domain}`), '']) {
    // The name server may have walked on for the pod: then an alias comes first.
    const records = (await askTcp(space, from, `${name}${suffix}`, type)).answers.filter((record) => record.type === type);
    if (records.length > 0) return records.map(({ data }) => data);
  }
  return [];
}

/** Waits until the resolver of a pod (hosts file, search path, UDP) finds an address for a name. */
const found = (space: Space, from: string, name: string, address: string): Promise<string> =>
  says(space, from, `ping -c1 -W1 ${name} | head -1`, new RegExp(`\\(${escaped(address)}\\)`));

const escaped = (text: string): string => text.replaceAll('.', '\\.');

/** Waits until a Service has a ready endpoint. */
const served = (space: Space, name: string): Promise<unknown> =>
  until(`endpoints of ${name}`, async () =>
    (await space.list(EndpointSlices, `kubernetes.io/service-name=${name}`)).some(({ endpoints }) =>
      endpoints.some(({ conditions }) => conditions?.ready !== false),
    ),
  );

describe('names', { concurrency: 3 }, () => {
  // Conformance: [sig-network] DNS should provide DNS for the cluster [Conformance]
  test('the API server has a name, over UDP and TCP', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'));
      for (const name of ['kubernetes.default.svc.cluster.local', 'kubernetes.default.svc', 'kubernetes.default']) {
        await found(space, 'client', name, '10.96.0.1');
        assert.deepEqual(await resolveTcp(space, 'client', name, 'A'), ['10.96.0.1']);
      }
    }));

  // Conformance: [sig-network] DNS should provide DNS for services [Conformance]
  // Conformance: [sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]
  test('Services have addresses, ports and reverse names, in full and by the search path, over UDP and TCP', () =>
    inSpace(cluster, async (space) => {
      const ports = [{ name: 'http', port: 80, protocol: 'TCP' as const }];
      const selector = { 'dns-test': 'true' };
      await space.create(Services, service('headless', { clusterIP: 'None', selector, ports }));
      const { spec } = await space.create(Services, service('regular', { selector, ports }));
      const ip = spec.clusterIP ?? '';
      // The pod that asks is the one behind the Services.
      const [client] = await ready(space, netexec('client', selector, { spec: { hostname: 'dns-querier-1', subdomain: 'headless' } }));
      const own = client?.status.podIP ?? '';
      const below = (name: string): string[] => [name, `${name}.${space.namespace}`, `${name}.${space.namespace}.svc`];
      const inFull = (name: string): string => `${name}.${space.namespace}.svc.cluster.local`;
      for (const [service, address] of [
        ['headless', own],
        ['regular', ip],
      ] as const) {
        for (const name of [...below(service), inFull(service)]) {
          await found(space, 'client', name, address);
          assert.deepEqual(await resolveTcp(space, 'client', name, 'A'), [address]);
        }
        for (const name of [`_http._tcp.${service}.${space.namespace}.svc`, inFull(`_http._tcp.${service}`)]) {
          if (name.endsWith('.local'))
            await says(space, 'client', `nslookup -type=srv ${name}`, new RegExp(`service = 0 \\d+ 80 .*${inFull(service)}`));
          const [record] = (await resolveTcp(space, 'client', name, 'SRV')) as { port: number; target: string }[];
          assert.deepEqual(record && [record.port, record.target], [
            80,
            service === 'headless' ? inFull('dns-querier-1.headless') : inFull(service),
          ]);
        }
      }
      await says(space, 'client', `nslookup ${ip}`, new RegExp(`name = ${inFull('regular')}`));
      const reverse = `${ip.split('.').toReversed().join('.')}.in-addr.arpa`;
      assert.deepEqual(
        (await askTcp(space, 'client', reverse, 'PTR')).answers.map(({ data }) => data),
        [inFull('regular')],
      );
      assert.equal((await askTcp(space, 'client', inFull('none'), 'A')).rcode, 'NXDOMAIN');
    }));

  // Conformance: [sig-network] DNS should provide DNS for pods for Hostname [Conformance]
  // Conformance: [sig-network] DNS should provide DNS for pods for Subdomain [Conformance]
  test('pods of a headless Service have names: by hostname and subdomain, and with the host name in full', () =>
    inSpace(cluster, async (space) => {
      await space.create(
        Services,
        service('sub', { clusterIP: 'None', selector: { app: 'named' }, ports: [{ name: 'http', port: 8080 }] }),
      );
      const [, named] = await ready(
        space,
        netexec('client'),
        netexec('p', { app: 'named' }, { spec: { hostname: 'querier', subdomain: 'sub' } }),
      );
      const full = `querier.sub.${space.namespace}.svc.cluster.local`;
      const ip = named?.status.podIP ?? '';
      for (const from of ['client', 'p']) {
        await says(space, from, `nslookup ${full}`, new RegExp(`Address: ${ip}\\b`));
        assert.deepEqual(await resolveTcp(space, from, full, 'A'), [ip]);
      }
      await says(space, 'client', `nslookup sub.${space.namespace}.svc.cluster.local`, new RegExp(`Address: ${ip}\\b`));
      await says(space, 'client', `nslookup ${ip}`, new RegExp(`name = ${full}`));
      await says(
        space,
        'client',
        `nslookup -type=srv _http._tcp.sub.${space.namespace}.svc.cluster.local`,
        new RegExp(`service = 0 100 8080 ${full}`),
      );
      for (const name of [full, 'querier']) await found(space, 'p', name, ip);
      assert.match(await says(space, 'p', 'cat /etc/hosts; hostname -f', /querier/), new RegExp(`${ip}\\t${full}\\tquerier\n[^]*${full}`));
      const dashed = `${ip.replaceAll('.', '-')}.${space.namespace}.pod.cluster.local`;
      await says(space, 'client', `nslookup ${dashed}`, new RegExp(`Address: ${ip}\\b`));
    }));

  test('an ExternalName is an alias that can be changed, and becomes an address', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'));
      const full = `dns-test-service-3.${space.namespace}.svc.cluster.local`;
      const alias = await space.create(Services, service('dns-test-service-3', { type: 'ExternalName', externalName: 'foo.example.com' }));
      const query = `nslookup -type=cname ${full}`;
      await says(space, 'client', query, /canonical name = foo\.example\.com/);
      const second = await space.of(Services).update({ ...alias, spec: { ...alias.spec, externalName: 'bar.example.com' } });
      await says(space, 'client', query, /canonical name = bar\.example\.com/);
      const third = await space.of(Services).update({
        ...second,
        spec: { ...second.spec, type: 'ClusterIP', externalName: '', ports: [{ port: 80, name: 'http', protocol: 'TCP' }] },
      });
      await says(space, 'client', `nslookup ${full}`, new RegExp(`Address: ${escaped(third.spec.clusterIP ?? '-')}\\b`));
    }));

  test('a pod may bring its own resolver', () =>
    inSpace(cluster, async (space) => {
      const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'], options: [{ name: 'ndots', value: '2' }] };
      const text = await space.output(pod('p', shell('cat /etc/resolv.conf'), { spec: { dnsPolicy: 'None', dnsConfig } }));
      assert.deepEqual(text.trim().split('\n'), ['search resolv.conf.local', 'nameserver 1.1.1.1', 'options ndots:2']);
      assert.equal(
        (await space.output(pod('q', { args: ['dns-suffix'] }, { spec: { dnsPolicy: 'None', dnsConfig } }))).trim(),
        'resolv.conf.local',
      );
      const plain = await space.output(pod('r', shell('cat /etc/resolv.conf')));
      assert.match(plain, new RegExp(`^search ${space.namespace}\\.svc\\.cluster\\.local svc\\.cluster\\.local cluster\\.local`, 'm'));
      assert.match(plain, /^nameserver 10\.96\.0\.10$/m);
      assert.match(plain, /^options ndots:5$/m);
    }));

  // Conformance: [sig-network] Proxy version v1 should proxy through a service and a pod [Conformance]
  test('the proxy of pods and Services: named ports, TLS, pages with links', () =>
    inSpace(cluster, async (space) => {
      const labels = { 'proxy-service-target': 'true' };
      const env = Object.entries({
        SERVE_PORT_80: '<a href="/rewriteme">test</a>',
        SERVE_PORT_1080: '<a href="/rewriteme">test</a>',
        SERVE_PORT_160: 'foo',
        SERVE_PORT_162: 'bar',
        SERVE_TLS_PORT_443: '<a href="/tlsrewriteme">test</a>',
        SERVE_TLS_PORT_460: 'tls baz',
        SERVE_TLS_PORT_462: 'tls qux',
      }).map(([name, value]) => ({ name, value }));
      const named = { dest1: 160, dest2: 162, tlsdest1: 460, tlsdest2: 462 };
      const ports = [{ containerPort: 80 }, ...Object.entries(named).map(([name, containerPort]) => ({ name, containerPort }))];
      const readinessProbe = { httpGet: { port: 80 }, periodSeconds: 1, timeoutSeconds: 20 };
      await space.create(Pods, pod('texts', { command: ['/agnhost', 'porter'], env, ports, readinessProbe }, { labels }));
      await space.create(
        Services,
        service('texts', {
          selector: labels,
          ports: [
            { name: 'portname1', port: 80, targetPort: 'dest1' },
            { name: 'portname2', port: 81, targetPort: 162 },
            { name: 'tlsportname1', port: 443, targetPort: 'tlsdest1' },
            { name: 'tlsportname2', port: 444, targetPort: 462 },
          ],
        }),
      );
      await space.until(Pods, 'texts', isReady);
      await served(space, 'texts');
      const base = `/api/v1/namespaces/${space.namespace}`;
      const link = (path: string, to: string): [string, string] => [`${path}/`, `<a href="${base}/${path}/${to}">test</a>`];
      const cases: readonly (readonly [string, string])[] = [
        ['services/texts:portname1/proxy/', 'foo'],
        ['services/http:texts:portname1/proxy/', 'foo'],
        ['services/texts:portname2/proxy/', 'bar'],
        ['services/http:texts:portname2/proxy/', 'bar'],
        ['services/https:texts:tlsportname1/proxy/', 'tls baz'],
        ['services/https:texts:tlsportname2/proxy/', 'tls qux'],
        ['services/texts:81/proxy/', 'bar'],
        link('pods/texts/proxy', 'rewriteme'),
        link('pods/texts:1080/proxy', 'rewriteme'),
        link('pods/http:texts:1080/proxy', 'rewriteme'),
        ['pods/texts:160/proxy/', 'foo'],
        ['pods/http:texts:160/proxy/', 'foo'],
        ['pods/texts:162/proxy/', 'bar'],
        ['pods/http:texts:162/proxy/', 'bar'],
        link('pods/https:texts:443/proxy', 'tlsrewriteme'),
        ['pods/https:texts:460/proxy/', 'tls baz'],
        ['pods/https:texts:462/proxy/', 'tls qux'],
      ];
      // Its ports are opened one after the other.
      await until('every port answers', async () => {
        const replies = await Promise.all(cases.map(([path]) => request(space, 'GET', `${base}/${path}`)));
        return replies.every(({ status }) => status === 200);
      });
      for (let attempt = 0; attempt < 20; attempt++) {
        await Promise.all(
          cases.map(async ([path, text]) => {
            const reply = await request(space, 'GET', `${base}/${path}`);
            assert.deepEqual([reply.status, reply.text], [200, text], path);
          }),
        );
      }
    }));

  // Conformance: [sig-network] Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath [Conformance]
  test('the proxy of pods and Services: every verb, with and without a path', () =>
    inSpace(cluster, async (space) => {
      const env = [{ name: 'SERVE_PORT_80', value: 'foo' }];
      const readinessProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, timeoutSeconds: 20 };
      await space.create(
        Pods,
        pod('json', { command: ['/agnhost', 'porter', '--json-response'], env, readinessProbe }, { labels: { app: 'json' } }),
      );
      await space.until(Pods, 'json', isReady);
      await expose(space, 'json', { ports: [{ port: 80, targetPort: 80 }] });
      await served(space, 'json');
      const base = `/api/v1/namespaces/${space.namespace}`;
      for (const where of ['pods/json', 'services/json']) {
        for (const method of ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const) {
          const long = await request(space, method, `${base}/${where}/proxy/some/path/with/${method}`);
          assert.equal(long.status, 200, `${method} ${where}: ${long.text}`);
          if (method !== 'HEAD') assert.deepEqual(JSON.parse(long.text), { Method: method, Body: 'foo' });
          const short = await request(space, method, `${base}/${where}/proxy?method=${method}`);
          if (method === 'GET' || method === 'HEAD')
            assert.deepEqual([short.status, short.headers['location']], [301, `${base}/${where}/proxy/?method=${method}`]);
          else assert.deepEqual(JSON.parse(short.text), { Method: method, Body: 'foo' });
        }
      }
    }));
});
