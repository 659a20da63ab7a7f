// What an aggregated server says of itself: its resources, in the aggregated form of discovery or in the old one.
import type { APIResource } from '#api/meta/v1/discovery.ts';
import { parseJson } from '#format/json.ts';
import type { DiscoveredResource, DiscoveredSubresource } from '../discovery/model.ts';
import type { Verb } from '../resources/row.ts';
import type { Remote } from './remote.ts';

type Loose = Readonly<Record<string, unknown>>;

const objects = (value: unknown): readonly Loose[] =>
  Array.isArray(value) ? value.filter((item): item is Loose => typeof item === 'object' && item !== null) : [];
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);
const text = (value: unknown, otherwise = ''): string => (typeof value === 'string' && value !== '' ? value : otherwise);

/** The type that asks for the aggregated form, and takes the old one too. */
export const discoveryAccept =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

interface Kinded {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
}

function kindOf(value: unknown, { group, version }: Remote): Kinded {
  const kind = (value ?? {}) as Loose;
  return { kind: text(kind['kind']), group: text(kind['group'], group), version: text(kind['version'], version) };
}

/** The resources of a remote in an aggregated document; undefined when it is no such document or does not name it. */
export function fromAggregated(bytes: Uint8Array, remote: Remote): readonly DiscoveredResource[] | undefined {
  const document = parseJson(bytes) as Loose | null;
  if (document?.['kind'] !== 'APIGroupDiscoveryList') return undefined;
  const group = objects(document['items']).find((item) => text((item['metadata'] as Loose | undefined)?.['name']) === remote.group);
  const version = objects(group?.['versions']).find((item) => item['version'] === remote.version);
  if (!version) return undefined;
  return objects(version['resources']).map(
    (item): DiscoveredResource => ({
      name: text(item['resource']),
      singular: text(item['singularResource']),
      ...kindOf(item['responseKind'], remote),
      namespaced: item['scope'] === 'Namespaced',
      verbs: texts(item['verbs']) as readonly Verb[],
      shortNames: texts(item['shortNames']),
      categories: texts(item['categories']),
      subresources: objects(item['subresources']).map(
        (sub): DiscoveredSubresource => ({
          name: text(sub['subresource']),
          ...kindOf(sub['responseKind'], remote),
          verbs: texts(sub['verbs']) as readonly Verb[],
        }),
      ),
    }),
  );
}

/** The resources in an APIResourceList. */
export function fromLegacy(bytes: Uint8Array, remote: Remote): readonly DiscoveredResource[] {
  const document = parseJson(bytes) as Loose | null;
  const all = objects(document?.['resources']) as readonly (Loose & Partial<APIResource>)[];
  return all
    .filter((item) => !text(item.name).includes('/'))
    .map(
      (item): DiscoveredResource => ({
        name: text(item.name),
        singular: text(item.singularName),
        ...kindOf(item, remote),
        namespaced: item.namespaced === true,
        verbs: texts(item.verbs) as readonly Verb[],
        shortNames: texts(item.shortNames),
        categories: texts(item.categories),
        subresources: all
          .filter((sub) => text(sub.name).startsWith(`${text(item.name)}/`))
          .map((sub) => ({
            name: text(sub.name).slice(text(item.name).length + 1),
            ...kindOf(sub, remote),
            verbs: texts(sub.verbs) as readonly Verb[],
          })),
      }),
    );
}
