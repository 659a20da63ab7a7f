// Label selectors: what they match, how they print. The text grammar is in selectorparse.ts.
import { goJson, goQuote } from './goquote.ts';
import { labelKeyErrors, labelValueErrors } from './labelname.ts';
import { parseRequirements } from './selectorparse.ts';

/** Operators, spelt as the text grammar spells them. */
export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

/** One condition on one label; `values` are sorted and unique. */
export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string | undefined>>;

/** A set of conditions, all of which must hold. */
export interface Selector {
  /** Selects everything. */
  readonly empty: boolean;
  /** Selects nothing, whatever the labels. */
  readonly nothing: boolean;
  readonly requirements: readonly Requirement[];
  matches(labels: Labels | undefined): boolean;
  /** The text form; parsing it gives an equal selector. */
  toString(): string;
}

/** The shape of a `meta.v1.LabelSelector`. */
export interface LabelSelectorLike {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** The text or object is not a label selector. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SelectorError';
  }
}

const none: Labels = {};

function integer(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function holds(requirement: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  const { operator, values } = requirement;
  if (operator === '=' || operator === '==') return value !== undefined && value === values[0];
  if (operator === '!=' || operator === 'notin') return value === undefined || !values.includes(value);
  if (operator === 'in') return value !== undefined && values.includes(value);
  if (operator === 'exists') return value !== undefined;
  if (operator === '!') return value === undefined;
  const actual = value === undefined ? undefined : integer(value);
  const bound = integer(values[0] ?? '');
  if (actual === undefined || bound === undefined) return false;
  return operator === 'gt' ? actual > bound : actual < bound;
}

function textOf({ key, operator, values }: Requirement): string {
  if (operator === 'exists') return key;
  if (operator === '!') return `!${key}`;
  if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${values.join(',')})`;
  const sign = operator === 'gt' ? '>' : operator === 'lt' ? '<' : operator;
  return `${key}${sign}${values[0] ?? ''}`;
}

class RequirementSelector implements Selector {
  readonly requirements: readonly Requirement[];
  readonly nothing = false;

  constructor(requirements: readonly Requirement[]) {
    this.requirements = requirements;
  }
  get empty(): boolean {
    return this.requirements.length === 0;
  }
  matches(labels: Labels | undefined): boolean {
    const given = labels ?? none;
    for (const requirement of this.requirements) if (!holds(requirement, given)) return false;
    return true;
  }
  toString(): string {
    return this.requirements.map(textOf).join(',');
  }
}

/** Matches all labels. */
export const everything: Selector = new RequirementSelector([]);
/** Matches no labels. */
export const nothing: Selector = { empty: false, nothing: true, requirements: [], matches: () => false, toString: () => '' };

function valueProblem(operator: Operator, values: readonly string[]): string | undefined {
  if (operator === 'in' || operator === 'notin')
    return values.length === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined;
  if (operator === 'exists' || operator === '!')
    return values.length ? 'values set must be empty for exists and does not exist' : undefined;
  if (values.length === 1) return undefined;
  return operator === 'gt' || operator === 'lt'
    ? "for 'Gt', 'Lt' operators, exactly one value is required"
    : 'exact-match compatibility requires one single value';
}

/** A checked requirement; throws `SelectorError`. */
export function requirement(key: string, operator: Operator, given: readonly string[]): Requirement {
  const values = [...new Set(given)].sort();
  const errors: string[] = [];
  const keyErrors = labelKeyErrors(key);
  if (keyErrors.length) errors.push(`key: Invalid value: ${goQuote(key)}: ${keyErrors.join('; ')}`);
  const problem = valueProblem(operator, values);
  if (problem) errors.push(`values: Invalid value: ${goJson(values)}: ${problem}`);
  else if (operator === 'gt' || operator === 'lt') {
    values.forEach((value, index) => {
      if (integer(value) === undefined)
        errors.push(`values[${index}]: Invalid value: ${goQuote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
    });
  }
  values.forEach((value, index) => {
    const valueErrors = labelValueErrors(value);
    if (valueErrors.length) errors.push(`values[${index}][${key}]: Invalid value: ${goQuote(value)}: ${valueErrors.join('; ')}`);
  });
  if (errors.length) throw new SelectorError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
  return { key, operator, values };
}

function byKey(a: Requirement, b: Requirement): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** A selector of requirements. */
export function selectorOfRequirements(requirements: readonly Requirement[]): Selector {
  return requirements.length === 0 ? everything : new RequirementSelector([...requirements].sort(byKey));
}

/** Parses `a=b,c in (d,e),!f`; the empty text selects everything. Throws `SelectorError` with Kubernetes' words. */
export function parseSelector(text: string): Selector {
  return selectorOfRequirements(
    parseRequirements(text, {
      fail: (message) => new SelectorError(message),
      checkKey: (key) => {
        const errors = labelKeyErrors(key);
        if (errors.length) throw new SelectorError(`<nil>: Invalid value: ${goQuote(key)}: ${errors.join('; ')}`);
      },
      requirement,
    }),
  );
}

const words: Readonly<Record<string, Operator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

const known = new WeakMap<object, Selector>();

/** The selector of a LabelSelector object: absent selects nothing, empty selects everything. Results are kept per object. */
export function selectorOf(labelSelector: LabelSelectorLike | null | undefined): Selector {
  if (!labelSelector) return nothing;
  const seen = known.get(labelSelector);
  if (seen) return seen;
  const requirements = Object.entries(labelSelector.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]));
  for (const { key, operator, values } of labelSelector.matchExpressions ?? []) {
    const word = Object.hasOwn(words, operator) ? words[operator] : undefined;
    if (!word) throw new SelectorError(`${goQuote(operator)} is not a valid label selector operator`);
    requirements.push(requirement(key, word, values ?? []));
  }
  const selector = selectorOfRequirements(requirements);
  known.set(labelSelector, selector);
  return selector;
}

/** The selector of a plain map, as in Services and ReplicationControllers; an absent or empty map selects everything. */
export function selectorOfSet(set: Readonly<Record<string, string>> | null | undefined): Selector {
  return selectorOfRequirements(Object.entries(set ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

/** The text that columns and `describe` show: `<none>` for a selector without requirements. */
export function formatLabelSelector(labelSelector: LabelSelectorLike | null | undefined): string {
  try {
    return selectorOf(labelSelector).toString() || '<none>';
  } catch {
    return '<error>';
  }
}

/** A selector as Go's generated `String` methods print it: some messages carry that. */
export function goLabelSelector(selector: LabelSelectorLike | null | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const pairs = labels.map(([key, value]) => `${key}: ${value},`).join('');
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${pairs}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
