// Long lists are encoded in parts, each made when it is asked for, so that others get their turn in between.
import type { Struct } from '#api/dsl.ts';
import { ListMeta } from '#api/meta/v1/objectmeta.ts';
import { apiVersionOf } from '#api/object.ts';
import { encodeProtobuf, envelopeListParts, structOfKind } from '#api/walk/protobuf.ts';
import { toYaml } from '#format/yaml.ts';
import type { HttpHeaders } from '#base/net.ts';
import type { Answer, Encodable } from './chain.ts';
import {
  type Accepted,
  acceptedFor,
  addItems,
  contentTypes,
  listHead,
  listObject,
  messageOf,
  tableObject,
  type TableOptions,
  tail as listTail,
  writtenItem,
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
  if (answer.kind !== 'list' || answer.items.length <= longList) return undefined;
  const choice = acceptedFor(answer.row, accept);
  const { encoding } = choice;
  const parts = encoding === 'protobuf' ? protobufParts(answer, choice) : textParts(answer, choice, options);
  return parts && { headers: { 'content-type': contentTypes[encoding] }, parts };
}

function textParts(list: List, choice: Accepted, options: TableOptions & { readonly pretty: boolean }): Parts | undefined {
  const { row, items, listMeta } = list;
  const script = choice.encoding === 'yaml' ? yaml : options.pretty ? indented : json;
  switch (choice.form) {
    case 'object':
      if (script === json) return plainParts(list);
      return memberParts(script(listObject(row, listMeta, [])), items, (some) => some.map(({ object }) => writtenItem(row, object)));
    case 'Table': {
      if (!tableable(row)) return undefined;
      const empty = tableObject(row, [], listMeta, choice, options, false);
      const rows = (some: readonly Encodable[]) =>
        tableOf(
          row,
          some.map(({ object }) => object),
          { ...options, noHeaders: true },
        ).rows;
      return memberParts(script(empty), items, rows);
    }
    case 'PartialObjectMetadataList': {
      const apiVersion = `meta.k8s.io/${choice.metaVersion}`;
      const empty = { kind: choice.form, apiVersion, metadata: listMeta, items: [] };
      return memberParts(script(empty), items, (some) =>
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
  yield listTail;
}

/** The text of an object whose last member is an empty list, around the items that the list is to have. */
interface Script {
  readonly head: string;
  readonly tail: string;
  /** Items of one part: what takes longer to write comes in smaller parts. */
  readonly each: number;
  /** `first`: no others come before them. */
  items(some: readonly object[], first: boolean): string;
}

const json = (empty: object): Script => ({
  head: JSON.stringify(empty).slice(0, -2),
  tail: ']}\n',
  each: itemsOfPart,
  items: (some, first) => `${first ? '' : ','}${JSON.stringify(some).slice(1, -1)}`,
});

const indented = (empty: object): Script => ({
  head: JSON.stringify(empty, undefined, 2).slice(0, -3),
  tail: '\n  ]\n}\n',
  each: itemsOfPart,
  // No text in JSON holds the end of a line.
  items: (some, first) => `${first ? '' : ','}${JSON.stringify(some, undefined, 2).slice(1, -2).replaceAll('\n', '\n  ')}`,
});

/** Members come by name in YAML, some before the list and some after it. */
const yaml = (empty: object): Script => {
  const list = Object.keys(empty).at(-1) as string;
  const members = (wanted: (name: string) => boolean): string => {
    const some = Object.entries(empty).filter(([name]) => wanted(name));
    return some.length > 0 ? toYaml(Object.fromEntries(some)) : '';
  };
  const title = `${list}:\n`;
  return {
    head: `${members((name) => name < list)}${title}`,
    tail: members((name) => name > list),
    each: 10,
    items: (some) => toYaml({ [list]: some }).slice(title.length),
  };
};

function* memberParts(
  { head, tail, each, items: written }: Script,
  items: readonly Encodable[],
  made: (some: readonly Encodable[]) => readonly object[],
): Generator<Uint8Array> {
  yield Buffer.from(head);
  for (let from = 0; from < items.length; from += each) yield Buffer.from(written(made(items.slice(from, from + each)), from === 0));
  yield Buffer.from(tail);
}

function protobufParts(list: List, { form, metaVersion }: Accepted): Parts | undefined {
  const { row } = list;
  if (form === 'object') {
    const struct = structOfKind(apiVersionOf(row), row.kind);
    return struct && messageParts(list, { apiVersion: apiVersionOf(row), kind: `${row.kind}List` }, (item) => messageOf(struct, item));
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
