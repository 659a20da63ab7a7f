// Defaults and validation of Deployments, ReplicaSets, DaemonSets, StatefulSets, ReplicationControllers, ControllerRevisions.
import { checkAtMostAll, checkCountOrPercent, checkFormat, checkLabels, checkNonNegative, percentOf } from '#api/checks.ts';
import { PodTemplate } from '#api/core/v1/pod.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { ReplicationController } from '#api/core/v1/replicationcontroller.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { dns1123Label, immutableText } from '#api/formats.ts';
import { checkAnnotations } from '#api/meta/v1/objectmeta.rules.ts';
import { isEmptySelector } from '#api/meta/v1/selector.rules.ts';
import type { LabelSelector } from '#api/meta/v1/selector.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { selectorOf } from '#format/selector.ts';
import { ControllerRevision } from './controllerrevision.ts';
import { DaemonSet } from './daemonset.ts';
import { Deployment } from './deployment.ts';
import { ReplicaSet } from './replicaset.ts';
import { StatefulSet, StatefulSetSpec } from './statefulset.ts';

interface Selecting {
  readonly selector: LabelSelector | undefined;
  readonly template: PodTemplateSpec;
}

/** Checks that a workload selects its own pods, and that these restart forever. */
function checkTemplate(spec: Selecting, kind: string, errors: FieldError[], owner = 'ReplicaSet'): void {
  const { selector, template } = spec;
  if (!selector) errors.push(required('spec.selector'));
  else if (isEmptySelector(selector)) errors.push(invalid('spec.selector', selector, `empty selector is invalid for ${kind}`));
  else {
    const labels = template.metadata?.labels ?? {};
    if (!selects(selector, labels)) {
      errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
    }
  }
  checkAlways(template, owner, errors);
}

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  try {
    return selectorOf(selector).matches(labels);
  } catch {
    // A malformed selector is reported where it is written.
    return true;
  }
}

function checkAlways(template: PodTemplateSpec, owner: string, errors: FieldError[]): void {
  const policy = template.spec?.restartPolicy;
  if (policy !== undefined && policy !== 'Always') {
    errors.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  }
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    errors.push(forbiddenField('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${owner} is not Supported`));
  }
}

function checkCounts(spec: object, fields: readonly string[], at: string, errors: FieldError[]): void {
  for (const field of fields) {
    const value = (spec as Readonly<Record<string, unknown>>)[field];
    if (typeof value === 'number') checkNonNegative(value, `${at}.${field}`, errors);
  }
}

function selectorFixed(next: { readonly selector?: LabelSelector }, previous: { readonly selector?: LabelSelector }, errors: Errors): void {
  if (!semanticEqual(next.selector, previous.selector)) errors.push(invalid('spec.selector', next.selector ?? null, immutableText));
}

interface Progress {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly collisionCount?: number;
}

/** Checks the counts of a status: none negative, none above the whole. */
function checkProgress(status: Progress, parts: readonly string[], errors: Errors): void {
  checkCounts(status, ['replicas', ...parts, 'observedGeneration', 'collisionCount', 'terminatingReplicas'], 'status', errors);
  const whole = status.replicas ?? 0;
  for (const part of parts) {
    const value = (status as Readonly<Record<string, number | undefined>>)[part] ?? 0;
    if (value > whole) errors.push(invalid(`status.${part}`, value, 'cannot be greater than status.replicas'));
  }
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0)) {
    errors.push(invalid('status.availableReplicas', status.availableReplicas, 'cannot be greater than readyReplicas'));
  }
}

function collisionsGrow(next: Progress, previous: Progress, errors: Errors): void {
  if (previous.collisionCount === undefined) return;
  if ((next.collisionCount ?? 0) < previous.collisionCount) {
    errors.push(invalid('status.collisionCount', next.collisionCount ?? 0, 'cannot be decremented'));
  }
}

const isZero = (value: number | string | undefined): boolean => value === undefined || value === 0 || percentOf(value) === 0;

