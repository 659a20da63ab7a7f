// Defaults and validation of HorizontalPodAutoscalers, v2 and v1, and of Scale.
import { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '#api/autoscaling/v1/horizontalpodautoscaler.ts';
import { Scale } from '#api/autoscaling/v1/scale.ts';
import { checkFormat, checkNonNegative, present } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { pathSegment } from '#api/formats.ts';
import { type Errors, type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { signOfQuantity } from '#format/quantity.ts';
import {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from './horizontalpodautoscaler.ts';

const sources: Readonly<Record<string, keyof MetricSpec>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function behaviorDefaults(spec: Mutable<HorizontalPodAutoscaler>['spec']): void {
  const behavior = spec.behavior;
  if (!behavior) return;
  const up = (behavior.scaleUp ??= {});
  up.stabilizationWindowSeconds ??= 0;
  up.selectPolicy ??= 'Max';
  up.policies ??= [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ];
  const down = (behavior.scaleDown ??= {});
  down.selectPolicy ??= 'Max';
  down.policies ??= [{ type: 'Percent', value: 100, periodSeconds: 15 }];
}

const positive = (amount: string | undefined): boolean => amount === undefined || signOfQuantity(amount) > 0;

function checkTargets(metric: MetricSpec, at: string, errors: FieldError[]): void {
  const one = (field: 'resource' | 'containerResource'): void => {
    const source = metric[field];
    if (!source) return;
    const here = `${at}.${field}`;
    const { averageUtilization, averageValue } = source.target;
    if (source.name === '') errors.push(required(`${here}.name`, 'must specify a resource name'));
    if (averageUtilization === undefined && averageValue === undefined) {
      errors.push(required(`${here}.target.averageUtilization`, 'must set either a target raw value or a target utilization'));
    } else if (averageUtilization !== undefined && averageValue !== undefined) {
      errors.push(forbiddenField(`${here}.target.averageValue`, 'may not set both a target raw value and a target utilization'));
    }
  };
  one('resource');
  one('containerResource');
  if (metric.containerResource?.container === '') errors.push(required(`${at}.containerResource.container`, 'must specify a container'));
  if (metric.pods && metric.pods.target.averageValue === undefined) {
    errors.push(required(`${at}.pods.target.averageValue`, 'must specify a positive target averageValue'));
  }
  const { object, external } = metric;
  if (object && object.target.value === undefined && object.target.averageValue === undefined) {
    errors.push(required(`${at}.object.target.averageValue`, 'must set either a target value for metric or a per-pod target'));
  }
  if (external) {
    const { value, averageValue } = external.target;
    if (value === undefined && averageValue === undefined) {
      errors.push(required(`${at}.external.target.averageValue`, 'must set either a target value for metric or a per-pod target'));
    } else if (value !== undefined && averageValue !== undefined) {
      errors.push(forbiddenField(`${at}.external.target.value`, 'may not set both a target value for metric and a per-pod target'));
    }
  }
}

function checkReplicas(spec: { readonly minReplicas?: number; readonly maxReplicas: number }, errors: Errors): void {
  if (spec.minReplicas !== undefined && spec.minReplicas < 1) {
    errors.push(invalid('spec.minReplicas', spec.minReplicas, 'must be greater than or equal to 1'));
  }
  if (spec.maxReplicas < 1) errors.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than 0'));
  if (spec.minReplicas !== undefined && spec.maxReplicas < spec.minReplicas) {
    errors.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
}

function checkReference(ref: CrossVersionObjectReference, at: string, errors: FieldError[]): void {
  for (const field of ['kind', 'name'] as const) {
    if (ref[field] === '') errors.push(required(`${at}.${field}`));
    else checkFormat(pathSegment, ref[field], `${at}.${field}`, errors);
  }
  const coreKinds = ['ReplicationController', 'Pod', 'Service', 'Node', 'Namespace'];
  if (at === 'spec.scaleTargetRef' && (ref.apiVersion ?? '').split('/').length > 2) {
    errors.push(invalid(`${at}.apiVersion`, ref.apiVersion, `unexpected GroupVersion string: ${ref.apiVersion}`));
  } else if (
    at === 'spec.scaleTargetRef' &&
    !(ref.apiVersion ?? '').includes('/') &&
    ref.kind !== '' &&
    ref.apiVersion &&
    !coreKinds.includes(ref.kind)
  ) {
    errors.push(invalid(`${at}.apiVersion`, ref.apiVersion, 'apiVersion must specify API group'));
  }
}

const statusCounts = ['currentReplicas', 'desiredReplicas'] as const;

export const autoscalerRules: readonly TypeRules[] = [
  typeRules<HorizontalPodAutoscaler>(HorizontalPodAutoscaler, {
    defaults({ spec }) {
      spec.minReplicas ??= 1;
      spec.metrics ??= [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
      behaviorDefaults(spec);
    },
    object({ spec }, errors) {
      checkReplicas(spec, errors);
    },
    status(next, _previous, errors) {
      for (const field of statusCounts) checkNonNegative(next.status[field], `status.${field}`, errors);
    },
  }),
  typeRules<HorizontalPodAutoscalerV1>(HorizontalPodAutoscalerV1, {
    defaults({ spec }) {
      spec.minReplicas ??= 1;
    },
    object({ spec }, errors) {
      checkReplicas(spec, errors);
      const target = spec.targetCPUUtilizationPercentage;
      if (target !== undefined && target < 1) errors.push(invalid('spec.targetCPUUtilizationPercentage', target, 'must be greater than 0'));
    },
    status(next, _previous, errors) {
      for (const field of statusCounts) checkNonNegative(next.status[field], `status.${field}`, errors);
    },
  }),
  typeRules<CrossVersionObjectReference>(CrossVersionObjectReference, { check: checkReference }),
  typeRules<MetricSpec>(MetricSpec, {
    check(metric, at, errors) {
      if (metric.type === '') {
        errors.push(required(`${at}.type`, 'must specify a metric source type'));
        return;
      }
      const own = sources[metric.type];
      if (!own) {
        errors.push(notSupported(`${at}.type`, metric.type, Object.keys(sources)));
        return;
      }
      const set = present(metric, Object.values(sources));
      if (!set.includes(own)) errors.push(required(`${at}.${own}`, 'must populate information for the given metric source'));
      for (const name of set) {
        if (name !== own) errors.push(forbiddenField(`${at}.${name}`, 'must populate the given metric source only'));
      }
      checkTargets(metric, at, errors);
    },
  }),
  typeRules<MetricTarget>(MetricTarget, {
    check(target, at, errors) {
      if (target.type === '') errors.push(required(`${at}.type`, 'must specify a metric target type'));
      else if (!['Utilization', 'Value', 'AverageValue'].includes(target.type)) {
        errors.push(invalid(`${at}.type`, target.type, 'must be either Utilization, Value, or AverageValue'));
      }
      if (!positive(target.value)) errors.push(invalid(`${at}.value`, target.value, 'must be positive'));
      if (!positive(target.averageValue)) errors.push(invalid(`${at}.averageValue`, target.averageValue, 'must be positive'));
      const percent = target.averageUtilization;
      if (percent !== undefined && percent < 1) errors.push(invalid(`${at}.averageUtilization`, percent, 'must be greater than 0'));
    },
  }),
  typeRules<MetricIdentifier>(MetricIdentifier, {
    check(metric, at, errors) {
      if (metric.name === '') errors.push(required(`${at}.name`));
      else checkFormat(pathSegment, metric.name, `${at}.name`, errors);
    },
  }),
  typeRules<HPAScalingRules>(HPAScalingRules, {
    check(rules, at, errors) {
      const window = rules.stabilizationWindowSeconds;
      if (window !== undefined && window < 0) {
        errors.push(invalid(`${at}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
      }
      if (window !== undefined && window > 3600) {
        errors.push(invalid(`${at}.stabilizationWindowSeconds`, window, 'must be less than or equal to 3600'));
      }
      const select = rules.selectPolicy;
      if (select !== undefined && !['Max', 'Min', 'Disabled'].includes(select)) {
        errors.push(notSupported(`${at}.selectPolicy`, select, ['Disabled', 'Max', 'Min']));
      }
      if (!rules.policies?.length) errors.push(required(`${at}.policies`, 'must specify at least one Policy'));
      if (rules.tolerance?.startsWith('-')) errors.push(invalid(`${at}.tolerance`, rules.tolerance, 'must be greater or equal to zero'));
    },
  }),
  typeRules<HPAScalingPolicy>(HPAScalingPolicy, {
    check(policy, at, errors) {
      if (policy.type !== 'Pods' && policy.type !== 'Percent') errors.push(notSupported(`${at}.type`, policy.type, ['Percent', 'Pods']));
      if (policy.value <= 0) errors.push(invalid(`${at}.value`, policy.value, 'must be greater than zero'));
      if (policy.periodSeconds <= 0) errors.push(invalid(`${at}.periodSeconds`, policy.periodSeconds, 'must be greater than zero'));
      if (policy.periodSeconds > 1800)
        errors.push(invalid(`${at}.periodSeconds`, policy.periodSeconds, 'must be less than or equal to 1800'));
    },
  }),
  typeRules<Scale>(Scale, {
    object({ spec }, errors) {
      checkNonNegative(spec.replicas, 'spec.replicas', errors);
    },
  }),
];
