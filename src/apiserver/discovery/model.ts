// What discovery tells, before it is written in one of its two forms.
import { allRows, groupVersions } from '../resources/all.ts';
import type { ResourceRow, Verb } from '../resources/row.ts';

export interface DiscoveredSubresource {
  readonly name: string;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly Verb[];
}

export interface DiscoveredResource {
  readonly name: string;
  readonly singular: string;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly storageVersionHash?: string;
  readonly subresources: readonly DiscoveredSubresource[];
}

export interface DiscoveredVersion {
  readonly version: string;
  /** `Stale` when another server answers for the group and cannot be reached. */
  readonly freshness: 'Current' | 'Stale';
  readonly resources: readonly DiscoveredResource[];
}

/** A group with its versions, the preferred one first. */
export interface DiscoveredGroup {
  readonly group: string;
  readonly versions: readonly DiscoveredVersion[];
  /** Groups beside the built-in ones are ordered by this, the highest first; 1000 when absent. */
  readonly priority?: number;
}

/** Discovery's view of a row. */
export function discoveredResource(row: ResourceRow): DiscoveredResource {
  return {
    name: row.resource,
    singular: row.singular,
    kind: row.kind,
    group: row.group,
    version: row.version,
    namespaced: row.namespaced,
    verbs: row.custom?.offered ?? row.verbs,
    shortNames: row.shortNames,
    categories: row.categories,
    ...(row.storageVersionHash ? { storageVersionHash: row.storageVersionHash } : {}),
    subresources: row.subresources.map((sub) => ({
      name: sub.name,
      kind: sub.kind,
      group: sub.group ?? row.group,
      version: sub.version ?? row.version,
      verbs: sub.verbs,
    })),
  };
}

const stages: { readonly [stage: string]: number } = { '': 3, beta: 2, alpha: 1 };

/** Orders versions as Kubernetes prefers them: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text));
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return (
    (stages[right[2] ?? ''] ?? 0) - (stages[left[2] ?? ''] ?? 0) ||
    Number(right[1]) - Number(left[1]) ||
    Number(right[3] ?? 0) - Number(left[3] ?? 0)
  );
}

const groupOrder = new Map(groupVersions.map((entry, i) => [entry.group, i]));
const versionOrder = new Map(groupVersions.map((entry) => [entry.group, entry.versions.map(({ version }) => version)]));
const builtIn = new Set(allRows.map((row) => row.group));

function orderedVersions(group: string, versions: Iterable<string>): string[] {
  const known = builtIn.has(group) ? versionOrder.get(group) : undefined;
  const place = (version: string): number => known?.indexOf(version) ?? -1;
  return [...versions].sort((a, b) => {
    const [left, right] = [place(a), place(b)];
    return left >= 0 && right >= 0 ? left - right : compareVersions(a, b);
  });
}

/** Groups of the served rows: those that are built in first, in their fixed order, then others by name. */
export function discoveredGroups(rows: readonly ResourceRow[], extra: readonly DiscoveredGroup[] = []): readonly DiscoveredGroup[] {
  const groups = new Map<string, Map<string, DiscoveredResource[]>>();
  for (const row of rows) {
    const versions = groups.get(row.group) ?? new Map<string, DiscoveredResource[]>();
    groups.set(row.group, versions);
    const resources = versions.get(row.version) ?? [];
    versions.set(row.version, resources);
    resources.push(discoveredResource(row));
  }
  const found = [...groups].map(([group, versions]): DiscoveredGroup => {
    return {
      group,
      versions: orderedVersions(group, versions.keys()).map((version) => ({
        version,
        freshness: 'Current',
        resources: (versions.get(version) ?? []).sort((a, b) => (a.name < b.name ? -1 : 1)),
      })),
    };
  });
  const place = (group: string): number => groupOrder.get(group) ?? Number.MAX_SAFE_INTEGER;
  const rank = ({ priority = 1000 }: DiscoveredGroup): number => priority;
  return merged([...found, ...extra]).sort((a, b) => place(a.group) - place(b.group) || rank(b) - rank(a) || (a.group < b.group ? -1 : 1));
}

/** Groups that several servers answer for become one; who claims a version later has it. */
function merged(groups: readonly DiscoveredGroup[]): DiscoveredGroup[] {
  const result = new Map<string, DiscoveredGroup>();
  for (const group of groups) {
    const before = result.get(group.group);
    if (!before) {
      result.set(group.group, group);
      continue;
    }
    const versions = new Map([...before.versions, ...group.versions].map((entry) => [entry.version, entry]));
    const priority = Math.max(before.priority ?? 1000, group.priority ?? 1000);
    const ordered = orderedVersions(group.group, versions.keys()).map((version) => versions.get(version) as DiscoveredVersion);
    result.set(group.group, { group: group.group, priority, versions: ordered });
  }
  return [...result.values()];
}
