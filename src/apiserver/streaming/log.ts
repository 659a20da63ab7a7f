// pods/log: the agent's stream, passed on; over WebSocket as one message after another.
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import { badRequest, type FieldError, invalid, serviceUnavailable } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import type { FetchResponse, Socket, TlsClientOptions } from '#base/net.ts';
import type { Answer, Context } from '../chain.ts';
import { containerOf } from './names.ts';
import { agentRefusal } from './splice.ts';
import { agentTarget } from './target.ts';
import { acceptHeaders, closeFrame, dataFrame } from './websocket.ts';

const passed = ['follow', 'previous', 'timestamps', 'sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes', 'stream'];

function numberError(field: string, value: string | null, least: number, detail: string): FieldError[] {
  if (value === null || value === '') return [];
  const number = Number(value);
  if (!Number.isInteger(number)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return number < least ? [{ type: 'Invalid value', field, value: number, detail }] : [];
}

/** What is wrong with the options of a log request. */
export function logOptionErrors(params: URLSearchParams): FieldError[] {
  const errors = [
    ...numberError('tailLines', params.get('tailLines'), 0, 'must be greater than or equal to 0'),
    ...numberError('limitBytes', params.get('limitBytes'), 1, 'must be greater than 0'),
  ];
  if (params.get('sinceSeconds') && params.get('sinceTime')) {
    errors.push({ type: 'Forbidden', field: '', detail: 'at most one of `sinceTime` or `sinceSeconds` may be specified' });
  } else errors.push(...numberError('sinceSeconds', params.get('sinceSeconds'), 1, 'must be greater than 0'));
  const stream = params.get('stream');
  if (stream && !['All', 'Stdout', 'Stderr'].includes(stream)) {
    errors.push({ type: 'Unsupported value', field: 'stream', value: stream, detail: 'supported values: "All", "Stderr", "Stdout"' });
  }
  return errors;
}

/** Path and query of a log at the agent. */
export function logPath(pod: Pod, container: string, params: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of passed) {
    const value = params.get(name);
    if (value) query.set(name, value);
  }
  const text = query.toString();
  const path = ['containerLogs', pod.metadata.namespace ?? '', pod.metadata.name, container].map(encodeURIComponent).join('/');
  return `/${path}${text ? `?${text}` : ''}`;
}

/** Opens the log at the agent; undefined when the pod has no node yet. */
async function openLog(ctx: Context, tls: TlsClientOptions): Promise<FetchResponse | undefined> {
  const { backend, call, info } = ctx;
  const errors = logOptionErrors(call.params);
  if (errors.length) throw invalid({ group: '', kind: 'PodLogOptions' }, '', errors);
  const pod = await backend.get(Pods, info.name, info.namespace);
  const container = containerOf(pod, call.params.get('container'));
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) return undefined;
  const target = await agentTarget(backend, nodeName, tls);
  let response: FetchResponse;
  try {
    response = await backend.world.net.fetch(target.origin + logPath(pod, container, call.params), {
      ...(target.tls ? { tls: target.tls } : {}),
      signal: call.signal,
    });
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`);
  }
  if (response.status < 200 || response.status > 206) {
    throw await agentRefusal(response, { group: '', resource: 'pods/log', name: info.name });
  }
  return response;
}

/** Serves GET …/log. */
export async function serveLog(ctx: Context, tls: TlsClientOptions): Promise<Answer> {
  const response = await openLog(ctx, tls);
  if (response === undefined) return { kind: 'bytes', status: 204, headers: {}, bytes: '' };
  return { kind: 'stream', status: 200, headers: { 'content-type': 'text/plain' }, stream: response.body };
}

const protocols = ['binary.k8s.io', 'base64.binary.k8s.io', ''];

/** The same over WebSocket: each piece of the log is a message. */
export async function upgradeLog(ctx: Context, socket: Socket, tls: TlsClientOptions): Promise<void> {
  const { call, backend } = ctx;
  const offered = (call.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const protocol = offered.find((text) => protocols.includes(text)) ?? '';
  const headers = acceptHeaders(backend.world.digest, call.headers, protocol);
  if (headers === undefined) throw badRequest('only WebSocket upgrades are served here');
  const response = await openLog(ctx, tls);
  await socket.write(Buffer.from(headers));
  // Whatever the client says is not listened to; when it goes, so does the log.
  const gone = new AbortController();
  void socket.closed.then(() => gone.abort());
  void drain(socket);
  try {
    if (response !== undefined)
      await sendAll(response.body, { socket, base64: protocol.startsWith('base64'), text: protocol === '', gone: gone.signal });
    await socket.write(closeFrame(1000));
    socket.end();
  } catch {
    // The client left in the middle.
    socket.destroy();
  }
}

interface Receiver {
  readonly socket: Socket;
  readonly base64: boolean;
  readonly text: boolean;
  readonly gone: AbortSignal;
}

async function sendAll(body: AsyncIterable<Uint8Array>, { socket, base64, text, gone }: Receiver): Promise<void> {
  for await (const chunk of body) {
    if (gone.aborted) return;
    await socket.write(dataFrame(base64 ? Buffer.from(Buffer.from(chunk).toString('base64')) : chunk, base64 || text));
  }
}

async function drain(socket: Socket): Promise<void> {
  for await (const chunk of socket.readable) void chunk;
  socket.destroy();
}
