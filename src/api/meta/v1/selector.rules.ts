// Validation of label selectors.
import { checkLabels } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { labelValue, qualifiedName } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { LabelSelector, type LabelSelectorRequirement } from './selector.ts';

function checkRequirement(requirement: LabelSelectorRequirement, at: string, errors: FieldError[]): void {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length) {
        errors.push(forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
      break;
    default:
      errors.push(invalid(`${at}.operator`, requirement.operator, 'not a valid selector operator'));
  }
  for (const text of qualifiedName(requirement.key)) errors.push(invalid(`${at}.key`, requirement.key, text));
  for (const [index, value] of values.entries()) {
    for (const text of labelValue(value)) errors.push(invalid(`${at}.values[${index}]`, value, text));
  }
}

export const selectorRules: readonly TypeRules[] = [
  typeRules<LabelSelector>(LabelSelector, {
    check(selector, at, errors) {
      checkLabels(selector.matchLabels, `${at}.matchLabels`, errors);
      for (const [index, requirement] of (selector.matchExpressions ?? []).entries()) {
        checkRequirement(requirement, `${at}.matchExpressions[${index}]`, errors);
      }
    },
  }),
];

/** True when the selector selects everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}
