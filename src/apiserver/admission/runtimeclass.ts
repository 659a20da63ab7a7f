// RuntimeClass: a pod inherits the overhead and the scheduling rules of its runtime.
import { forbidden } from '#api/status.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { RuntimeClass } from '#api/node/v1/runtimeclass.ts';
import type { KubeObject } from '#api/object.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { type AdmissionPlugin, shownName } from './plugin.ts';

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  handles: (row, operation, subresource) => row.group === '' && row.resource === 'pods' && operation === 'CREATE' && subresource === '',

  async admit({ object, registry }) {
    const pod = object as Pod;
    const refuse = (message: string) => forbidden({ group: '', resource: 'pods' }, shownName(pod), message);
    const name = pod.spec.runtimeClassName;
    if (!name) {
      if (pod.spec.overhead && Object.keys(pod.spec.overhead).length > 0)
        throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      return undefined;
    }
    const classes = registry.must('node.k8s.io', 'v1', 'runtimeclasses');
    if (!classes.table.get(classes.key('', name))) await registry.hub.caughtUp();
    const found = classes.table.get(classes.key('', name))?.object as RuntimeClass | undefined;
    if (!found) throw refuse(`pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    const overhead = found.overhead?.podFixed;
    if (pod.spec.overhead && !deepEqual(pod.spec.overhead, overhead)) {
      throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    const selector = { ...pod.spec.nodeSelector };
    for (const [key, value] of Object.entries(found.scheduling?.nodeSelector ?? {})) {
      if (selector[key] !== undefined && selector[key] !== value) {
        throw refuse(`conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${selector[key]}`);
      }
      selector[key] = value;
    }
    const extra = (found.scheduling?.tolerations ?? []).filter(
      (toleration) => !pod.spec.tolerations?.some((own) => deepEqual(own, toleration)),
    );
    return {
      ...pod,
      spec: {
        ...pod.spec,
        ...(overhead ? { overhead } : {}),
        ...(Object.keys(selector).length > 0 ? { nodeSelector: selector } : {}),
        ...(extra.length > 0 ? { tolerations: [...(pod.spec.tolerations ?? []), ...extra] } : {}),
      },
    } as KubeObject;
  },
};
