// Decoding: a JSON value becomes an object of the server's form in one pass. Types are checked, unknown fields dropped (and
// listed), values brought to their normal form, zero values left out or put in as Go's encoder does, defaults applied.
// Every struct is compiled once into closures.
import type { Field, Json, ListTypeNode, MapTypeNode, RefType, Struct, TypeNode } from '#api/dsl.ts';
import { Recent } from '#base/recent.ts';
import { sameJson } from '#format/own.ts';
import { roundUpToMilli } from '#format/quantity.ts';
import { goStructName, goStructType, goType, goValue } from './gotypes.ts';
import { isZeroScalar, type ScalarReader, scalarReaders, zeroScalar } from './scalars.ts';
import { Session } from './session.ts';
import type { TypeRules } from './typerules.ts';

/** What the rules of a struct say about decoding: its conditional defaults, and which member siblings have in common. */
export type RulesOf = (struct: Struct) => Pick<TypeRules, 'defaults' | 'siblings'> | undefined;

/** A new object may be one of a row. Is the value ours to keep, or might whoever gave it change it? */
export type Siblings = 'ours' | 'foreign';

type Reader = (value: unknown, session: Session) => unknown;

interface FieldPlan {
  readonly read: Reader;
  readonly default: Json | undefined;
}
interface Emitted {
  readonly name: string;
  readonly zero: (session: Session) => unknown;
}
interface StructPlan {
  readonly fields: Map<string, FieldPlan>;
  readonly emitted: readonly Emitted[];
  readonly defaulted: readonly (readonly [string, Json])[];
  readonly defaults: ((draft: never) => void) | undefined;
  /** The member that objects which come in rows have in common, and how it was read lately. */
  readonly common: { readonly name: string; readonly recent: Recent<unknown, unknown> } | undefined;
}
type Draft = Record<string, unknown>;
interface Ready {
  readonly name: string;
  readonly value: unknown;
}

/** The outcome of a decoding. */
export interface Decoded<T> {
  readonly object: T;
  /** Texts such as `unknown field "spec.foo"`. */
  readonly unknown: readonly string[];
}

/** The value cannot be an object of the struct; the message is that of Go's decoder. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function put(target: Draft, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** Amounts in resource lists are not finer than one thousandth: defaulting rounds them up. */
function milli(amount: unknown, session: Session): unknown {
  if (!session.withDefaults || typeof amount !== 'string' || !/[nu]$/.test(amount)) return amount;
  return roundUpToMilli(amount);
}

/** Compiles structs into decoders. One compiler per set of default rules. */
export class DecodeCompiler {
  readonly #plans = new Map<Struct, StructPlan>();
  readonly #rulesOf: RulesOf;

  constructor(rulesOf: RulesOf) {
    this.#rulesOf = rulesOf;
  }

  /** Decodes `value` as `struct`. Throws DecodeError when a value has the wrong type. */
  decode<T>(struct: Struct, value: unknown, withDefaults: boolean, siblings?: Siblings): Decoded<T> {
    if (!isObject(value)) throw new DecodeError(`json: cannot unmarshal ${goValue(value)} into Go value of type ${goStructType(struct)}`);
    const session = new Session(withDefaults);
    const plan = this.#planOf(struct);
    const object =
      siblings && withDefaults && plan.common
        ? this.#readSibling(plan, plan.common, value, session, siblings)
        : this.#readStruct(plan, value, session);
    if (session.error !== undefined) throw new DecodeError(session.error);
    return { object: object as T, unknown: session.unknown };
  }

