// Events of a watch as bytes, in the form that the client asked for. Watchers who want the same share what is encoded.
import { watchFrame } from '#api/walk/protobuf.ts';
import type { Encodable, EncodableEvent } from './chain.ts';
import { type Accepted, contentTypes, sharedProtobuf, tableObject, type TableOptions, toProtobuf } from './negotiate.ts';
import type { ResourceRow } from './resources/row.ts';

/** Encodes watch events in the form the client asked for; one frame per line. */
export function frameEncoder(
  row: ResourceRow,
  choice: Accepted,
  options: Omit<TableOptions, 'now'> & { now(): number },
): (events: readonly EncodableEvent[]) => Uint8Array {
  if (choice.form !== 'Table') return sharedFrames(choice);
  const encodeOne = tableFrames(row, choice, options);
  return (events) => joined(events, encodeOne);
}

function joined(events: readonly EncodableEvent[], encodeOne: (event: EncodableEvent) => Uint8Array): Uint8Array {
  return events.length === 1 ? encodeOne(events[0] as EncodableEvent) : Buffer.concat(events.map(encodeOne));
}

interface Frame {
  readonly type: EncodableEvent['type'];
  readonly item: Encodable;
  readonly bytes: Uint8Array;
}
/** Frames of different events that are remembered. */
const maxFrames = 16;
/** Longer batches are made for one watcher alone: what it begins with. */
const maxBatch = 64 * 1024;

/** The encoder of all watchers that want the same form. A change reaches them in one go: what was last encoded is enough to share. */
function shareFrames(choice: Accepted): (events: readonly EncodableEvent[]) => Uint8Array {
  const frames: Frame[] = [];
  let next = 0;
  let batch: readonly EncodableEvent[] = [];
  let bytes: Uint8Array = new Uint8Array(0);
  const encodeOne = (event: EncodableEvent): Uint8Array => {
    for (const frame of frames) if (frame.item === event.item && frame.type === event.type) return frame.bytes;
    const made = choice.encoding === 'protobuf' ? protobufFrame(event, choice) : jsonFrame(event.type, plainBody(event, choice));
    frames[next] = { type: event.type, item: event.item, bytes: made };
    next = (next + 1) % maxFrames;
    return made;
  };
  return (events) => {
    if (sameEvents(events, batch)) return bytes;
    const made = joined(events, encodeOne);
    if (made.length > maxBatch) return made;
    batch = events;
    bytes = made;
    return made;
  };
}

function sameEvents(some: readonly EncodableEvent[], others: readonly EncodableEvent[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) {
    const one = some[i] as EncodableEvent;
    const other = others[i] as EncodableEvent;
    if (one !== other && (one.item !== other.item || one.type !== other.type)) return false;
  }
  return true;
}

const encoders = new Map<string, (events: readonly EncodableEvent[]) => Uint8Array>();

function sharedFrames(choice: Accepted): (events: readonly EncodableEvent[]) => Uint8Array {
  const name = `${choice.encoding}/${choice.form}/${choice.metaVersion}`;
  let encoder = encoders.get(name);
  if (!encoder) encoders.set(name, (encoder = shareFrames(choice)));
  return encoder;
}

function jsonFrame(type: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([eventHead(type), body, eventTail]);
}

function metadataOnly(event: EncodableEvent, choice: Accepted): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${choice.metaVersion}`, metadata: event.item.object.metadata };
}

function plainBody(event: EncodableEvent, choice: Accepted): Uint8Array {
  if (event.type === 'ERROR' || choice.form === 'object') return event.item.json();
  return Buffer.from(JSON.stringify(metadataOnly(event, choice)));
}

function protobufFrame(event: EncodableEvent, choice: Accepted): Uint8Array {
  const isObject = choice.form === 'object' || event.type === 'ERROR';
  const bytes = isObject ? sharedProtobuf(event.item) : toProtobuf(metadataOnly(event, choice));
  return watchFrame(event.type, bytes ?? new Uint8Array(0));
}

function tableFrames(row: ResourceRow, choice: Accepted, options: Omit<TableOptions, 'now'> & { now(): number }) {
  let first = true;
  return (event: EncodableEvent): Uint8Array => {
    const { object } = event.item;
    if (event.type === 'ERROR') return jsonFrame(event.type, event.item.json());
    const isBookmark = event.type === 'BOOKMARK';
    const { resourceVersion, annotations } = object.metadata;
    const metadata = isBookmark && annotations ? { resourceVersion, annotations } : { resourceVersion };
    const tableOptions = { includeObject: options.includeObject, now: options.now() };
    // Only the first event tells the columns.
    const table = tableObject(row, isBookmark ? [] : [object], metadata, choice, tableOptions, !first);
    first = false;
    return jsonFrame(event.type, Buffer.from(JSON.stringify(table)));
  };
}

/** The content type of a watch. */
export function watchContentType(choice: Accepted): string {
  return choice.encoding === 'protobuf' ? `${contentTypes.protobuf};stream=watch` : 'application/json';
}

const heads = new Map<string, Buffer>();
const eventTail = Buffer.from('}\n');

function eventHead(type: string): Buffer {
  let head = heads.get(type);
  if (!head) heads.set(type, (head = Buffer.from(`{"type":"${type}","object":`)));
  return head;
}
