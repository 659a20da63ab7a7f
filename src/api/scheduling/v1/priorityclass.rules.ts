// Defaults and validation of PriorityClasses.
import { forbiddenField, invalid } from '#api/fielderror.ts';
import { immutableText } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { PriorityClass } from './priorityclass.ts';

const highest = 1000000000;
/** The classes that the system itself brings. */
export const systemClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2000000000,
  'system-node-critical': 2000001000,
};

export const priorityClassRules: readonly TypeRules[] = [
  typeRules<PriorityClass>(PriorityClass, {
    defaults(one) {
      one.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    object(one, errors) {
      const name = one.metadata.name;
      if (name.startsWith('system-')) {
        const value = systemClasses[name];
        if (value === undefined || value !== one.value || one.globalDefault) {
          errors.push(
            forbiddenField(
              'metadata.name',
              `priority class names with 'system-' prefix are reserved for system use only. error: ${systemError(one, value)}`,
            ),
          );
        }
      } else if (one.value > highest) {
        errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${highest}`));
      }
    },
    update(next, previous, errors) {
      if (next.value !== previous.value) errors.push(forbiddenField('value', 'may not be changed in an update.'));
      if (next.preemptionPolicy !== previous.preemptionPolicy) {
        errors.push(invalid('preemptionPolicy', next.preemptionPolicy ?? null, immutableText));
      }
    },
  }),
];

function systemError(one: PriorityClass, value: number | undefined): string {
  const { name } = one.metadata;
  if (value === undefined) return `${name} is not a known system priority class`;
  if (value !== one.value) return `value of ${name} PriorityClass must be ${value}`;
  return `globalDefault of ${name} PriorityClass must be false`;
}
