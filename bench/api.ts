// How many writes and reads a second does the API server do by itself: chain, codec, admission, registry and cache over the
// memory store, with JSON bytes in and out but without sockets? Run: node bench/api.ts [count]
import { startTestApi, admin } from '../test/support/api.ts';

const count = Number(process.argv[2] ?? 3000);
const api = await startTestApi({ config: { freeze: false } });
const transport = api.api.transport(admin);
const base = '/api/v1/namespaces/default/pods';

const pod = (i: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `bench-${i}`, labels: { app: 'bench', tier: 'web' }, annotations: { note: 'x'.repeat(200) } },
  spec: {
    containers: ['a', 'b'].map((name) => ({
      name,
      image: 'registry.example.com/team/app:1.2.3',
      env: Array.from({ length: 8 }, (_, n) => ({ name: `VAR_${n}`, value: `value-${n}` })),
      ports: [{ containerPort: 8080, name: `http-${name}` }],
      resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      readinessProbe: { httpGet: { path: '/healthz', port: 8080 } },
    })),
  },
});

async function send(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  type = 'application/json',
): Promise<object> {
  const response = await transport.send({
    method,
    path,
    headers: { 'content-type': type, 'user-agent': 'bench/1' },
    ...(body ? { body: { bytes: Buffer.from(JSON.stringify(body)) } } : {}),
  });
  if (response.status >= 300 || !('object' in response.body)) throw new Error(JSON.stringify(response));
  return response.body.object as object;
}

async function measure(name: string, work: (i: number) => Promise<unknown>): Promise<void> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  for (let i = 0; i < count; i += 16) await Promise.all(Array.from({ length: Math.min(16, count - i) }, (_, n) => work(i + n)));
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const line = {
    bench: 'api',
    measure: name,
    count,
    perSecond: Math.round((count / ms) * 1000),
    cpuMicros: Math.round((user + system) / count),
  };
  console.log(JSON.stringify(line));
}

const made: object[] = [];
await measure('create', async (i) => {
  made[i] = await send('POST', base, pod(i));
});
await measure('get', (i) => send('GET', `${base}/bench-${i}`));
await measure('update', (i) => {
  const object = made[i] as { metadata: { annotations: object } };
  return send('PUT', `${base}/bench-${i}`, {
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, n: String(i) } },
  });
});
await measure('patch', (i) =>
  send('PATCH', `${base}/bench-${i}`, { metadata: { annotations: { m: String(i) } } }, 'application/merge-patch+json'),
);
await measure('delete', (i) => send('DELETE', `${base}/bench-${i}`));
await api[Symbol.asyncDispose]();
