// What goes through admission is not always the object of the row: /scale shows another kind. Webhooks see that one.
import type { Scale } from '#api/autoscaling/v1/scale.ts';
import type { KubeObject } from '#api/object.ts';
import type { Scaling } from '../../registry/strategy.ts';
import { builtInScaling, scaleOf } from '../../subresources/scale.ts';
import type { AdmissionAttributes } from '../plugin.ts';

const isScale = ({ subresource, operation }: AdmissionAttributes): boolean => subresource === 'scale' && operation === 'UPDATE';

const scalingOf = ({ registry, row }: AdmissionAttributes): Scaling =>
  registry.find(row.group, row.version, row.resource)?.strategy.scaling ?? builtInScaling(row.resource);

/** The object as the subresource shows it. */
export function shown(object: KubeObject | undefined, attributes: AdmissionAttributes): KubeObject | undefined {
  return object && isScale(attributes) ? (scaleOf(object, scalingOf(attributes)) as KubeObject) : object;
}

/** The object of the row after the shown one was changed. */
export function written(changed: KubeObject, object: KubeObject, attributes: AdmissionAttributes): KubeObject {
  if (!isScale(attributes)) return changed;
  return scalingOf(attributes).write(object, (changed as Scale).spec.replicas ?? 0);
}
