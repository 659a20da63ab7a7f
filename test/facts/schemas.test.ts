// The DSL against the schemas of Kubernetes: every definition and every property, as OpenAPI shows them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiName, openApiSchema, specialSchema } from '#api/openapi.ts';
import { structs } from '#api/structs.ts';
import { withFacts } from './facts.ts';

interface Schemas {
  readonly prefixes: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, Record<string, unknown>>>;
  readonly extraDefinitions: Readonly<Record<string, Record<string, unknown>>>;
}

const specials = new Set([
  'meta.v1.Time',
  'meta.v1.MicroTime',
  'meta.v1.Duration',
  'quantity.Quantity',
  'intstr.IntOrString',
  'meta.v1.FieldsV1',
  'meta.v1.Patch',
  'runtime.RawExtension',
  'apiextensions.v1.JSON',
  'apiextensions.v1.JSONSchemaPropsOrBool',
  'apiextensions.v1.JSONSchemaPropsOrArray',
  'apiextensions.v1.JSONSchemaPropsOrStringArray',
]);
/** The definition without its kinds; the order of required fields means nothing. */
function plain(schema: object): object {
  const { 'x-kubernetes-group-version-kind': _, required, ...rest } = schema as Readonly<Record<string, unknown>>;
  return Array.isArray(required) ? { ...rest, required: [...required].sort() } : rest;
}

withFacts('schemas', (load) => {
  const facts = load('schemas.json') as Schemas;
  const all = { ...facts.definitions, ...facts.extraDefinitions };
  const shortOf = new Map(Object.keys(all).map((name) => [openApiName(name), name]));
  const shorten = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shorten);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        if (key !== '$ref' || typeof item !== 'string') return [key, shorten(item)];
        const name = item.slice('#/definitions/'.length);
        return [key, shortOf.get(name) ?? name];
      }),
    );
  };
  // Types that Kubernetes shows in no OpenAPI document are written down in the tables without references to special types.
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== 'object' || value === null) return value;
    const target = (value as { $ref?: unknown }).$ref;
    if (target === 'apiextensions.v1.JSON') return {};
    if (target === openApiName('meta.v1.Duration')) return { type: 'string', format: 'duration' };
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inline(item)]));
  };
  for (const [name, wanted] of Object.entries(all)) {
    test(name, () => {
      if (specials.has(name)) {
        assert.deepEqual(specialSchema(name, 'v2'), wanted);
        return;
      }
      const struct = structs.get(name);
      assert.ok(struct, `no struct ${name}`);
      const ours = shorten(plain(openApiSchema(struct, 'v2')));
      assert.deepEqual(name in facts.extraDefinitions ? inline(ours) : ours, plain(wanted));
    });
  }
  test('groups, versions and kinds', () => {
    for (const [name, wanted] of Object.entries(facts.definitions)) {
      const listed = wanted['x-kubernetes-group-version-kind'] as readonly object[] | undefined;
      // Options and watch events are listed with every group; one entry is enough for us.
      if (!listed || listed.length > 2) continue;
      assert.deepEqual(structs.get(name)?.options.gvk, listed, name);
    }
  });
});
