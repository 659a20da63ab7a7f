// Defaults and validation of Jobs and CronJobs.
import { messageOf } from '#base/errors.ts';
import { checkFormat, checkNonNegative, present } from '#api/checks.ts';
import { type FieldError, invalid, notSupported, required, tooMany } from '#api/fielderror.ts';
import { dns1123Label, dns1123Subdomain, domainPrefixedPath, immutableText, qualifiedName } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { parseCron } from '#format/cron.ts';
import { selectorOf } from '#format/selector.ts';
import { isZone } from '#format/zone.ts';
import { type JobSpec, type PodFailurePolicyRule, PodFailurePolicyOnPodConditionsPattern } from './common.ts';
import { CronJob, type JobTemplateSpec } from './cronjob.ts';
import { Job } from './job.ts';

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;
const maxParallelism = 100000;

function checkIndexed(spec: JobSpec, at: string, errors: FieldError[]): void {
  const indexed = spec.completionMode === 'Indexed';
  if (indexed) {
    if (spec.completions === undefined) errors.push(required(`${at}.completions`, 'when completion mode is Indexed'));
    if ((spec.parallelism ?? 0) > maxParallelism) {
      errors.push(
        invalid(`${at}.parallelism`, spec.parallelism, `must be less than or equal to ${maxParallelism} when completion mode is Indexed`),
      );
    }
  }
  const perIndex = spec.backoffLimitPerIndex !== undefined;
  if (perIndex && !indexed) {
    errors.push(invalid(`${at}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode'));
  }
  const failed = spec.maxFailedIndexes;
  const completions = spec.completions ?? 0;
  if (failed !== undefined) {
    if (!perIndex) errors.push(required(`${at}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
    if (spec.completions !== undefined && failed > completions) {
      errors.push(invalid(`${at}.maxFailedIndexes`, failed, 'must be less than or equal to completions'));
    }
    if (failed > maxParallelism) errors.push(invalid(`${at}.maxFailedIndexes`, failed, `must be less than or equal to ${maxParallelism}`));
  }
  if (perIndex && completions > maxParallelism) {
    if (failed === undefined) errors.push(required(`${at}.maxFailedIndexes`, 'must be specified when completions is above 100000'));
    else if (failed > 10000)
      errors.push(invalid(`${at}.maxFailedIndexes`, failed, 'must be less than or equal to 10000 when completions are above 100000'));
    if ((spec.parallelism ?? 0) > 10000) {
      errors.push(
        invalid(
          `${at}.parallelism`,
          spec.parallelism,
          'must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
        ),
      );
    }
  }
}

function checkFailureRule(rule: PodFailurePolicyRule, spec: JobSpec, at: string, errors: FieldError[]): void {
  if ((rule.action as string) === '') errors.push(required(`${at}.action`, 'valid values: "Count", "FailIndex", "FailJob", "Ignore"'));
  if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(`${at}.action`, rule.action, 'requires the backoffLimitPerIndex to be set'));
  }
  const set = present(rule, ['onExitCodes', 'onPodConditions']);
  if (set.length === 0) errors.push(invalid(at, rule, 'specifying one of OnExitCodes and OnPodConditions is required'));
  if (set.length > 1) errors.push(invalid(at, rule, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  const exit = rule.onExitCodes;
  if (exit) {
    const here = `${at}.onExitCodes`;
    if ((exit.operator as string) === '') errors.push(required(`${here}.operator`));
    if (exit.values.length === 0) errors.push(invalid(`${here}.values`, exit.values, 'at least one value is required'));
    if (exit.values.length > 255) errors.push(tooMany(`${here}.values`, exit.values.length, 255));
    for (const [index, value] of exit.values.entries()) {
      if (exit.operator === 'In' && value === 0)
        errors.push(invalid(`${here}.values[${index}]`, value, 'must not be 0 for the In operator'));
      const previous = exit.values[index - 1];
      if (previous !== undefined && previous === value)
        errors.push({ type: 'Duplicate value', field: `${here}.values[${index}]`, value, detail: '' });
    }
    if (exit.values.some((value, index) => index > 0 && (exit.values[index - 1] as number) > value)) {
      errors.push(invalid(`${here}.values`, exit.values, 'must be ordered'));
    }
    const name = exit.containerName;
    const pod = spec.template.spec;
    if (name !== undefined && ![...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].some((one) => one.name === name)) {
      errors.push(invalid(`${here}.containerName`, name, 'must be one of the container or initContainer names in the pod template'));
    }
  }
  if ((rule.onPodConditions?.length ?? 0) > 20) errors.push(tooMany(`${at}.onPodConditions`, rule.onPodConditions?.length ?? 0, 20));
  for (const [index, pattern] of (rule.onPodConditions ?? []).entries()) {
    checkFormat(qualifiedName, pattern.type, `${at}.onPodConditions[${index}].type`, errors);
    if (!['True', 'False', 'Unknown'].includes(pattern.status ?? '')) {
      errors.push(notSupported(`${at}.onPodConditions[${index}].status`, pattern.status ?? '', ['False', 'True', 'Unknown']));
    }
  }
}

function checkPolicies(spec: JobSpec, at: string, errors: FieldError[]): void {
  const failure = spec.podFailurePolicy;
  if (failure) {
    if (failure.rules.length > 20) errors.push(tooMany(`${at}.podFailurePolicy.rules`, failure.rules.length, 20));
    for (const [index, rule] of failure.rules.entries()) checkFailureRule(rule, spec, `${at}.podFailurePolicy.rules[${index}]`, errors);
    if (spec.template.spec?.restartPolicy !== 'Never') {
      const text = 'only "Never" is supported when podFailurePolicy is specified';
      errors.push(invalid(`${at}.template.spec.restartPolicy`, spec.template.spec?.restartPolicy ?? '', text));
    }
    if (spec.podReplacementPolicy && spec.podReplacementPolicy !== 'Failed') {
      errors.push(notSupported(`${at}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed']));
    }
  }
  const success = spec.successPolicy;
  if (!success) return;
  if (spec.completionMode !== 'Indexed') errors.push(invalid(`${at}.successPolicy`, success, 'requires indexed completion mode'));
  if (success.rules.length === 0)
    errors.push(required(`${at}.successPolicy.rules`, 'at least one rules must be specified when the successPolicy is specified'));
  if (success.rules.length > 20) errors.push(tooMany(`${at}.successPolicy.rules`, success.rules.length, 20));
  for (const [index, rule] of success.rules.entries()) {
    const here = `${at}.successPolicy.rules[${index}]`;
    if (rule.succeededCount === undefined && rule.succeededIndexes === undefined) {
      errors.push(required(here, 'at least one of succeededCount or succeededIndexes must be specified'));
    }
    const total = rule.succeededIndexes === undefined ? undefined : indexCount(rule.succeededIndexes, spec.completions ?? 0);
    if (total === 'invalid')
      errors.push(invalid(`${here}.succeededIndexes`, rule.succeededIndexes, 'error parsing succeededIndexes: malformed or out of range'));
    checkNonNegative(rule.succeededCount, `${here}.succeededCount`, errors);
    if (rule.succeededCount !== undefined && rule.succeededCount > (spec.completions ?? 0)) {
      errors.push(
        invalid(
          `${here}.succeededCount`,
          rule.succeededCount,
          `must be less than or equal to ${spec.completions ?? 0} (the number of specified completions)`,
        ),
      );
    }
    if (typeof total === 'number' && rule.succeededCount !== undefined && rule.succeededCount > total) {
      errors.push(
        invalid(
          `${here}.succeededCount`,
          rule.succeededCount,
          `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
        ),
      );
    }
  }
}

/** How many indexes a text such as `0,2-4` names; 'invalid' when it is malformed or names more than there are. */
function indexCount(text: string, completions: number): number | 'invalid' {
  let last = -1;
  let total = 0;
  for (const part of text === '' ? [] : text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) return 'invalid';
    const low = Number(match[1]);
    const high = Number(match[2] ?? match[1]);
    if (low <= last || high < low || high >= completions) return 'invalid';
    last = high;
    total += high - low + 1;
  }
  return total;
}

function checkJobSpec(spec: JobSpec, at: string, errors: FieldError[]): void {
  for (const field of counts) checkNonNegative(spec[field], `${at}.${field}`, errors);
  checkIndexed(spec, at, errors);
  const manager = spec.managedBy;
  if (manager !== undefined) {
    for (const text of domainPrefixedPath(manager)) errors.push(invalid(`${at}.managedBy`, manager, text));
    if (manager.length > 63)
      errors.push({ type: 'Too long', field: `${at}.managedBy`, value: '', detail: 'may not be more than 63 bytes' });
  }
  const policy = spec.template.spec?.restartPolicy;
  if (policy === 'Always' || !policy) {
    errors.push(required(`${at}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  }
  checkPolicies(spec, at, errors);
}

function checkSelector(job: Job, errors: Errors): void {
  const { selector, template } = job.spec;
  if (!selector) {
    errors.push(required('spec.selector'));
    return;
  }
  const labels = template.metadata?.labels ?? {};
  try {
    if (!selectorOf(selector).matches(labels)) {
      errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
    }
  } catch {
    // A malformed selector is reported where it is written.
  }
}

const fixed = ['selector', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy', 'completionMode'] as const;

function checkJobUpdate(next: Job, previous: Job, errors: Errors): void {
  const [spec, old] = [next.spec, previous.spec];
  const resized = spec.completionMode === 'Indexed' && spec.completions !== old.completions && spec.completions === spec.parallelism;
  if (spec.completions !== old.completions && !resized) {
    const text = spec.completionMode === 'Indexed' ? 'can only be modified in tandem with parallelism' : immutableText;
    errors.push(invalid('spec.completions', spec.completions ?? null, text));
  }
  for (const field of fixed) {
    if (!semanticEqual(spec[field], old[field])) errors.push(invalid(`spec.${field}`, spec[field] ?? null, immutableText));
  }
  const unstarted = old.suspend === true && previous.status.startTime === undefined;
  const plain = (one: JobSpec) => {
    const template = one.template;
    if (!unstarted) return template;
    const { nodeSelector: _a, tolerations: _b, schedulingGates: _c, affinity, ...pod } = template.spec ?? { containers: [] };
    return { ...template, metadata: undefined, spec: { ...pod, affinity: { ...affinity, nodeAffinity: undefined } } };
  };
  if (!semanticEqual(plain(spec), plain(old))) errors.push(invalid('spec.template', spec.template, immutableText));
}

function checkJobStatus(next: Job, previous: Job, errors: Errors): void {
  const { status } = next;
  const is = (job: Job, type: string): boolean => job.status.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
  const [complete, failed] = [is(next, 'Complete'), is(next, 'Failed')];
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    checkNonNegative(status[field], `status.${field}`, errors);
  }
  if (complete && failed)
    errors.push(invalid('status.conditions', status.conditions, 'cannot set Complete=True and Failed=true conditions'));
  for (const type of ['Complete', 'Failed']) {
    if (is(previous, type) && !is(next, type))
      errors.push(invalid('status.conditions', status.conditions ?? [], `cannot disable the terminal ${type}=True condition`));
  }
  if (complete && !status.completionTime) errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  if (!complete && status.completionTime) {
    errors.push(
      invalid('status.completionTime', status.completionTime, 'cannot set completionTime when there is no Complete=True condition'),
    );
  }
  if ((complete || failed) && status.active) errors.push(invalid('status.active', status.active, 'active>0 is invalid for finished job'));
  if ((status.ready ?? 0) > (status.active ?? 0))
    errors.push(invalid('status.ready', status.ready, 'cannot set more ready pods than active'));
  for (const field of ['succeeded', 'failed'] as const) {
    if ((status[field] ?? 0) < (previous.status[field] ?? 0)) {
      if (field === 'failed' || status.completedIndexes === undefined) {
        errors.push(invalid(`status.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`));
      }
    }
  }
}

function checkTimeZone(zone: string, errors: Errors): void {
  const at = 'spec.timeZone';
  if (zone === '') errors.push(invalid(at, zone, 'timeZone must be nil or non-empty string'));
  else if (/^local$/i.test(zone))
    errors.push(invalid(at, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'));
  else if (!isZone(zone)) errors.push(invalid(at, zone, `unknown time zone ${zone}`));
}

function checkCronJob(cron: CronJob, errors: Errors): void {
  const { spec } = cron;
  if (spec.schedule === '') errors.push(required('spec.schedule'));
  else if (/^(TZ|CRON_TZ)=/.test(spec.schedule)) {
    errors.push(invalid('spec.schedule', spec.schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  } else {
    try {
      parseCron(spec.schedule);
    } catch (error) {
      errors.push(invalid('spec.schedule', spec.schedule, messageOf(error)));
    }
  }
  if (spec.timeZone !== undefined) checkTimeZone(spec.timeZone, errors);
  if (!spec.concurrencyPolicy) errors.push(required('spec.concurrencyPolicy'));
  for (const field of ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const) {
    checkNonNegative(spec[field], `spec.${field}`, errors);
  }
  checkJobTemplate(spec.jobTemplate, 'spec.jobTemplate', errors);
}

function checkJobTemplate(template: JobTemplateSpec, at: string, errors: Errors): void {
  const spec = template.spec;
  if (!spec) return;
  checkJobSpec(spec, `${at}.spec`, errors);
  if (spec.selector) errors.push(invalid(`${at}.spec.selector`, spec.selector, '`selector` will be auto-generated'));
  if (spec.manualSelector) errors.push(notSupported(`${at}.spec.manualSelector`, true, ['nil', 'false']));
}

export const batchRules: readonly TypeRules[] = [
  typeRules<Job>(Job, {
    defaults(job) {
      const { spec } = job;
      if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
      spec.parallelism ??= 1;
      spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
      const labels = spec.template.metadata?.labels;
      if (labels) job.metadata.labels ??= { ...labels };
      spec.completionMode ??= 'NonIndexed';
      spec.suspend ??= false;
      spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
      spec.manualSelector ??= false;
    },
    object(job, errors) {
      checkJobSpec(job.spec, 'spec', errors);
      checkSelector(job, errors);
    },
    create(job, errors) {
      if (job.spec.completionMode !== 'Indexed' || !job.spec.completions) return;
      const longest = `${job.metadata.name}-${job.spec.completions - 1}`;
      if (dns1123Label(longest).length) {
        errors.push(invalid('metadata.name', job.metadata.name, `will not able to create pod with invalid DNS label: ${longest}`));
      }
    },
    update: checkJobUpdate,
    status: checkJobStatus,
  }),
  typeRules<PodFailurePolicyOnPodConditionsPattern>(PodFailurePolicyOnPodConditionsPattern, {
    defaults(pattern) {
      pattern.status ||= 'True';
    },
  }),
  typeRules<CronJob>(CronJob, {
    name: (name) => (name.length > 52 ? ['must be no more than 52 characters'] : dns1123Subdomain(name)),
    defaults({ spec }) {
      spec.concurrencyPolicy ??= 'Allow';
      spec.suspend ??= false;
      spec.successfulJobsHistoryLimit ??= 3;
      spec.failedJobsHistoryLimit ??= 1;
    },
    object: checkCronJob,
  }),
];
