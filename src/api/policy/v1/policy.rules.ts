// Validation of PodDisruptionBudgets.
import { checkAtMostAll, checkCountOrPercent, checkNonNegative } from '#api/checks.ts';
import { invalid } from '#api/fielderror.ts';
import { pathSegment } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { PodDisruptionBudget } from './poddisruptionbudget.ts';

const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

export const policyRules: readonly TypeRules[] = [
  typeRules<PodDisruptionBudget>(PodDisruptionBudget, {
    name: pathSegment,
    object({ spec }, errors) {
      if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
        errors.push(invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
      }
      for (const field of ['minAvailable', 'maxUnavailable'] as const) {
        checkCountOrPercent(spec[field], `spec.${field}`, errors);
        checkAtMostAll(spec[field], `spec.${field}`, errors);
      }
    },
    status(next, _previous, errors) {
      for (const field of counts) checkNonNegative(next.status[field], `status.${field}`, errors);
    },
  }),
];
