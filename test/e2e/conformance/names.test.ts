// Conformance of names and of the API server's proxy: records of Services and pods over UDP and TCP, search paths, own
// resolvers, and how quickly Services get endpoints.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EndpointSlices, Pods, Services } from '#api/refs.ts';
import { decodeAnswer, encodeQuery } from '#format/dnsmessage.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { expose, netexec, ready, request, says, service } from './netsupport.ts';
import { agnhost, inSpace, isReady, pod, type Space, shell } from './support.ts';

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
  const text = await space.exec(from, 'sh', '-c', `printf '%b' '${octal}' | timeout 5 nc 10.96.0.10 53 | base64`);
  return decodeAnswer(Buffer.from(text.replaceAll(/\s/g, ''), 'base64').subarray(2));
}

describe('names', { concurrency: 3 }, () => {
  test('Services have addresses, ports and reverse names, in full and by the search path, over UDP and TCP', () =>
    inSpace(cluster, async (space) => {
      await ready(space, netexec('client'), netexec('s', { app: 'web' }));
      const made = await expose(space, 'web', { ports: [{ name: 'http', port: 80, targetPort: 8080 }] });
      const ip = made.spec.clusterIP ?? '';
      const full = `web.${space.namespace}.svc.cluster.local`;
      for (const name of ['web', `web.${space.namespace}`, `web.${space.namespace}.svc`, full]) {
        await says(space, 'client', `getent hosts ${name} || ping -c1 -W1 ${name} | head -1`, new RegExp(ip.replaceAll('.', '\\.')));
      }
      await says(space, 'client', 'nslookup kubernetes.default.svc.cluster.local', /Address: 10\.96\.0\.1\b/);
      await says(space, 'client', `nslookup -type=srv _http._tcp.${full}`, new RegExp(`service = 0 100 80 ${full}`));
      await says(space, 'client', `nslookup ${ip}`, new RegExp(`name = ${full}`));
      assert.deepEqual(
        (await askTcp(space, 'client', full, 'A')).answers.map(({ data }) => data),
        [ip],
      );
      const srv = await askTcp(space, 'client', `_http._tcp.${full}`, 'SRV');
      assert.deepEqual(
        srv.answers.map(({ data }) => (data as { port: number; target: string }).target),
        [full],
      );
      assert.equal((await askTcp(space, 'client', `none.${space.namespace}.svc.cluster.local`, 'A')).rcode, 'NXDOMAIN');
    }));

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
      await says(space, 'client', `nslookup ${full}`, new RegExp(`Address: ${ip}\\b`));
      await says(space, 'client', `nslookup sub.${space.namespace}.svc.cluster.local`, new RegExp(`Address: ${ip}\\b`));
      await says(space, 'client', `nslookup ${ip}`, new RegExp(`name = ${full}`));
      await says(
        space,
        'client',
        `nslookup -type=srv _http._tcp.sub.${space.namespace}.svc.cluster.local`,
        new RegExp(`service = 0 100 8080 ${full}`),
      );
      assert.match(await says(space, 'p', 'cat /etc/hosts; hostname -f', /querier/), new RegExp(`${ip}\\t${full}\\tquerier\n[^]*${full}`));
      const dashed = `${ip.replaceAll('.', '-')}.${space.namespace}.pod.cluster.local`;
      await says(space, 'client', `nslookup ${dashed}`, new RegExp(`Address: ${ip}\\b`));
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

  test('the proxy of pods and Services: named ports, pages with links, every verb', () =>
    inSpace(cluster, async (space) => {
      const env = Object.entries({ SERVE_PORT_80: '<a href="/rewriteme">test</a>', SERVE_PORT_160: 'foo', SERVE_PORT_162: 'bar' }).map(
        ([name, value]) => ({ name, value }),
      );
      const ports = [
        { name: 'dest1', containerPort: 160 },
        { name: 'dest2', containerPort: 162 },
      ];
      const porter = { command: ['/agnhost', 'porter'], readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 } };
      await space.create(Pods, pod('page', { ...porter, env: env.slice(0, 1) }));
      await space.create(Pods, pod('texts', { ...porter, env, ports }, { labels: { app: 'texts' } }));
      await space.create(
        Pods,
        pod(
          'json',
          { command: ['/agnhost', 'porter', '--json-response'], env: [{ name: 'SERVE_PORT_80', value: 'foo' }] },
          { labels: { app: 'json' } },
        ),
      );
      await Promise.all(['page', 'texts', 'json'].map((name) => space.until(Pods, name, isReady, 60_000)));
      await space.create(
        Services,
        service('texts', {
          selector: { app: 'texts' },
          ports: [
            { name: 'one', port: 80, targetPort: 'dest1' },
            { name: 'two', port: 81, targetPort: 162 },
          ],
        }),
      );
      await expose(space, 'json', { ports: [{ port: 80, targetPort: 80 }] });
      for (const name of ['texts', 'json']) {
        await until(
          `endpoints of ${name}`,
          async () =>
            (await space.list(EndpointSlices, `kubernetes.io/service-name=${name}`)).some(({ endpoints }) => endpoints.length > 0),
          20_000,
        );
      }
      const base = `/api/v1/namespaces/${space.namespace}`;
      for (const [path, text] of [
        ['services/texts:one/proxy/', 'foo'],
        ['services/http:texts:two/proxy/', 'bar'],
        ['services/texts:81/proxy/', 'bar'],
        ['pods/texts:160/proxy/', 'foo'],
        ['pods/http:texts:162/proxy/', 'bar'],
        ['pods/page/proxy/', `<a href="${base}/pods/page/proxy/rewriteme">test</a>`],
        ['pods/http:page:80/proxy/', `<a href="${base}/pods/http:page:80/proxy/rewriteme">test</a>`],
      ] as const) {
        assert.deepEqual(await request(space, 'GET', `${base}/${path}`).then(({ status, text: got }) => [status, got]), [200, text], path);
      }
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

  test('a hundred Services get endpoints within moments', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('rc', { image: agnhost, args: ['pause'] }, { labels: { app: 'latency' } }));
      await space.until(Pods, 'rc', isReady);
      const watched = new Map<string, number>();
      const informing = new AbortController();
      const began = new Map<string, number>();
      const watching = (async () => {
        for await (const event of space.of(EndpointSlices).watch({ namespace: space.namespace, signal: informing.signal })) {
          const name = event.object.metadata.labels?.['kubernetes.io/service-name'];
          if (name && !watched.has(name) && event.object.endpoints.length > 0) watched.set(name, performance.now());
        }
      })().catch(() => undefined);
      for (let i = 0; i < 100; i++) {
        began.set(`latency-${i}`, performance.now());
        await space.create(Services, service(`latency-${i}`, { selector: { app: 'latency' }, ports: [{ port: 80, protocol: 'TCP' }] }));
      }
      await until('all have endpoints', () => watched.size === 100, 30_000);
      informing.abort();
      await watching;
      const times = [...watched].map(([name, at]) => at - (began.get(name) ?? 0)).toSorted((a, b) => a - b);
      assert.ok((times[50] ?? Infinity) < 20_000 && (times[90] ?? Infinity) < 50_000, times.join());
    }));
});
