// Raw requests through the chain: what the server answers, byte for byte.
import type { Status } from '#api/meta/v1/status.ts';
import type { KubeObject } from '#api/object.ts';
import type { ApiRequest } from '#client/transport.ts';
import { admin, type TestApi } from './api.ts';

export interface RawAnswer {
  readonly code: number;
  readonly object: KubeObject & Status & { readonly items?: readonly KubeObject[] };
  readonly text: string;
}

/** Sends bytes as they are; `url` may hold a query. */
export async function raw(
  api: TestApi,
  method: ApiRequest['method'],
  url: string,
  body?: string | object,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const [path = '', query] = url.split('?');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await api.api.transport(admin).send({
    method,
    path,
    ...(query ? { query } : {}),
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    ...(body === undefined ? {} : { body: { bytes: Buffer.from(text) } }),
  });
  const answer = response.body;
  if ('object' in answer)
    return { code: response.status, object: answer.object as RawAnswer['object'], text: JSON.stringify(answer.object) };
  const found = 'bytes' in answer ? Buffer.from(answer.bytes).toString('utf8') : '';
  let object: unknown;
  try {
    object = JSON.parse(found);
  } catch {
    object = undefined;
  }
  return { code: response.status, object: object as RawAnswer['object'], text: found };
}
