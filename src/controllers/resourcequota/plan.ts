// Pure: the status of a quota, from what its namespace holds.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceQuota } from '#api/core/v1/resourcequota.ts';
import type { Service } from '#api/core/v1/service.ts';
import { claimUsage, isScoped, podUsage, quotaMatches, serviceUsage } from '#api/quota.ts';
import { addQuantity, compareQuantity } from '#format/quantity.ts';

/** Resources that are counted by a plain name besides `count/…`. */
const plainCounts: Readonly<Record<string, string>> = {
  configmaps: 'configmaps',
  secrets: 'secrets',
  replicationcontrollers: 'replicationcontrollers',
  resourcequotas: 'resourcequotas',
};

const measured = new Set(['pods', 'services', 'persistentvolumeclaims']);

/** The resource (`deployments.apps`, `configmaps`) whose objects a quota key counts; undefined for measured ones. */
export function countedResource(key: string): string | undefined {
  const name = key.startsWith('count/') ? key.slice('count/'.length) : plainCounts[key];
  return name === undefined || measured.has(name) ? undefined : name;
}

export interface QuotaView {
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly claims: readonly PersistentVolumeClaim[];
  /** Objects of another resource in the namespace. */
  readonly count: (resource: string) => number;
  readonly now: number;
}

/** What is used of each resource that the quota limits. */
export function planUsed(quota: ResourceQuota, view: QuotaView): Readonly<Record<string, string>> {
  const hard = Object.keys(quota.spec.hard ?? {});
  const used: Record<string, string> = Object.fromEntries(hard.map((key) => [key, '0']));
  const add = (usage: Readonly<Record<string, string>>): void => {
    for (const key of hard) {
      const amount = usage[key];
      if (amount !== undefined) used[key] = addQuantity(used[key] ?? '0', amount);
    }
  };
  for (const pod of view.pods) if (quotaMatches(quota, pod)) add(podUsage(pod, view.now));
  if (isScoped(quota)) return used;
  for (const service of view.services) add(serviceUsage(service));
  for (const claim of view.claims) add(claimUsage(claim));
  for (const key of hard) {
    const resource = countedResource(key);
    if (resource !== undefined) used[key] = String(view.count(resource));
  }
  return used;
}

/** Equality of amounts, however they are written. */
export function sameAmounts(a: Readonly<Record<string, string>> | undefined, b: Readonly<Record<string, string>> | undefined): boolean {
  const left = Object.entries(a ?? {});
  return (
    left.length === Object.keys(b ?? {}).length &&
    left.every(([key, value]) => b?.[key] !== undefined && compareQuantity(value, b[key]) === 0)
  );
}

/** True when some amount is less than it was. */
export function lowers(next: Readonly<Record<string, string>>, before: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(before ?? {}).some(([key, value]) => next[key] !== undefined && compareQuantity(next[key], value) < 0);
}
