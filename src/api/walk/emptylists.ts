// Lists that JSON always has, such as the rules of a Role: Kubernetes writes null for one without items, and so do we. In memory
// they are empty lists, so that nobody needs to ask before going through them.
import type { Field, Struct, TypeNode } from '#api/dsl.ts';
import { isObject } from '#format/own.ts';
import { structOfKind } from './protobuf.ts';

interface Plan {
  /** Members that are such lists. */
  readonly lists: readonly string[];
  /** Members with such lists somewhere below. */
  readonly below: readonly (readonly [name: string, plan: Plan])[];
}

const plans = new WeakMap<Struct, Plan | undefined>();

/** The struct of a value or of the items of a list. No map has values with such lists. */
function structIn(type: TypeNode): Struct | undefined {
  if (type.kind === 'ref') return (type as { struct(): Struct }).struct();
  return type.kind === 'list' ? structIn((type as { item: TypeNode }).item) : undefined;
}

/** What to do with objects of a struct; undefined where nothing is. No struct that holds itself has such a list. */
function planOf(struct: Struct): Plan | undefined {
  if (plans.has(struct)) return plans.get(struct);
  plans.set(struct, undefined);
  const fields: [string, Field][] = Object.entries(struct.fields);
  const lists = fields.filter(([, { emit, type }]) => emit && type.kind === 'list').map(([name]) => name);
  const below = fields.flatMap(([name, { type }]) => {
    const inner = structIn(type);
    const plan = inner && planOf(inner);
    return plan ? [[name, plan] as const] : [];
  });
  const plan = lists.length + below.length > 0 ? { lists, below } : undefined;
  plans.set(struct, plan);
  return plan;
}

type Turn = (list: unknown) => unknown;
const toNull: Turn = (list) => (Array.isArray(list) && list.length === 0 ? null : list);
const toList: Turn = (list) => (list === null ? [] : list);

function turned(value: unknown, plan: Plan, turn: Turn): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => turned(item, plan, turn));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isObject(value)) return value;
  let out: Record<string, unknown> | undefined;
  const put = (name: string, next: unknown): void => {
    if (next !== value[name]) (out ??= { ...value })[name] = next;
  };
  for (const name of plan.lists) put(name, turn(value[name]));
  for (const [name, inner] of plan.below) if (value[name] !== undefined) put(name, turned((out ?? value)[name], inner, turn));
  return out ?? value;
}

function planOfObject({ apiVersion, kind }: { readonly apiVersion?: string; readonly kind?: string }): Plan | undefined {
  const struct = apiVersion && kind ? structOfKind(apiVersion, kind) : undefined;
  return struct && planOf(struct);
}

/** The object as Kubernetes writes it; the same one where it has no such list that is empty. */
export function asWritten<T extends object>(object: T): T {
  const plan = planOfObject(object);
  return plan ? (turned(object, plan, toNull) as T) : object;
}

/** What a server wrote as it is in memory: an object, or a list of a kind. `text` is what it was read from. */
export function asRead(value: unknown, text: string): unknown {
  if (!text.includes(':null') || !isObject(value)) return value;
  const { apiVersion, kind, items } = value as { apiVersion?: string; kind?: string; items?: unknown };
  const plan = Array.isArray(items) ? planOfObject({ apiVersion, kind: kind?.replace(/List$/, '') } as never) : planOfObject(value);
  if (!plan) return value;
  if (!Array.isArray(items)) return turned(value, plan, toList);
  const read = turned(items, plan, toList);
  return read === items ? value : { ...value, items: read };
}
