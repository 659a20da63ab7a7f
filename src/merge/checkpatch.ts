// Whether an applied configuration fits the schema; worded as structured-merge-diff words it.
import { goQuote } from '#format/goquote.ts';
import { goSyntax, goValue } from '#format/govalue.ts';
import { isObject } from '#format/own.ts';
import { goNumberType, isNumber } from '#format/wholenumber.ts';
import { fieldElement, keyElement, pathText, valueElement } from './pathelement.ts';
import { type ListShape, memberShape, type Shape } from './shape.ts';

function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (isNumber(value)) return goNumberType(value);
  return typeof value === 'boolean' ? 'bool' : 'string';
}

class Checker {
  readonly errors: string[] = [];
  readonly path: string[] = [];

  error(message: string): void {
    const path = pathText(this.path);
    this.errors.push(path === '' ? message : `${path}: ${message}`);
  }

  check(value: unknown, shape: Shape): void {
    if (value === null || value === undefined || shape.kind === 'any') return;
    if (shape.kind === 'leaf') this.leaf(value, shape.scalar);
    else if (shape.kind === 'list') this.list(value, shape);
    else if (!isObject(value)) this.error(`expected map, got &{${goValue(value)}}`);
    else {
      for (const name of Object.keys(value)) {
        this.path.push(fieldElement(name));
        if (shape.kind === 'struct' && !shape.struct.options.open && !shape.fields.has(name)) this.error('field not declared in schema');
        else this.check(value[name], memberShape(shape, name));
        this.path.pop();
      }
    }
  }

  leaf(value: unknown, scalar: string | undefined): void {
    switch (scalar) {
      case 'string':
      case 'bytes':
      case 'duration':
        if (typeof value !== 'string') this.error(`expected string, got ${this.shown(value)}`);
        return;
      case 'bool':
        if (typeof value !== 'boolean') this.error(`expected boolean, got ${this.shown(value)}`);
        return;
      case 'int32':
      case 'int64':
      case 'double':
        if (!isNumber(value)) this.error(`expected numeric (int or float), got ${goTypeOf(value)}`);
        return;
      default:
        if (typeof value === 'object') this.error(`expected scalar, got ${this.shown(value)}`);
    }
  }

  shown(value: unknown): string {
    return `&value.valueUnstructured{Value:${goSyntax(value)}}`;
  }

  list(value: unknown, shape: ListShape): void {
    if (!Array.isArray(value)) {
      this.error(`expected list, got &{${goValue(value)}}`);
      return;
    }
    const seen = new Set<string>();
    value.forEach((item: unknown, index) => {
      const element = shape.type === 'atomic' ? `i:${index}` : this.element(item, index, shape);
      if (element === undefined) return;
      if (seen.has(element)) {
        this.error(`duplicate entries for key ${pathText([element])}`);
        return;
      }
      seen.add(element);
      this.path.push(element);
      this.check(item, shape.item);
      this.path.pop();
    });
  }

  element(item: unknown, index: number, shape: ListShape): string | undefined {
    if (shape.type === 'set') return valueElement(item);
    if (!isObject(item)) {
      this.error(
        `element ${index}: associative list with keys ${item === null ? 'may not have a null element' : 'may not have non-map elements'}`,
      );
      return undefined;
    }
    const element = keyElement(item, shape.keys, shape.defaults);
    if (element !== undefined) return element;
    const keys = shape.declaredKeys.map(goQuote).join(' ');
    this.error(
      `element ${index}: associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`,
    );
    return undefined;
  }
}

/** What is wrong with a configuration, as one message; undefined if it fits. */
export function patchProblem(patch: unknown, shape: Shape): string | undefined {
  const checker = new Checker();
  checker.check(patch, shape);
  if (checker.errors.length === 0) return undefined;
  return checker.errors.length === 1 ? checker.errors[0] : ['errors:', ...checker.errors.map((error) => `  ${error}`)].join('\n');
}
