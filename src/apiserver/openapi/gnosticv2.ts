// The protobuf form of the v2 document, which older clients ask for: messages of openapi.v2.
import {
  any,
  boolean,
  type Content,
  count,
  type Dict,
  each,
  encode,
  extensions,
  flag,
  known,
  mapOf,
  measure,
  type Member,
  message,
  sub,
  text,
  texts,
} from './gnostic.ts';

const externalDocs = message([['description', text(1)], ['url', text(2)], extensions(3)]);
const reference = message([
  ['$ref', text(1)],
  ['description', text(2)],
]);

const schema: Content = (out, value) => schemaMembers(out, value);
const additional: Content = (out, value) => (typeof value === 'object' ? sub(1, schema) : boolean(2))(out, value);
const schemaMembers = message([
  ['$ref', text(1)],
  ['format', text(2)],
  ['title', text(3)],
  ['description', text(4)],
  ['default', sub(5, any)],
  ['multipleOf', measure(6)],
  ['maximum', measure(7)],
  ['exclusiveMaximum', flag(8)],
  ['minimum', measure(9)],
  ['exclusiveMinimum', flag(10)],
  ['maxLength', count(11)],
  ['minLength', count(12)],
  ['pattern', text(13)],
  ['maxItems', count(14)],
  ['minItems', count(15)],
  ['uniqueItems', flag(16)],
  ['maxProperties', count(17)],
  ['minProperties', count(18)],
  ['required', texts(19)],
  ['enum', each(sub(20, any))],
  ['additionalProperties', sub(21, additional)],
  ['type', sub(22, text(1))],
  ['items', sub(23, sub(1, schema))],
  ['allOf', each(sub(24, schema))],
  ['properties', sub(25, mapOf(schema))],
  ['discriminator', text(26)],
  ['readOnly', flag(27)],
  ['externalDocs', sub(29, externalDocs)],
  ['example', sub(30, any)],
  extensions(31),
]);

const body = message([
  ['description', text(1)],
  ['name', text(2)],
  ['in', text(3)],
  ['required', flag(4)],
  ['schema', sub(5, schema)],
  extensions(6),
]);

/** Parameters outside the body. Some may be empty: this is one more field, and moves the numbers behind it. */
function simple(mayBeEmpty: boolean): Content {
  const next = mayBeEmpty ? 6 : 5;
  return message([
    ['required', flag(1)],
    ['in', text(2)],
    ['description', text(3)],
    ['name', text(4)],
    ...(mayBeEmpty ? [['allowEmptyValue', flag(5)] satisfies Member] : []),
    ['type', text(next)],
    ['format', text(next + 1)],
    ['default', sub(next + 4, any)],
    ['maximum', measure(next + 5)],
    ['minimum', measure(next + 7)],
    ['pattern', text(next + 11)],
    ['uniqueItems', flag(next + 14)],
    ['enum', each(sub(next + 15, any))],
    extensions(next + 17),
  ]);
}

const outsideBody: Readonly<Record<string, Content>> = {
  header: sub(1, simple(false)),
  formData: sub(2, simple(true)),
  query: sub(3, simple(true)),
  path: sub(4, simple(false)),
};

const parameter: Content = (out, value) => {
  const place = String((value as Dict)['in']);
  if (place === 'body') sub(1, body)(out, value);
  else sub(2, outsideBody[place] ?? (() => {}))(out, value);
};

const orReference =
  (content: Content): Content =>
  (out, value) =>
    ((value as Dict)['$ref'] === undefined ? sub(1, content) : sub(2, reference))(out, value);

const response = message([['description', text(1)], ['schema', sub(2, sub(1, schema))], extensions(5)]);
const responses = message([known(1, orReference(response)), extensions(2)]);
const requirement = mapOf(texts(1));
const parameters = (number: number): Member => ['parameters', each(sub(number, orReference(parameter)))];

const operation = message([
  ['tags', texts(1)],
  ['summary', text(2)],
  ['description', text(3)],
  ['externalDocs', sub(4, externalDocs)],
  ['operationId', text(5)],
  ['produces', texts(6)],
  ['consumes', texts(7)],
  parameters(8),
  ['responses', sub(9, responses)],
  ['schemes', texts(10)],
  ['deprecated', flag(11)],
  ['security', each(sub(12, requirement))],
  extensions(13),
]);

const pathItem = message([
  ['get', sub(2, operation)],
  ['put', sub(3, operation)],
  ['post', sub(4, operation)],
  ['delete', sub(5, operation)],
  ['options', sub(6, operation)],
  ['head', sub(7, operation)],
  ['patch', sub(8, operation)],
  parameters(9),
  extensions(10),
]);

// Bearer tokens are said to be keys in a header: there is no other scheme in the document.
const apiKey = message([
  ['type', text(1)],
  ['name', text(2)],
  ['in', text(3)],
  ['description', text(4)],
]);

const document = message([
  ['swagger', text(1)],
  [
    'info',
    sub(
      2,
      message([
        ['title', text(1)],
        ['version', text(2)],
      ]),
    ),
  ],
  ['paths', sub(8, message([known(2, pathItem)]))],
  ['definitions', sub(9, mapOf(schema))],
  ['parameters', sub(10, mapOf(parameter))],
  ['security', each(sub(12, requirement))],
  ['securityDefinitions', sub(13, mapOf(sub(2, apiKey)))],
]);

/** Encodes a v2 document that `documentV2` made, and what other servers add to it. */
export const encodeV2 = (value: object): Uint8Array => encode(document, value);
