// CustomResourceDefinitions for tests, and waiting for them.
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { Unstructured } from '#api/object.ts';
import { CustomResourceDefinitions, type ResourceRef } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { until } from './until.ts';

export interface Wanted {
  readonly group?: string;
  readonly plural?: string;
  readonly kind?: string;
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly names?: object;
  readonly versions?: readonly object[];
  readonly conversion?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** A version that is served and stored. */
export function versionOf(name: string, schema: object = anything, more: object = {}): object {
  return { name, served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more };
}

/** A definition; without wishes one that takes everything. */
export function definition(wanted: Wanted = {}): never {
  const { group = 'stable.example.com', plural = 'crontabs', kind = 'CronTab', scope = 'Namespaced' } = wanted;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(wanted.annotations ? { annotations: wanted.annotations } : {}) },
    spec: {
      group,
      scope,
      names: { plural, kind, singular: kind.toLowerCase(), ...wanted.names },
      versions: wanted.versions ?? [versionOf('v1')],
      ...(wanted.conversion ? { conversion: wanted.conversion } : {}),
    },
  } as never;
}

/** The reference of a definition's version. */
export function customRef(crd: CustomResourceDefinition, version = crd.spec.versions[0]?.name ?? ''): ResourceRef<Unstructured> {
  const { group, names, scope } = crd.spec;
  return { group, version, resource: names.plural, kind: names.kind, namespaced: scope === 'Namespaced' };
}

/** True once the condition is. */
export function hasCondition(crd: CustomResourceDefinition | undefined, type: string): boolean {
  return crd?.status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/** Creates a definition and waits until it is established. */
export async function establish(client: Client, wanted: Wanted = {}): Promise<CustomResourceDefinition> {
  const definitions = client.resource(CustomResourceDefinitions);
  const { metadata } = await definitions.create(definition(wanted));
  return until(`${metadata.name} is established`, async () => {
    const crd = await definitions.get(metadata.name);
    return hasCondition(crd, 'Established') ? crd : undefined;
  });
}
