// Pure: whether a quota lets a request through, and what it uses then.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceQuota } from '#api/core/v1/resourcequota.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceList } from '#api/podrequests.ts';
import { claimUsage, isScoped, podUsage, quotaMatches, serviceUsage } from '#api/quota.ts';
import { addQuantity, compareQuantity, subQuantity } from '#format/quantity.ts';
import type { ResourceRow } from '../resources/row.ts';

const alsoPlain = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas']);

/** What an object uses, by every name under which a quota may count it. */
export function usageOf(row: ResourceRow, object: KubeObject, now: number): ResourceList {
  if (row.group === '') {
    if (row.resource === 'pods') return podUsage(object as Pod, now);
    if (row.resource === 'services') return serviceUsage(object as Service);
    if (row.resource === 'persistentvolumeclaims') return claimUsage(object as PersistentVolumeClaim);
  }
  const name = row.group === '' ? row.resource : `${row.resource}.${row.group}`;
  return { [`count/${name}`]: '1', ...(row.group === '' && alsoPlain.has(row.resource) ? { [row.resource]: '1' } : {}) };
}

/** Usage that a replacement adds; only what grows. */
export function growth(next: ResourceList, old: ResourceList): ResourceList {
  const grown: Record<string, string> = {};
  for (const [name, amount] of Object.entries(next)) {
    const before = old[name] ?? '0';
    if (compareQuantity(amount, before) > 0) grown[name] = subQuantity(amount, before);
  }
  return grown;
}

/** True when the quota counts the object at all. */
export function quotaConcerns(quota: ResourceQuota, row: ResourceRow, object: KubeObject): boolean {
  if (row.group === '' && row.resource === 'pods') return quotaMatches(quota, object as Pod);
  return !isScoped(quota);
}

const computeNames = ['cpu', 'memory', 'ephemeral-storage'];

/** Limits and requests that a pod must state because the quota counts them, by container; undefined: nothing missing. */
export function unstated(quota: ResourceQuota, pod: Pod): string | undefined {
  const hard = Object.keys(quota.status?.hard ?? {});
  const wanted = hard.filter((key) => {
    const name = key.replace(/^(requests|limits)\./, '');
    return computeNames.includes(name);
  });
  const missing = new Map<string, string[]>();
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    for (const key of wanted) {
      const name = key.replace(/^(requests|limits)\./, '');
      const list = key.startsWith('limits.') ? container.resources?.limits : container.resources?.requests;
      const podLevel = key.startsWith('limits.') ? pod.spec.resources?.limits : pod.spec.resources?.requests;
      if (list?.[name] === undefined && podLevel?.[name] === undefined) missing.set(key, [...(missing.get(key) ?? []), container.name]);
    }
  }
  if (missing.size === 0) return undefined;
  return [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, names]) => `${key} for: ${[...names].sort().join(',')}`)
    .join('; ');
}

export type QuotaVerdict = { readonly refused: string } | { readonly used: ResourceList };

const listText = (list: ResourceList): string =>
  Object.keys(list)
    .sort()
    .map((key) => `${key}=${list[key]}`)
    .join(',');

const some = (from: ResourceList, names: readonly string[]): ResourceList =>
  Object.fromEntries(names.map((name) => [name, from[name] ?? '0']));

/** The new `status.used`, or why not. */
export function judge(quota: ResourceQuota, delta: ResourceList): QuotaVerdict {
  const hard = quota.status?.hard ?? {};
  const used = quota.status?.used ?? {};
  const { name } = quota.metadata;
  const counted = Object.keys(delta).filter((key) => quota.spec.hard?.[key] !== undefined);
  const unknown = counted.filter((key) => hard[key] === undefined);
  if (unknown.length > 0) return { refused: `status unknown for quota: ${name}, resources: ${unknown.sort().join(',')}` };
  const next: Record<string, string> = { ...used };
  const exceeded: string[] = [];
  for (const key of counted) {
    const sum = addQuantity(used[key] ?? '0', delta[key] as string);
    if (compareQuantity(sum, hard[key] as string) > 0) exceeded.push(key);
    next[key] = sum;
  }
  if (exceeded.length === 0) return { used: next };
  const text = [some(delta, exceeded), some(used, exceeded), some(hard, exceeded)].map(listText);
  return { refused: `exceeded quota: ${name}, requested: ${text[0]}, used: ${text[1]}, limited: ${text[2]}` };
}
