// Between sockets and the chain: calls from HTTP requests, answers onto the wire.
import { statusOf, timeout } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import type { HttpHandlers, HttpHeaders, HttpReply, HttpRequest, HttpWriter, Socket } from '#base/net.ts';
import { Slices } from '#base/slices.ts';
import type { World } from '#base/world.ts';
import type { Answer, Call, EncodableEvent, WatchEvents } from './chain.ts';
import { frameEncoder, watchContentType } from './frames.ts';
import { partsOf } from './longlist.ts';
import { type Accepted, accepted, acceptedFor, encodeAnswer, type Encoded } from './negotiate.ts';
import type { Outcome, Pipeline } from './pipeline.ts';

const noParams = new URLSearchParams();
const gzipFrom = 128 * 1024;
/** The chain's view of an HTTP request. */
export function callOf(request: HttpRequest): Call {
  const { url } = request;
  const mark = url.indexOf('?');
  const query = mark < 0 ? '' : url.slice(mark + 1);
  return {
    method: request.method,
    path: mark < 0 ? url : url.slice(0, mark),
    query,
    params: query === '' ? noParams : new URLSearchParams(query),
    headers: request.headers,
    httpVersion: request.httpVersion,
    remoteAddress: request.remoteAddress,
    peer: request.peer,
    get signal() {
      return request.signal;
    },
    user: undefined,
    object: undefined,
    get body() {
      return request.body;
    },
  };
}

interface Pending {
  readonly deadline: number;
  expire(): void;
}

/** Serves HTTP. */
export class Edge implements AsyncDisposable {
  readonly #world: World;
  readonly #pipeline: Pipeline;
  readonly #requestTimeout: number;
  readonly #pending = new Set<Pending>();
  readonly #timer: { cancel(): void };
  readonly handlers: HttpHandlers;

  constructor(world: World, pipeline: Pipeline, requestTimeout: number) {
    this.#world = world;
    this.#pipeline = pipeline;
    this.#requestTimeout = requestTimeout;
    // One coarse timer for all requests: a timer each would cost more than the requests.
    this.#timer = world.clock.every(1000, () => this.#expire());
    this.handlers = {
      request: (request, reply) => {
        this.#handle(request, reply).catch((error: unknown) => {
          world.log.error('answer failed', { url: request.url, error: messageOf(error) });
          this.#giveUp(reply, error);
        });
      },
      upgrade: (request, socket) => {
        this.#upgrade(request, socket).catch((error: unknown) => {
          world.log.warn('upgrade failed', { url: request.url, error: messageOf(error) });
          socket.destroy();
        });
      },
    };
  }

  /** What could not be written as an answer must not leave the client waiting. */
  #giveUp(reply: HttpReply, error: unknown): void {
    try {
      this.#sendStatus(reply, error, {});
    } catch {
      // The answer had begun: its end is the client's answer.
    }
  }

  #expire(): void {
    const now = this.#world.clock.monotonic();
    for (const pending of this.#pending) if (pending.deadline <= now) pending.expire();
  }

  async #handle(request: HttpRequest, reply: HttpReply): Promise<void> {
    const call = callOf(request);
    let expired = false;
    const pending: Pending = {
      deadline: this.#world.clock.monotonic() + this.#requestTimeout,
      expire: () => {
        expired = true;
        this.#pending.delete(pending);
        const { status } = timeout('request did not complete within the allotted timeout', 0);
        reply.send(504, { 'content-type': 'application/json' }, JSON.stringify(status));
      },
    };
    this.#pending.add(pending);
    let outcome: Outcome;
    try {
      outcome = await this.#pipeline.run(call);
    } finally {
      this.#pending.delete(pending);
    }
    const { seat } = outcome;
    if (expired) {
      outcome.sent?.();
      return seat?.release();
    }
    const base: Record<string, string> = {
      'audit-id': outcome.auditId ?? this.#world.random.uuid(),
      'cache-control': 'no-cache, private',
    };
    if (outcome.warnings.length > 0) base['warning'] = warningHeader(outcome.warnings);
    if (seat?.schema) {
      base['x-kubernetes-pf-flowschema-uid'] = seat.schema;
      base['x-kubernetes-pf-prioritylevel-uid'] = seat.level;
    }
    try {
      await this.#send(call, reply, outcome.answer, base);
    } finally {
      seat?.release();
      outcome.sent?.();
    }
  }

  async #send(call: Call, reply: HttpReply, answer: Answer, base: HttpHeaders): Promise<void> {
    switch (answer.kind) {
      case 'bytes':
        return reply.send(answer.status, { ...base, ...answer.headers }, call.method === 'HEAD' ? undefined : answer.bytes);
      case 'stream':
        return pump(reply.stream(answer.status, { ...base, ...answer.headers }), answer.stream);
      case 'watch': {
        let choice: Accepted;
        try {
          choice = acceptedFor(answer.row, accepted(call.headers['accept']));
        } catch (error) {
          return this.#sendStatus(reply, error, base);
        }
        const encode = frameEncoder(answer.row, choice, { includeObject: includeObject(call), now: () => this.#world.clock.now() });
        const writer = reply.stream(200, { ...base, 'content-type': watchContentType(choice) });
        return watchPump(writer, answer.events, encode);
      }
      default:
    }
    const options = { includeObject: includeObject(call), now: this.#world.clock.now(), pretty: isPretty(call) };
    const parts = call.method === 'HEAD' ? undefined : longParts(call, answer, options);
    if (parts) return this.#sendParts(call, reply, { ...base, ...parts.headers }, parts.parts);
    let encoded: Encoded;
    try {
      encoded = encodeAnswer(answer, accepted(call.headers['accept']), options);
    } catch (error) {
      if (answer.kind === 'object' && answer.status >= 400) encoded = encodeAnswer(answer, accepted(undefined), plain);
      else return this.#sendStatus(reply, error, base);
    }
    const { status } = encoded;
    const headers = { ...base, ...encoded.headers };
    if (call.method === 'HEAD') return reply.send(status, headers);
    if (encoded.bytes.length > gzipFrom && takesGzip(call)) return this.#sendZipped(reply, status, headers, encoded.bytes);
    reply.send(status, headers, encoded.bytes);
  }

  async #sendZipped(reply: HttpReply, status: number, headers: HttpHeaders, plainBytes: Uint8Array | string): Promise<void> {
    const bytes = await this.#world.zip.gzip(plainBytes, 4);
    reply.send(status, { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }, bytes);
  }

  /** Sends what is made in parts, with pauses for others. */
  async #sendParts(call: Call, reply: HttpReply, headers: HttpHeaders, parts: Iterable<Uint8Array>): Promise<void> {
    const slices = new Slices(this.#world.clock);
    const made: Uint8Array[] = [];
    let length = 0;
    for (const part of parts) {
      made.push(part);
      length += part.length;
      const pause = slices.pause();
      if (!pause) continue;
      // oxlint-disable-next-line no-await-in-loop -- the pause is the point
      await pause;
      if (call.signal.aborted) break;
    }
    if (takesGzip(call)) return this.#sendZipped(reply, 200, headers, Buffer.concat(made, length));
    return pump(reply.stream(200, { ...headers, 'content-length': String(length) }), made);
  }

  #sendStatus(reply: HttpReply, error: unknown, base: HttpHeaders): void {
    const status = statusOf(error);
    reply.send(status.code ?? 500, { ...base, 'content-type': 'application/json' }, `${JSON.stringify(status)}\n`);
  }

  async #upgrade(request: HttpRequest, socket: Socket): Promise<void> {
    const call = callOf(request);
    try {
      const { ctx, endpoint } = await this.#pipeline.admit(call);
      if (endpoint?.upgrade) return await endpoint.upgrade(ctx, socket);
    } catch (error) {
      const status = statusOf(error);
      return refuseUpgrade(socket, status.code ?? 500, `${JSON.stringify(status)}\n`);
    }
    const { answer, seat, sent } = await this.#pipeline.run(call);
    seat?.release();
    sent?.();
    const encoded = answer.kind === 'object' ? encodeAnswer(answer, accepted(undefined), plain) : { status: 400, bytes: 'Bad Request\n' };
    return refuseUpgrade(socket, encoded.status, Buffer.from(encoded.bytes as string).toString('utf8'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer.cancel();
  }
}

