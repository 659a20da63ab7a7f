// The rules that make a schema structural (KEP-1693): every field is described outside of logic, and logic only constrains.
import { type FieldError, fieldErrorText, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { additionalOf, isEmbedded, isIntOrString, itemsOf, preserves, propertyOf, type Schema } from './schema.ts';

type Level = 'root' | 'item' | 'field';

const levelTexts: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};
const intOrString: readonly Schema[] = [{ type: 'integer' }, { type: 'string' }];
const isIntOrStringChoice = (parts: readonly Schema[] | undefined): boolean => parts !== undefined && deepEqual(parts, intOrString);

class Structure {
  readonly errors: FieldError[] = [];

  schema(schema: Schema, level: Level, at: string): void {
    const items = itemsOf(schema);
    if (schema.type === 'array' && schema.items === undefined) this.errors.push(required(`${at}.items`, 'must be specified'));
    if (items) this.schema(items, 'item', `${at}.items`);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      this.schema(property, 'field', `${at}.properties[${name}]`);
    }
    const additional = additionalOf(schema);
    if (schema.additionalProperties !== undefined && level === 'root') {
      this.errors.push(forbiddenField(`${at}.additionalProperties`, 'must not be used at the root'));
    }
    if (additional) this.schema(additional, 'field', `${at}.additionalProperties`);
    this.extensions(schema, at);
    this.logic(schema, at);
    this.type(schema, level, at);
    this.resource(schema, level, at);
  }

  extensions(schema: Schema, at: string): void {
    if (!isIntOrString(schema)) return;
    const text = 'must be false if x-kubernetes-int-or-string is true';
    if (preserves(schema)) this.errors.push(invalid(`${at}.x-kubernetes-preserve-unknown-fields`, true, text));
    if (isEmbedded(schema)) this.errors.push(invalid(`${at}.x-kubernetes-embedded-resource`, true, text));
    if (schema.type) this.errors.push(invalid(`${at}.type`, schema.type, 'must be empty if x-kubernetes-int-or-string is true'));
  }

  type(schema: Schema, level: Level, at: string): void {
    const { type } = schema;
    if (isEmbedded(schema) && type !== 'object') {
      const text = 'must be object if x-kubernetes-embedded-resource is true';
      this.errors.push(type ? invalid(`${at}.type`, type, text) : required(`${at}.type`, text));
    } else if (!type && !isIntOrString(schema) && !preserves(schema)) this.errors.push(required(`${at}.type`, levelTexts[level]));
    if (level === 'root' && type && type !== 'object') this.errors.push(invalid(`${at}.type`, type, 'must be object at the root'));
  }

  /** What API objects bring along is not for schemas to describe. */
  resource(schema: Schema, level: Level, at: string): void {
    const embedded = isEmbedded(schema);
    if (embedded && schema.additionalProperties !== undefined) {
      this.errors.push(forbiddenField(`${at}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
    }
    const isResource = level === 'root' || embedded;
    for (const name of ['kind', 'apiVersion'] as const) {
      const property = propertyOf(schema, name);
      if (isResource && property && property.type !== 'string') {
        this.errors.push(invalid(`${at}.properties[${name}].type`, property.type ?? '', 'must be string'));
      }
    }
    const metadata = propertyOf(schema, 'metadata');
    if (metadata && isResource) this.metadata(metadata, level, `${at}.properties[metadata]`);
    if (embedded && !preserves(schema) && Object.keys(schema.properties ?? {}).length === 0) {
      this.errors.push(
        required(
          `${at}.properties`,
          'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
        ),
      );
    }
  }

  metadata(metadata: Schema, level: Level, at: string): void {
    if (metadata.type !== 'object') this.errors.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'));
    if (level !== 'root') return;
    const { type: _, default: __, properties = {}, description: ___, ...rest } = metadata;
    const others = Object.keys(properties).filter((name) => name !== 'name' && name !== 'generateName');
    const found = Object.values(rest).some((value) => value !== undefined);
    if (others.length > 0 || found) {
      this.errors.push(
        forbiddenField(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'),
      );
    }
  }

  logic(schema: Schema, at: string): void {
    if (!isIntOrStringChoice(schema.anyOf)) this.parts('anyOf', schema, at);
    const [first, ...others] = schema.allOf ?? [];
    if (first && isIntOrStringChoice(first.anyOf)) {
      const { anyOf: _, ...rest } = first;
      this.constraint(rest, schema, `${at}.allOf[0]`);
      for (const [index, part] of others.entries()) this.constraint(part, schema, `${at}.allOf[${index + 1}]`);
    } else this.parts('allOf', schema, at);
    this.parts('oneOf', schema, at);
    if (schema.not) this.constraint(schema.not, schema, `${at}.not`);
  }

  parts(name: 'anyOf' | 'allOf' | 'oneOf', schema: Schema, at: string): void {
    for (const [index, part] of (schema[name] ?? []).entries()) {
      this.constraint(part, schema, `${at}.${name}[${index}]`);
    }
  }

  /** A part of logic: it may constrain values, not describe them, and only fields that are described outside. */
  constraint(part: Schema, described: Schema | undefined, at: string): void {
    const forbid = (name: keyof Schema, text: string): void => void this.errors.push(forbiddenField(`${at}.${String(name)}`, text));
    if (part.type) forbid('type', 'must be empty to be structural');
    if (part.additionalProperties !== undefined) forbid('additionalProperties', 'must be undefined to be structural');
    if (part.default !== undefined) forbid('default', 'must be undefined to be structural');
    if (part.title) forbid('title', 'must be empty to be structural');
    if (part.description) forbid('description', 'must be empty to be structural');
    if (part.nullable) forbid('nullable', 'must be false to be structural');
    if (part.externalDocs) forbid('externalDocs', 'must be undefined to be structural');
    for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string'] as const) {
      if (part[name]) forbid(name, 'must be false to be structural');
    }
    if (part['x-kubernetes-list-map-keys']?.length) forbid('x-kubernetes-list-map-keys', 'must be empty to be structural');
    for (const name of ['x-kubernetes-list-type', 'x-kubernetes-map-type'] as const) {
      if (part[name] !== undefined) forbid(name, 'must be undefined to be structural');
    }
    if (part['x-kubernetes-validations']?.length) forbid('x-kubernetes-validations', 'must be empty to be structural');
    if (propertyOf(part, 'metadata')) {
      this.errors.push(forbiddenField(`${at}.properties[metadata]`, 'must not be specified in a nested context'));
    }
    for (const [name, property] of Object.entries(part.properties ?? {})) {
      const outside = described && (propertyOf(described, name) ?? additionalOf(described));
      if (!outside && !(described && preserves(described) && !described.properties)) this.undescribed(at, `properties[${name}]`);
      this.constraint(property, outside, `${at}.properties[${name}]`);
    }
    const items = itemsOf(part);
    if (items) {
      const outside = described && itemsOf(described);
      if (!outside) this.undescribed(at, 'items');
      this.constraint(items, outside, `${at}.items`);
    }
    for (const name of ['anyOf', 'allOf', 'oneOf'] as const) {
      for (const [index, inner] of (part[name] ?? []).entries()) this.constraint(inner, described, `${at}.${name}[${index}]`);
    }
    if (part.not) this.constraint(part.not, described, `${at}.not`);
  }

  /** The path of the place outside of logic where the description is missing. */
  undescribed(at: string, step: string): void {
    const plain = `${at.replaceAll(/\.(?:(?:anyOf|allOf|oneOf)\[\d+\]|not)/g, '')}.${step}`;
    const because = `${at}.${step}`;
    this.errors.push(required(plain, `because it is defined in ${because}`));
  }
}

/** What keeps a schema from being structural, in a fixed order. */
export function checkStructure(schema: Schema, at: string): FieldError[] {
  const structure = new Structure();
  structure.schema(schema, 'root', at);
  return structure.errors
    .map((error) => ({ error, text: fieldErrorText(error) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ error }) => error);
}
