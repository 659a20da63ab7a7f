// DaemonSets: how often the template changed is counted in an annotation, as it was a field once.
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import type { KubeObject } from '#api/object.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import type { Strategy } from '../registry/strategy.ts';

const annotation = 'deprecated.daemonset.template.generation';

function numbered(set: DaemonSet, generation: number): KubeObject {
  return { ...set, metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, [annotation]: String(generation) } } };
}

export const daemonSetStrategy: Strategy = {
  prepareCreate: (object) => numbered(object as DaemonSet, 1),
  prepareUpdate(object, old) {
    const [set, before] = [object as DaemonSet, old as DaemonSet];
    const generation = Number(before.metadata.annotations?.[annotation] ?? 1) || 1;
    return numbered(set, semanticEqual(set.spec.template, before.spec.template) ? generation : generation + 1);
  },
};
