// Requests over real https, as a stranger's client sends them: bytes out, bytes in.
import assert from 'node:assert/strict';
import { decodeProtobuf, encodeEnveloped, openEnvelope, structOfKind } from '#api/walk/protobuf.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import type { ApiRequest, Transport } from '#client/transport.ts';
import type { HttpsApi } from './https.ts';

export interface WireAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly bytes: Uint8Array;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers as they like
  readonly json: any;
}

export interface WireOptions {
  readonly body?: string | object | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Stops reading after so many lines: for watches. */
  readonly lines?: number;
}

/** Sends one request and reads the whole answer; `url` may hold a query. */
export type Wire = (method: ApiRequest['method'], url: string, options?: WireOptions) => Promise<WireAnswer>;

const encode = (body: string | object | Uint8Array): Uint8Array => {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
};

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
};

/** A wire with the administrator's certificate. */
export async function wireTo(https: HttpsApi): Promise<Wire> {
  const { world } = https.api;
  const access = await loadKubeconfig(world.fs, https.kubeconfig);
  return wireOver(httpTransport(world.net, { server: access.server, tls: access.tls }));
}

/** A wire over a transport of bytes. */
export function wireOver(transport: Transport): Wire {
  return async (method, url, { body, headers = {}, lines = Infinity } = {}) => {
    const [path = '', query] = url.split('?');
    const response = await transport.send({
      method,
      path,
      ...(query ? { query } : {}),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: { bytes: encode(body) } }),
    });
    const parts: Uint8Array[] = [];
    if ('bytes' in response.body) parts.push(response.body.bytes);
    else if ('stream' in response.body) {
      let seen = 0;
      for await (const part of response.body.stream) {
        parts.push(part);
        seen += Buffer.from(part).toString('latin1').split('\n').length - 1;
        if (seen >= lines) break;
      }
    }
    const bytes = Buffer.concat(parts);
    return { code: response.status, headers: response.headers, bytes, json: parse(bytes) };
  };
}

export const protobuf = 'application/vnd.kubernetes.protobuf';
export const isProtobuf = (answer: WireAnswer): boolean => Buffer.from(answer.bytes.subarray(0, 4)).toString('latin1') === 'k8s\0';

/** Kubernetes' protobuf form of an object of ours. */
export function toProtobuf(object: { readonly apiVersion: string; readonly kind: string }): Uint8Array {
  const struct = structOfKind(object.apiVersion, object.kind);
  assert.ok(struct, object.kind);
  return encodeEnveloped(struct, object.apiVersion, object.kind, object);
}

/** The object in a protobuf answer. */
export function fromProtobuf(answer: WireAnswer): unknown {
  assert.ok(isProtobuf(answer), Buffer.from(answer.bytes).toString('utf8').slice(0, 300));
  const { apiVersion, kind, raw } = openEnvelope(answer.bytes);
  const struct = structOfKind(apiVersion, kind);
  assert.ok(struct, kind);
  return { apiVersion, kind, ...decodeProtobuf(struct, raw) };
}
