// The pods that a Job makes. Pure.
import type { Job } from '#api/batch/v1/job.ts';
import { Jobs } from '#api/refs.ts';
import { controllerRef } from '#client/ownership.ts';
import { podFromTemplate } from '../replicas/plan.ts';
import { indexAnnotation } from './indexes.ts';
import { countAnnotations } from './perindex.ts';
import type { NewPod } from './plan.ts';
import { trackingFinalizer } from './tally.ts';

type PodSpec = ReturnType<typeof podFromTemplate>['spec'];
/** What a pod's generated name may have before its random end. */
const longestPrefix = 63 - 5;

/** Tells each container its index, and gives the pod a stable host name. */
function indexedSpec(spec: PodSpec, name: string, index: number): PodSpec {
  const env = { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } } };
  const withIndex = <C extends { readonly env?: readonly { readonly name: string }[] }>(list: readonly C[] | undefined): C[] | undefined =>
    list?.map((container) =>
      container.env?.some((entry) => entry.name === env.name) ? container : { ...container, env: [...(container.env ?? []), env] },
    );
  const initContainers = withIndex(spec.initContainers);
  return {
    ...spec,
    hostname: `${name}-${index}`,
    containers: withIndex(spec.containers) ?? [],
    ...(initContainers ? { initContainers } : {}),
  };
}

/** The pod to create. */
export function jobPod(job: Job, { index, follows }: NewPod) {
  const { name, namespace = '' } = job.metadata;
  const base = podFromTemplate(job.spec.template, name, namespace);
  const shared = { finalizers: [...(base.metadata.finalizers ?? []), trackingFinalizer], ownerReferences: [controllerRef(job, Jobs)] };
  if (index === undefined) return { ...base, metadata: { ...base.metadata, ...shared } };
  const own = { [indexAnnotation]: String(index) };
  const suffix = `-${index}-`;
  const metadata = {
    ...base.metadata,
    ...shared,
    generateName: `${name.slice(0, longestPrefix - suffix.length)}${suffix}`,
    annotations: { ...base.metadata.annotations, ...own, ...countAnnotations(job, follows) },
    labels: { ...base.metadata.labels, ...own },
  };
  return { ...base, metadata, spec: indexedSpec(base.spec, name, index) };
}
