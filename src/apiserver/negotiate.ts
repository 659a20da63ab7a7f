// Answers as bytes: which encoding and which form (object, Table, metadata only) the client accepts.
import { badRequest, notAcceptable } from '#api/status.ts';
import { ListMeta } from '#api/meta/v1/objectmeta.ts';
import type { Struct } from '#api/dsl.ts';
import { asWritten } from '#api/walk/emptylists.ts';
import { encodeEnveloped, encodeProtobuf, envelope, envelopeList, structOfKind } from '#api/walk/protobuf.ts';
import { goQuote } from '#format/goquote.ts';
import { toYaml } from '#format/yaml.ts';
import type { KubeObject } from '#api/object.ts';
import { lastingCopy } from '#base/bytes.ts';
import type { HttpHeaders } from '#base/net.ts';
import { apiVersionOf } from '#api/object.ts';
import { parseAccept } from './discovery/accept.ts';
import type { Answer, Encodable, ListMetaValues } from './chain.ts';
import type { ResourceRow } from './resources/row.ts';
import { tableable, tableOf } from './table/table.ts';

export type Form = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
export type Encoding = 'json' | 'yaml' | 'protobuf';
export interface Accepted {
  readonly encoding: Encoding;
  readonly form: Form;
  /** Version of meta.k8s.io for the converted forms. */
  readonly metaVersion: string;
  /** What else the client takes, where the first choice has no form for the object. */
  readonly otherwise?: Accepted;
  /** The object as it is, where the first choice is a converted form that it does not have. */
  readonly plain?: Accepted;
}

const protobufType = 'application/vnd.kubernetes.protobuf';
const offered = ['application/json', 'application/yaml', protobufType];
const plainJson: Accepted = { encoding: 'json', form: 'object', metaVersion: 'v1' };
const known = new Map<string, Accepted | undefined>();
const maxKnown = 256;

/** What an Accept header asks for; 406 when nothing of it is offered. */
export function accepted(header: string | undefined): Accepted {
  if (header === undefined || header === '' || header === '*/*' || header === 'application/json') return plainJson;
  let choice = known.get(header);
  if (!choice && !known.has(header)) {
    choice = choose(header);
    if (known.size >= maxKnown) known.clear();
    known.set(header, choice);
  }
  if (!choice) throw notAcceptable(offered);
  return choice;
}

const encodings: Readonly<Record<string, Encoding | undefined>> = {
  '*/*': 'json',
  'application/*': 'json',
  'application/json': 'json',
  'application/yaml': 'yaml',
  [protobufType]: 'protobuf',
};

function choose(header: string): Accepted | undefined {
  const [first, ...others] = choices(header);
  if (first !== undefined && first.form !== 'object') {
    const plain = others.find((choice) => choice.form === 'object');
    return plain ? { ...first, plain } : first;
  }
  if (first?.encoding !== 'protobuf') return first;
  const otherwise = others.find((choice) => choice.encoding !== 'protobuf');
  return otherwise ? { ...first, otherwise } : first;
}

function* choices(header: string): Generator<Accepted> {
  for (const { type, params } of parseAccept(header)) {
    const encoding = encodings[type];
    if (!encoding) continue;
    const { as, g, v } = params;
    if (as === undefined) {
      yield { encoding, form: 'object', metaVersion: 'v1' };
      continue;
    }
    if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) continue;
    // Tables have no protobuf form.
    if (encoding === 'protobuf' && as === 'Table') continue;
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
      yield { encoding, form: as, metaVersion: v };
  }
}

/** The choice for objects of a row: custom resources have no protobuf form, their metadata has. */
export function acceptedFor(row: ResourceRow | undefined, choice: Accepted): Accepted {
  if (!row?.custom || choice.encoding !== 'protobuf' || choice.form !== 'object') return choice;
  if (!choice.otherwise) throw notAcceptable(offered.slice(0, 2));
  return choice.otherwise;
}

/** Refuses a request before it changes anything when its answer could not be given in a form that the client takes. */
export function checkAcceptable(header: string | undefined, row: ResourceRow): void {
  const choice = accepted(header);
  if (choice.form === 'Table' && !choice.plain && !tableable(row)) throw notAcceptable(offered);
}

const includes: readonly (string | null)[] = ['None', 'Metadata', 'Object', '', null];