function checkDeployment({ spec }: Deployment, errors: Errors): void {
  checkCounts(spec, ['replicas', 'minReadySeconds', 'revisionHistoryLimit'], 'spec', errors);
  checkTemplate(spec, 'deployment', errors);
  const strategy = spec.strategy;
  const rolling = strategy?.rollingUpdate;
  const at = 'spec.strategy.rollingUpdate';
  if (strategy?.type === 'Recreate') {
    if (rolling) errors.push(forbiddenField(at, "may not be specified when strategy `type` is 'Recreate'"));
  } else if (strategy?.type === 'RollingUpdate') {
    if (!rolling) errors.push(required(at, 'this should be defaulted and never be nil'));
    else {
      checkCountOrPercent(rolling.maxUnavailable, `${at}.maxUnavailable`, errors);
      checkCountOrPercent(rolling.maxSurge, `${at}.maxSurge`, errors);
      if (isZero(rolling.maxUnavailable) && isZero(rolling.maxSurge)) {
        errors.push(invalid(`${at}.maxUnavailable`, rolling.maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'));
      }
      checkAtMostAll(rolling.maxUnavailable, `${at}.maxUnavailable`, errors);
    }
  }
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    checkNonNegative(deadline, 'spec.progressDeadlineSeconds', errors);
    if (deadline <= (spec.minReadySeconds ?? 0)) {
      errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
    }
  }
}

function checkDaemonSet({ spec }: DaemonSet, errors: Errors): void {
  checkTemplate(spec, 'daemonset', errors, 'DaemonSet');
  checkCounts(spec, ['minReadySeconds', 'revisionHistoryLimit'], 'spec', errors);
  const at = 'spec.updateStrategy.rollingUpdate';
  if (spec.updateStrategy?.type !== 'RollingUpdate') return;
  const rolling = spec.updateStrategy.rollingUpdate;
  if (!rolling) {
    errors.push(required(at));
    return;
  }
  for (const field of ['maxUnavailable', 'maxSurge'] as const) {
    checkCountOrPercent(rolling[field], `${at}.${field}`, errors);
    checkAtMostAll(rolling[field], `${at}.${field}`, errors);
  }
  const [unavailable, surge] = [isZero(rolling.maxUnavailable), isZero(rolling.maxSurge)];
  if (unavailable && surge) {
    errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  } else if (!unavailable && !surge) {
    errors.push(invalid(`${at}.maxSurge`, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero'));
  }
}

function checkStatefulSet({ spec }: StatefulSet, errors: Errors): void {
  checkCounts(spec, ['replicas', 'minReadySeconds'], 'spec', errors);
  if (!spec.podManagementPolicy) errors.push(required('spec.podManagementPolicy'));
  const strategy = spec.updateStrategy;
  const at = 'spec.updateStrategy';
  if (!strategy?.type) errors.push(required(at));
  else if (strategy.type === 'OnDelete' && strategy.rollingUpdate) {
    errors.push(invalid(`${at}.rollingUpdate`, strategy.rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (strategy.rollingUpdate) {
    checkNonNegative(strategy.rollingUpdate.partition, `${at}.rollingUpdate.partition`, errors);
    const most = strategy.rollingUpdate.maxUnavailable;
    if (most !== undefined) {
      checkCountOrPercent(most, `${at}.rollingUpdate.maxUnavailable`, errors);
      checkAtMostAll(most, `${at}.rollingUpdate.maxUnavailable`, errors);
      if (isZero(most)) errors.push(invalid(`${at}.rollingUpdate.maxUnavailable`, most, 'cannot be 0'));
    }
  }
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const value = retention?.[field];
    if (value !== undefined && value !== 'Retain' && value !== 'Delete') {
      errors.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, value, ['Delete', 'Retain']));
    }
  }
  checkNonNegative(spec.ordinals?.start, 'spec.ordinals.start', errors);
  checkTemplate(spec, 'statefulset', errors, 'StatefulSet');
  checkLabels(spec.template.metadata?.labels, 'spec.template.labels', errors);
  checkAnnotations(spec.template.metadata?.annotations, 'spec.template.annotations', errors);
}

const mutableInStatefulSet = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const statefulSetText =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

const setStatusParts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;

export const workloadRules: readonly TypeRules[] = [
  typeRules<Deployment>(Deployment, {
    defaults({ spec }) {
      spec.replicas ??= 1;
      spec.strategy ??= {};
      spec.strategy.type ??= 'RollingUpdate';
      if (spec.strategy.type === 'RollingUpdate') {
        spec.strategy.rollingUpdate ??= {};
        spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
        spec.strategy.rollingUpdate.maxSurge ??= '25%';
      }
      spec.revisionHistoryLimit ??= 10;
      spec.progressDeadlineSeconds ??= 600;
    },
    object: checkDeployment,
    update: (next, previous, errors) => selectorFixed(next.spec, previous.spec, errors),
    status(next, previous, errors) {
      checkProgress(next.status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], errors);
      checkNonNegative(next.status.unavailableReplicas, 'status.unavailableReplicas', errors);
      collisionsGrow(next.status, previous.status, errors);
    },
  }),
  typeRules<ReplicaSet>(ReplicaSet, {
    defaults({ spec }) {
      spec.replicas ??= 1;
    },
    object({ spec }, errors) {
      checkCounts(spec, ['replicas', 'minReadySeconds'], 'spec', errors);
      checkTemplate({ selector: spec.selector, template: spec.template ?? {} }, 'deployment', errors);
    },
    update: (next, previous, errors) => selectorFixed(next.spec, previous.spec, errors),
    status: (next, _previous, errors) => checkProgress(next.status, setStatusParts, errors),
  }),
  typeRules<DaemonSet>(DaemonSet, {
    defaults({ spec }) {
      spec.updateStrategy ??= {};
      spec.updateStrategy.type ??= 'RollingUpdate';
      if (spec.updateStrategy.type === 'RollingUpdate') {
        spec.updateStrategy.rollingUpdate ??= {};
        spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
        spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
      }
      spec.revisionHistoryLimit ??= 10;
    },
    object: checkDaemonSet,
    update: (next, previous, errors) => selectorFixed(next.spec, previous.spec, errors),
    status(next, previous, errors) {
      checkCounts(next.status, Object.keys(next.status), 'status', errors);
      collisionsGrow(next.status, previous.status, errors);
    },
  }),
  // The pods of a StatefulSet are looked at when they are made: what mounts their claims is not in the template.
  typeRules<StatefulSetSpec>(StatefulSetSpec, { own: ['template'] }),
  typeRules<StatefulSet>(StatefulSet, {
    name: dns1123Label,
    defaults({ spec }) {
      spec.podManagementPolicy ??= 'OrderedReady';
      spec.updateStrategy ??= {};
      if (!spec.updateStrategy.type) {
        spec.updateStrategy.type = 'RollingUpdate';
        spec.updateStrategy.rollingUpdate ??= {};
      }
      if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate) {
        spec.updateStrategy.rollingUpdate.partition ??= 0;
      }
      spec.persistentVolumeClaimRetentionPolicy ??= {};
      spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
      spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
      spec.replicas ??= 1;
      spec.revisionHistoryLimit ??= 10;
      for (const claim of spec.volumeClaimTemplates ?? []) {
        claim.apiVersion = 'v1';
        claim.kind = 'PersistentVolumeClaim';
      }
    },
    object: checkStatefulSet,
    create({ spec }, errors) {
      if (spec.serviceName) checkFormat(dns1123Label, spec.serviceName, 'spec.serviceName', errors);
    },
    update(next, previous, errors) {
      const fixed = (spec: StatefulSet['spec']) => ({
        ...spec,
        ...Object.fromEntries(mutableInStatefulSet.map((field) => [field, undefined])),
      });
      if (!semanticEqual(fixed(next.spec), fixed(previous.spec))) errors.push(forbiddenField('spec', statefulSetText));
    },
    status(next, previous, errors) {
      checkProgress(next.status, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'], errors);
      collisionsGrow(next.status, previous.status, errors);
    },
  }),
  typeRules<ReplicationController>(ReplicationController, {
    defaults(controller) {
      const labels = controller.spec.template?.metadata?.labels;
      controller.spec.replicas ??= 1;
      if (!labels) return;
      controller.spec.selector ??= { ...labels };
      controller.metadata.labels ??= { ...labels };
    },
    object({ spec }, errors) {
      checkCounts(spec, ['replicas', 'minReadySeconds'], 'spec', errors);
      const selector = spec.selector ?? {};
      checkLabels(selector, 'spec.selector', errors);
      if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
      if (!spec.template) {
        errors.push(required('spec.template'));
        return;
      }
      const labels = spec.template.metadata?.labels ?? {};
      if (!Object.entries(selector).every(([key, value]) => labels[key] === value)) {
        errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
      }
      checkAlways(spec.template, 'ReplicationController', errors);
    },
    status: (next, _previous, errors) => checkProgress(next.status, setStatusParts, errors),
  }),
  typeRules<ControllerRevision>(ControllerRevision, {
    object(revision, errors) {
      if (revision.data === undefined || revision.data === null) errors.push(required('data', 'data is mandatory'));
      checkNonNegative(revision.revision, 'revision', errors);
    },
    update(next, previous, errors) {
      if (!semanticEqual(next.data, previous.data)) errors.push(invalid('data', next.data ?? null, immutableText));
    },
  }),
  typeRules<PodTemplate>(PodTemplate, {}),
];
