// A small aggregated API server with one kind, as Kubernetes' sample has it: it believes the front proxy, asks the cluster what
// a user may do, and serves discovery, OpenAPI and Flunders.
import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { allowed, type Asking, frontProxy } from './cluster.ts';
import { Flunders, type Flunder } from './flunders.ts';

const group = 'wardle.example.com';
const apiVersion = `${group}/v1alpha1`;
const base = `/apis/${apiVersion}`;
const flunders = new Flunders(apiVersion);
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const gvk = { group, version: 'v1alpha1', kind: 'Flunder' };
const groupVersion = { groupVersion: apiVersion, version: 'v1alpha1' };
const aGroup = { name: group, versions: [groupVersion], preferredVersion: groupVersion };
const schema = {
  description: 'Flunder is what this server keeps.',
  type: 'object',
  properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' }, spec: { type: 'object' } },
  'x-kubernetes-group-version-kind': [gvk],
};
const definition = 'com.example.wardle.v1alpha1.Flunder';
const operation = (ref: string): object => ({
  post: {
    operationId: 'createFlunder',
    responses: { 201: { description: 'Created', schema: { $ref: ref } } },
    'x-kubernetes-action': 'post',
    'x-kubernetes-group-version-kind': gvk,
  },
});
const info = { title: 'wardle', version: 'v1' };
const flunderPath = `${base}/namespaces/{namespace}/flunders`;
const documents: Readonly<Record<string, object>> = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [aGroup] },
  [`/apis/${group}`]: { kind: 'APIGroup', apiVersion: 'v1', ...aGroup },
  [base]: {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion,
    resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs }],
  },
  '/openapi/v2': {
    swagger: '2.0',
    info,
    paths: { [flunderPath]: operation(`#/definitions/${definition}`) },
    definitions: { [definition]: schema },
  },
  '/openapi/v3': { paths: { [base.slice(1)]: { serverRelativeURL: `/openapi/v3${base}` } } },
  [`/openapi/v3${base}`]: {
    openapi: '3.0.0',
    info,
    paths: { [flunderPath]: operation(`#/components/schemas/${definition}`) },
    components: { schemas: { [definition]: schema } },
  },
};

type Reply = (code: number, body: object) => void;
const status = (code: number, reason: string, message: string): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
});

async function bodyOf(request: IncomingMessage): Promise<Partial<Flunder>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  return text === '' ? {} : (JSON.parse(text) as Partial<Flunder>);
}

const merged = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const into: Record<string, unknown> = { ...(target as object) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete into[key];
    else into[key] = merged(into[key], value);
  }
  return into;
};

interface What {
  readonly verb: string;
  readonly namespace: string;
  readonly name: string;
  readonly selector: string;
}

function watch(response: ServerResponse, { namespace, selector }: What): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  for (const object of flunders.list(namespace, selector)) response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  const stop = flunders.watch((type, object) => {
    const { labels = {}, namespace: where } = object.metadata;
    const wanted = selector === '' || selector.split(',').every((one) => labels[one.split('=')[0] ?? ''] === one.split('=')[1]);
    if (wanted && (namespace === '' || namespace === where)) response.write(`${JSON.stringify({ type, object })}\n`);
  });
  response.on('close', stop);
}

async function serve(what: What, request: IncomingMessage, reply: Reply): Promise<void> {
  const { verb, namespace, name, selector } = what;
  const found = flunders.get(namespace, name);
  if (verb === 'create') {
    const body = await bodyOf(request);
    const wanted = body.metadata?.name ?? '';
    if (flunders.get(namespace, wanted)) return reply(409, status(409, 'AlreadyExists', `flunders.${group} "${wanted}" already exists`));
    return reply(201, flunders.put(namespace, wanted, body));
  }
  if (verb === 'list' || verb === 'deletecollection') {
    const items = flunders.list(namespace, selector);
    if (verb === 'deletecollection') for (const one of items) flunders.remove(one);
    return reply(200, { kind: 'FlunderList', apiVersion, metadata: { resourceVersion: flunders.revision }, items });
  }
  if (!found) return reply(404, status(404, 'NotFound', `flunders.${group} "${name}" not found`));
  if (verb === 'delete') flunders.remove(found);
  if (verb === 'update') return reply(200, flunders.put(namespace, name, await bodyOf(request)));
  if (verb === 'patch') return reply(200, flunders.put(namespace, name, merged(found, await bodyOf(request)) as Flunder));
  reply(200, found);
}

const verbOf = (method: string, named: boolean, watched: boolean): string =>
  ({ POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: named ? 'delete' : 'deletecollection' })[method] ??
  (named ? 'get' : watched ? 'watch' : 'list');

const proxy = await frontProxy();

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply: Reply = (code, body) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const url = new URL(request.url ?? '/', 'https://wardle');
  if (['/healthz', '/livez', '/readyz'].includes(url.pathname)) return reply(200, {});
  const socket = request.socket as TLSSocket;
  const name = String(socket.getPeerCertificate().subject?.CN ?? '');
  if (!socket.authorized || !proxy.names.includes(name)) return reply(401, status(401, 'Unauthorized', 'Unauthorized'));
  const asking: Asking = {
    user: String(request.headers[proxy.user] ?? ''),
    groups: String(request.headers[proxy.group] ?? '').split(/,\s*/),
  };
  const document = documents[url.pathname];
  const match = /^\/apis\/[^/]+\/v1alpha1(?:\/namespaces\/([^/]+))?\/flunders(?:\/([^/]+))?$/.exec(url.pathname);
  if (!document && !match) return reply(404, status(404, 'NotFound', 'the server could not find the requested resource'));
  const watched = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  const what: What = {
    verb: verbOf(request.method ?? 'GET', match?.[2] !== undefined, watched),
    namespace: match?.[1] ?? '',
    name: match?.[2] ?? '',
    selector: url.searchParams.get('labelSelector') ?? '',
  };
  const { verb, namespace } = what;
  const attributes = document
    ? { nonResourceAttributes: { path: url.pathname, verb: 'get' } }
    : { resourceAttributes: { group, version: 'v1alpha1', resource: 'flunders', verb, namespace, name: what.name } };
  console.log(`${asking.user} ${request.method} ${request.url}`);
  if (!(await allowed(asking, attributes))) return reply(403, status(403, 'Forbidden', `${asking.user} may not ${verb} ${url.pathname}`));
  if (document) return reply(200, document);
  if (verb === 'watch') return watch(response, what);
  await serve(what, request, reply);
}

const [, , certificates = '/apiserver.local.config/certificates'] = process.argv;
const options: ServerOptions = {
  cert: readFileSync(`${certificates}/tls.crt`),
  key: readFileSync(`${certificates}/tls.key`),
  ca: proxy.ca,
  requestCert: true,
  rejectUnauthorized: false,
};
createServer(options, (request, response) => {
  handle(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status(500, 'InternalError', String(error))));
  });
}).listen(443);
process.on('SIGTERM', () => process.exit(0));
