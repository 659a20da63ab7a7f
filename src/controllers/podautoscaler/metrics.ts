// Each metric of an autoscaler: fetched, weighed, and told in the status.
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodReady } from '#api/podutil.ts';
import { messageOf } from '#base/errors.ts';
import { canonicalQuantity, formatQuantity, quantityFromMilli, quantityMilli } from '#format/quantity.ts';
import { goLabelSelector } from '#format/selector.ts';
import { byAverage, byUtilization, byValue, byValuePerPod, type Proposal, type Tolerance } from './replicas.ts';
import type { MetricSource } from './source.ts';

/** A metric that could not be used: the reason is that of the ScalingActive condition. */
export class MetricError extends Error {
  readonly reason: string;
  /** What the condition and the event say; the message of the error has more before it. */
  readonly inner: string;

  constructor(reason: string, inner: string, options: { readonly prefix?: string; readonly cause?: unknown } = {}) {
    super(options.prefix === undefined ? inner : `${options.prefix}: ${inner}`, { cause: options.cause });
    this.reason = reason;
    this.inner = inner;
  }
}

export interface Evaluation {
  readonly replicas: number;
  readonly status: MetricStatus;
  /** The metric in words, for the condition and the event: `cpu resource utilization (percentage of request)`. */
  readonly name: string;
}

export interface EvaluationInput {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly source: MetricSource;
  readonly pods: readonly Pod[];
  /** The scale target's selector as text. */
  readonly selector: string;
  /** Replicas in the target's spec and in its status. */
  readonly current: number;
  readonly tolerance: Tolerance;
  readonly now: number;
}

/** Memory reads best in binary units, everything else in decimal ones. */
const asQuantity = (milli: number, resource?: string): string =>
  resource === 'memory'
    ? formatQuantity(quantityFromMilli(Math.floor(milli / 1000) * 1000, 'BinarySI'))
    : canonicalQuantity(formatQuantity(quantityFromMilli(milli)));

async function ofResource(
  input: EvaluationInput,
  spec: { name: string; container?: string; target: MetricTarget },
): Promise<{ proposal: Proposal; current: object; name: string }> {
  const { autoscaler, source, pods, selector } = input;
  const { name: resource, container, target } = spec;
  const namespace = autoscaler.metadata.namespace ?? '';
  const base = { current: input.current, pods, tolerance: input.tolerance, now: input.now, resource };
  const kind = container === undefined ? 'resource' : 'container resource';
  const fetch = async () => {
    try {
      return await source.resource(namespace, selector, resource, container);
    } catch (error) {
      throw new Error(`unable to get metrics for resource ${resource}: ${messageOf(error)}`, { cause: error });
    }
  };
  if (target.averageValue !== undefined) {
    const proposal = await fetch()
      .then((usages) => byAverage({ ...base, usages, target: quantityMilli(target.averageValue ?? 0) }))
      .catch((error: unknown) => Promise.reject(new Error(`failed to get ${resource} usage: ${messageOf(error)}`, { cause: error })));
    return { proposal, current: { averageValue: asQuantity(proposal.average, resource) }, name: `${resource} ${kind}` };
  }
  if (target.averageUtilization === undefined)
    throw new Error(`invalid resource metric source: neither an average utilization target nor an average value (usage) target was set`);
  const utilizationTarget = target.averageUtilization;
  const proposal = await fetch()
    .then((usages) => byUtilization({ ...base, usages, target: utilizationTarget, ...(container === undefined ? {} : { container }) }))
    .catch((error: unknown) => Promise.reject(new Error(`failed to get ${resource} utilization: ${messageOf(error)}`, { cause: error })));
  return {
    proposal,
    current: { averageUtilization: proposal.utilization ?? 0, averageValue: asQuantity(proposal.average, resource) },
    name: `${resource} ${kind} utilization (percentage of request)`,
  };
}

