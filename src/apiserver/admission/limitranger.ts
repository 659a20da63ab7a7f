// LimitRanger: presets and bounds of a namespace.
import { forbidden } from '#api/status.ts';
import type { LimitRange } from '#api/core/v1/limitrange.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { KubeObject } from '#api/object.ts';
import { applyLimitRange, claimLimitErrors, podLimitErrors } from './limitranges.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

function rangesOf({ registry, namespace }: AdmissionAttributes): LimitRange[] {
  const ranges = registry.must('', 'v1', 'limitranges');
  return Array.from(ranges.table.range(ranges.keyPrefix(namespace)), (entry) => entry.object as LimitRange);
}

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',

  handles(row, operation, subresource) {
    if (row.group !== '') return false;
    if (row.resource === 'pods')
      return (operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize');
    return row.resource === 'persistentvolumeclaims' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
  },

  admit(attributes) {
    if (attributes.row.resource !== 'pods' || attributes.operation !== 'CREATE') return undefined;
    let pod = attributes.object as Pod;
    for (const range of rangesOf(attributes)) pod = applyLimitRange(pod, range);
    return pod === attributes.object ? undefined : (pod as KubeObject);
  },

  validate(attributes) {
    const { row, name, object } = attributes;
    const errors = rangesOf(attributes).flatMap((range) =>
      row.resource === 'pods' ? podLimitErrors(object as Pod, range) : claimLimitErrors(object as PersistentVolumeClaim, range),
    );
    if (errors.length === 0) return;
    throw forbidden({ group: '', resource: row.resource }, name, errors.length === 1 ? (errors[0] as string) : `[${errors.join(', ')}]`);
  },
};
