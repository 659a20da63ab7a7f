// What is wrong with the rules in the schemas of a CustomResourceDefinition: form, types, cost. Worded as Kubernetes does.
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { hasRules, isEmbedded, itemsOf, propertyOf, type Schema } from '#api/structural/schema.ts';
import { CelCompileError, compile, type Program, ResultTypeError } from '#format/cel/cel.ts';
import { estimateCost } from '#format/cel/estimate.ts';
import { Bool, type CelType, Str } from '#format/cel/types.ts';
import { ruleEnvs, usesOldSelf } from './ruleenv.ts';
import { normalizedPath, RulePathError } from './rulepath.ts';
import { type SchemaType, schemaTypes, type SchemaTypes } from './schematype.ts';

type Rule = NonNullable<Schema['x-kubernetes-validations']>[number];

const ruleLimit = 10_000_000;
const schemaLimit = 100_000_000;
const maxRequest = 3 * 1024 * 1024;
const reasons = ['FieldValueRequired', 'FieldValueInvalid', 'FieldValueForbidden', 'FieldValueDuplicate'];
const advice = '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';

function costText(what: string, cost: number, limit: number): string {
  const times = cost / limit;
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${factor} ${advice}`;
}

/** A place in a schema. */
interface Place {
  readonly at: string;
  readonly type: SchemaType;
  readonly types: SchemaTypes;
  /** How often it may occur in an object; undefined: only the size of requests bounds it. */
  readonly times: number | undefined;
  /** The list or map whose parts cannot be found again in the old object. */
  readonly uncorrelated: string | undefined;
}

/** Everything wrong with the rules of all versions. */
export function checkDefinitionRules({ spec }: CustomResourceDefinition): FieldError[] {
  return spec.versions.flatMap(({ schema }, index) => {
    const root = schema?.openAPIV3Schema;
    return root && hasRules(root) ? new SchemaCheck().check(root, `spec.versions[${index}].schema.openAPIV3Schema`) : [];
  });
}

class SchemaCheck {
  readonly #errors: FieldError[] = [];
  readonly #costs: { readonly at: string; readonly cost: number }[] = [];

  check(root: Schema, at: string): FieldError[] {
    const types = schemaTypes(root, true);
    if (types.root) this.#node(root, { at, type: types.root, types, times: 1, uncorrelated: undefined });
    const total = this.#costs.reduce((sum, { cost }) => sum + cost, 0);
    if (total > schemaLimit) {
      for (const { at: place, cost } of this.#costs.toSorted((a, b) => b.cost - a.cost).slice(0, 5)) {
        if (cost < schemaLimit / 100) break;
        const what = 'contributed to estimated rule & messageExpression cost total exceeding cost limit for entire OpenAPIv3 schema';
        this.#errors.push(forbiddenField(place, what));
      }
      const what = 'x-kubernetes-validations estimated rule & messageExpression cost total for entire OpenAPIv3 schema';
      this.#errors.push(forbiddenField(at, costText(what, total, schemaLimit)));
    }
    return this.#errors;
  }

  #node(schema: Schema, place: Place): void {
    if (!hasRules(schema)) return;
    const { at, times, uncorrelated } = place;
    for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
      this.#rule(rule, schema, { ...place, at: `${at}.x-kubernetes-validations[${index}]` });
    }
    const down = (child: Schema, path: string, more: Partial<Place>): void => {
      const types = schemaTypes(child, isEmbedded(child));
      if (types.root) this.#node(child, { ...place, at: path, type: types.root, types, ...more });
    };
    const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? (uncorrelated ?? at) : uncorrelated;
    for (const name of Object.keys(schema.properties ?? {})) {
      down(propertyOf(schema, name) as Schema, `${at}.properties[${name}]`, { uncorrelated: atomic });
    }
    const items = itemsOf(schema);
    if (items) {
      const keyed = schema['x-kubernetes-list-type'] === 'map';
      down(items, `${at}.items`, { times: product(times, schema.maxItems), uncorrelated: keyed ? uncorrelated : (uncorrelated ?? at) });
    }
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'object') {
      down(additionalProperties, `${at}.additionalProperties`, { times: product(times, schema.maxProperties), uncorrelated: atomic });
    }
  }

  #rule(rule: Rule, schema: Schema, place: Place): void {
    const { at } = place;
    this.#form(rule, schema, at);
    if (rule.rule.trim() === '') return;
    const program = this.#compile(rule, rule.rule, Bool, { ...place, at: `${at}.rule` });
    const message = rule.messageExpression?.trim()
      ? this.#compile(rule, rule.messageExpression, Str, { ...place, at: `${at}.messageExpression` })
      : undefined;
    if (program) {
      this.#cost(
        'estimated rule cost',
        `${at}.rule`,
        costOf(program, rule, place) * (place.times ?? Math.floor(maxRequest / (place.type.min + 1))),
      );
      const transition = usesOldSelf(program.checked) || (message !== undefined && usesOldSelf(message.checked));
      if (transition && place.uncorrelated !== undefined && !rule.optionalOldSelf) {
        const text = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`;
        this.#errors.push(invalid(`${at}.rule`, rule.rule, text));
      } else if (!transition && rule.optionalOldSelf !== undefined) {
        this.#errors.push(invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
      }
    }
    if (message) this.#cost('estimated messageExpression cost', `${at}.messageExpression`, costOf(message, rule, place));
  }

  #form(rule: Rule, schema: Schema, at: string): void {
    const { message, messageExpression, reason, fieldPath } = rule;
    if (rule.rule.trim() === '') this.#errors.push(required(`${at}.rule`, 'rule is not specified'));
    else if (rule.rule.trim().includes('\n') && !message?.trim()) {
      this.#errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
    }
    if (message !== undefined && message !== '') {
      if (message.trim() === '') this.#errors.push(invalid(`${at}.message`, message, 'message must be non-empty if specified'));
      else if (message.trim().includes('\n')) this.#errors.push(invalid(`${at}.message`, message, 'message must not contain line breaks'));
      else if (message.length > 2048)
        this.#errors.push(invalid(`${at}.message`, `${message.slice(0, 10)}...`, 'message must have a maximum length of 2048 characters'));
    }
    if (messageExpression !== undefined && messageExpression !== '' && messageExpression.trim() === '') {
      this.#errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
    }
    if (reason !== undefined && !reasons.includes(reason)) this.#errors.push(notSupported(`${at}.reason`, reason, reasons));
    if (fieldPath === undefined || fieldPath === '') return;
    if (fieldPath.trim() === '') this.#errors.push(invalid(`${at}.fieldPath`, fieldPath, 'fieldPath must be non-empty if specified'));
    else if (fieldPath.includes('\n')) this.#errors.push(invalid(`${at}.fieldPath`, fieldPath, 'fieldPath must not contain line breaks'));
    else {
      try {
        normalizedPath(fieldPath, schema);
      } catch (error) {
        if (!(error instanceof RulePathError)) throw error;
        this.#errors.push(invalid(`${at}.fieldPath`, fieldPath, `fieldPath must be a valid path: ${error.message}`));
      }
    }
  }

  #compile(rule: Rule, expression: string, result: CelType, { at, type, types }: Place): Program | undefined {
    try {
      return compile(ruleEnvs(type, types, rule.optionalOldSelf === true), expression, [result]);
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
      const message = result === Str;
      const typed = message ? 'messageExpression must evaluate to a string' : 'cel expression must evaluate to a bool';
      const detail = error instanceof ResultTypeError ? typed : message ? `messageExpression ${error.detail}` : error.detail;
      this.#errors.push(invalid(at, rule, detail));
      return undefined;
    }
  }

  #cost(what: string, at: string, cost: number): void {
    if (cost > ruleLimit) this.#errors.push(forbiddenField(at, costText(what, cost, ruleLimit)));
    this.#costs.push({ at, cost });
  }
}

function costOf(program: Program, _rule: Rule, { type }: Place): number {
  return estimateCost(program.checked, { self: type.hint, oldSelf: type.hint }).max;
}

const product = (times: number | undefined, most: number | undefined): number | undefined =>
  times === undefined || most === undefined ? undefined : times * most;
