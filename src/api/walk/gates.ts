// Clears fields whose feature gate is off, unless the object already used what the gate stands for.
import type { Struct, TypeNode } from '../dsl.ts';
import { gatedFields } from '../gated.ts';
import { isObject } from '#format/own.ts';

/** Where gated fields are below a struct. */
interface Plan {
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Members that have such fields in them; `keyed`: a map of them. */
  readonly below: ReadonlyMap<string, { readonly plan: Plan; readonly keyed: boolean }>;
  /** Holds nothing but what a gated field said: without it, it goes. */
  readonly goesEmpty: boolean;
}

const plans = new WeakMap<Struct, Plan | null>();

function structOf(type: TypeNode): Struct | undefined {
  if (type.kind === 'ref') return type.struct();
  return type.kind === 'list' ? structOf(type.item) : undefined;
}

function planOf(struct: Struct): Plan | null {
  const known = plans.get(struct);
  if (known !== undefined) return known;
  // A type that contains itself is looked at once.
  plans.set(struct, null);
  const fields = new Map<string, readonly string[]>();
  const below = new Map<string, { plan: Plan; keyed: boolean }>();
  for (const [name, field] of Object.entries(struct.fields)) {
    const gates = gatedFields.get(`${struct.name}.${name}`);
    if (gates) fields.set(name, gates);
    const keyed = field.type.kind === 'map';
    const inner = structOf(field.type.kind === 'map' ? field.type.value : field.type);
    const plan = inner ? planOf(inner) : null;
    if (plan) below.set(name, { plan, keyed });
  }
  const plan = fields.size > 0 || below.size > 0 ? { fields, below, goesEmpty: struct.name === 'core.v1.Lifecycle' } : null;
  plans.set(struct, plan);
  return plan;
}

/** Calls `found` with the gates of every gated field that is set. */
function collect(value: unknown, plan: Plan, found: (gates: readonly string[]) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, plan, found);
    return;
  }
  if (!isObject(value)) return;
  for (const [name, gates] of plan.fields) if (isSet(value[name])) found(gates);
  for (const [name, inner] of plan.below) {
    const member = value[name];
    if (member !== undefined) collect(inner.keyed && isObject(member) ? Object.values(member) : member, inner.plan, found);
  }
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

function without(value: unknown, plan: Plan, closed: (gates: readonly string[]) => boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => without(item, plan, closed));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  let out: Record<string, unknown> | undefined;
  for (const [name, gates] of plan.fields) {
    if (value[name] === undefined || !closed(gates)) continue;
    out ??= { ...value };
    delete out[name];
  }
  for (const [name, inner] of plan.below) {
    const member = value[name];
    const next = inner.keyed ? withoutIn(member, inner.plan, closed) : without(member, inner.plan, closed);
    if (next === member) continue;
    out ??= { ...value };
    if (inner.plan.goesEmpty && isObject(next) && Object.keys(next).length === 0) delete out[name];
    else out[name] = next;
  }
  return out ?? value;
}

/** As `without`, for every value of a map. */
function withoutIn(map: unknown, plan: Plan, closed: (gates: readonly string[]) => boolean): unknown {
  if (!isObject(map)) return map;
  const entries = Object.entries(map).map(([key, value]) => [key, without(value, plan, closed)] as const);
  return entries.some(([key, value]) => value !== map[key]) ? Object.fromEntries(entries) : map;
}

/**
 * The object without the fields whose gates are not all `open`; the same object where there are none. What the old object
 * used stays usable, as in Kubernetes: turning a gate off must not break what is stored.
 */
export function dropGated<T extends object>(struct: Struct, object: T, { old, open }: { old?: object; open: ReadonlySet<string> }): T {
  const plan = planOf(struct);
  if (!plan) return object;
  let wanted = false;
  collect(object, plan, (gates) => {
    if (!gates.every((gate) => open.has(gate))) wanted = true;
  });
  if (!wanted) return object;
  const used = new Set<string>(open);
  if (old) collect(old, plan, (gates) => gates.forEach((gate) => used.add(gate)));
  return without(object, plan, (gates) => !gates.every((gate) => used.has(gate))) as T;
}
