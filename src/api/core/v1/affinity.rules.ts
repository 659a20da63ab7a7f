// Validation of node and pod affinity, tolerations, taints and spreading.
import { checkFormat, checkLabel } from '#api/checks.ts';
import { duplicate, type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { dns1123Subdomain, labelValue, qualifiedName } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import {
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PreferredSchedulingTerm,
  type Taint,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from './affinity.ts';

const weights = [1, 100] as const;

function checkNodeRequirement(requirement: NodeSelectorRequirement, at: string, errors: FieldError[]): void {
  const values = requirement.values ?? [];
  switch (requirement.operator as string) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length) errors.push(forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalid(`${at}.operator`, requirement.operator, 'not a valid selector operator'));
  }
  checkFormat(qualifiedName, requirement.key, `${at}.key`, errors);
}

function checkFieldRequirement(requirement: NodeSelectorRequirement, at: string, errors: FieldError[]): void {
  const values = requirement.values ?? [];
  if (requirement.operator !== 'In' && requirement.operator !== 'NotIn') {
    errors.push(invalid(`${at}.operator`, requirement.operator, 'not a valid selector operator'));
  } else if (values.length !== 1) {
    errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  }
  if (requirement.key !== 'metadata.name') {
    errors.push(invalid(`${at}.key`, requirement.key, 'not a valid field selector key'));
    return;
  }
  for (const [index, value] of values.entries()) checkFormat(dns1123Subdomain, value, `${at}.values[${index}]`, errors);
}

function selectorKeys(term: { readonly labelSelector?: PodAffinityTerm['labelSelector'] }): Set<string> {
  const selector = term.labelSelector;
  return new Set([
    ...Object.keys(selector?.matchLabels ?? {}),
    // What the server merged in for matchLabelKeys itself looks like this, and is fine.
    ...(selector?.matchExpressions ?? []).filter((one) => one.operator !== 'In' || one.values?.length !== 1).map((one) => one.key),
  ]);
}

function checkTolerations(toleration: Toleration, at: string, errors: FieldError[]): void {
  const operator = toleration.operator ?? '';
  if (toleration.key) checkFormat(qualifiedName, toleration.key, `${at}.key`, errors);
  else if (operator !== 'Exists') {
    const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalid(`${at}.operator`, operator, text));
  }
  if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
    const text = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push(invalid(`${at}.effect`, toleration.effect ?? '', text));
  }
  if (operator === 'Exists') {
    if (toleration.value) errors.push(invalid(`${at}.operator`, toleration.value, "value must be empty when `operator` is 'Exists'"));
  } else if (toleration.value) {
    const texts = labelValue(toleration.value);
    if (texts.length) errors.push(invalid(`${at}.operator`, toleration.value, texts.join(';')));
  }
}

/** Checks the taints of a node. */
export function checkTaints(taints: readonly Taint[], at: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const [index, taint] of taints.entries()) {
    const here = `${at}[${index}]`;
    checkFormat(qualifiedName, taint.key, `${here}.key`, errors);
    if (taint.value) checkFormat(labelValue, taint.value, `${here}.value`, errors);
    if ((taint.effect as string) === '') errors.push(required(`${here}.effect`));
    const key = `${taint.key}\0${taint.effect}`;
    if (seen.has(key)) {
      const error = duplicate(here, taint);
      errors.push({ ...error, detail: 'taints must be unique by key and effect pair' });
    }
    seen.add(key);
  }
}

