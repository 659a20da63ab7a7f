// Defaults and validation of LimitRanges and ResourceQuotas.
import { duplicate, type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { immutableText, nonNegativeText, qualifiedName } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { compareQuantity, quantityFloat } from '#format/quantity.ts';
import { LimitRangeItem, LimitRangeSpec } from './limitrange.ts';
import { checkResourceAmount, checkResourceName } from './resources.rules.ts';
import { ResourceQuota, ScopedResourceSelectorRequirement } from './resourcequota.ts';

type Amounts = Record<string, string>;

function setLimitDefaults(item: Mutable<LimitRangeItem>): void {
  if (item.type !== 'Container') return;
  const limits: Amounts = { ...item.max, ...item.default };
  const requests: Amounts = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length) item.default = limits;
  if (Object.keys(requests).length) item.defaultRequest = requests;
}

function checkOrder(item: LimitRangeItem, at: string, errors: FieldError[]): void {
  const lists = ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
  const names = new Set(lists.flatMap((list) => Object.keys(item[list] ?? {})));
  const above = (low: string | undefined, high: string | undefined): boolean =>
    low !== undefined && high !== undefined && compareQuantity(low, high) > 0;
  for (const name of names) {
    const [min, max, limit, request] = [item.min?.[name], item.max?.[name], item.default?.[name], item.defaultRequest?.[name]];
    const wrong = (list: string, value: string | undefined, text: string): void => {
      errors.push(invalid(`${at}.${list}[${name}]`, value, text));
    };
    if (above(min, max)) wrong('min', min, `min value ${min} is greater than max value ${max}`);
    if (above(min, request)) wrong('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
    if (above(request, max)) wrong('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
    if (above(request, limit))
      wrong('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`);
    if (above(min, limit)) wrong('default', min, `min value ${min} is greater than default value ${limit}`);
    if (above(limit, max)) wrong('default', max, `default value ${limit} is greater than max value ${max}`);
    const ratio = item.maxLimitRequestRatio?.[name];
    if (ratio === undefined) continue;
    if (compareQuantity(ratio, '1') < 0) wrong('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
    else if (min !== undefined && max !== undefined && quantityFloat(ratio) > quantityFloat(max) / quantityFloat(min)) {
      wrong('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${quantityFloat(max) / quantityFloat(min)}`);
    }
  }
}

const opposites: readonly (readonly [string, string])[] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

export const quotaRules: readonly TypeRules[] = [
  typeRules<LimitRangeItem>(LimitRangeItem, {
    defaults: setLimitDefaults,
    check(item, at, errors) {
      if (!['Pod', 'Container', 'PersistentVolumeClaim'].includes(item.type)) {
        for (const text of qualifiedName(item.type)) errors.push(invalid(`${at}.type`, item.type, text));
        if (!item.type.includes('/')) errors.push(invalid(`${at}.type`, item.type, 'must be a standard limit type or fully qualified'));
      }
      for (const list of ['max', 'min', 'maxLimitRequestRatio'] as const) {
        for (const name of Object.keys(item[list] ?? {})) checkResourceName(name, `${at}.${list}[${name}]`, errors);
      }
      if (item.type === 'Pod') {
        if (item.default) errors.push(forbiddenField(`${at}.default`, "may not be specified when `type` is 'Pod'"));
        if (item.defaultRequest) errors.push(forbiddenField(`${at}.defaultRequest`, "may not be specified when `type` is 'Pod'"));
      }
      if (item.type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined) {
        errors.push(required(at, 'either minimum or maximum storage value is required, but neither was provided'));
      }
      checkOrder(item, at, errors);
    },
  }),
  typeRules<LimitRangeSpec>(LimitRangeSpec, {
    check(spec, at, errors) {
      const types = new Set<string>();
      for (const [index, { type }] of spec.limits.entries()) {
        if (types.has(type)) errors.push(duplicate(`${at}.limits[${index}].type`, type));
        types.add(type);
      }
    },
  }),
  typeRules<ScopedResourceSelectorRequirement>(ScopedResourceSelectorRequirement, {
    check(requirement, at, errors) {
      const values = requirement.values?.length ?? 0;
      const exists = requirement.operator === 'Exists' || requirement.operator === 'DoesNotExist';
      if (!exists && values === 0) {
        errors.push(required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
      }
      if (exists && values) {
        errors.push(
          invalid(`${at}.values`, requirement.values, "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector"),
        );
      }
      if (
        requirement.scopeName !== 'PriorityClass' &&
        requirement.scopeName !== 'VolumeAttributesClass' &&
        requirement.operator !== 'Exists'
      ) {
        errors.push(
          invalid(
            `${at}.operator`,
            requirement.operator,
            "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
          ),
        );
      }
    },
  }),
  typeRules<ResourceQuota>(ResourceQuota, {
    object(quota, errors) {
      for (const [name, amount] of Object.entries(quota.spec.hard ?? {})) {
        const at = `spec.hard[${name}]`;
        if (!/^(count\/|requests\.hugepages-|limits\.hugepages-)/.test(name)) checkResourceName(name, at, errors);
        if (amount.startsWith('-')) errors.push(invalid(at, amount, nonNegativeText));
        checkResourceAmount(name, amount.replace(/^-/, ''), at, errors);
      }
      const scopes: readonly string[] = quota.spec.scopes ?? [];
      for (const pair of opposites) {
        if (pair.every((scope) => scopes.includes(scope))) errors.push(invalid('spec.scopes', scopes, 'conflicting scopes'));
      }
    },
    update(next, previous, errors) {
      if (!semanticEqual([...(next.spec.scopes ?? [])].sort(), [...(previous.spec.scopes ?? [])].sort())) {
        errors.push(invalid('spec.scopes', next.spec.scopes ?? [], immutableText));
      }
    },
  }),
];
