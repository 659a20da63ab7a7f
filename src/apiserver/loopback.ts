// The API server as a transport of its own process: the same chain, without sockets and without encoding.
import { StatusError } from '#api/status.ts';
import type { ApiRequest, ApiResponse, Transport, UserInfo, WatchEvent } from '#client/transport.ts';
import type { Answer, Call, EncodableEvent } from './chain.ts';
import { accepted, encodeAnswer, listObject } from './negotiate.ts';
import type { Pipeline } from './pipeline.ts';

const never = new AbortController().signal;
const noParams = new URLSearchParams();
const nothing: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function callOf(request: ApiRequest, user: UserInfo): Call {
  const { body } = request;
  return {
    method: request.method,
    path: request.path,
    query: request.query ?? '',
    params: request.query ? new URLSearchParams(request.query) : noParams,
    headers: { 'user-agent': user.name, ...request.headers },
    httpVersion: 'loopback',
    remoteAddress: '127.0.0.1',
    peer: undefined,
    signal: request.signal ?? never,
    user,
    object: body && 'object' in body ? body.object : undefined,
    body: body && 'bytes' in body ? once(body.bytes) : nothing,
  };
}

async function* single(batches: AsyncIterable<readonly EncodableEvent[]>): AsyncGenerator<WatchEvent> {
  for await (const batch of batches) for (const event of batch) yield { type: event.type, object: event.item.object };
}

function responseOf(answer: Answer, request: ApiRequest, now: number): ApiResponse {
  switch (answer.kind) {
    case 'object':
    case 'list': {
      const choice = accepted(request.headers?.['accept']);
      if (choice.form !== 'object' || choice.encoding !== 'json') {
        const encoded = encodeAnswer(answer, choice, { includeObject: 'Metadata', now, pretty: false });
        return { status: encoded.status, headers: encoded.headers, body: { bytes: Buffer.from(encoded.bytes as string) } };
      }
      if (answer.kind === 'list')
        return { status: 200, headers: {}, body: { object: listObject(answer.row, answer.listMeta, answer.items) } };
      return { status: answer.status, headers: answer.headers ?? {}, body: { object: answer.object } };
    }
    case 'watch':
      return { status: 200, headers: {}, body: { events: single(answer.events) } };
    case 'bytes': {
      const bytes = typeof answer.bytes === 'string' ? Buffer.from(answer.bytes) : answer.bytes;
      return { status: answer.status, headers: answer.headers, body: { bytes } };
    }
    case 'stream':
      return { status: answer.status, headers: answer.headers, body: { stream: answer.stream } };
  }
}

/** A transport that acts as `user`. */
export function loopback(pipeline: Pipeline, user: UserInfo, now: () => number): Transport {
  return {
    async send(request: ApiRequest): Promise<ApiResponse> {
      const { answer, sent } = await pipeline.run(callOf(request, user));
      // Watches of this process last as long as it does: they are noted when they begin.
      if (answer.kind !== 'watch') sent?.();
      try {
        return responseOf(answer, request, now());
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        return { status: error.code, headers: {}, body: { object: error.status } };
      }
    },
  };
}
