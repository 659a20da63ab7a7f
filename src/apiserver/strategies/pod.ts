// Pods.
import { checkEphemeralUpdate, checkResize } from '#api/core/v1/pod.rules.ts';
import type { Affinity, PodAffinityTerm } from '#api/core/v1/affinity.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { LabelSelector } from '#api/meta/v1/selector.ts';
import { qosClass } from '#api/qos.ts';
import type { KubeObject } from '#api/object.ts';
import type { Strategy } from '../registry/strategy.ts';

type Labels = Readonly<Record<string, string>>;

function withKeys(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: string,
  labels: Labels,
): LabelSelector | undefined {
  const known = (keys ?? []).filter((key) => labels[key] !== undefined);
  if (known.length === 0 || !selector) return selector;
  const added = known.map((key) => ({ key, operator, values: [labels[key] as string] }));
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] };
}

function withTermKeys<T extends PodAffinityTerm>(term: T, labels: Labels): T {
  if (!term.matchLabelKeys && !term.mismatchLabelKeys) return term;
  const first = withKeys(term.labelSelector, term.matchLabelKeys, 'In', labels);
  return { ...term, labelSelector: withKeys(first, term.mismatchLabelKeys, 'NotIn', labels) };
}

// matchLabelKeys and mismatchLabelKeys become plain expressions with the pod's own values.
function expandAffinity(affinity: Affinity | undefined, labels: Labels): Affinity | undefined {
  if (!affinity?.podAffinity && !affinity?.podAntiAffinity) return affinity;
  const expand = <T extends NonNullable<Affinity['podAffinity']>>(part: T): T => {
    const copy: Record<string, unknown> = { ...part };
    const { requiredDuringSchedulingIgnoredDuringExecution: hard, preferredDuringSchedulingIgnoredDuringExecution: soft } = part;
    if (hard) copy['requiredDuringSchedulingIgnoredDuringExecution'] = hard.map((term) => withTermKeys(term, labels));
    if (soft) {
      copy['preferredDuringSchedulingIgnoredDuringExecution'] = soft.map((item) => ({
        ...item,
        podAffinityTerm: withTermKeys(item.podAffinityTerm, labels),
      }));
    }
    return copy as unknown as T;
  };
  return {
    ...affinity,
    ...(affinity.podAffinity ? { podAffinity: expand(affinity.podAffinity) } : {}),
    ...(affinity.podAntiAffinity ? { podAntiAffinity: expand(affinity.podAntiAffinity) } : {}),
  };
}

function expandSpread(pod: Pod, labels: Labels): Pod['spec']['topologySpreadConstraints'] {
  return pod.spec.topologySpreadConstraints?.map((constraint) =>
    constraint.matchLabelKeys
      ? { ...constraint, labelSelector: withKeys(constraint.labelSelector, constraint.matchLabelKeys, 'In', labels) }
      : constraint,
  );
}

function prepareCreate(object: KubeObject): KubeObject {
  const pod = object as Pod;
  const labels = pod.metadata.labels ?? {};
  const affinity = expandAffinity(pod.spec.affinity, labels);
  const spread = expandSpread(pod, labels);
  const gated = (pod.spec.schedulingGates?.length ?? 0) > 0;
  const status: Pod['status'] = {
    phase: 'Pending',
    ...(gated
      ? {
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'SchedulingGated',
              message: 'Scheduling is blocked due to non-empty scheduling gates',
            },
          ],
        }
      : {}),
    qosClass: qosClass(pod.spec),
  };
  const spec =
    affinity !== pod.spec.affinity || spread
      ? { ...pod.spec, ...(affinity ? { affinity } : {}), ...(spread ? { topologySpreadConstraints: spread } : {}) }
      : pod.spec;
  return { ...pod, spec, status } as Pod;
}

export const podStrategy: Strategy = {
  prepareCreate,

  // Opening the last scheduling gate clears the condition that told of it.
  prepareUpdate(object, old) {
    const pod = object as Pod;
    const before = old as Pod;
    if (!before.spec.schedulingGates?.length || pod.spec.schedulingGates?.length) return pod;
    const conditions = (pod.status.conditions ?? []).filter((condition) => condition.reason !== 'SchedulingGated');
    return { ...pod, status: { ...pod.status, conditions } } as Pod;
  },

  prepareStatus(object, old) {
    const pod = object as Pod;
    const { qosClass: before } = (old as Pod).status;
    const { ownerReferences: _, ...metadata } = pod.metadata;
    const owners = old.metadata.ownerReferences;
    return {
      ...pod,
      metadata: { ...metadata, ...(owners ? { ownerReferences: owners } : {}) },
      status: { ...pod.status, ...(pod.status.qosClass || !before ? {} : { qosClass: before }) },
    };
  },

  grace(object, requested) {
    const pod = object as Pod;
    if (!pod.spec.nodeName || pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') return { seconds: 0 };
    const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    return { seconds: seconds < 0 ? 1 : seconds };
  },

  returnsDeleted: true,

  parts: {
    ephemeralcontainers: {
      merge: (object, old) => {
        const { ephemeralContainers } = (object as Pod).spec;
        const before = old as Pod;
        return {
          ...before,
          metadata: object.metadata,
          spec: { ...before.spec, ...(ephemeralContainers ? { ephemeralContainers } : {}) },
        } as KubeObject;
      },
      validate: (object, old) => checkEphemeralUpdate(object as Pod, old as Pod),
    },
    resize: {
      merge: (object, old) => ({ ...(old as Pod), metadata: object.metadata, spec: (object as Pod).spec }),
      validate: (object, old) => checkResize(object as Pod, old as Pod),
    },
    // The whole pod comes from our own binding subresource.
    binding: { merge: (object) => object },
  },
};
