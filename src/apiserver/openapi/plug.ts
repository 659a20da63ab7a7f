// /openapi/v2 and /openapi/v3: built when first asked for, kept as bytes until the rows change.
import { notAcceptable, pathNotFound } from '#api/status.ts';
import type { World } from '#base/world.ts';
import type { Answer, Backend, Context } from '../chain.ts';
import { parseAccept } from '../discovery/accept.ts';
import type { PlugFactory } from '../endpoint.ts';
import type { ResourceRow } from '../resources/row.ts';
import { gitVersion } from '../discovery/version.ts';
import { mergedDocuments, type RemoteDocument } from '../aggregator/openapi.ts';
import { documentV3, isPrepared, partOf, rowsByDocument, TextV2 } from './documents.ts';
import { encodeDocument } from './gnostic.ts';

interface Stored {
  /** Compressed: a document is a megabyte of repetition. */
  readonly gzip: Uint8Array;
  readonly size: number;
  readonly hash: string;
}

const protobufV2 = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];
const largest = 64 * 1024 * 1024;
/** From here on time counts more than size. */
const large = 4 * 1024 * 1024;

async function store(world: World, bytes: Uint8Array): Promise<Stored> {
  return {
    gzip: await world.zip.gzip(bytes, bytes.length > large ? 3 : 6),
    size: bytes.length,
    hash: world.digest.sha256(bytes).toUpperCase(),
  };
}

async function answer(ctx: Context, stored: Stored, type: string, more: Record<string, string> = {}): Promise<Answer> {
  const { world } = ctx.backend;
  const etag = `"${stored.hash}"`;
  const headers = { 'content-type': type, etag, vary: 'Accept, Accept-Encoding', ...more };
  if (ctx.call.headers['if-none-match'] === etag) return { kind: 'bytes', status: 304, headers, bytes: '' };
  if (/\bgzip\b/.test(ctx.call.headers['accept-encoding'] ?? '')) {
    return { kind: 'bytes', status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, bytes: stored.gzip };
  }
  return { kind: 'bytes', status: 200, headers, bytes: await world.zip.gunzip(stored.gzip, largest) };
}

/** The form of the v2 document that a client takes: json or protobuf. */
export function v2Form(accept: string | undefined): { readonly protobuf: boolean; readonly type: string } | undefined {
  const ranges = parseAccept(accept);
  if (ranges.length === 0) return { protobuf: false, type: 'application/json' };
  for (const { type } of ranges) {
    // Asked for with an @, which is no proper media type: the answer is named without it.
    if (protobufV2.includes(type)) return { protobuf: true, type: protobufV2[1] ?? type };
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return { protobuf: false, type: 'application/json' };
  }
  return undefined;
}

interface DocumentV3 {
  readonly rows: readonly ResourceRow[];
  readonly hash: Promise<string>;
  stored(): Promise<Stored>;
}

/** Documents of one server, made anew when its rows change. */
class Documents {
  readonly #backend: Backend;
  readonly #elsewhere: Elsewhere;
  #generation = -1;
  #remote: readonly RemoteDocument[] | undefined;
  #stored = new Map<string, Promise<Stored>>();
  /** Of v3, by name: a document outlives changes of other groups. */
  readonly #documents = new Map<string, DocumentV3>();
  #text: TextV2 | undefined;

  constructor(backend: Backend, elsewhere: Elsewhere) {
    this.#backend = backend;
    this.#elsewhere = elsewhere;
  }

  rows(): readonly ResourceRow[] {
    return this.#backend.rows();
  }

