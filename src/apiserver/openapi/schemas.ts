// Schemas of everything that rows speak of, with descriptions where we have words for them.
import { descriptionsOf } from '#api/descriptions/all.ts';
import type { Struct } from '#api/dsl.ts';
import { type OpenApiSchema, openApiName, openApiSchemas, type OpenApiVersion } from '#api/openapi.ts';
import { structs } from '#api/structs.ts';
import { customListSchema } from '../crd/listschema.ts';
import type { ResourceRow } from '../resources/row.ts';
import type { Gvk } from './operations.ts';

const byKind = new Map<string, Struct>();
for (const struct of structs.values()) {
  for (const { group, version, kind } of struct.options.gvk ?? []) {
    if (!byKind.has(`${group}/${version}/${kind}`)) byKind.set(`${group}/${version}/${kind}`, struct);
  }
}

/** The struct of a built-in kind. */
function structOf(gvk: Gvk): Struct | undefined {
  return byKind.get(`${gvk.group}/${gvk.version}/${gvk.kind}`);
}

/** Types that operations use besides the kinds themselves. */
const always = ['meta.v1.Status', 'meta.v1.DeleteOptions', 'meta.v1.WatchEvent', 'meta.v1.APIResourceList'];

// In v3 a reference has no siblings: it goes into an allOf.
function withText(text: string, property: OpenApiSchema, version: OpenApiVersion): OpenApiSchema {
  const { $ref, ...rest } = property;
  return $ref !== undefined && version === 'v3' ? { description: text, allOf: [{ $ref }], ...rest } : { description: text, ...property };
}

function described(name: string, schema: OpenApiSchema, version: OpenApiVersion): OpenApiSchema {
  const words = descriptionsOf(name);
  if (words === undefined) return schema;
  const properties = schema['properties'] as Record<string, OpenApiSchema> | undefined;
  const next: OpenApiSchema = { ...(words.type ? { description: words.type } : {}), ...schema };
  if (properties) {
    next['properties'] = Object.fromEntries(
      Object.entries(properties).map(([field, property]) => {
        const text = words.fields[field];
        return [field, text ? withText(text, property, version) : property];
      }),
    );
  }
  return next;
}

/** Schemas of a custom resource's kind and list. */
export function customSchemas(row: ResourceRow, version: OpenApiVersion): Record<string, OpenApiSchema> {
  const { group, version: apiVersion, struct, custom } = row;
  if (!custom) return {};
  return {
    [struct.name]: custom.openApi(version),
    [`${struct.name}List`]: customListSchema(row, { group, version: apiVersion, kind: custom.listKind }, version),
  };
}

/** Schemas by full name for some rows: their kinds, lists, subresources' kinds, and what all of these refer to. */
export function schemasOf(rows: readonly ResourceRow[], version: OpenApiVersion): Record<string, OpenApiSchema> {
  const roots = new Set<Struct>();
  const add = (struct: Struct | undefined): void => {
    if (struct) roots.add(struct);
  };
  const own: Record<string, OpenApiSchema> = {};
  for (const row of rows) {
    if (row.custom) {
      Object.assign(own, customSchemas(row, version));
      for (const name of ['meta.v1.ObjectMeta', 'meta.v1.ListMeta']) add(structs.get(name));
    } else {
      add(row.struct);
    }
    add(byKind.get(`${row.group}/${row.version}/${row.kind}List`) ?? structs.get(`${row.struct.name}List`));
    for (const sub of row.subresources) {
      if (!sub.kind.endsWith('Options'))
        add(structOf({ group: sub.group ?? row.group, version: sub.version ?? row.version, kind: sub.kind }));
    }
  }
  for (const name of always) add(structs.get(name));
  const schemas = openApiSchemas(roots, version);
  schemas[openApiName('meta.v1.Patch')] = {
    description: 'A change in one of the patch formats; the content type says which.',
    type: 'object',
  };
  Object.assign(schemas, own);
  const shortNames = new Map([...structs.keys()].map((name) => [openApiName(name), name]));
  return Object.fromEntries(
    Object.entries(schemas)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, schema]) => [name, described(shortNames.get(name) ?? '', schema, version)]),
  );
}

/** Full name of the schema of a kind's list. */
export function listName(gvk: Gvk): string {
  const struct = byKind.get(`${gvk.group}/${gvk.version}/${gvk.kind}List`);
  return struct ? openApiName(struct.name) : `${kindName(gvk)}List`;
}

/** Full name of the schema of a kind: that of its type, or its group backwards, version and kind for custom resources. */
export function kindName(gvk: Gvk): string {
  const struct = structOf(gvk);
  return struct ? openApiName(struct.name) : `${gvk.group.split('.').reverse().join('.')}.${gvk.version}.${gvk.kind}`;
}
