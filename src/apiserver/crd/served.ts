// One definition as it is served: the resources of its versions over one table of stored objects.
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { refresh } from '#api/structural/custom.ts';
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import type { World } from '#base/world.ts';
import type { Table } from '../cacher/table.ts';
import { type Conversion, Resource } from '../registry/resource.ts';
import { isTrueCondition } from './conditions.ts';
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
  return JSON.stringify([uid, generation, status.acceptedNames, terminating]);
}

/** Makes the resources of a definition. */
export function serveDefinition(crd: CustomResourceDefinition, table: Table, world: World): ServedDefinition {
  const stored = crd.spec.versions.find((version) => version.storage) ?? crd.spec.versions[0];
  if (!stored) throw new Error(`${crd.metadata.name} has no versions`);
  const storageRow = rowOf(crd, stored, world);
  const storageSchema = schemaOf(stored);
  const terminating = isTrueCondition(crd, 'Terminating');
  const all = crd.spec.versions.map((version) => {
    const row = version === stored ? storageRow : rowOf(crd, version, world);
    const schema = schemaOf(version);
    const apiVersion = apiVersionOf(row);
    const { scale, status } = version.subresources ?? {};
    const as = (object: KubeObject, wanted: string): KubeObject =>
      object.apiVersion === wanted ? object : { ...object, apiVersion: wanted };
    const conversion: Conversion = {
      storage: storageRow,
      toStorage: (object) => (version === stored ? object : refresh(as(object, apiVersionOf(storageRow)), storageSchema)),
      fromStorage: (object) => refresh(as(object, apiVersion), schema),
    };
    const strategy = customStrategy({ hasStatus: status !== undefined, scaling: scale && customScaling(scale), terminating });
    return { version, resource: new Resource(row, table, strategy, conversion) };
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
