// The two forms of discovery: one document per group version (legacy), and everything at once (aggregated).
import type { APIGroup, APIGroupList, APIResource, APIResourceList } from '#api/meta/v1/discovery.ts';
import { apiVersionOf } from '#api/object.ts';
import type { DiscoveredGroup, DiscoveredResource } from './model.ts';

function apiResources(resource: DiscoveredResource): APIResource[] {
  const main: APIResource = {
    name: resource.name,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length ? { categories: resource.categories } : {}),
    ...(resource.storageVersionHash ? { storageVersionHash: resource.storageVersionHash } : {}),
  };
  const subs = resource.subresources.map((sub): APIResource => {
    const foreign = sub.group !== resource.group || sub.version !== resource.version;
    return {
      name: `${resource.name}/${sub.name}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(foreign ? { group: sub.group, version: sub.version } : {}),
      kind: sub.kind,
      verbs: sub.verbs,
    };
  });
  return [main, ...subs];
}

/** `/api/v1` and `/apis/<group>/<version>`. Resources that exist only through subresources keep just those. */
export function apiResourceList(group: DiscoveredGroup, version: string): APIResourceList | undefined {
  const found = group.versions.find((entry) => entry.version === version);
  if (found === undefined) return undefined;
  return {
    kind: 'APIResourceList',
    // The core group's list is older than apiVersion in these documents.
    ...(group.group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group: group.group, version }),
    resources: found.resources.flatMap(apiResources),
  };
}

function groupBody(group: DiscoveredGroup): APIGroup {
  const versions = group.versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: group.group, version }), version }));
  return { name: group.group, versions, ...(versions[0] ? { preferredVersion: versions[0] } : {}) };
}

/** `/apis/<group>`. */
export function apiGroup(group: DiscoveredGroup): APIGroup {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) };
}

/** `/apis`. */
export function apiGroupList(groups: readonly DiscoveredGroup[]): APIGroupList {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter((group) => group.group !== '').map(groupBody) };
}

/** `/api`. */
export function apiVersions(address: string): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }] };
}

function aggregatedResource(resource: DiscoveredResource): object {
  const kindOf = ({ group, version, kind }: { group: string; version: string; kind: string }) => ({ group, version, kind });
  return {
    resource: resource.name,
    responseKind: kindOf(resource),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length ? { categories: resource.categories } : {}),
    ...(resource.subresources.length
      ? {
          subresources: resource.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: kindOf(sub),
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}

/** `/api` and `/apis` in the aggregated form. */
export function groupDiscoveryList(groups: readonly DiscoveredGroup[], apiVersion: 'v2' | 'v2beta1'): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${apiVersion}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group.group ? { name: group.group } : {}), creationTimestamp: null },
      versions: group.versions.map((version) => ({
        version: version.version,
        resources: version.resources.map(aggregatedResource),
        freshness: version.freshness,
      })),
    })),
  };
}
