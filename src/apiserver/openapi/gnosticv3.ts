// The protobuf form of v3 documents: messages of openapi.v3, as far as our documents use them.
import {
  any,
  boolean,
  type Content,
  count,
  type Dict,
  double,
  each,
  encode,
  extensions,
  flag,
  known,
  mapOf,
  measure,
  message,
  string,
  sub,
  text,
  texts,
} from './gnostic.ts';

const externalDocs = message([['description', text(1)], ['url', text(2)], extensions(3)]);
const reference = message([['$ref', text(1)]]);
const orReference =
  (content: Content): Content =>
  (out, value) =>
    ((value as Dict)['$ref'] === undefined ? sub(1, content) : sub(2, reference))(out, value);

/** One of three; the message has no place for lists and objects and says of those only that there is a default. */
const preset: Content = (out, value) => {
  if (typeof value === 'number') double(1)(out, value);
  else if (typeof value === 'boolean') boolean(2)(out, value);
  else if (typeof value === 'string') string(3)(out, value);
};

const schema: Content = (out, value) => schemaMembers(out, value);
const schemaOrReference = orReference(schema);
const additional: Content = (out, value) => (typeof value === 'object' ? sub(1, schemaOrReference) : boolean(2))(out, value);
const schemaMembers = message([
  ['nullable', flag(1)],
  ['readOnly', flag(3)],
  ['writeOnly', flag(4)],
  ['externalDocs', sub(6, externalDocs)],
  ['example', sub(7, any)],
  ['deprecated', flag(8)],
  ['title', text(9)],
  ['multipleOf', measure(10)],
  ['maximum', measure(11)],
  ['exclusiveMaximum', flag(12)],
  ['minimum', measure(13)],
  ['exclusiveMinimum', flag(14)],
  ['maxLength', count(15)],
  ['minLength', count(16)],
  ['pattern', text(17)],
  ['maxItems', count(18)],
  ['minItems', count(19)],
  ['uniqueItems', flag(20)],
  ['maxProperties', count(21)],
  ['minProperties', count(22)],
  ['required', texts(23)],
  ['enum', each(sub(24, any))],
  ['type', text(25)],
  ['allOf', each(sub(26, schemaOrReference))],
  ['oneOf', each(sub(27, schemaOrReference))],
  ['anyOf', each(sub(28, schemaOrReference))],
  ['not', sub(29, schema)],
  ['items', sub(30, sub(1, schemaOrReference))],
  ['properties', sub(31, mapOf(schemaOrReference))],
  ['additionalProperties', sub(32, additional)],
  ['default', sub(33, preset)],
  ['description', text(34)],
  ['format', text(35)],
  extensions(36),
]);

const mediaTypes = mapOf(message([['schema', sub(1, schemaOrReference)]]));

const parameter = message([
  ['name', text(1)],
  ['in', text(2)],
  ['description', text(3)],
  ['required', flag(4)],
  ['schema', sub(10, schemaOrReference)],
]);

const requestBody = message([
  ['description', text(1)],
  ['content', sub(2, mediaTypes)],
  ['required', flag(3)],
]);

const response = message([
  ['description', text(1)],
  ['content', sub(3, mediaTypes)],
]);

const operation = message([
  ['tags', texts(1)],
  ['description', text(3)],
  ['operationId', text(5)],
  ['parameters', each(sub(6, orReference(parameter)))],
  ['requestBody', sub(7, orReference(requestBody))],
  ['responses', sub(8, message([known(2, orReference(response))]))],
  ['deprecated', flag(10)],
  extensions(13),
]);

const pathItem = message([
  ['get', sub(4, operation)],
  ['put', sub(5, operation)],
  ['post', sub(6, operation)],
  ['delete', sub(7, operation)],
  ['options', sub(8, operation)],
  ['head', sub(9, operation)],
  ['patch', sub(10, operation)],
  ['parameters', each(sub(13, orReference(parameter)))],
]);

const securityScheme = message([
  ['type', text(1)],
  ['description', text(2)],
  ['name', text(3)],
  ['in', text(4)],
]);

const info = message([
  ['title', text(1)],
  ['version', text(6)],
]);

const components = message([
  ['schemas', sub(1, mapOf(schemaOrReference))],
  ['securitySchemes', sub(7, mapOf(orReference(securityScheme)))],
]);

const document = message([
  ['openapi', text(1)],
  ['info', sub(2, info)],
  ['paths', sub(4, message([known(1, pathItem)]))],
  ['components', sub(5, components)],
]);

/** Encodes a v3 document that `documentV3` made. */
export const encodeV3 = (value: object): Uint8Array => encode(document, value);
