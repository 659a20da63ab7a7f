// What the network tests share: servers, and questions asked from inside a pod through the API server's proxy.
import assert from 'node:assert/strict';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
import type { Draft } from '#api/object.ts';
import { Pods, Services } from '#api/refs.ts';
import type { ApiRequest } from '#client/transport.ts';
import { until } from '../../support/until.ts';
import { isReady, pod, type Space } from './support.ts';

/** A pod that serves HTTP on 8080 and UDP on 8081, ready once both are up. */
export function netexec(name: string, labels: Record<string, string> = {}, more: { container?: object; spec?: object } = {}): Draft<Pod> {
  const container = {
    args: ['netexec', '--http-port=8080', '--udp-port=8081'],
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'udp', containerPort: 8081, protocol: 'UDP' },
    ],
    readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, timeoutSeconds: 20 },
    ...more.container,
  };
  return pod(name, container, { labels, spec: { restartPolicy: 'Always', ...more.spec } });
}

/** Creates pods and waits until all are ready. */
export async function ready(space: Space, ...drafts: Draft<Pod>[]): Promise<Pod[]> {
  await Promise.all(drafts.map((draft) => space.create(Pods, draft)));
  return Promise.all(drafts.map((draft) => space.until(Pods, draft.metadata?.name ?? '', isReady)));
}

export const service = (name: string, spec: ServiceSpec): Draft<Service> => ({ metadata: { name }, spec });

/** Creates a Service in front of the pods `app: <name>`. */
export const expose = (space: Space, name: string, spec: ServiceSpec = {}): Promise<Service> =>
  space.create(Services, service(name, { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec }));

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A plain request to the API server; `path` may hold a query. */
export async function request(space: Space, method: ApiRequest['method'], path: string): Promise<Reply> {
  const [plain = '', query] = path.split('?');
  const response = await space.cluster.client.transport.send({
    method,
    path: plain,
    ...(query ? { query } : {}),
    headers: { accept: '*/*' },
  });
  const parts: Uint8Array[] = [];
  if ('stream' in response.body) for await (const part of response.body.stream) parts.push(part);
  else if ('bytes' in response.body) parts.push(Buffer.from(response.body.bytes));
  return { status: response.status, text: Buffer.concat(parts).toString('utf8'), headers: response.headers ?? {} };
}

export interface Dial {
  readonly host: string;
  readonly port: number;
  readonly protocol?: 'http' | 'udp';
  readonly request?: string;
  readonly tries?: number;
}

/** What servers answered to a pod that asked them, and what went wrong. */
export async function dial(space: Space, from: string, to: Dial): Promise<{ responses: string[]; errors: string[] }> {
  const query = new URLSearchParams({
    host: to.host,
    port: String(to.port),
    protocol: to.protocol ?? 'http',
    request: to.request ?? 'hostname',
    tries: String(to.tries ?? 1),
  });
  const { status, text } = await request(space, 'GET', `/api/v1/namespaces/${space.namespace}/pods/${from}:8080/proxy/dial?${query}`);
  assert.equal(status, 200, text);
  const answer = JSON.parse(text) as { responses?: string[]; errors?: string[] };
  return { responses: answer.responses ?? [], errors: answer.errors ?? [] };
}

/** Asks until exactly the expected servers have answered, all of them and without an error in the last round. */
export async function reaches(space: Space, from: string, to: Dial, expected: readonly string[]): Promise<void> {
  let last: unknown;
  await until(`${from} reaches ${expected.join()} at ${to.host}:${to.port}`, async () => {
    const answer = await dial(space, from, { tries: 8 * expected.length, ...to }).catch((error: unknown) => {
      last = String(error);
      return undefined;
    });
    if (!answer) return false;
    last = answer;
    return answer.errors.length === 0 && [...new Set(answer.responses)].toSorted().join() === expected.toSorted().join();
  }).catch((error: unknown) => {
    throw new Error(JSON.stringify(last), { cause: error });
  });
}

/** Asks until nobody answers. */
export async function unreachable(space: Space, from: string, to: Dial): Promise<void> {
  await until(
    `nobody answers at ${to.host}:${to.port}`,
    async () => (await dial(space, from, to).catch(() => undefined))?.responses.length === 0,
  );
}

/** Runs a shell command in a pod until what it prints matches. */
export async function says(space: Space, from: string, command: string, pattern: RegExp): Promise<string> {
  let last = '';
  return await until(`${command} prints ${pattern}`, async () => {
    const query = new URLSearchParams({ cmd: command });
    const { status, text } = await request(space, 'GET', `/api/v1/namespaces/${space.namespace}/pods/${from}:8080/proxy/shell?${query}`);
    last = text;
    if (status !== 200) return undefined;
    last = (JSON.parse(text) as { output: string }).output;
    return pattern.test(last) ? last : undefined;
  }).catch((error: unknown) => {
    throw new Error(last, { cause: error });
  });
}
