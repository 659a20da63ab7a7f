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
import { encodeV2 } from './gnosticv2.ts';
import { encodeV3 } from './gnosticv3.ts';

interface Stored {
  /** Compressed: a document is a megabyte of repetition. */
  readonly gzip: Uint8Array;
  readonly size: number;
  readonly hash: string;
}

/** How clients ask for the protobuf form: by its name, or with an @ in it, which is no proper media type. */
const protobufTypes = {
  v2: ['application/com.github.proto-openapi.spec.v2.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'],
  v3: ['application/com.github.proto-openapi.spec.v3.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf'],
} as const;
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

interface DocumentForm {
  readonly protobuf: boolean;
  readonly type: string;
}
const asJson: DocumentForm = { protobuf: false, type: 'application/json' };

/** The form of a document that a client takes: JSON or protobuf, which is answered under its proper name. Throws a 406. */
export function documentForm(accept: string | undefined, version: keyof typeof protobufTypes): DocumentForm {
  const ranges = parseAccept(accept);
  if (ranges.length === 0) return asJson;
  const names: readonly string[] = protobufTypes[version];
  for (const { type } of ranges) {
    if (names.includes(type)) return { protobuf: true, type: protobufTypes[version][0] };
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return asJson;
  }
  throw notAcceptable([asJson.type, ...names]);
}

interface DocumentV3 {
  readonly rows: readonly ResourceRow[];
  readonly hash: Promise<string>;
  stored(): Promise<Stored>;
  /** The same in protobuf, under the same hash: an address of the index leads to either form. */
  protobuf(): Promise<Stored>;
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
    const once = (build: () => Promise<Stored>): (() => Promise<Stored>) => {
      let made: Promise<Stored> | undefined;
      return () => (made ??= build());
    };
    // Where all rows say what they were made from, the index need not make the documents to know whether they changed.
    const custom = rows.every((row) => row.custom);
    const revisions = rows.map((row) => `${row.resource}/${row.custom?.revision ?? ''}`).join('\n');
    const known = custom ? world.digest.sha256(Buffer.from(`${gitVersion}\n${revisions}`)).toUpperCase() : undefined;
    const make = async (bytes: Uint8Array): Promise<Stored> => ({ ...(await store(world, bytes)), ...(known ? { hash: known } : {}) });
    const stored = once(() => make(Buffer.from(JSON.stringify(documentV3(rows)))));
    const hash = known ? Promise.resolve(known) : stored().then((document) => document.hash);
    const protobuf = once(async () => ({ ...(await make(encodeV3(documentV3(rows)))), hash: await hash }));
    return { rows, hash, stored, protobuf };
  }
}

async function serveV2(documents: Documents, ctx: Context): Promise<Answer> {
  const form = documentForm(ctx.call.headers['accept'], 'v2');
  const stored = await (form.protobuf
    ? documents.get('v2.pb', async () => encodeV2(JSON.parse(Buffer.from(await documents.textV2()).toString('utf8')) as object))
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
  const form = documentForm(ctx.call.headers['accept'], 'v3');
  const stored = await (form.protobuf ? document.protobuf() : document.stored());
  const asked = ctx.call.params.get('hash');
  if (asked !== null && asked !== stored.hash) {
    return { kind: 'bytes', status: 301, headers: { location: `/openapi/v3/${name}?hash=${stored.hash}` }, bytes: '' };
  }
  // Under its hash a document never changes.
  const caching: Record<string, string> = asked === null ? {} : { 'cache-control': `public, max-age=${year}, immutable` };
  return answer(ctx, stored, form.type, caching);
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
