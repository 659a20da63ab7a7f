// Priority: a pod's priority is the number behind its PriorityClass.
import { forbidden } from '#api/status.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PriorityClass } from '#api/scheduling/v1/priorityclass.ts';
import type { KubeObject } from '#api/object.ts';
import type { Registry } from '../registry/registry.ts';
import { type AdmissionAttributes, type AdmissionPlugin, shownName } from './plugin.ts';

/** The lowest of the classes that are marked as the default. */
export function defaultClass(registry: Registry): PriorityClass | undefined {
  const classes = registry.must('scheduling.k8s.io', 'v1', 'priorityclasses');
  let lowest: PriorityClass | undefined;
  for (const entry of classes.table.range(classes.table.prefix)) {
    const found = entry.object as PriorityClass;
    if (found.globalDefault && (!lowest || (found.value ?? 0) < (lowest.value ?? 0))) lowest = found;
  }
  return lowest;
}

async function classOf({ registry }: AdmissionAttributes, name: string): Promise<PriorityClass | undefined> {
  const classes = registry.must('scheduling.k8s.io', 'v1', 'priorityclasses');
  const cached = classes.table.get(classes.key('', name));
  if (cached) return cached.object as PriorityClass;
  await registry.hub.caughtUp();
  return classes.table.get(classes.key('', name))?.object as PriorityClass | undefined;
}

async function admitPod(attributes: AdmissionAttributes): Promise<KubeObject> {
  const pod = attributes.object as Pod;
  const refuse = (message: string) => forbidden({ group: '', resource: 'pods' }, shownName(pod), message);
  const wanted = pod.spec.priorityClassName;
  const found = wanted ? await classOf(attributes, wanted) : defaultClass(attributes.registry);
  if (wanted && !found) throw refuse(`no PriorityClass with name ${wanted} was found`);
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (pod.spec.priority !== undefined && pod.spec.priority !== value) {
    throw refuse(
      `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== policy) {
    throw refuse(
      `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  return {
    ...pod,
    spec: { ...pod.spec, ...(found ? { priorityClassName: found.metadata.name } : {}), priority: value, preemptionPolicy: policy },
  } as KubeObject;
}

export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: (row, operation, subresource) =>
    subresource === '' &&
    ((row.group === '' && row.resource === 'pods' && operation === 'CREATE') ||
      (row.group === 'scheduling.k8s.io' && row.resource === 'priorityclasses' && (operation === 'CREATE' || operation === 'UPDATE'))),

  admit: (attributes) => (attributes.row.resource === 'pods' ? admitPod(attributes) : undefined),

  validate(attributes) {
    if (attributes.row.resource !== 'priorityclasses') return;
    const object = attributes.object as PriorityClass;
    if (!object.globalDefault) return;
    const present = defaultClass(attributes.registry);
    if (present && present.metadata.name !== object.metadata.name) {
      throw forbidden(
        { group: 'scheduling.k8s.io', resource: 'priorityclasses' },
        object.metadata.name,
        `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`,
      );
    }
  },
};
