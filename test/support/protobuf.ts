// Kubernetes' protobuf on the wire, as typed Go clients speak it: objects go out and come in as protobuf, watches as frames.
// Patches stay what they are, and what has no protobuf form is answered in JSON.
import { ListMeta } from '#api/meta/v1/objectmeta.ts';
import { decodeProtobuf, encodeEnveloped, isEnveloped, openEnvelope, structOfKind } from '#api/walk/protobuf.ts';
import { readBytes } from '#client/body.ts';
import type { ApiRequest, ApiResponse, Transport, WatchEvent } from '#client/transport.ts';
import { WireReader } from '#format/protowire.ts';

const type = 'application/vnd.kubernetes.protobuf';

interface Typed {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** Calls `visit` for each field of a bare message that is made of bytes. */
function eachBytes(bytes: Uint8Array, visit: (field: number, value: Uint8Array) => void): void {
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { field, type: wire } = reader.tag();
    if (wire === 2) visit(field, reader.bytes());
    else reader.skip(wire);
  }
}

/** The object in Kubernetes' envelope; lists, which have no schema of their own, by their items'. */
export function decodeEnveloped(bytes: Uint8Array): unknown {
  const { apiVersion, kind, raw } = openEnvelope(bytes);
  const struct = structOfKind(apiVersion, kind);
  if (struct !== undefined) return { apiVersion, kind, ...decodeProtobuf(struct, raw) };
  const item = kind.endsWith('List') ? structOfKind(apiVersion, kind.slice(0, -4)) : undefined;
  if (item === undefined) throw new Error(`no schema of ${apiVersion} ${kind}`);
  let metadata = {};
  const items: unknown[] = [];
  eachBytes(raw, (field, value) => {
    if (field === 1) metadata = decodeProtobuf(ListMeta, value);
    else if (field === 2) items.push(decodeProtobuf(item, value));
  });
  return { apiVersion, kind, metadata, items };
}

function decodeEvent(frame: Uint8Array): WatchEvent {
  let name = '';
  let object: unknown;
  eachBytes(frame, (field, value) => {
    if (field === 1) name = Buffer.from(value).toString('utf8');
    else if (field === 2)
      eachBytes(value, (inner, raw) => {
        if (inner === 1) object = decodeEnveloped(raw);
      });
  });
  return { type: name as WatchEvent['type'], object };
}

/** The events in frames: four bytes of length, then a bare WatchEvent. */
async function* framed(stream: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  let pending = Buffer.alloc(0);
  for await (const chunk of stream) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE(0);
      if (pending.length < 4 + length) break;
      yield decodeEvent(pending.subarray(4, 4 + length));
      pending = pending.subarray(4 + length);
    }
  }
}

function encodeBody(request: ApiRequest): Pick<ApiRequest, 'body' | 'headers'> {
  const { body, headers } = request;
  const accept = { ...headers, accept: `${type},application/json` };
  if (body === undefined || !('object' in body) || request.method === 'PATCH') return { ...(body ? { body } : {}), headers: accept };
  const { apiVersion = '', kind = '' } = body.object as Typed;
  const struct = structOfKind(apiVersion, kind);
  if (struct === undefined) throw new Error(`no schema of ${apiVersion} ${kind}`);
  const bytes = encodeEnveloped(struct, apiVersion, kind, body.object as object);
  return { body: { bytes }, headers: { ...accept, 'content-type': type } };
}

/** Speaks protobuf over a transport that speaks bytes. */
export function protobufTransport(inner: Transport): Transport {
  return {
    ...inner,
    async send(request: ApiRequest): Promise<ApiResponse> {
      const response = await inner.send({ ...request, ...encodeBody(request) });
      const answered = String(response.headers['content-type'] ?? '');
      if (!answered.startsWith(type)) return response;
      if (answered.includes('stream=watch') && 'stream' in response.body)
        return { ...response, body: { events: framed(response.body.stream) } };
      const bytes = await readBytes(response);
      return { ...response, body: isEnveloped(bytes) ? { object: decodeEnveloped(bytes) } : { bytes } };
    },
  };
}
