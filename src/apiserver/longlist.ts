// Long lists are encoded in parts, each made when it is asked for, so that others get their turn in between.
import type { Struct } from '#api/dsl.ts';
import { ListMeta } from '#api/meta/v1/objectmeta.ts';
import { apiVersionOf } from '#api/object.ts';
import { encodeProtobuf, envelopeListParts, structOfKind } from '#api/walk/protobuf.ts';
import type { HttpHeaders } from '#base/net.ts';
import type { Answer, Encodable } from './chain.ts';
import {
  type Accepted,
  acceptedFor,
  addItems,
  contentTypes,
  listHead,
  messageOf,
  tableObject,
  type TableOptions,
  tail,
} from './negotiate.ts';
import { tableable, tableOf } from './table/table.ts';

/** Lists with more items are encoded in parts. */
const longList = 1_000;
const itemsOfPart = 100;
const nothing = new Uint8Array(0);

type List = Answer & { readonly kind: 'list' };
type Parts = Iterable<Uint8Array>;

/**
 * A long list in the parts of its encoding; undefined for all other answers, and where the usual way tells why it must be refused.
 * Parts may be empty.
 */
export function partsOf(
  answer: Answer,
  accept: Accepted,
  options: TableOptions & { readonly pretty: boolean },
): { readonly headers: HttpHeaders; readonly parts: Parts } | undefined {
  if (answer.kind !== 'list' || answer.items.length <= longList || options.pretty) return undefined;
  const choice = acceptedFor(answer.row, accept);
  const { encoding } = choice;
  const parts =
    encoding === 'json' ? jsonParts(answer, choice, options) : encoding === 'protobuf' ? protobufParts(answer, choice) : undefined;
  return parts && { headers: { 'content-type': contentTypes[encoding] }, parts };
}

function jsonParts(list: List, choice: Accepted, options: TableOptions): Parts | undefined {
  const { row, items, listMeta } = list;
  switch (choice.form) {
    case 'object':
      return plainParts(list);
    case 'Table': {
      if (!tableable(row)) return undefined;
      const empty = tableObject(row, [], listMeta, choice, options, false);
      const rows = (some: readonly Encodable[]) =>
        tableOf(
          row,
          some.map(({ object }) => object),
          { ...options, noHeaders: true },
        ).rows;
      return memberParts(empty, items, rows);
    }
    case 'PartialObjectMetadataList': {
      const apiVersion = `meta.k8s.io/${choice.metaVersion}`;
      const empty = { kind: choice.form, apiVersion, metadata: listMeta, items: [] };
      return memberParts(empty, items, (some) =>
        some.map(({ object }) => ({ kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata })),
      );
    }
    default:
      return undefined;
  }
}

function* plainParts({ row, listMeta, items }: List): Generator<Uint8Array> {
  yield listHead(row, listMeta);
  for (let from = 0; from < items.length; from += itemsOfPart) {
    const chunks: Uint8Array[] = [];
    addItems(chunks, row, items, from, Math.min(items.length, from + itemsOfPart));
    yield Buffer.concat(chunks);
  }
  yield tail;
}

/** An object whose last member is an empty list, with that list filled. */
function* memberParts(
  empty: object,
  items: readonly Encodable[],
  made: (some: readonly Encodable[]) => readonly object[],
): Generator<Uint8Array> {
  yield Buffer.from(JSON.stringify(empty).slice(0, -2));
  for (let from = 0; from < items.length; from += itemsOfPart) {
    const text = JSON.stringify(made(items.slice(from, from + itemsOfPart)));
    yield Buffer.from(`${from > 0 ? ',' : ''}${text.slice(1, -1)}`);
  }
  yield tail;
}

function protobufParts(list: List, { form, metaVersion }: Accepted): Parts | undefined {
  const { row } = list;
  if (form === 'object') {
    const struct = structOfKind(apiVersionOf(row), row.kind);
    return (
      struct && messageParts(list, { apiVersion: apiVersionOf(row), kind: `${row.kind}List` }, ({ object }) => messageOf(struct, object))
    );
  }
  const apiVersion = `meta.k8s.io/${metaVersion}`;
  const struct: Struct | undefined = form === 'PartialObjectMetadataList' ? structOfKind(apiVersion, 'PartialObjectMetadata') : undefined;
  return struct && messageParts(list, { apiVersion, kind: form }, ({ object: { metadata } }) => encodeProtobuf(struct, { metadata }));
}

// Lengths come before contents: the messages are made first, which is what takes time.
function* messageParts(
  { items, listMeta }: List,
  type: { readonly apiVersion: string; readonly kind: string },
  made: (item: Encodable) => Uint8Array,
): Generator<Uint8Array> {
  const messages: Uint8Array[] = [];
  for (const item of items) {
    messages.push(made(item));
    if (messages.length % itemsOfPart === 0) yield nothing;
  }
  yield* envelopeListParts(type, encodeProtobuf(ListMeta, listMeta), messages);
}
