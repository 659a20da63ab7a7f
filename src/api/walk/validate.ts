// Validation of shape: closed sets of values from the DSL, and the checks that rules attach to types, wherever a type occurs.
import type { ListTypeNode, MapTypeNode, RefType, ScalarType, Struct, TypeNode } from '#api/dsl.ts';
import { notSupported } from '#api/fielderror.ts';
import { Recent } from '#base/recent.ts';
import type { CheckEnv, Errors, TypeRules } from './typerules.ts';

type Visit = (value: unknown, at: string, errors: Errors, env: CheckEnv) => void;
interface Step {
  readonly name: string;
  readonly visit: Visit;
}

/** What siblings have in common is judged once: a value in which nothing was wrong lately is passed over. */
function once(visit: Visit): Visit {
  const created = new Recent<unknown, true>();
  const updated = new Recent<unknown, true>();
  return (value, at, errors, env) => {
    const passed = env.update ? updated : created;
    if (passed.find(value)) return;
    const before = errors.length;
    visit(value, at, errors, env);
    if (errors.length === before) passed.add(value, true);
  };
}

/** Compiles structs into visitors that find what is wrong in a value. */
export class ValidateCompiler {
  readonly #visits = new Map<Struct, Visit | undefined>();
  readonly #rulesOf: (struct: Struct) => TypeRules | undefined;

  constructor(rulesOf: (struct: Struct) => TypeRules | undefined) {
    this.#rulesOf = rulesOf;
  }

  /** The visitor of a struct, or undefined when there is nothing to check in it. */
  visitor(struct: Struct): Visit | undefined {
    if (this.#visits.has(struct)) return this.#visits.get(struct);
    if (!this.#matters(struct, new Set())) {
      this.#visits.set(struct, undefined);
      return undefined;
    }
    const steps: Step[] = [];
    const check = this.#rulesOf(struct)?.check as Visit | undefined;
    const visit: Visit = (value, at, errors, env) => {
      check?.(value, at, errors, env);
      const object = value as Readonly<Record<string, unknown>>;
      for (const { name, visit: inner } of steps) {
        const item = object[name];
        if (item !== undefined && item !== null) inner(item, at === '' ? name : `${at}.${name}`, errors, env);
      }
    };
    this.#visits.set(struct, visit);
    for (const [name, field] of Object.entries(struct.fields)) {
      if (name === 'metadata' || (name === 'status' && struct.options.gvk)) continue;
      const rules = this.#rulesOf(struct);
      if (rules?.own?.includes(name)) continue;
      const inner = this.#typeVisit(field.type, rules?.gated?.[name]);
      if (inner) steps.push({ name, visit: rules?.siblings === name ? once(inner) : inner });
    }
    return visit;
  }

  #typeVisit(type: TypeNode, gated: readonly string[] | undefined): Visit | undefined {
    if (type.kind === 'ref') {
      const struct = (type as RefType).struct();
      // A struct may contain itself: its visitor is looked up when it is needed.
      return this.#matters(struct, new Set()) ? (value, at, errors, env) => this.visitor(struct)?.(value, at, errors, env) : undefined;
    }
    if (type.kind === 'list') {
      const item = this.#typeVisit((type as ListTypeNode).item, gated);
      if (!item) return undefined;
      return (value, at, errors, env) => {
        const items = value as readonly unknown[];
        for (let i = 0; i < items.length; i++) item(items[i], `${at}[${i}]`, errors, env);
      };
    }
    if (type.kind === 'map') {
      const item = this.#typeVisit((type as MapTypeNode).value, gated);
      if (!item) return undefined;
      return (value, at, errors, env) => {
        for (const [key, member] of Object.entries(value as object)) item(member, `${at}[${key}]`, errors, env);
      };
    }
    const values = (type as ScalarType).enum;
    if (!values) return undefined;
    const allowed = new Set(values.filter((value) => !gated?.includes(value)));
    const listed = [...allowed].filter((value) => value !== '');
    return (value, at, errors) => {
      if (value !== '' && !allowed.has(value as string)) errors.push(notSupported(at, value, listed));
    };
  }

  /** True when the struct or something in it has a check or a closed set. */
  #matters(struct: Struct, seen: Set<Struct>): boolean {
    if (seen.has(struct)) return false;
    seen.add(struct);
    if (this.#rulesOf(struct)?.check) return true;
    return Object.entries(struct.fields).some(
      ([name, field]) => name !== 'metadata' && !(name === 'status' && struct.options.gvk) && this.#typeMatters(field.type, seen),
    );
  }

  #typeMatters(type: TypeNode, seen: Set<Struct>): boolean {
    if (type.kind === 'ref') return this.#matters((type as RefType).struct(), seen);
    if (type.kind === 'list') return this.#typeMatters((type as ListTypeNode).item, seen);
    if (type.kind === 'map') return this.#typeMatters((type as MapTypeNode).value, seen);
    return (type as ScalarType).enum !== undefined;
  }
}
