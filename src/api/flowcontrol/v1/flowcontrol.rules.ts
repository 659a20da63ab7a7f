// Defaults and validation of FlowSchemas and PriorityLevelConfigurations.
import { checkNonNegative, checkRange } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { nonNegativeText } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { FlowSchema, FlowSchemaSpec, PolicyRulesWithSubjects, Subject } from './flowschema.ts';
import {
  ExemptPriorityLevelConfiguration,
  type LimitResponse,
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from './prioritylevelconfiguration.ts';

const members: Readonly<Record<string, 'user' | 'group' | 'serviceAccount'>> = {
  User: 'user',
  Group: 'group',
  ServiceAccount: 'serviceAccount',
};

function checkSubject(subject: Subject, at: string, errors: FieldError[]): void {
  const own = members[subject.kind];
  if (!own) {
    errors.push(notSupported(`${at}.kind`, subject.kind, Object.keys(members)));
    return;
  }
  if (!subject[own]) errors.push(required(`${at}.${own}`, `${own} is required when subject kind is '${subject.kind}'`));
  for (const member of Object.values(members)) {
    if (member !== own && subject[member]) {
      errors.push(forbiddenField(`${at}.${member}`, `${member} is forbidden when subject kind is not '${kindOf(member)}'`));
    }
  }
}

function kindOf(member: string): string {
  return Object.entries(members).find(([, name]) => name === member)?.[0] ?? member;
}

function checkResponse(response: LimitResponse, at: string, errors: FieldError[]): void {
  switch (response.type) {
    case 'Reject':
      if (response.queuing) errors.push(forbiddenField(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
      return;
    case 'Queue':
      break;
    default:
      errors.push(notSupported(`${at}.type`, response.type, ['Queue', 'Reject']));
      return;
  }
  const queuing = response.queuing;
  if (!queuing) {
    errors.push(required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
    return;
  }
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const here = `${at}.queuing`;
  if (queueLengthLimit <= 0) errors.push(invalid(`${here}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(invalid(`${here}.queues`, queues, 'must be positive'));
  else if (queues > 10000000) errors.push(invalid(`${here}.queues`, queues, 'must not be greater than 10000000'));
  if (handSize <= 0) errors.push(invalid(`${here}.handSize`, handSize, 'must be positive'));
  else if (handSize > queues) errors.push(invalid(`${here}.handSize`, handSize, `should not be greater than queues (${queues})`));
}

export const flowControlRules: readonly TypeRules[] = [
  typeRules<FlowSchemaSpec>(FlowSchemaSpec, {
    defaults(spec) {
      spec.matchingPrecedence ||= 1000;
    },
  }),
  typeRules<FlowSchema>(FlowSchema, {
    object({ spec, metadata }, errors) {
      const precedence = spec.matchingPrecedence ?? 0;
      if (precedence <= 0) errors.push(invalid('spec.matchingPrecedence', precedence, 'must be a positive value'));
      if (precedence > 10000) errors.push(invalid('spec.matchingPrecedence', precedence, 'must not be greater than 10000'));
      if (precedence === 1 && metadata.name !== 'exempt') {
        errors.push(invalid('spec.matchingPrecedence', precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
      }
      const type = spec.distinguisherMethod?.type;
      if (type !== undefined && type !== 'ByUser' && type !== 'ByNamespace') {
        errors.push(notSupported('spec.distinguisherMethod.type', type, ['ByNamespace', 'ByUser']));
      }
      if (spec.priorityLevelConfiguration.name === '') {
        errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
      }
    },
  }),
  typeRules<PolicyRulesWithSubjects>(PolicyRulesWithSubjects, {
    check(rules, at, errors) {
      if (rules.subjects.length === 0) errors.push(required(`${at}.subjects`, 'subjects must contain at least one value'));
      if (!rules.resourceRules?.length && !rules.nonResourceRules?.length) {
        errors.push(required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
      }
    },
  }),
  typeRules<Subject>(Subject, { check: checkSubject }),
  typeRules<PriorityLevelConfiguration>(PriorityLevelConfiguration, {
    object({ spec }, errors) {
      if (spec.type === 'Exempt') {
        if (spec.limited) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'));
      } else if (spec.type === 'Limited') {
        if (spec.exempt) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'));
        if (!spec.limited) errors.push(required('spec.limited', 'must not be empty when type is Limited'));
        else checkResponse(spec.limited.limitResponse ?? { type: '' }, 'spec.limited.limitResponse', errors);
      } else errors.push(notSupported('spec.type', spec.type, ['Exempt', 'Limited']));
    },
  }),
  typeRules<ExemptPriorityLevelConfiguration>(ExemptPriorityLevelConfiguration, {
    defaults(level) {
      level.nominalConcurrencyShares ??= 0;
      level.lendablePercent ??= 0;
    },
    check: checkShares,
  }),
  typeRules<LimitedPriorityLevelConfiguration>(LimitedPriorityLevelConfiguration, {
    defaults(level) {
      level.nominalConcurrencyShares ??= 30;
      level.lendablePercent ??= 0;
    },
    check(level, at, errors) {
      checkShares(level, at, errors);
      checkNonNegative(level.borrowingLimitPercent, `${at}.borrowingLimitPercent`, errors);
    },
  }),
  typeRules<QueuingConfiguration>(QueuingConfiguration, {
    defaults(queuing) {
      queuing.handSize ||= 8;
      queuing.queues ||= 64;
      queuing.queueLengthLimit ||= 50;
    },
  }),
];

function checkShares(
  level: { readonly nominalConcurrencyShares?: number; readonly lendablePercent?: number },
  at: string,
  errors: FieldError[],
): void {
  const shares = level.nominalConcurrencyShares;
  if (shares !== undefined && shares < 0) errors.push(invalid(`${at}.nominalConcurrencyShares`, shares, nonNegativeText));
  checkRange(level.lendablePercent, [0, 100], `${at}.lendablePercent`, errors);
}
