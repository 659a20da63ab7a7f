// A webhook as its author runs it: a TLS server with a certificate of its own authority, one function for each path.
import type { HttpRequest } from '#base/net.ts';
import type { World } from '#base/world.ts';

export interface WebhookAnswer {
  readonly status?: number;
  readonly body?: unknown;
  /** Sent as it is instead of `body`. */
  readonly text?: string;
}

export interface Asked {
  readonly url: string;
  readonly headers: HttpRequest['headers'];
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the caller sent
  readonly body: any;
}

export type WebhookPath = (asked: Asked) => WebhookAnswer | Promise<WebhookAnswer>;

export interface WebhookServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** An address of this machine that endpoints may have. */
  readonly address: string;
  /** PEM. */
  readonly ca: string;
  /** The authority as clientConfigs carry it. */
  readonly caBundle: string;
  readonly asked: Asked[];
  readonly paths: Map<string, WebhookPath>;
}

/** Starts one; `names` are those that its certificate holds beside 127.0.0.1. */
export async function startWebhooks(
  world: World,
  paths: Readonly<Record<string, WebhookPath>>,
  names: readonly string[] = [],
): Promise<WebhookServer> {
  const ca = await world.pki.createCa('webhook-ca');
  const serving = await world.pki.issue(ca, { commonName: 'webhook', dnsNames: names, ips: ['127.0.0.1'], usages: ['server'] });
  const asked: Asked[] = [];
  const table = new Map(Object.entries(paths));
  const server = await world.net.serveHttp(
    { host: '0.0.0.0', port: 0, tls: serving },
    {
      request(request, reply) {
        void (async () => {
          const chunks: Uint8Array[] = [];
          for await (const chunk of request.body) chunks.push(chunk);
          const text = Buffer.concat(chunks).toString('utf8');
          const one: Asked = { url: request.url, headers: request.headers, body: text === '' ? undefined : JSON.parse(text) };
          asked.push(one);
          const path = table.get(request.url.split('?')[0] ?? '');
          const answer = path ? await path(one) : { status: 404, text: 'no such hook' };
          reply.send(answer.status ?? 200, { 'content-type': 'application/json' }, answer.text ?? JSON.stringify(answer.body));
        })().catch((error: unknown) => reply.send(500, {}, String(error)));
      },
    },
  );
  return {
    url: `https://127.0.0.1:${server.port}`,
    port: server.port,
    address: world.net.addresses().find((entry) => entry.family === 4 && !entry.internal)?.address ?? '127.0.0.1',
    ca: ca.cert,
    caBundle: Buffer.from(ca.cert).toString('base64'),
    asked,
    paths: table,
    [Symbol.asyncDispose]: () => server.close(0),
  };
}