  get(key: string, build: () => Uint8Array | Promise<Uint8Array>): Promise<Stored> {
    const generation = this.#backend.rowsGeneration();
    const remote = this.#elsewhere.documents();
    if (generation !== this.#generation || remote !== this.#remote) {
      this.#generation = generation;
      this.#remote = remote;
      this.#stored = new Map();
    }
    let stored = this.#stored.get(key);
    if (stored === undefined) {
      const { world } = this.#backend;
      stored = (async () => store(world, await build()))();
      this.#stored.set(key, stored);
      stored.catch(() => this.#stored.delete(key));
    }
    return stored;
  }

  /** The v2 document as JSON. */
  async textV2(): Promise<Uint8Array> {
    const builtIn = this.rows().filter((row) => !row.custom);
    if (!this.#text?.isOf(builtIn)) this.#text = new TextV2(builtIn);
    const custom = this.rows().filter((row) => row.custom);
    // Hundreds of definitions are seconds of work: between two of them others have their turn.
    for (const row of custom) {
      if (isPrepared(row)) continue;
      partOf(row);
      // oxlint-disable-next-line no-await-in-loop
      await this.#backend.world.clock.sleep(0);
    }
    return Buffer.from(this.#text.with(custom, mergedDocuments(this.#elsewhere.documents(), this.#text.names)));
  }

  /** The documents of v3 by name. */
  v3(): ReadonlyMap<string, DocumentV3> {
    const groups = rowsByDocument(this.rows());
    for (const name of this.#documents.keys()) if (!groups.has(name)) this.#documents.delete(name);
    for (const [name, rows] of groups) {
      const known = this.#documents.get(name);
      if (known && known.rows.length === rows.length && rows.every((row, i) => row === known.rows[i])) continue;
      this.#documents.set(name, this.#document(rows));
    }
    return this.#documents;
  }

  #document(rows: readonly ResourceRow[]): DocumentV3 {
    const { world } = this.#backend;
    let made: Promise<Stored> | undefined;
    const build = async (): Promise<Stored> => store(world, Buffer.from(JSON.stringify(documentV3(rows))));
    const stored = (): Promise<Stored> => (made ??= build());
    // Where all rows say what they were made from, the index need not make the documents to know whether they changed.
    const custom = rows.every((row) => row.custom);
    const revisions = rows.map((row) => `${row.resource}/${row.custom?.revision ?? ''}`).join('\n');
    if (!custom) return { rows, hash: stored().then(({ hash }) => hash), stored };
    const hash = world.digest.sha256(Buffer.from(`${gitVersion}\n${revisions}`)).toUpperCase();
    return { rows, hash: Promise.resolve(hash), stored: async () => ({ ...(await stored()), hash }) };
  }
}

async function serveV2(documents: Documents, ctx: Context): Promise<Answer> {
  const form = v2Form(ctx.call.headers['accept']);
  if (form === undefined) throw notAcceptable(['application/json', ...protobufV2]);
  const stored = await (form.protobuf
    ? documents.get('v2.pb', async () => encodeDocument(JSON.parse(Buffer.from(await documents.textV2()).toString('utf8')) as object))
    : documents.get('v2.json', () => documents.textV2()));
  return answer(ctx, stored, form.type);
}

async function serveIndex(documents: Documents, ctx: Context, elsewhere: readonly string[]): Promise<Answer> {
  const stored = await documents.get(['v3', ...elsewhere].join(' '), async () => {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const [name, document] of documents.v3()) {
      // One after the other: each document is a few milliseconds of work, and others wait for the loop.
      // oxlint-disable-next-line no-await-in-loop
      paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${await document.hash}` };
    }
    // Documents of aggregated servers are theirs to version.
    for (const name of elsewhere) paths[name] = { serverRelativeURL: `/openapi/v3/${name}` };
    return Buffer.from(JSON.stringify({ paths }));
  });
  return answer(ctx, stored, 'application/json');
}

const year = 365 * 86_400;

async function serveV3(documents: Documents, ctx: Context, name: string): Promise<Answer> {
  const document = documents.v3().get(name);
  if (document === undefined) throw pathNotFound();
  const form = v2Form(ctx.call.headers['accept']);
  if (form === undefined || form.protobuf) throw notAcceptable(['application/json']);
  const stored = await document.stored();
  const asked = ctx.call.params.get('hash');
  if (asked !== null && asked !== stored.hash) {
    return { kind: 'bytes', status: 301, headers: { location: `/openapi/v3/${name}?hash=${stored.hash}` }, bytes: '' };
  }
  // Under its hash a document never changes.
  const caching: Record<string, string> = asked === null ? {} : { 'cache-control': `public, max-age=${year}, immutable` };
  return answer(ctx, stored, 'application/json', caching);
}

/** What other servers describe. */
export interface Elsewhere {
  /** Names of the v3 documents (`apis/<group>/<version>`) that others answer. */
  names(): readonly string[];
  /** Their parts of the v2 document; the same value until they change. */
  documents(): readonly RemoteDocument[];
}

const nothing: readonly RemoteDocument[] = [];
const nowhere: Elsewhere = { names: () => [], documents: () => nothing };

/** Makes the endpoints. */
export const openApiPlug =
  (elsewhere: Elsewhere = nowhere): PlugFactory =>
  (backend) => {
    const documents = new Documents(backend, elsewhere);
    return {
      paths: [
        { path: '/openapi/v2', handle: (ctx) => serveV2(documents, ctx) },
        {
          path: '/openapi/v3',
          below: true,
          handle(ctx) {
            const name = ctx.info.path.replace(/^\/openapi\/v3\/?/, '').replace(/\/$/, '');
            return name === '' ? serveIndex(documents, ctx, elsewhere.names()) : serveV3(documents, ctx, name);
          },
        },
      ],
    };
  };