export const affinityRules: readonly TypeRules[] = [
  typeRules<NodeSelectorRequirement>(NodeSelectorRequirement, { own: ['operator'] }),
  typeRules<NodeSelectorTerm>(NodeSelectorTerm, {
    check(term, at, errors) {
      for (const [i, one] of (term.matchExpressions ?? []).entries()) checkNodeRequirement(one, `${at}.matchExpressions[${i}]`, errors);
      for (const [i, one] of (term.matchFields ?? []).entries()) checkFieldRequirement(one, `${at}.matchFields[${i}]`, errors);
    },
  }),
  typeRules<NodeSelector>(NodeSelector, {
    check(selector, at, errors) {
      if (selector.nodeSelectorTerms.length === 0) {
        errors.push(required(`${at}.nodeSelectorTerms`, 'must have at least one node selector term'));
      }
    },
  }),
  typeRules<PreferredSchedulingTerm>(PreferredSchedulingTerm, {
    check(term, at, errors) {
      if (term.weight < 1 || term.weight > 100) errors.push(invalid(`${at}.weight`, term.weight, 'must be in the range 1-100'));
    },
  }),
  typeRules<WeightedPodAffinityTerm>(WeightedPodAffinityTerm, {
    check(term, at, errors) {
      if (term.weight < weights[0] || term.weight > weights[1]) {
        errors.push(invalid(`${at}.weight`, term.weight, 'must be in the range 1-100'));
      }
    },
  }),
  typeRules<PodAffinityTerm>(PodAffinityTerm, {
    check(term, at, errors) {
      for (const [index, namespace] of (term.namespaces ?? []).entries()) checkLabel(namespace, `${at}.namespace[${index}]`, errors);
      if (term.topologyKey === '') errors.push(required(`${at}.topologyKey`, 'can not be empty'));
      checkFormat(qualifiedName, term.topologyKey, `${at}.topologyKey`, errors);
      for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
        const keys = term[field] ?? [];
        if (keys.length && !term.labelSelector)
          errors.push(forbiddenField(`${at}.${field}`, 'must not be specified when labelSelector is not set'));
        for (const [index, key] of keys.entries()) checkFormat(qualifiedName, key, `${at}.${field}[${index}]`, errors);
      }
      for (const [index, key] of (term.matchLabelKeys ?? []).entries()) {
        if (term.mismatchLabelKeys?.includes(key))
          errors.push(invalid(`${at}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
      }
    },
  }),
  typeRules<Toleration>(Toleration, { gated: { operator: ['Gt', 'Lt'] }, check: checkTolerations }),
  typeRules<TopologySpreadConstraint>(TopologySpreadConstraint, {
    check(constraint, at, errors) {
      if (constraint.maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, constraint.maxSkew, 'must be greater than zero'));
      if (constraint.topologyKey === '') errors.push(required(`${at}.topologyKey`, 'can not be empty'));
      else checkFormat(qualifiedName, constraint.topologyKey, `${at}.topologyKey`, errors);
      const { minDomains } = constraint;
      if (minDomains !== undefined) {
        if (minDomains <= 0) errors.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'));
        if (constraint.whenUnsatisfiable !== 'DoNotSchedule') {
          const text = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${constraint.whenUnsatisfiable}`;
          errors.push(invalid(`${at}.minDomains`, minDomains, text));
        }
      }
      const keys = constraint.matchLabelKeys ?? [];
      if (keys.length && !constraint.labelSelector) {
        errors.push(forbiddenField(`${at}.matchLabelKeys`, 'must not be specified when labelSelector is not set'));
      }
      const selected = selectorKeys(constraint);
      for (const [index, key] of keys.entries()) {
        checkFormat(qualifiedName, key, `${at}.matchLabelKeys[${index}]`, errors);
        if (selected.has(key))
          errors.push(invalid(`${at}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
      }
    },
  }),
];

/** Spreading constraints must differ in key or in what happens when they cannot be met. */
export function checkSpreadUnique(constraints: readonly TopologySpreadConstraint[], at: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const [index, { topologyKey, whenUnsatisfiable }] of constraints.entries()) {
    const key = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(key)) errors.push(duplicate(`${at}[${index}].{topologyKey, whenUnsatisfiable}`, key));
    seen.add(key);
    if ((whenUnsatisfiable as string) === '') {
      errors.push({
        type: 'Unsupported value',
        field: `${at}[${index}].whenUnsatisfiable`,
        value: '',
        detail: 'supported values: "DoNotSchedule", "ScheduleAnyway"',
      });
    }
  }
}