  #readSibling(
    plan: StructPlan,
    { name, recent }: NonNullable<StructPlan['common']>,
    value: Record<string, unknown>,
    session: Session,
    siblings: Siblings,
  ): Draft {
    const given = value[name];
    if (!isObject(given)) return this.#readStruct(plan, value, session);
    const known = recent.find(given, sameJson);
    if (known !== undefined) return this.#readStruct(plan, value, session, { name, value: known });
    const draft = this.#readStruct(plan, value, session);
    // What is wrong or strange is told every time.
    if (session.error === undefined && session.unknown.length === 0)
      recent.add(siblings === 'ours' ? given : JSON.parse(JSON.stringify(given)), draft[name]);
    return draft;
  }

  #planOf(struct: Struct): StructPlan {
    const known = this.#plans.get(struct);
    if (known) return known;
    const fields = new Map<string, FieldPlan>();
    const emitted: Emitted[] = [];
    const defaulted: (readonly [string, Json])[] = [];
    const rules = this.#rulesOf(struct);
    const common = rules?.siblings === undefined ? undefined : { name: rules.siblings, recent: new Recent<unknown, unknown>() };
    const plan: StructPlan = { fields, emitted, defaulted, defaults: rules?.defaults, common };
    this.#plans.set(struct, plan);
    const owner = goStructName(struct);
    for (const [name, field] of Object.entries(struct.fields)) {
      fields.set(name, { read: this.#fieldReader(field, owner), default: field.default });
      if (field.emit) emitted.push({ name, zero: this.#zeroOf(field.type) });
      if (field.default !== undefined) defaulted.push([name, field.default]);
    }
    return plan;
  }

  /** `ready`: a member that was read before, with all its defaults. */
  #readStruct(plan: StructPlan, value: Record<string, unknown>, session: Session, ready?: Ready): Draft {
    const draft: Draft = {};
    const slot = session.depth++;
    for (const key in value) {
      if (ready !== undefined && key === ready.name) {
        draft[key] = ready.value;
        continue;
      }
      const item = value[key];
      if (item === undefined || item === null) {
        if (item === null && !plan.fields.has(key)) this.#unknown(session, slot, key);
        continue;
      }
      const field = plan.fields.get(key);
      if (field === undefined) {
        this.#unknown(session, slot, key);
        continue;
      }
      session.stack[slot] = key;
      const read = field.read(item, session);
      if (read !== undefined) draft[key] = read;
    }
    session.depth = slot;
    for (const { name, zero } of plan.emitted) if (draft[name] === undefined) draft[name] = zero(session);
    if (session.withDefaults) {
      for (const [name, preset] of plan.defaulted) if (draft[name] === undefined) draft[name] = preset;
      if (session.error === undefined && ready === undefined) plan.defaults?.(draft as never);
    }
    return draft;
  }

  #unknown(session: Session, slot: number, key: string): void {
    session.depth = slot;
    session.addUnknown(key);
    session.depth = slot + 1;
  }

  #fieldReader(field: Field, owner: string): Reader {
    const read = this.#reader(field.type, owner, goType(field.type));
    const { kind } = field.type;
    if (kind === 'list' && !field.emit) {
      return (value, session) => {
        const items = read(value, session) as readonly unknown[] | undefined;
        return items === undefined || items.length === 0 ? undefined : items;
      };
    }
    if (kind === 'map' && !field.emit) {
      return (value, session) => {
        const items = read(value, session) as object | undefined;
        if (items !== undefined) for (const _ in items) return items;
        return undefined;
      };
    }
    if (kind === 'list' || kind === 'map' || kind === 'ref' || field.ptr || field.emit) return read;
    return (value, session) => {
      const scalar = read(value, session);
      return isZeroScalar(kind, scalar) ? undefined : scalar;
    };
  }

  #reader(type: TypeNode, owner: string, expected: string): Reader {
    switch (type.kind) {
      case 'list':
        return this.#listReader(type as ListTypeNode, owner, expected);
      case 'map':
        return this.#mapReader(type as MapTypeNode, owner, expected);
      case 'ref':
        return this.#refReader(type as RefType, owner, expected);
      default: {
        const scalar: ScalarReader = scalarReaders[type.kind];
        return (value, session) => scalar(value, session, owner, expected);
      }
    }
  }

  #refReader(type: RefType, owner: string, expected: string): Reader {
    let plan: StructPlan | undefined;
    return (value, session) => {
      if (!isObject(value)) {
        return session.fail(
          `json: cannot unmarshal ${goValue(value)} into Go struct field ${owner}.${session.goPath()} of type ${expected}`,
        );
      }
      plan ??= this.#planOf(type.struct());
      return this.#readStruct(plan, value, session);
    };
  }

  #listReader(type: ListTypeNode, owner: string, expected: string): Reader {
    const read = this.#reader(type.item, owner, goType(type.item));
    const empty = this.#zeroOf(type.item);
    return (value, session) => {
      if (!Array.isArray(value)) {
        return session.fail(
          `json: cannot unmarshal ${goValue(value)} into Go struct field ${owner}.${session.goPath()} of type ${expected}`,
        );
      }
      const slot = session.depth++;
      const items: unknown[] = [];
      for (let index = 0; index < value.length; index++) {
        session.stack[slot] = index;
        const item: unknown = value[index];
        items.push(item === null || item === undefined ? empty(session) : read(item, session));
      }
      session.depth = slot;
      return items;
    };
  }

  #mapReader(type: MapTypeNode, owner: string, expected: string): Reader {
    const plain = this.#reader(type.value, owner, goType(type.value));
    const read: Reader = type.value.kind === 'quantity' ? (value, session) => milli(plain(value, session), session) : plain;
    const empty = this.#zeroOf(type.value);
    return (value, session) => {
      if (!isObject(value)) {
        return session.fail(
          `json: cannot unmarshal ${goValue(value)} into Go struct field ${owner}.${session.goPath()} of type ${expected}`,
        );
      }
      const slot = session.depth++;
      const items: Draft = {};
      for (const key in value) {
        const item = value[key];
        if (item === undefined) continue;
        session.stack[slot] = key;
        put(items, key, item === null ? empty(session) : read(item, session));
      }
      session.depth = slot;
      return items;
    };
  }

  #zeroOf(type: TypeNode): (session: Session) => unknown {
    if (type.kind === 'list') return () => [];
    if (type.kind === 'map') return () => ({});
    if (type.kind === 'ref') {
      const { struct } = type as RefType;
      return (session) => this.#readStruct(this.#planOf(struct()), {}, session);
    }
    const zero = zeroScalar(type.kind);
    return () => zero;
  }
}
