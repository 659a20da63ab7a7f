// /openapi/v2 and /openapi/v3: made when first asked for, kept as bytes until what is served changes.
import { openApiSchemas } from '#api/openapi.ts';
import type { Answer, Backend, Context } from '../chain.ts';
import type { PlugFactory } from '../endpoint.ts';
import type { ResourceRow } from '../resources/row.ts';
import { gitVersion } from '../discovery/version.ts';
import { parseAccept } from '../discovery/accept.ts';
import { notAcceptable } from '#api/status.ts';
import { type OpenApi, pathsOf, structsOf } from './paths.ts';

interface Document {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

const patchSchema = { description: 'A patch in one of the forms that the content type names.', type: 'object' };
const patchName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

const groupPath = (row: Pick<ResourceRow, 'group' | 'version'>): string =>
  row.group === '' ? `api/${row.version}` : `apis/${row.group}/${row.version}`;

function describe(rows: readonly ResourceRow[], version: OpenApi): { paths: Record<string, unknown>; schemas: Record<string, unknown> } {
  const paths: Record<string, unknown> = Object.assign({}, ...rows.map((row) => pathsOf(row, version)));
  const schemas = { ...openApiSchemas(new Set(rows.flatMap(structsOf)), version), [patchName]: patchSchema };
  return { paths, schemas };
}

function swagger(rows: readonly ResourceRow[]): object {
  const { paths, schemas } = describe(rows, 'v2');
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: gitVersion },
    paths,
    definitions: schemas,
    securityDefinitions: {
      BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  };
}

function openApi3(rows: readonly ResourceRow[]): object {
  const { paths, schemas } = describe(rows, 'v3');
  const securitySchemes = {
    BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
  };
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: gitVersion }, paths, components: { schemas, securitySchemes } };
}

function send(ctx: Context, document: Document, type: string, immutable: boolean): Answer {
  const etag = `"${document.hash}"`;
  const headers = { 'content-type': type, etag, vary: 'Accept', ...(immutable ? { 'cache-control': 'public, immutable' } : {}) };
  if (ctx.call.headers['if-none-match'] === etag) return { kind: 'bytes', status: 304, headers, bytes: '' };
  return { kind: 'bytes', status: 200, headers, bytes: document.bytes };
}

/** True when a client takes JSON; old clients ask for protobuf alone and fall back when they are told so. */
function takesJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '') return true;
  return parseAccept(accept).some(({ type }) => type === '*/*' || type === 'application/*' || type === 'application/json');
}

/** Makes the endpoints. */
export function openApiPlug(): PlugFactory {
  return (backend: Backend) => {
    let generation = -1;
    const documents = new Map<string, Document>();
    const document = (name: string, make: () => object): Document => {
      if (backend.rowsGeneration() !== generation) {
        generation = backend.rowsGeneration();
        documents.clear();
      }
      let known = documents.get(name);
      if (known === undefined) {
        const bytes = Buffer.from(JSON.stringify(make()));
        known = { bytes, hash: backend.world.digest.sha256(bytes).toUpperCase() };
        documents.set(name, known);
      }
      return known;
    };
    const groups = (): Map<string, readonly ResourceRow[]> => Map.groupBy(backend.rows(), groupPath);
    const ofGroup = (path: string, rows: readonly ResourceRow[]): Document => document(path, () => openApi3(rows));
    const index = (): Document =>
      document('', () => ({
        paths: Object.fromEntries(
          [...groups()].map(([path, rows]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${ofGroup(path, rows).hash}` }]),
        ),
      }));
    return {
      paths: [
        {
          path: '/openapi/v2',
          handle(ctx) {
            if (!takesJson(ctx.call.headers['accept'])) throw notAcceptable(['application/json']);
            return send(
              ctx,
              document('v2', () => swagger(backend.rows())),
              'application/json',
              false,
            );
          },
        },
        {
          path: '/openapi/v3',
          below: true,
          handle(ctx) {
            if (!takesJson(ctx.call.headers['accept'])) throw notAcceptable(['application/json']);
            const path = ctx.info.path.replace(/^\/openapi\/v3\/?/, '');
            if (path === '') return send(ctx, index(), 'application/json', false);
            const rows = groups().get(path);
            if (rows === undefined)
              return {
                kind: 'bytes',
                status: 404,
                headers: { 'content-type': 'text/plain; charset=utf-8' },
                bytes: '404 page not found\n',
              };
            return send(ctx, ofGroup(path, rows), 'application/json', ctx.call.params.get('hash') !== null);
          },
        },
      ],
    };
  };
}
