// One definition as it is served: the resources of its versions over one table of stored objects.
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { refresh } from '#api/structural/custom.ts';
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import type { Schema } from '#api/structural/schema.ts';
import type { Table } from '../cacher/table.ts';
import type { Backend } from '../chain.ts';
import { type Conversion, Resource } from '../registry/resource.ts';
import type { ResourceRow } from '../resources/row.ts';
import { isTrueCondition } from './conditions.ts';
import { type Convert, webhookConversion } from './convert.ts';
import { rowOf, schemaOf } from './rows.ts';
import { customScaling } from './scale.ts';
import { customStrategy } from './strategy.ts';

export interface ServedDefinition {
  readonly uid: string;
  /** What the resources were made from; another text calls for others. */
  readonly signature: string;
  readonly table: Table;
  /** Of the served versions. */
  readonly resources: readonly Resource[];
  /** Of the stored version, served or not. */
  readonly storage: Resource;
}

/** Everything in a definition that its resources depend on. */
export function signatureOf({ metadata, spec, status }: CustomResourceDefinition): string {
  const { uid, generation } = metadata;
  const terminating = isTrueCondition({ metadata, spec, status } as CustomResourceDefinition, 'Terminating');
  const { plural, singular, kind, listKind, shortNames, categories } = status.acceptedNames ?? spec.names;
  // Named one by one: members of what was read and of what was just made come in different orders.
  return JSON.stringify([uid, generation, terminating, plural, singular, kind, listKind, shortNames ?? [], categories ?? []]);
}

interface Versions {
  readonly apiVersion: string;
  readonly schema: Schema;
  readonly storageRow: ResourceRow;
  readonly storageSchema: Schema;
  readonly convert: Convert | undefined;
  readonly siblings: ReadonlyMap<string, Resource>;
}

const as = (object: KubeObject, apiVersion: string): KubeObject => (object.apiVersion === apiVersion ? object : { ...object, apiVersion });

/** How one version relates to the stored one. What is stored may be of any version that ever was the stored one. */
function conversionOf({ apiVersion, schema, storageRow, storageSchema, convert, siblings }: Versions): Conversion {
  const stored = apiVersionOf(storageRow);
  const fromStorage = (object: KubeObject): KubeObject => refresh(as(object, apiVersion), schema);
  if (!convert) {
    return {
      storage: storageRow,
      toStorage: (object) => (apiVersion === stored ? object : refresh(as(object, stored), storageSchema)),
      fromStorage,
      siblings,
    };
  }
  return {
    storage: storageRow,
    siblings,
    async toStorage(object) {
      if (apiVersion === stored) return object;
      const [converted] = await convert([object], stored);
      return refresh(converted as KubeObject, storageSchema);
    },
    fromStorage,
    foreign: (object) => object.apiVersion !== apiVersion,
    convert: async (objects) => (await convert(objects, apiVersion)).map((object) => refresh(object, schema)),
  };
}

/** Makes the resources of a definition. */
export function serveDefinition(crd: CustomResourceDefinition, table: Table, backend: Backend): ServedDefinition {
  const { world } = backend;
  const convert = webhookConversion(backend, crd.spec.conversion);
  const stored = crd.spec.versions.find((version) => version.storage) ?? crd.spec.versions[0];
  if (!stored) throw new Error(`${crd.metadata.name} has no versions`);
  const storageRow = rowOf(crd, stored, world);
  const storageSchema = schemaOf(stored);
  const terminating = isTrueCondition(crd, 'Terminating');
  const siblings = new Map<string, Resource>();
  const all = crd.spec.versions.map((version) => {
    const row = version === stored ? storageRow : rowOf(crd, version, world);
    const schema = schemaOf(version);
    const apiVersion = apiVersionOf(row);
    const { scale, status } = version.subresources ?? {};
    const conversion = conversionOf({ apiVersion, schema, storageRow, storageSchema, convert, siblings });
    const strategy = customStrategy({ hasStatus: status !== undefined, scaling: scale && customScaling(scale), terminating });
    const resource = new Resource(row, table, strategy, conversion);
    siblings.set(apiVersion, resource);
    return { version, resource };
  });
  const storage = all.find(({ version }) => version === stored)?.resource as Resource;
  return {
    uid: crd.metadata.uid ?? '',
    signature: signatureOf(crd),
    table,
    resources: all.filter(({ version }) => version.served).map(({ resource }) => resource),
    storage,
  };
}
