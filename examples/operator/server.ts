// The webhooks over TLS.
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerConversion } from './convert.ts';
import { answerAdmission } from './validate.ts';

const largest = 8 * 1024 * 1024;

async function read(request: IncomingMessage): Promise<{ apiVersion: string; kind: string; request: never }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > largest) throw new Error('the request is too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as never;
}

const paths: Readonly<Record<string, (request: never) => object>> = { '/convert': answerConversion, '/validate': answerAdmission };

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path === '/healthz') return void response.end('ok\n');
  const handle = paths[path];
  if (!handle) return void response.writeHead(404).end();
  const review = await read(request);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, response: handle(review.request) }));
}

/** Serves until the server is closed. */
export function serveWebhooks(port: number, tls: { readonly cert: string; readonly key: string }): Promise<Server> {
  const server = createServer(tls, (request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  return new Promise((resolve) => server.listen(port, () => resolve(server)));
}
