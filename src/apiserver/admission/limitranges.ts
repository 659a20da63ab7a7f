// Pure: what LimitRanges give to pods that say nothing, and what they refuse.
import type { Container } from '#api/core/v1/container.ts';
import type { LimitRange, LimitRangeItem } from '#api/core/v1/limitrange.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { podLimits, podRequests, type ResourceList } from '#api/podrequests.ts';
import { compareQuantity, quantityFloat } from '#format/quantity.ts';

const note = 'kubernetes.io/limit-ranger';

interface Defaults {
  readonly limits: ResourceList;
  readonly requests: ResourceList;
}

function defaultsOf(range: LimitRange): Defaults {
  let limits: ResourceList = {};
  let requests: ResourceList = {};
  for (const item of range.spec.limits) {
    if (item.type !== 'Container') continue;
    limits = { ...limits, ...item.default };
    requests = { ...requests, ...item.defaultRequest };
  }
  return { limits, requests };
}

function missing(present: ResourceList | undefined, wanted: ResourceList): string[] {
  return Object.keys(wanted)
    .filter((name) => present?.[name] === undefined)
    .sort();
}

function withDefaults(container: Container, what: string, defaults: Defaults, notes: string[]): Container {
  const limits = missing(container.resources?.limits, defaults.limits);
  const requests = missing(container.resources?.requests, defaults.requests);
  if (limits.length === 0 && requests.length === 0) return container;
  if (requests.length > 0) notes.push(`${requests.join(', ')} request for ${what} ${container.name}`);
  if (limits.length > 0) notes.push(`${limits.join(', ')} limit for ${what} ${container.name}`);
  const { resources } = container;
  return {
    ...container,
    resources: {
      ...resources,
      ...(limits.length > 0 ? { limits: { ...pick(defaults.limits, limits), ...resources?.limits } } : {}),
      ...(requests.length > 0 ? { requests: { ...pick(defaults.requests, requests), ...resources?.requests } } : {}),
    },
  };
}

function pick(from: ResourceList, names: readonly string[]): ResourceList {
  return Object.fromEntries(names.map((name) => [name, from[name] as string]));
}

/** The pod with what the range presets; the same object when nothing is missing. */
export function applyLimitRange(pod: Pod, range: LimitRange): Pod {
  const defaults = defaultsOf(range);
  const notes: string[] = [];
  const containers = pod.spec.containers.map((container) => withDefaults(container, 'container', defaults, notes));
  const initContainers = pod.spec.initContainers?.map((container) => withDefaults(container, 'init container', defaults, notes));
  if (notes.length === 0) return pod;
  const text = `LimitRanger plugin set: ${notes.join('; ')}`;
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [note]: text } },
    spec: { ...pod.spec, containers, ...(initContainers ? { initContainers } : {}) },
  } as Pod;
}

interface Amounts {
  readonly requests: ResourceList;
  readonly limits: ResourceList;
}

const less = (a: string, b: string): boolean => compareQuantity(a, b) < 0;

function checkItem(item: LimitRangeItem, kind: string, amounts: Amounts, errors: string[]): void {
  const { requests, limits } = amounts;
  for (const [name, min] of Object.entries(item.min ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined) errors.push(`minimum ${name} usage per ${kind} is ${min}.  No request is specified`);
    else if (less(request, min)) errors.push(`minimum ${name} usage per ${kind} is ${min}, but request is ${request}`);
    else if (limit !== undefined && less(limit, min)) errors.push(`minimum ${name} usage per ${kind} is ${min}, but limit is ${limit}`);
  }
  for (const [name, max] of Object.entries(item.max ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    if (limit === undefined) errors.push(`maximum ${name} usage per ${kind} is ${max}.  No limit is specified`);
    else if (less(max, limit)) errors.push(`maximum ${name} usage per ${kind} is ${max}, but limit is ${limit}`);
    else if (request !== undefined && less(max, request))
      errors.push(`maximum ${name} usage per ${kind} is ${max}, but request is ${request}`);
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const request = requests[name];
    const limit = limits[name];
    const absent = [request, limit].findIndex((amount) => amount === undefined || quantityFloat(amount) === 0);
    if (absent >= 0) {
      const what = absent === 0 ? 'request' : 'limit';
      errors.push(`${name} max limit to request ratio per ${kind} is ${ratio}, but no ${what} is specified or ${what} is 0`);
    }
    if (absent >= 0 || request === undefined || limit === undefined) continue;
    const actual = quantityFloat(limit) / quantityFloat(request);
    if (actual > quantityFloat(ratio)) {
      errors.push(`${name} max limit to request ratio per ${kind} is ${ratio}, but provided ratio is ${actual.toFixed(6)}`);
    }
  }
}

/** What a range says against a pod. */
export function podLimitErrors(pod: Pod, range: LimitRange): string[] {
  const errors: string[] = [];
  for (const item of range.spec.limits) {
    if (item.type === 'Container') {
      for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
        const { requests = {}, limits = {} } = container.resources ?? {};
        checkItem(item, 'Container', { requests, limits }, errors);
      }
    } else if (item.type === 'Pod') {
      checkItem(item, 'Pod', { requests: podRequests(pod.spec), limits: podLimits(pod.spec) }, errors);
    }
  }
  return errors;
}

/** What a range says against a claim: only requests count. */
export function claimLimitErrors(claim: PersistentVolumeClaim, range: LimitRange): string[] {
  const errors: string[] = [];
  const requests = claim.spec.resources?.requests ?? {};
  for (const item of range.spec.limits) {
    if (item.type !== 'PersistentVolumeClaim') continue;
    for (const [name, min] of Object.entries(item.min ?? {})) {
      const request = requests[name];
      if (request === undefined) errors.push(`minimum ${name} usage per PersistentVolumeClaim is ${min}.  No request is specified`);
      else if (less(request, min)) errors.push(`minimum ${name} usage per PersistentVolumeClaim is ${min}, but request is ${request}`);
    }
    for (const [name, max] of Object.entries(item.max ?? {})) {
      const request = requests[name];
      if (request === undefined) errors.push(`maximum ${name} usage per PersistentVolumeClaim is ${max}.  No request is specified`);
      else if (less(max, request)) errors.push(`maximum ${name} usage per PersistentVolumeClaim is ${max}, but request is ${request}`);
    }
  }
  return errors;
}
