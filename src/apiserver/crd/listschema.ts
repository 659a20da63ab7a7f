// What OpenAPI says of custom resources beside their schema: the members of every object, and lists.
import { openApiName, type OpenApiSchema, type OpenApiVersion } from '#api/openapi.ts';
import type { Gvk } from '../openapi/operations.ts';
import type { ResourceRow } from '../resources/row.ts';

const apiVersionText =
  'APIVersion defines the versioned schema of this representation: the group and version of the API in which the object is written.';
const kindText = 'Kind is the REST resource that the object stands for, in CamelCase. It cannot be changed.';
const metadataText = "Standard object's metadata: name, namespace, labels, owners and what the server keeps about the object.";

const reference = (shortName: string, form: OpenApiVersion): string =>
  `${form === 'v2' ? '#/definitions/' : '#/components/schemas/'}${openApiName(shortName)}`;

function metadataProperty(form: OpenApiVersion): OpenApiSchema {
  const $ref = reference('meta.v1.ObjectMeta', form);
  return form === 'v2' ? { description: metadataText, $ref } : { description: metadataText, allOf: [{ $ref }] };
}

/** The members of every object. */
export function typeProperties(form: OpenApiVersion): Record<string, OpenApiSchema> {
  return {
    apiVersion: { description: apiVersionText, type: 'string' },
    kind: { description: kindText, type: 'string' },
    metadata: metadataProperty(form),
  };
}

/** The definition of the list of a custom kind. */
export function customListSchema(row: ResourceRow, list: Gvk, form: OpenApiVersion): OpenApiSchema {
  const { kind, struct } = row;
  const item = { $ref: `${form === 'v2' ? '#/definitions/' : '#/components/schemas/'}${struct.name}` };
  const $ref = reference('meta.v1.ListMeta', form);
  const { apiVersion, kind: kindProperty } = typeProperties(form);
  return {
    description: `${list.kind} is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion,
      items: { description: `The ${kind} objects.`, type: 'array', items: item },
      kind: kindProperty,
      metadata:
        form === 'v2' ? { description: 'Standard list metadata.', $ref } : { description: 'Standard list metadata.', allOf: [{ $ref }] },
    },
    'x-kubernetes-group-version-kind': [{ group: list.group, kind: list.kind, version: list.version }],
  };
}
