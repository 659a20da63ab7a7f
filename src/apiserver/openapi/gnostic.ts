// The protobuf form of the v2 document, which older clients ask for: messages of openapi.v2, as far as our document uses them.
import type { OpenApiSchema } from '#api/openapi.ts';

type Bytes = Uint8Array;
type Dict = Readonly<Record<string, unknown>>;

const empty: readonly Bytes[] = [];

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return Buffer.from(out);
}

/** A length-delimited field: text or message. */
function field(number: number, content: string | Bytes): Bytes {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

const text = (number: number, value: unknown): readonly Bytes[] =>
  typeof value === 'string' && value !== '' ? [field(number, value)] : empty;
const texts = (number: number, values: unknown): readonly Bytes[] =>
  Array.isArray(values) ? values.map((value) => field(number, String(value))) : empty;
const flag = (number: number, value: unknown): readonly Bytes[] =>
  value === true ? [Buffer.concat([varint(number * 8), varint(1)])] : empty;
const message = (...parts: readonly (readonly Bytes[])[]): Bytes => Buffer.concat(parts.flat());
const dict = (value: unknown): Dict => (typeof value === 'object' && value !== null ? (value as Dict) : {});

/** Any value as YAML text; JSON is YAML. */
const any = (value: unknown): Bytes => message(text(2, `${JSON.stringify(value)}\n`));
/** A map entry: name and value. */
const named = (number: number, name: string, value: Bytes): Bytes => field(number, message(text(1, name), [field(2, value)]));
const extensions = (number: number, object: Dict): readonly Bytes[] =>
  Object.entries(object)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => named(number, name, any(value)));

function schema(value: OpenApiSchema): Bytes {
  const { additionalProperties, items, properties, type } = value;
  const allOf = Array.isArray(value['allOf']) ? (value['allOf'] as OpenApiSchema[]) : [];
  return message(
    text(1, value['$ref']),
    text(2, value['format']),
    text(4, value['description']),
    value['default'] === undefined ? empty : [field(5, any(value['default']))],
    flag(16, value['uniqueItems']),
    texts(19, value['required']),
    Array.isArray(value['enum']) ? value['enum'].map((entry) => field(20, any(entry))) : empty,
    additionalProperties === undefined ? empty : [field(21, message([field(1, schema(dict(additionalProperties)))]))],
    typeof type === 'string' ? [field(22, message(text(1, type)))] : empty,
    items === undefined ? empty : [field(23, message([field(1, schema(dict(items)))]))],
    allOf.map((entry) => field(24, schema(entry))),
    properties === undefined ? empty : [field(25, schemaMap(dict(properties)))],
    extensions(31, value),
  );
}

const schemaMap = (schemas: Dict): Bytes => message(Object.entries(schemas).map(([name, value]) => named(1, name, schema(dict(value)))));

/** Parameter: of the body, of the query or of the path. */
function parameter(value: Dict): Bytes {
  if (value['in'] === 'body') {
    const body = message(text(1, value['description']), text(2, value['name']), text(3, 'body'), flag(4, value['required']), [
      field(5, schema(dict(value['schema']))),
    ]);
    return message([field(1, body)]);
  }
  const inPath = value['in'] === 'path';
  const parts = [flag(1, value['required']), text(2, value['in']), text(3, value['description']), text(4, value['name'])];
  // The two messages differ in one field (allow_empty_value), which moves the numbers behind it.
  const own = inPath
    ? message(...parts, text(5, value['type']), flag(19, value['uniqueItems']))
    : message(...parts, text(6, value['type']), flag(20, value['uniqueItems']));
  return message([field(2, message([field(inPath ? 4 : 3, own)]))]);
}

function parameterItem(value: Dict): Bytes {
  return value['$ref'] === undefined ? message([field(1, parameter(value))]) : message([field(2, message(text(1, value['$ref'])))]);
}

const parameters = (number: number, list: unknown): readonly Bytes[] =>
  Array.isArray(list) ? list.map((entry) => field(number, parameterItem(dict(entry)))) : empty;

function responses(value: Dict): Bytes {
  return message(
    Object.entries(value).map(([code, response]) => {
      const { description, schema: content } = dict(response);
      const schemaItem = content === undefined ? empty : [field(2, message([field(1, schema(dict(content)))]))];
      return named(1, code, message([field(1, message(text(1, description), schemaItem))]));
    }),
  );
}

function operation(value: Dict): Bytes {
  return message(
    texts(1, value['tags']),
    text(3, value['description']),
    text(5, value['operationId']),
    texts(6, value['produces']),
    texts(7, value['consumes']),
    parameters(8, value['parameters']),
    [field(9, responses(dict(value['responses'])))],
    texts(10, value['schemes']),
    extensions(13, value),
  );
}

const methods: readonly (readonly [string, number])[] = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['options', 6],
  ['head', 7],
  ['patch', 8],
];

function pathItem(value: Dict): Bytes {
  return message(
    methods.flatMap(([method, number]) => (value[method] === undefined ? [] : [field(number, operation(dict(value[method])))])),
    parameters(9, value['parameters']),
  );
}

function security(value: Dict): Bytes {
  return message(
    Object.entries(value).map(([name, entry]) => {
      const { type, name: header, in: place, description } = dict(entry);
      const key = message(text(1, type), text(2, header), text(3, place), text(4, description));
      return named(1, name, message([field(2, key)]));
    }),
  );
}

/** Encodes a v2 document that `documentV2` made. */
export function encodeDocument(document: object): Uint8Array {
  const root = dict(document);
  const info = dict(root['info']);
  const requirements = Array.isArray(root['security']) ? root['security'] : [];
  return message(
    text(1, root['swagger']),
    [field(2, message(text(1, info['title']), text(2, info['version'])))],
    [field(8, message(Object.entries(dict(root['paths'])).map(([path, item]) => named(2, path, pathItem(dict(item))))))],
    [field(9, schemaMap(dict(root['definitions'])))],
    [field(10, message(Object.entries(dict(root['parameters'])).map(([name, value]) => named(1, name, parameter(dict(value))))))],
    requirements.map((entry) => field(12, message(Object.keys(dict(entry)).map((name) => named(1, name, new Uint8Array(0)))))),
    [field(13, security(dict(root['securityDefinitions'])))],
  );
}
