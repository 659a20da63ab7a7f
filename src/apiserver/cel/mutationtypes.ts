// What mutating expressions write: `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add", path: "/x", value: 1}`.
import { fn, free, type Library, type StructType, type TypeProvider } from '#format/cel/decls.ts';
import { type CelType, Dyn, objectType, Str } from '#format/cel/types.ts';
import { CelList, CelMap, CelObject, type Value } from '#format/cel/values.ts';

/** The type of a whole apply configuration. */
export const applyType = objectType('Object');
export const patchType = objectType('JSONPatch');

/** A written object: its type is the path of its place. */
export class WrittenObject extends CelObject {
  readonly typeName: string;
  readonly #fields: ReadonlyMap<string, Value>;
  constructor(typeName: string, fields: ReadonlyMap<string, Value>) {
    super();
    this.typeName = typeName;
    this.#fields = fields;
  }
  field(name: string): Value | undefined {
    return this.#fields.get(name);
  }
  fields(): Iterable<string> {
    return this.#fields.keys();
  }
}

const patchFields: Readonly<Record<string, CelType>> = { op: Str, path: Str, from: Str, value: Dyn };

function struct(name: string, field: (field: string) => CelType | undefined): StructType {
  return { name, field, construct: (fields) => new WrittenObject(name, fields) };
}

/** `Object` and everything below it, whatever the fields; `JSONPatch`. */
export const mutationTypes: TypeProvider = {
  struct(name) {
    if (name === patchType.name) return struct(name, (field) => (Object.hasOwn(patchFields, field) ? patchFields[field] : undefined));
    return name === applyType.name || name.startsWith(`${applyType.name}.`) ? struct(name, () => Dyn) : undefined;
  },
};

/** Helpers for paths of JSON patches. */
export const patchLibrary: Library = {
  functions: [
    fn(
      'jsonpatch.escapeKey',
      free('string_jsonpatch_escapeKey_string', [Str], Str, (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')),
    ),
  ],
};

/** Says what is wrong with the types inside a written object: each must be named after its place. */
export function misplacedType(value: Value, path: string): string | undefined {
  if (value instanceof WrittenObject) {
    if (value.typeName !== path) {
      return `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`;
    }
    for (const name of value.fields()) {
      const problem = misplacedType(value.field(name) as Value, `${path}.${name}`);
      if (problem) return problem;
    }
    return undefined;
  }
  if (value instanceof CelList) return firstProblem(value, path);
  return value instanceof CelMap
    ? firstProblem(
        Array.from(value.keys(), (key) => value.get(key) as Value),
        path,
      )
    : undefined;
}

function firstProblem(values: Iterable<Value>, path: string): string | undefined {
  for (const value of values) {
    const problem = misplacedType(value, path);
    if (problem) return problem;
  }
  return undefined;
}
