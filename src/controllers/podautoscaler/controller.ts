// HorizontalPodAutoscalers: reads the metrics, decides, sets the target's scale.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { Scale } from '#api/autoscaling/v1/scale.ts';
import { type KubeObject, keyOf, parseApiVersion } from '#api/object.ts';
import { HorizontalPodAutoscalers, Pods, type ResourceRef } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { discover } from '#client/discovery.ts';
import { createRecorder } from '#client/events.ts';
import { parseSelector } from '#format/selector.ts';
import { sameStatus } from '../equal.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { behave, blank, type Memory, remember, toleranceOf } from './behavior.ts';
import { evaluate, MetricError } from './metrics.ts';
import { createListening } from './listening.ts';
import { pulseOf } from './pulse.ts';
import { createMetricSource, type MetricSource } from './source.ts';
import { type ConditionChange, nextStatus, type Outcome } from './status.ts';

export interface AutoscalerConfig {
  /** Milliseconds between looks at the metrics. Default 5 s (Kubernetes: 15 s). */
  readonly syncPeriod?: number;
  /** How far usage may be from its target without a change. Default 0.1. */
  readonly tolerance?: number;
  readonly source?: MetricSource;
}

/** Starts the controller. */
export function startPodAutoscalerController(deps: ControllerDeps & AutoscalerConfig): Component {
  const { client, informers, world } = deps;
  const autoscalers = informers.of(HorizontalPodAutoscalers);
  const pods = informers.of(Pods);
  const source = deps.source ?? createMetricSource(client);
  const recorder = createRecorder(client, world, { component: 'horizontal-pod-autoscaler' });
  const memories = new Map<string, Memory>();
  const period = deps.syncPeriod ?? 5_000;
  const resources = new Map<string, ResourceRef<KubeObject>>();
  const moved = (key: string): void => handle.enqueueAfter(key, 0);
  const usageListening = createListening(world, { pause: period, moved });
  const pulseListening = createListening(world, { pause: period, moved });

  /** The resource of a scale target's kind. */
  async function resourceOf({ apiVersion = 'v1', kind }: { apiVersion?: string; kind: string }): Promise<ResourceRef<KubeObject>> {
    const id = `${apiVersion} ${kind}`;
    const known = resources.get(id);
    if (known !== undefined) return known;
    const { group, version } = parseApiVersion(apiVersion);
    const { resources: served } = await discover(client.transport);
    const found = served.find(({ ref }) => ref.group === group && ref.kind === kind && (version === ref.version || version === ''));
    if (found === undefined) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
    resources.set(id, found.ref);
    return found.ref;
  }

  interface Target {
    readonly ref: ResourceRef<KubeObject>;
    readonly scale: Scale;
  }

  async function targetOf(autoscaler: HorizontalPodAutoscaler): Promise<Target> {
    const { scaleTargetRef } = autoscaler.spec;
    const ref = await resourceOf(scaleTargetRef);
    const namespace = autoscaler.metadata.namespace ?? '';
    const scale = (await client.resource(ref).get(scaleTargetRef.name, { namespace, subresource: 'scale' })) as unknown as Scale;
    return { ref, scale };
  }

  async function rescale(autoscaler: HorizontalPodAutoscaler, { ref, scale }: Target, replicas: number): Promise<void> {
    const body = { ...scale, spec: { ...scale.spec, replicas } };
    await client
      .resource(ref)
      .update(body as unknown as KubeObject, { namespace: autoscaler.metadata.namespace ?? '', subresource: 'scale' });
  }

  interface Measured {
    readonly replicas: number;
    readonly name: string;
    readonly statuses: readonly MetricStatus[];
    readonly condition: ConditionChange;
  }

  /** Has the autoscaler looked at again as soon as one of its metrics moves. */
  function follow(key: string, about: { namespace: string; selector: string; specs: readonly MetricSpec[] }): void {
    const { namespace, selector, specs } = about;
    const ofUsage = specs.some(({ type }) => type === 'Resource' || type === 'ContainerResource');
    const moves = ofUsage && source.moves !== undefined ? source.moves.bind(source, namespace, selector) : undefined;
    usageListening.follow(key, moves && { id: `${namespace}/${selector}`, moves });
    pulseListening.follow(key, pulseOf(source, world.clock, about));
  }

  /** Evaluates all metrics; the largest proposal counts. A failing metric must not shrink anything. */
  async function measure(autoscaler: HorizontalPodAutoscaler, scale: Scale, now: number): Promise<Measured> {
    const selectorText = scale.status?.selector ?? '';
    if (selectorText === '') {
      recorder.event(autoscaler, 'Warning', 'SelectorRequired', 'selector is required');
      throw new MetricError('InvalidSelector', "the HPA target's scale is missing a selector");
    }
    const selector = parseSelector(selectorText);
    const namespace = autoscaler.metadata.namespace ?? '';
    const matching = pods.lister.list(namespace).filter((pod) => selector.matches(pod.metadata.labels ?? {}));
    const current = scale.spec?.replicas ?? 0;
    const tolerance = toleranceOf(autoscaler.spec.behavior, deps.tolerance ?? 0.1);
    const specs = autoscaler.spec.metrics ?? [];
    follow(keyOf(autoscaler), { namespace, selector: selectorText, specs });
    let best: { replicas: number; name: string } | undefined;
    let failure: MetricError | undefined;
    let invalid = 0;
    const statuses: MetricStatus[] = [];
    for (const spec of specs) {
      try {
        const result = await evaluate({ autoscaler, source, pods: matching, selector: selectorText, current, tolerance, now }, spec);
        statuses.push(result.status);
        if (best === undefined || result.replicas > best.replicas) best = result;
      } catch (error) {
        invalid++;
        failure ??= error instanceof MetricError ? error : new MetricError('FailedGetResourceMetric', messageOf(error), { cause: error });
      }
    }
    if (failure !== undefined) recorder.event(autoscaler, 'Warning', failure.reason, failure.inner);
    if (best === undefined || (failure !== undefined && best.replicas < current)) {
      const text = `invalid metrics (${invalid} invalid out of ${specs.length}), first error is: ${failure?.message ?? 'no metrics'}`;
      throw new MetricError(failure?.reason ?? 'FailedComputeMetricsReplicas', text, { cause: failure });
    }
    const condition: ConditionChange = {
      type: 'ScalingActive',
      status: 'True',
      reason: 'ValidMetricFound',
      message: `the HPA was able to successfully calculate a replica count from ${best.name}`,
    };
    return { ...best, statuses, condition };
  }

  async function decide(autoscaler: HorizontalPodAutoscaler, target: Target, now: number): Promise<Outcome> {
    const key = keyOf(autoscaler);
    const { scale } = target;
    const current = scale.spec?.replicas ?? 0;
    const shown = scale.status?.replicas ?? 0;
    const min = autoscaler.spec.minReplicas ?? 1;
    const max = autoscaler.spec.maxReplicas;
    const conditions: ConditionChange[] = [
      {
        type: 'AbleToScale',
        status: 'True',
        reason: 'SucceededGetScale',
        message: "the HPA controller was able to get the target's current scale",
      },
    ];
    const unchanged = (metrics?: readonly MetricStatus[]): Outcome => ({
      current: shown,
      desired: current,
      metrics,
      conditions,
      rescaled: false,
    });
    const memory = memories.get(key) ?? { ...blank, proposals: [{ at: now, replicas: current }] };

    let desired: number;
    let reason: string;
    let metrics: readonly MetricStatus[] | undefined;
    if (current === 0 && min !== 0) {
      conditions.push({
        type: 'ScalingActive',
        status: 'False',
        reason: 'ScalingDisabled',
        message: 'scaling is disabled since the replica count of the target is zero',
      });
      return { ...unchanged(), desired: 0 };
    }
    if (current > max) {
      desired = max;
      reason = 'Current number of replicas above Spec.MaxReplicas';
    } else if (current < min) {
      desired = min;
      reason = 'Current number of replicas below Spec.MinReplicas';
    } else {
      let measured: Measured;
      try {
        measured = await measure(autoscaler, scale, now);
      } catch (error) {
        const why = error instanceof MetricError ? error.reason : 'FailedGetResourceMetric';
        conditions.push({
          type: 'ScalingActive',
          status: 'False',
          reason: why,
          message: `the HPA was unable to compute the replica count: ${innerMessage(error)}`,
        });
        recorder.event(autoscaler, 'Warning', 'FailedComputeMetricsReplicas', messageOf(error));
        return unchanged();
      }
      conditions.push(measured.condition);
      metrics = measured.statuses;
      reason = measured.replicas > current ? `${measured.name} above target` : 'All metrics below target';
      const behaved = behave({ behavior: autoscaler.spec.behavior, current, desired: measured.replicas, min, max, memory, now });
      memories.set(key, behaved.memory);
      desired = behaved.replicas;
      conditions.push({ type: 'AbleToScale', status: 'True', ...behaved.able }, { type: 'ScalingLimited', ...behaved.limited });
    }
    if (desired === current) return unchanged(metrics);
    try {
      await rescale(autoscaler, target, desired);
    } catch (error) {
      recorder.event(autoscaler, 'Warning', 'FailedRescale', `New size: ${desired}; reason: ${reason}; error: ${messageOf(error)}`);
      conditions.push({
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedUpdateScale',
        message: `the HPA controller was unable to update the target scale: ${messageOf(error)}`,
      });
      return unchanged(metrics);
    }
    recorder.event(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${desired}; reason: ${reason}`);
    conditions.push({
      type: 'AbleToScale',
      status: 'True',
      reason: 'SucceededRescale',
      message: `the HPA controller was able to update the target scale to ${desired}`,
    });
    memories.set(key, remember(memories.get(key) ?? memory, current, desired, now));
    return { current: shown, desired, metrics, conditions, rescaled: true };
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const autoscaler = autoscalers.lister.getByKey(key);
    if (autoscaler === undefined) {
      memories.delete(key);
      usageListening.follow(key, undefined);
      pulseListening.follow(key, undefined);
      return;
    }
    const now = world.clock.now();
    let outcome: Outcome;
    try {
      outcome = await decide(autoscaler, await targetOf(autoscaler), now);
    } catch (error) {
      recorder.event(autoscaler, 'Warning', 'FailedGetScale', messageOf(error));
      const condition: ConditionChange = {
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedGetScale',
        message: `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`,
      };
      outcome = {
        current: autoscaler.status.currentReplicas ?? 0,
        desired: autoscaler.status.desiredReplicas,
        metrics: undefined,
        conditions: [condition],
        rescaled: false,
      };
    }
    const status = nextStatus(autoscaler, outcome, now);
    if (!sameStatus(status, autoscaler.status)) await client.resource(HorizontalPodAutoscalers).updateStatus({ ...autoscaler, status });
    return { requeueAfter: period };
  }

  const handle = startController({ name: 'horizontalpodautoscaler', world, synced: allSynced(autoscalers, pods), reconcile });
  return withCleanup(
    handle,
    autoscalers.onChange({
      added: (autoscaler) => handle.enqueue(keyOf(autoscaler)),
      updated: (autoscaler, previous) => {
        // Our own status writes are no news: the next look comes with the period.
        if (autoscaler.metadata.generation !== previous.metadata.generation || autoscaler.spec !== previous.spec)
          handle.enqueueAfter(keyOf(autoscaler), 0);
      },
      deleted: (autoscaler) => handle.enqueue(keyOf(autoscaler)),
    }),
    () => usageListening.stop(),
    () => pulseListening.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}

/** Conditions tell the first failure without the count of metrics. */
function innerMessage(error: unknown): string {
  return error instanceof MetricError && error.cause instanceof MetricError ? error.cause.inner : messageOf(error);
}
