// x-kubernetes-validations: the rules of a custom resource's schema, compiled and applied (KEP-2876; ratcheting KEP-4008).
import { duplicate, type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { byteLength } from '#api/formats.ts';
import { hasRules, isEmbedded, itemsOf, propertyOf, type Schema } from '#api/structural/schema.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { isObject } from '#format/own.ts';
import { type Activation, CelError, compile, type Program } from '#format/cel/cel.ts';
import type { Shape } from '#format/cel/native.ts';
import { Bool, Str } from '#format/cel/types.ts';
import { none, OptionalValue, type Value } from '#format/cel/values.ts';
import { perCallLimit, requestBudget } from './environment.ts';
import { normalizedPath } from './rulepath.ts';
import { ruleEnvs, usesOldSelf } from './ruleenv.ts';
import { type SchemaType, schemaTypes, type SchemaTypes } from './schematype.ts';

type Rule = NonNullable<Schema['x-kubernetes-validations']>[number];

interface CompiledRule {
  readonly rule: Rule;
  readonly program: Program;
  readonly message: Program | undefined;
  readonly transition: boolean;
  /** Where the error is reported, below the rule's place. */
  readonly path: string;
}

/** Rules of a schema and what is below it; undefined where there are none. */
export interface RuleTree {
  readonly type: string;
  readonly shape: Shape;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleTree>;
  readonly elem: RuleTree | undefined;
  /** Keys by which items are found again in the old list; undefined: they cannot be. */
  readonly keys: readonly string[] | undefined;
  readonly atomic: boolean;
}

const trees = new WeakMap<Schema, RuleTree | null>();

/** The rules of a version's schema, compiled once. Rules that do not compile were refused when they were written. */
export function ruleTree(schema: Schema): RuleTree | undefined {
  let tree = trees.get(schema);
  if (tree === undefined) {
    const types = schemaTypes(schema, true);
    tree = treeOf(schema, types.root, types) ?? null;
    trees.set(schema, tree);
  }
  return tree ?? undefined;
}

function treeOf(schema: Schema, type: SchemaType | undefined, types: SchemaTypes): RuleTree | undefined {
  if (!type || !hasRules(schema)) return undefined;
  const properties = new Map<string, RuleTree>();
  for (const name of Object.keys(schema.properties ?? {})) {
    const child = propertyOf(schema, name) as Schema;
    if (!hasRules(child)) continue;
    // A property that rules cannot name may still have rules of its own.
    const own = schemaTypes(child, isEmbedded(child));
    const tree = treeOf(child, own.root, own);
    if (tree) properties.set(name, tree);
  }
  const { additionalProperties } = schema;
  const items = itemsOf(schema) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
  const own = items && hasRules(items) ? schemaTypes(items, isEmbedded(items)) : undefined;
  const elem = items && own ? treeOf(items, own.root, own) : undefined;
  const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => compileRule(rule, schema, type, types));
  return {
    type: schema.type ?? '',
    shape: type.shape,
    rules,
    properties,
    elem,
    keys: schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined,
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
  };
}

function compileRule(rule: Rule, schema: Schema, type: SchemaType, types: SchemaTypes): CompiledRule {
  const env = ruleEnvs(type, types, rule.optionalOldSelf === true);
  const program = compile(env, rule.rule, [Bool]);
  return {
    rule,
    program,
    message: rule.messageExpression ? compile(env, rule.messageExpression, [Str]) : undefined,
    transition: usesOldSelf(program.checked),
    path: rule.fieldPath ? normalizedPath(rule.fieldPath, schema) : '',
  };
}

/** A value, what it was before, and whether it or something around it is still the same. */
interface Spot {
  readonly at: string;
  readonly value: unknown;
  readonly old: unknown;
  unchanged(): boolean;
}

/** `self` and `oldSelf`, read when asked for: what does not fit the schema (an old object may not) is the rule's error. */
class RuleVariables {
  readonly [name: string]: Value | undefined;
  readonly #shape: Shape;
  readonly #value: unknown;
  readonly #old: unknown;
  readonly #optional: boolean;
  constructor(shape: Shape, value: unknown, old: unknown, optional: boolean) {
    this.#shape = shape;
    this.#value = value;
    this.#old = old;
    this.#optional = optional;
  }
  get self(): Value {
    return this.#shape(this.#value);
  }
  get oldSelf(): Value | undefined {
    if (this.#old === undefined) return this.#optional ? none : undefined;
    const before = this.#shape(this.#old);
    return this.#optional ? new OptionalValue(before) : before;
  }
}

/** What applying rules found. */
export interface RuleFindings {
  readonly errors: readonly FieldError[];
  /** Of parts that an update leaves as they were. */
  readonly tolerated: readonly FieldError[];
}

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';
const maxMessage = 5 * 1024;

/** Applies all rules to an object; `old` is its state before an update. */
export function applyRules(tree: RuleTree, object: unknown, old?: unknown): RuleFindings {
  const run = new Run();
  run.visit(tree, { at: '', value: object, old, unchanged: () => old !== undefined && deepEqual(object, old) });
  return run;
}

class Run implements RuleFindings {
  readonly errors: FieldError[] = [];
  readonly tolerated: FieldError[] = [];
  #budget = requestBudget;
  #stopped = false;

