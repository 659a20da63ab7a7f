// Validation of resource names and amounts.
import { duplicate, type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { nonNegativeText, qualifiedName } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { compareQuantity, quantityMilli } from '#format/quantity.ts';
import { ContainerResizePolicy, ResourceRequirements } from './container.ts';

type ResourceList = Readonly<Record<string, string>>;

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const standardResources = new Set([
  ...containerResources,
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'requests.storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
  'storage',
]);

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** True for names without a domain or below kubernetes.io. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** True for resources that device plugins offer: counted in whole numbers, never overcommitted. */
export const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0;

/** Reports what is wrong with the name of any resource. */
export function checkResourceName(name: string, at: string, errors: FieldError[]): void {
  const texts = qualifiedName(name);
  for (const text of texts) errors.push(invalid(at, name, text));
  if (texts.length === 0 && !name.includes('/') && !standardResources.has(name) && !isHugePages(name.replace(/^requests\./, ''))) {
    errors.push(invalid(at, name, 'must be a standard resource type or fully qualified'));
  }
}

function checkContainerResourceName(name: string, at: string, errors: FieldError[]): void {
  checkResourceName(name, at, errors);
  if (!name.includes('/')) {
    if (!containerResources.has(name) && !isHugePages(name)) errors.push(invalid(at, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalid(at, name, "doesn't follow extended resource name standard"));
  }
}

/** Reports amounts below zero and fractions of what is counted in whole numbers. */
export function checkResourceAmount(name: string, amount: string, at: string, errors: FieldError[]): void {
  if (amount.startsWith('-')) errors.push(invalid(at, amount, nonNegativeText));
  const whole = isExtendedResource(name) || ['pods', 'services', 'secrets', 'configmaps'].includes(name);
  if (whole && quantityMilli(amount) % 1000 !== 0) errors.push(invalid(at, amount, 'must be an integer'));
}

/** Checks a map such as limits, requests or overhead. */
export function checkContainerResources(list: ResourceList | undefined, at: string, errors: FieldError[]): void {
  for (const [name, amount] of Object.entries(list ?? {})) {
    const here = `${at}[${name}]`;
    checkContainerResourceName(name, here, errors);
    checkResourceAmount(name, amount, here, errors);
  }
}

function checkPair(needs: ResourceRequirements, at: string, errors: FieldError[]): void {
  const limits = needs.limits ?? {};
  for (const [name, amount] of Object.entries(needs.requests ?? {})) {
    const limit = limits[name];
    const strict = isHugePages(name) || isExtendedResource(name);
    if (limit === undefined) {
      if (strict) errors.push(required(`${at}.limits`, 'Limit must be set for non overcommitable resources'));
    } else if (strict && compareQuantity(amount, limit) !== 0) {
      errors.push(invalid(`${at}.requests`, amount, `must be equal to ${name} limit of ${limit}`));
    } else if (!strict && compareQuantity(amount, limit) > 0) {
      errors.push(invalid(`${at}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
}

export const resourceRules: readonly TypeRules[] = [
  typeRules<ResourceRequirements>(ResourceRequirements, {
    check(needs, at, errors) {
      if (!needs.limits && !needs.requests && !needs.claims) return;
      checkContainerResources(needs.limits, `${at}.limits`, errors);
      checkContainerResources(needs.requests, `${at}.requests`, errors);
      checkPair(needs, at, errors);
      const names = [...Object.keys(needs.limits ?? {}), ...Object.keys(needs.requests ?? {})];
      if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
        errors.push(forbiddenField(at, 'HugePages require cpu or memory'));
      }
      const seen = new Set<string>();
      for (const [index, claim] of (needs.claims ?? []).entries()) {
        const key = claim.request ? `${claim.name}/${claim.request}` : claim.name;
        if (claim.name === '') errors.push(required(`${at}.claims[${index}].name`));
        if (seen.has(key)) errors.push(duplicate(`${at}.claims[${index}]`, key));
        seen.add(key);
      }
    },
  }),
  typeRules<ContainerResizePolicy>(ContainerResizePolicy, {
    check(policy, at, errors) {
      // Kubernetes reports these at the list, not at the item.
      const list = at.replace(/\[\d+\]$/, '');
      if (policy.resourceName !== 'cpu' && policy.resourceName !== 'memory') {
        errors.push(notSupported(list, policy.resourceName, ['cpu', 'memory']));
      }
      if (policy.restartPolicy !== 'NotRequired' && policy.restartPolicy !== 'RestartContainer') {
        errors.push(notSupported(list, policy.restartPolicy, ['NotRequired', 'RestartContainer']));
      }
    },
  }),
];