/** Evaluates one metric. Throws `MetricError`. */
export async function evaluate(input: EvaluationInput, spec: MetricSpec): Promise<Evaluation> {
  const { autoscaler, source, pods, selector, current, tolerance, now } = input;
  const namespace = autoscaler.metadata.namespace ?? '';
  switch (spec.type) {
    case 'Resource': {
      const resource = spec.resource;
      if (resource === undefined) break;
      const result = await ofResource(input, resource).catch(
        wrapped('FailedGetResourceMetric', `failed to get ${resource.name} resource metric value`),
      );
      return {
        replicas: result.proposal.replicas,
        name: result.name,
        status: { type: 'Resource', resource: { name: resource.name, current: result.current } },
      };
    }
    case 'ContainerResource': {
      const resource = spec.containerResource;
      if (resource === undefined) break;
      const result = await ofResource(input, resource).catch(
        wrapped('FailedGetContainerResourceMetric', `failed to get ${resource.name} container metric value`),
      );
      const status = { name: resource.name, container: resource.container, current: result.current };
      return { replicas: result.proposal.replicas, name: result.name, status: { type: 'ContainerResource', containerResource: status } };
    }
    case 'Pods': {
      const { metric, target } = spec.pods ?? {};
      if (metric === undefined || target === undefined) break;
      const usages = await source
        .ofPods(namespace, selector, metric)
        .catch(wrapped('FailedGetPodsMetric', 'failed to get pods metric value', `unable to get metric ${metric.name}`));
      const proposal = guard('FailedGetPodsMetric', 'failed to get pods metric value', () =>
        byAverage({ current, pods, usages, tolerance, now, target: quantityMilli(target.averageValue ?? 0) }),
      );
      return {
        replicas: proposal.replicas,
        name: `pods metric ${metric.name}`,
        status: { type: 'Pods', pods: { metric, current: { averageValue: asQuantity(proposal.average) } } },
      };
    }
    case 'Object': {
      const { metric, target, describedObject } = spec.object ?? {};
      if (metric === undefined || target === undefined || describedObject === undefined) break;
      const about = `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/`;
      const usage = await source
        .ofObject(namespace, describedObject, metric)
        .catch((error: unknown) =>
          wrapped('FailedGetObjectMetric', 'failed to get object metric value')(new Error(`${about}${messageOf(error)}`)),
        );
      const whole = ofWhole(input, target, usage);
      return {
        replicas: whole.proposal.replicas,
        name: `${describedObject.kind} metric ${metric.name}`,
        status: { type: 'Object', object: { metric, describedObject, current: whole.current } },
      };
    }
    case 'External': {
      const { metric, target } = spec.external ?? {};
      if (metric === undefined || target === undefined) break;
      const about = `unable to get external metric ${namespace}/${metric.name}/${goLabelSelector(metric.selector)}`;
      const prefix = `failed to get ${metric.name} external metric value: failed to get ${metric.name} external metric`;
      const usage = await source.external(namespace, metric).catch(wrapped('FailedGetExternalMetric', prefix, about));
      const whole = ofWhole(input, target, usage);
      return {
        replicas: whole.proposal.replicas,
        name: `external metric ${metric.name}(${goLabelSelector(metric.selector)})`,
        status: { type: 'External', external: { metric, current: whole.current } },
      };
    }
  }
  throw new MetricError('InvalidMetricSourceType', `unknown metric source type "${spec.type}"`);
}

/** Turns a failure into the metric's; `about` says what was tried. */
function wrapped(reason: string, prefix: string, about?: string): (error: unknown) => Promise<never> {
  return (cause) => {
    const inner = about === undefined ? messageOf(cause) : `${about}: ${messageOf(cause)}`;
    return Promise.reject(new MetricError(reason, inner, { prefix, cause }));
  };
}

function guard<T>(reason: string, prefix: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new MetricError(reason, messageOf(cause), { prefix, cause });
  }
}

/** A metric of the whole: shared by the ready pods, or so much for each. */
function ofWhole(
  { current, pods, tolerance }: EvaluationInput,
  target: MetricTarget,
  usage: number,
): { proposal: Proposal; current: object } {
  if (target.averageValue !== undefined) {
    const proposal = byValuePerPod({ current, usage, target: quantityMilli(target.averageValue), tolerance });
    return { proposal, current: { averageValue: asQuantity(proposal.average) } };
  }
  const readyPods = pods.filter(isPodReady).length;
  const proposal = byValue({ current, readyPods, usage, target: quantityMilli(target.value ?? 0), tolerance });
  return { proposal, current: { value: asQuantity(usage) } };
}