  visit(tree: RuleTree, spot: Spot): void {
    const { value, old, at } = spot;
    if (this.#stopped || value === null || value === undefined) return;
    if (tree.rules.length > 0) this.#rules(tree, spot);
    if (Array.isArray(value)) {
      if (!tree.elem) return;
      for (const [index, item] of value.entries())
        this.#child(tree.elem, spot, { at: `${at}[${index}]`, value: item, old: oldItem(tree, item, old) });
      return;
    }
    if (!isObject(value)) return;
    const before = !tree.atomic && isObject(old) ? old : {};
    for (const name of Object.keys(value)) {
      const property = tree.properties.get(name);
      const child = property ?? (tree.properties.size === 0 ? tree.elem : undefined);
      if (!child) continue;
      const path = property ? (at === '' ? name : `${at}.${name}`) : `${at}[${name}]`;
      this.#child(child, spot, { at: path, value: value[name], old: Object.hasOwn(before, name) ? before[name] : undefined });
    }
  }

  #child(tree: RuleTree, parent: Spot, { at, value, old }: Omit<Spot, 'unchanged'>): void {
    let same: boolean | undefined;
    const unchanged = old === undefined ? () => parent.unchanged() : () => (same ??= deepEqual(value, old));
    this.visit(tree, { at, value, old, unchanged });
  }

  #stop(error: FieldError): void {
    this.errors.push(error);
    this.#stopped = true;
  }

  #rules(tree: RuleTree, spot: Spot): void {
    const at = spot.at === '' ? '<nil>' : spot.at;
    const hasOld = spot.old !== undefined && spot.old !== null;
    const plain = new RuleVariables(tree.shape, spot.value, hasOld ? spot.old : undefined, false);
    const withOptional = new RuleVariables(tree.shape, spot.value, hasOld ? spot.old : undefined, true);
    for (const compiled of tree.rules) {
      if (this.#stopped) return;
      const { rule, program, transition } = compiled;
      const optional = rule.optionalOldSelf === true;
      if (transition && !hasOld && !optional) continue;
      const variables = optional ? withOptional : plain;
      const name = rule.message?.trim() || rule.rule.trim();
      try {
        const { value, cost } = program.evaluate(variables, perCallLimit);
        if (!this.#spend(cost)) return this.#stop(invalid(at, tree.type, outOfBudget));
        if (value !== true) this.#broken(compiled, tree, spot, variables);
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        if (!this.#spend(error.cost)) return this.#stop(invalid(at, tree.type, outOfBudget));
        const { message, exceeded } = error;
        if (exceeded) {
          const text = `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`;
          return this.#stop(invalid(at, tree.type, text));
        }
        const text = message.startsWith('no such overload')
          ? `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${name}`
          : `${message} evaluating rule: ${name}`;
        this.errors.push(invalid(at, tree.type, text));
      }
    }
  }

  #spend(cost: number): boolean {
    this.#budget -= cost;
    return this.#budget >= 0;
  }

  #broken(compiled: CompiledRule, tree: RuleTree, spot: Spot, variables: Activation): void {
    const { rule, transition, path } = compiled;
    const at = path === '' ? spot.at || '<nil>' : spot.at === '' ? path : `${spot.at}.${path}`;
    const detail = this.#message(compiled, variables) ?? (rule.message?.trim() || `failed rule: ${rule.rule.trim()}`);
    const error = errorFor(at, tree.type, detail, rule.reason);
    if (!transition && spot.unchanged()) this.tolerated.push(error);
    else this.errors.push(error);
  }

  #message({ message }: CompiledRule, variables: Activation): string | undefined {
    if (!message) return undefined;
    try {
      const { value, cost } = message.evaluate(variables, perCallLimit);
      this.#budget -= cost;
      const text = typeof value === 'string' ? value.trim() : '';
      return text === '' || byteLength(text) > maxMessage || text.includes('\n') ? undefined : text;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      this.#budget -= error.cost;
      return undefined;
    }
  }
}

function errorFor(at: string, type: string, detail: string, reason: string | undefined): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbiddenField(at, detail);
    case 'FieldValueRequired':
      return required(at, detail);
    case 'FieldValueDuplicate':
      return duplicate(at, type);
    default:
      return invalid(at, type, detail);
  }
}

/** The item of the old list with the same keys. */
function oldItem({ keys }: RuleTree, item: unknown, old: unknown): unknown {
  if (!keys || !Array.isArray(old) || !isObject(item)) return undefined;
  return old.find((each) => isObject(each) && keys.every((key) => deepEqual(each[key], item[key])));
}
