// Answers of a transport, read: objects, errors and watch events, whether they come as values or as bytes.
import type { Status } from '#api/meta/v1/status.ts';
import { fromStatus, StatusError } from '#api/status.ts';
import { asRead } from '#api/walk/emptylists.ts';
import { parseExact, textOfBytes } from '#format/json.ts';
import type { ApiResponse, WatchEvent } from './transport.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** All bytes of an answer that is not made of values. */
export async function readBytes(response: ApiResponse): Promise<Uint8Array> {
  const body = response.body;
  if ('bytes' in body) return body.bytes;
  if ('stream' in body) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.stream) chunks.push(chunk);
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  }
  if ('object' in body) return Buffer.from(JSON.stringify(body.object));
  throw new Error('a watch was answered where an object was expected');
}

/** The StatusError of a refusing answer: the server's own Status where it sent one. */
export async function errorOf(response: ApiResponse): Promise<StatusError> {
  let text = '';
  let value: unknown;
  if ('object' in response.body) value = response.body.object;
  else if (!('events' in response.body)) {
    text = Buffer.from(await readBytes(response)).toString('utf8');
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined; // not JSON: a proxy's page, a plain text; the text is the message
    }
  }
  if (typeof value === 'object' && value !== null && (value as Status).kind === 'Status') {
    return fromStatus({ ...(value as Status), code: (value as Status).code ?? response.status });
  }
  return fromStatus({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: text.trim().slice(0, 2048) || `the server answered ${response.status}`,
    reason: reasons[response.status] ?? '',
    code: response.status,
  });
}

/** The object of an answer; throws StatusError when the server refused. */
export async function objectOf(response: ApiResponse): Promise<unknown> {
  if (response.status >= 400) throw await errorOf(response);
  if ('object' in response.body) return response.body.object;
  const bytes = await readBytes(response);
  if (bytes.length === 0) return undefined;
  const text = textOfBytes(bytes);
  return asRead(parseExact(text), text);
}

/** Splits a byte stream at newlines; an unfinished last line is dropped (the peer went away in the middle of it). */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(10, start);
      if (end < 0) break;
      const tail = chunk.subarray(start, end);
      const line = pending.length === 0 ? tail : Buffer.concat([...pending, tail]);
      pending = [];
      start = end + 1;
      if (line.length > 0) yield Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8');
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
}

async function* parsed(stream: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  for await (const line of linesOf(stream)) {
    const event = parseExact(line) as WatchEvent;
    yield { ...event, object: asRead(event.object, line) as WatchEvent['object'] };
  }
}

/** The events of a watch; throws StatusError for a refusal and for an ERROR event. Ends quietly when aborted. */
export async function* eventsOf(response: ApiResponse, signal: AbortSignal): AsyncGenerator<WatchEvent> {
  if (response.status >= 400) throw await errorOf(response);
  const body = response.body;
  const events = 'events' in body ? body.events : 'stream' in body ? parsed(body.stream) : undefined;
  if (events === undefined) throw new Error('the server did not answer a watch with a stream');
  try {
    for await (const event of events) {
      if (signal.aborted) return;
      if (event.type === 'ERROR') throw fromStatus(event.object as Status);
      yield event;
    }
  } catch (error) {
    if (signal.aborted && !(error instanceof StatusError)) return;
    throw error;
  }
}
