// What a server serves, as it says itself: the way to reach kinds that are not known statically.
import type { KubeObject } from '#api/object.ts';
import type { APIGroupDiscoveryList } from '#api/apidiscovery/v2/apigroupdiscovery.ts';
import type { APIGroupList, APIResourceList } from '#api/meta/v1/discovery.ts';
import type { ResourceRef } from '#api/refs.ts';
import { messageOf } from '#base/errors.ts';
import { objectOf } from './body.ts';
import type { Transport } from './transport.ts';

export interface ServedResource {
  readonly ref: ResourceRef<KubeObject>;
  readonly verbs: readonly string[];
  /** True for the first version in the server's order of a group in which this resource is served. */
  readonly preferred: boolean;
}

export interface Discovered {
  readonly resources: readonly ServedResource[];
  /** Groups that could not be asked (an aggregated server is away), as `group/version`, with the reason. */
  readonly failed: ReadonlyMap<string, string>;
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

async function fetch(transport: Transport, path: string, accept: string): Promise<unknown> {
  return objectOf(await transport.send({ method: 'GET', path, headers: { accept } }));
}

function isAggregated(answer: unknown): answer is APIGroupDiscoveryList {
  return (answer as { kind?: string }).kind === 'APIGroupDiscoveryList';
}

/** Marks the first occurrence of each group and resource as preferred. */
function prefer(found: readonly Omit<ServedResource, 'preferred'>[]): ServedResource[] {
  const seen = new Set<string>();
  return found.map((entry) => {
    const key = `${entry.ref.group}/${entry.ref.resource}`;
    const preferred = !seen.has(key);
    seen.add(key);
    return { ...entry, preferred };
  });
}

function fromAggregated(lists: readonly APIGroupDiscoveryList[]): Discovered {
  const found: Omit<ServedResource, 'preferred'>[] = [];
  const failed = new Map<string, string>();
  for (const group of lists.flatMap((list) => list.items)) {
    for (const { version, resources, freshness } of group.versions ?? []) {
      const name = group.metadata.name ?? '';
      if (freshness === 'Stale') failed.set(`${name}/${version}`, 'stale GroupVersion discovery');
      for (const { resource, responseKind, scope, verbs } of resources ?? []) {
        const kind = responseKind?.kind ?? '';
        found.push({ ref: { group: name, version, resource, kind, namespaced: scope === 'Namespaced' }, verbs });
      }
    }
  }
  return { resources: prefer(found), failed };
}

async function legacy(transport: Transport): Promise<Discovered> {
  const groups = (await fetch(transport, '/apis', 'application/json')) as APIGroupList;
  const versions = ['v1', ...groups.groups.flatMap((group) => group.versions.map((version) => version.groupVersion))];
  const found: Omit<ServedResource, 'preferred'>[] = [];
  const failed = new Map<string, string>();
  for (const groupVersion of versions) {
    const [group, version] = groupVersion.includes('/') ? (groupVersion.split('/') as [string, string]) : ['', groupVersion];
    try {
      const list = (await fetch(
        transport,
        group === '' ? `/api/${version}` : `/apis/${groupVersion}`,
        'application/json',
      )) as APIResourceList;
      for (const { name, kind, namespaced, verbs } of list.resources) {
        if (!name.includes('/')) found.push({ ref: { group, version, resource: name, kind, namespaced }, verbs });
      }
    } catch (error) {
      failed.set(groupVersion, messageOf(error));
    }
  }
  return { resources: prefer(found), failed };
}

/** Everything served, in the server's order. Falls back to the per-group documents of servers without aggregation. */
export async function discover(transport: Transport): Promise<Discovered> {
  const core = await fetch(transport, '/api', `${aggregated},application/json`);
  if (!isAggregated(core)) return legacy(transport);
  const groups = await fetch(transport, '/apis', `${aggregated},application/json`);
  if (!isAggregated(groups)) return legacy(transport);
  return fromAggregated([core, groups]);
}

/** The preferred version of every resource that offers all of `verbs`. */
export function preferredWith(discovered: Discovered, ...verbs: readonly string[]): readonly ResourceRef<KubeObject>[] {
  return discovered.resources
    .filter((entry) => entry.preferred && verbs.every((verb) => entry.verbs.includes(verb)))
    .map((entry) => entry.ref);
}