/** The parts of a long list; none where it must be refused, which the usual way tells. */
function longParts(call: Call, answer: Answer, options: Parameters<typeof partsOf>[2]): ReturnType<typeof partsOf> {
  if (answer.kind !== 'list') return undefined;
  try {
    return partsOf(answer, accepted(call.headers['accept']), options);
  } catch {
    return undefined;
  }
}

const takesGzip = (call: Call): boolean => /\bgzip\b/.test(call.headers['accept-encoding'] ?? '');

const plain = { includeObject: 'None', now: 0, pretty: false } as const;

async function refuseUpgrade(socket: Socket, status: number, body: string): Promise<void> {
  const length = Buffer.byteLength(body);
  await socket.write(
    Buffer.from(
      `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
    ),
  );
  socket.end();
}

async function pump(writer: HttpWriter, stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of stream) if (!writer.write(chunk)) await writer.drained();
    writer.end();
  } catch {
    writer.destroy();
  }
}

async function watchPump(writer: HttpWriter, events: WatchEvents, encode: (batch: readonly EncodableEvent[]) => Uint8Array): Promise<void> {
  try {
    // What a slow client has not taken waits as events that others have, too; too many of them end its watch.
    await events.push((batch) => (writer.write(encode(batch)) ? undefined : writer.drained()));
    writer.end();
  } catch {
    writer.destroy();
  }
}

function includeObject(call: Call): 'None' | 'Metadata' | 'Object' {
  const value = call.params.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
}

// As Kubernetes does: by parameter, else for people with browsers and curl.
function isPretty(call: Call): boolean {
  const value = call.params.get('pretty');
  if (value !== null) return value !== 'false' && value !== '0';
  const agent = call.headers['user-agent'];
  return agent !== undefined && (agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'));
}

const maxWarnings = 4096;

/** Texts as one Warning header: `299 - "text", 299 - "text"`. */
export function warningHeader(texts: readonly string[]): string {
  let header = '';
  for (const text of new Set(texts)) {
    // oxlint-disable-next-line no-control-regex -- header values hold no control characters
    const clean = text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/[\\"]/g, '\\$&');
    // Names of fields may be any text: headers carry its UTF-8 bytes.
    const bytes = Buffer.from(clean, 'utf8').toString('latin1');
    const next = `${header === '' ? '' : `${header}, `}299 - "${bytes}"`;
    if (next.length > maxWarnings) break;
    header = next;
  }
  return header;
}
