// Validation of Leases.
import { checkNonNegative } from '#api/checks.ts';
import { invalid, required } from '#api/fielderror.ts';
import { positiveText } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { Lease } from './lease.ts';

export const leaseRules: readonly TypeRules[] = [
  typeRules<Lease>(Lease, {
    object({ spec }, errors) {
      const seconds = spec.leaseDurationSeconds;
      if (seconds !== undefined && seconds <= 0) errors.push(invalid('spec.leaseDurationSeconds', seconds, positiveText));
      checkNonNegative(spec.leaseTransitions, 'spec.leaseTransitions', errors);
      if (spec.preferredHolder && !spec.strategy) {
        errors.push(required('spec.strategy', 'must be specified when preferredHolder is set'));
      }
    },
  }),
];
