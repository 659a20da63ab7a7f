// TaintNodesByCondition: a new node takes no pods until it has proved to be ready.
import type { Node } from '#api/core/v1/node.ts';
import type { KubeObject } from '#api/object.ts';
import type { AdmissionPlugin } from './plugin.ts';

const key = 'node.kubernetes.io/not-ready';

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: (row, operation, subresource) => row.group === '' && row.resource === 'nodes' && operation === 'CREATE' && subresource === '',

  admit({ object }) {
    const node = object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === key && taint.effect === 'NoSchedule')) return undefined;
    return { ...node, spec: { ...node.spec, taints: [...taints, { key, effect: 'NoSchedule' }] } } as KubeObject;
  },
};