/** Refuses a request for a Table that says strangely what of the objects is to be in it. */
export function checkTableOptions(header: string | undefined, params: URLSearchParams): void {
  const value = params.get('includeObject');
  if (includes.includes(value) || accepted(header).form !== 'Table') return;
  const why = `includeObject: Invalid value: ${goQuote(value ?? '')}: must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: ${why}`);
}

/** Refuses a watch whose events are to come in a form that has no streams. */
export function checkStreamable(header: string | undefined): void {
  if (accepted(header).encoding === 'yaml') throw notAcceptable([offered[0] as string, protobufType]);
}

/** An answer ready for the wire. */
export interface Encoded {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly bytes: Uint8Array | string;
}

export interface TableOptions {
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly now: number;
}

export const contentTypes = { json: 'application/json', yaml: 'application/yaml', protobuf: protobufType } as const;

interface Typed {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** Kubernetes' protobuf envelope around an object that is made for this answer; undefined for kinds without a protobuf form. */
export function toProtobuf(value: Typed): Uint8Array | undefined {
  const { apiVersion = '', kind = '' } = value;
  const struct = structOfKind(apiVersion, kind);
  return struct && encodeEnveloped(struct, apiVersion, kind, value);
}

/**
 * The protobuf message of a version of an object, which never changes: it is encoded at most once, and kept where its JSON is.
 * (A weak map of 100,000 versions keeps the collector of garbage busy for longer than all else that a list costs.)
 */
export function messageOf(struct: Struct, item: Encodable): Uint8Array {
  return (item.message ??= lastingCopy(encodeProtobuf(struct, item.object)));
}

/** The protobuf form of an object that others will ask for too. */
export function sharedProtobuf(item: Encodable): Uint8Array | undefined {
  const { apiVersion = '', kind = '' } = item.object;
  const struct = structOfKind(apiVersion, kind);
  return struct && envelope(apiVersion, kind, messageOf(struct, item));
}

function protobufAnswer(answer: Answer & { kind: 'object' | 'list' }): Uint8Array | undefined {
  if (answer.kind === 'object') return answer.item ? sharedProtobuf(answer.item) : toProtobuf(answer.object);
  const { row, items, listMeta } = answer;
  const apiVersion = apiVersionOf(row);
  const struct = structOfKind(apiVersion, row.kind);
  if (!struct || !structOfKind(apiVersion, `${row.kind}List`)) return undefined;
  const list = items.map((item) => messageOf(struct, item));
  return envelopeList({ apiVersion, kind: `${row.kind}List` }, encodeProtobuf(ListMeta, listMeta), list);
}

function encode(value: object, encoding: 'json' | 'yaml', pretty: boolean): string {
  if (encoding === 'yaml') return toYaml(value);
  return `${pretty ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)}\n`;
}

/** Encodes a single object or a list. Watches and streams are not encoded here. */
export function encodeAnswer(
  answer: Answer & { kind: 'object' | 'list' },
  accept: Accepted,
  options: TableOptions & { pretty: boolean },
): Encoded {
  // What /scale shows is no custom resource.
  const foreign = answer.kind === 'object' && (answer.object as Typed).kind !== answer.row?.kind;
  const choice = foreign ? accept : acceptedFor(answer.row, accept);
  const { form } = choice;
  const { pretty } = options;
  const isStatus = answer.kind === 'object' && (answer.object as { kind?: string }).kind === 'Status';
  const converted = answer.row && !isStatus ? convert(answer, choice, options) : undefined;
  if (form !== 'object' && !converted && !isStatus) {
    if (choice.plain) return encodeAnswer(answer, choice.plain, options);
    throw notAcceptable(offered);
  }
  const status = answer.kind === 'object' ? answer.status : 200;
  const extra = answer.kind === 'object' ? answer.headers : undefined;
  if (choice.encoding === 'protobuf') {
    const bytes = converted ? toProtobuf(converted) : protobufAnswer(answer);
    if (bytes) return { status, headers: { 'content-type': contentTypes.protobuf, ...extra }, bytes };
    // A resource that has no protobuf form is not acceptable to a client that takes nothing else; documents of ours are JSON.
    if (answer.row) throw notAcceptable(offered.slice(0, 2));
  }
  const encoding = choice.encoding === 'protobuf' ? 'json' : choice.encoding;
  const headers: HttpHeaders = { 'content-type': contentTypes[encoding], ...extra };
  if (converted) return { status, headers, bytes: encode(converted, encoding, pretty) };
  if (encoding === 'json' && !pretty) {
    if (answer.kind === 'list') return { status, headers, bytes: listBytes(answer.row, answer.listMeta, answer.items) };
    if (answer.item) return { status, headers, bytes: answer.item.json() };
  }
  return {
    status,
    headers,
    bytes: encode(
      answer.kind === 'list' ? writtenList(answer.row, answer.listMeta, answer.items) : writtenObject(answer),
      encoding,
      pretty,
    ),
  };
}

/** A list as an object. */
export function listObject(row: ResourceRow, metadata: ListMetaValues, items: readonly Encodable[]): object {
  return {
    kind: row.custom?.listKind ?? `${row.kind}List`,
    apiVersion: apiVersionOf(row),
    metadata,
    items: items.map((item) => item.object),
  };
}

/** An object of the registry as it is written; what was made for the answer is right already. */
const writtenObject = ({ object, item }: Answer & { kind: 'object' }): object => (item ? asWritten(object) : object);

/** A list as it is written: what it is a list of need not say so, unless it is a custom resource. */
export function writtenList(row: ResourceRow, metadata: ListMetaValues, items: readonly Encodable[]): object {
  return { ...listObject(row, metadata, []), items: items.map(({ object }) => writtenItem(row, object)) };
}

/** An object as it stands in a list. */
export function writtenItem(row: ResourceRow, object: KubeObject): object {
  if (row.custom) return object;
  const { kind: _, apiVersion: __, ...rest } = asWritten(object);
  return rest;
}

const comma = Buffer.from(',');
const open = Buffer.from('{');
export const tail = Buffer.from(']}\n');
const metadataKey = Buffer.from('"metadata":{');

export const listHead = (row: ResourceRow, metadata: ListMetaValues): Uint8Array =>
  Buffer.from(
    `{"kind":"${row.custom?.listKind ?? `${row.kind}List`}","apiVersion":"${apiVersionOf(row)}","metadata":${JSON.stringify(metadata)},"items":[`,
  );

// Items of a list carry no kind and apiVersion: the bytes of an object from its metadata on. Those of custom resources do.
export function addItems(chunks: Uint8Array[], row: ResourceRow, items: readonly Encodable[], from = 0, to = items.length): void {
  for (let i = from; i < to; i++) {
    const json = (items[i] as Encodable).json();
    const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
    const at = bytes.indexOf(metadataKey);
    if (i > 0) chunks.push(comma);
    if (at > 0 && !row.custom) chunks.push(open, bytes.subarray(at));
    else chunks.push(bytes);
  }
}

function listBytes(row: ResourceRow, metadata: ListMetaValues, items: readonly Encodable[]): Uint8Array {
  const chunks = [listHead(row, metadata)];
  addItems(chunks, row, items);
  chunks.push(tail);
  return Buffer.concat(chunks);
}

function convert(answer: Answer & { kind: 'object' | 'list' }, choice: Accepted, options: TableOptions): object | undefined {
  const row = answer.row as ResourceRow;
  if (choice.form === 'object') return undefined;
  if (choice.form === 'Table') {
    if (!tableable(row)) return undefined;
    const objects = answer.kind === 'list' ? answer.items.map((item) => item.object) : [answer.object as KubeObject];
    const { resourceVersion } = answer.kind === 'list' ? answer.listMeta : (answer.object as KubeObject).metadata;
    const metadata = answer.kind === 'list' ? answer.listMeta : { resourceVersion };
    return tableObject(row, objects, metadata, choice, options, false);
  }
  if (answer.kind === 'list') {
    if (choice.form !== 'PartialObjectMetadataList') return undefined;
    const type = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${choice.metaVersion}` };
    const items = answer.items.map((item) => ({ ...type, metadata: item.object.metadata }));
    return { kind: choice.form, apiVersion: `meta.k8s.io/${choice.metaVersion}`, metadata: answer.listMeta, items };
  }
  if (choice.form !== 'PartialObjectMetadata') return undefined;
  return { kind: choice.form, apiVersion: `meta.k8s.io/${choice.metaVersion}`, metadata: (answer.object as KubeObject).metadata };
}

export function tableObject(
  row: ResourceRow,
  objects: readonly KubeObject[],
  metadata: object,
  choice: Accepted,
  options: TableOptions,
  noHeaders: boolean,
): object {
  const parts = tableOf(row, objects, { includeObject: options.includeObject, noHeaders, now: options.now });
  return { kind: 'Table', apiVersion: `meta.k8s.io/${choice.metaVersion}`, metadata, ...parts };
}
