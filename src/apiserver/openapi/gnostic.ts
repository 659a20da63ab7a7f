// How gnostic's messages (openapi.v2 and openapi.v3) hold JSON documents: what both have in common, as parts of which
// each version says its own messages.
import { wireType, WireWriter } from '#format/protowire.ts';

/** An object of a document. */
export type Dict = Readonly<Record<string, unknown>>;
/** Writes what is in a message. */
export type Content = (out: WireWriter, value: unknown) => void;
/** Writes a field with its number; of what is absent or zero nothing. */
export type Put = (out: WireWriter, value: unknown) => void;
/** A member of an object and how it is written; without a name the whole object is. */
export type Member = readonly [name: string, put: Put];

const dict = (value: unknown): Dict => (typeof value === 'object' && value !== null ? (value as Dict) : {});

/** A message of some members, in the order of their numbers. The writer goes backwards, and so does this. */
export const message =
  (members: readonly Member[]): Content =>
  (out, value) => {
    const object = dict(value);
    for (let i = members.length - 1; i >= 0; i--) {
      const [name, put] = members[i] as Member;
      const part = name === '' ? object : object[name];
      if (part !== undefined) put(out, part);
    }
  };

/** A message, whatever is in it. */
export const sub =
  (number: number, content: Content): Put =>
  (out, value) => {
    const before = out.length;
    content(out, value);
    out.close(before);
    out.tag(number, wireType.bytes);
  };

/** A field for every element of a list. */
export const each =
  (put: Put): Put =>
  (out, value) => {
    if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) put(out, value[i]);
  };

/** Text, also when it is empty: as one of several, or of a list. */
export const string =
  (number: number): Put =>
  (out, value) => {
    out.string(String(value));
    out.tag(number, wireType.bytes);
  };

/** A flag, also when it is not set. */
export const boolean =
  (number: number): Put =>
  (out, value) => {
    out.bool(value === true);
    out.tag(number, wireType.varint);
  };

/** A number, also when it is zero. */
export const double =
  (number: number): Put =>
  (out, value) => {
    out.double(Number(value));
    out.tag(number, wireType.fixed64);
  };

const integer =
  (number: number): Put =>
  (out, value) => {
    out.int(Number(value));
    out.tag(number, wireType.varint);
  };

const unless =
  (zero: unknown, put: Put): Put =>
  (out, value) => {
    if (value !== zero) put(out, value);
  };

/** A member that is text. */
export const text = (number: number): Put => unless('', string(number));
/** A member that is true or not there. */
export const flag = (number: number): Put => unless(false, boolean(number));
/** A member that is a number. */
export const measure = (number: number): Put => unless(0, double(number));
/** A member that is a whole number. */
export const count = (number: number): Put => unless(0, integer(number));
/** A member that is a list of texts. */
export const texts = (number: number): Put => each(string(number));

/** A name and a value for each member of an object, or for those that are `wanted`. */
export const named =
  (number: number, content: Content, wanted: (name: string) => boolean = () => true): Put =>
  (out, value) => {
    const entry = sub(2, content);
    for (const [name, part] of Object.entries(dict(value)).reverse()) {
      if (!wanted(name)) continue;
      const before = out.length;
      entry(out, part);
      string(1)(out, name);
      out.close(before);
      out.tag(number, wireType.bytes);
    }
  };

/** A message that is nothing but a map. */
export const mapOf = (content: Content): Content => named(1, content);

/** Any value as YAML text; JSON is YAML. */
export const any: Content = (out, value) => string(2)(out, `${JSON.stringify(value)}\n`);

const isExtension = (name: string): boolean => name.startsWith('x-');

/** Members of an object that OpenAPI does not know. */
export const extensions = (number: number): Member => ['', named(number, any, isExtension)];

/** Members of an object that are no extensions. */
export const known = (number: number, content: Content): Member => ['', named(number, content, (name) => !isExtension(name))];

/** Writes a whole document. */
export function encode(content: Content, document: object): Uint8Array {
  const out = new WireWriter(1 << 16);
  content(out, document);
  return out.finish();
}
