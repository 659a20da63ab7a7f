// Jobs: a Job that does not manage its own selector selects by its uid.
import type { Job } from '#api/batch/v1/job.ts';
import type { KubeObject } from '#api/object.ts';
import type { Strategy } from '../registry/strategy.ts';

export const jobStrategy: Strategy = {
  prepareCreate(object) {
    const job = object as Job;
    if (job.spec.manualSelector) return job;
    const { name, uid = '' } = job.metadata;
    const template = job.spec.template;
    const labels: Record<string, string> = { ...template.metadata?.labels };
    labels['job-name'] ??= name;
    labels['batch.kubernetes.io/job-name'] ??= name;
    labels['controller-uid'] ??= uid;
    labels['batch.kubernetes.io/controller-uid'] ??= uid;
    const selector = job.spec.selector ?? { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
    return {
      ...job,
      spec: { ...job.spec, selector, template: { ...template, metadata: { ...template.metadata, labels } } },
    } as KubeObject;
  },
};
