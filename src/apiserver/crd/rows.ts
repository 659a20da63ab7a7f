// Rows of custom resources: one per version of a definition, in the shape of the built-in ones.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { Struct } from '#api/dsl.ts';
import { customWalkers } from '#api/structural/custom.ts';
import type { Schema } from '#api/structural/schema.ts';
import { customStruct } from '#api/structural/struct.ts';
import type { World } from '#base/world.ts';
import { readWrite, type ResourceRow, row, type SubresourceRow, type Verb } from '../resources/row.ts';
import type { Column } from '../table/column.ts';
import { columnsFor } from './columns.ts';
import { isTrueCondition } from './conditions.ts';
import { customSchema } from './openapi.ts';

const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const lastVerbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const unchecked: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** The schema of a version. */
export function schemaOf(version: CustomResourceDefinitionVersion): Schema {
  return version.schema?.openAPIV3Schema ?? unchecked;
}

/** Where the objects of a definition are stored, below /registry/. */
export function storagePrefixOf(crd: CustomResourceDefinition): string {
  return `${crd.spec.group}/${crd.spec.names.plural}`;
}

function subresourcesOf(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion): readonly SubresourceRow[] {
  const { scale, status } = version.subresources ?? {};
  return [
    ...(scale ? [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: readWrite }] : []),
    ...(status ? [{ name: 'status', kind: crd.spec.names.kind, verbs: readWrite }] : []),
  ];
}

function deprecationOf(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string | undefined {
  if (!version.deprecated) return undefined;
  return version.deprecationWarning ?? `${crd.spec.group}/${version.name} ${crd.spec.names.kind} is deprecated`;
}

/** The row of one version. What is costly (columns, the struct) is made when first asked for. */
export function rowOf(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion, world: Pick<World, 'digest'>): ResourceRow {
  const { group, scope } = crd.spec;
  const names = crd.status.acceptedNames?.plural ? crd.status.acceptedNames : crd.spec.names;
  const { plural, kind, singular = kind.toLowerCase(), listKind = `${kind}List`, shortNames = [], categories = [] } = names;
  const storage = crd.spec.versions.find((one) => one.storage)?.name ?? version.name;
  const namespaced = scope === 'Namespaced';
  const schema = schemaOf(version);
  const offered = isTrueCondition(crd, 'Terminating') ? lastVerbs : verbs;
  const deprecation = deprecationOf(crd, version);
  const struct: Struct = customStruct({ group, version: version.name, kind }, schema, customWalkers(schema, namespaced));
  const selectable = (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.slice(1));
  let columns: readonly Column[] | undefined;
  const base = row({
    group,
    version: version.name,
    resource: plural,
    kind,
    singular,
    namespaced,
    shortNames,
    categories,
    verbs,
    subresources: subresourcesOf(crd, version),
    struct,
    storageVersionHash: Buffer.from(world.digest.sha256(Buffer.from(`${group}/${storage}/${kind}`)), 'hex')
      .subarray(0, 8)
      .toString('base64'),
    fieldSelectors: ['metadata.name', 'metadata.namespace', ...selectable],
    unconditionalUpdate: false,
    generation: 'spec',
    storagePrefix: storagePrefixOf(crd),
  });
  return {
    ...base,
    custom: {
      schema,
      listKind,
      versions: crd.spec.versions.map(({ name }) => name),
      offered,
      ...(deprecation ? { deprecation } : {}),
      revision: `${crd.metadata.uid ?? ''}/${crd.metadata.generation ?? 0}/${offered.length}`,
      get columns() {
        return (columns ??= columnsFor(version.additionalPrinterColumns));
      },
      openApi: (form) => customSchema(schema, { group, version: version.name, kind, selectable }, form),
    },
  };
}
