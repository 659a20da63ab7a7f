// DefaultTolerationSeconds: pods stay five minutes on a node that is lost, unless they say otherwise.
import type { Pod } from '#api/core/v1/pod.ts';
import type { KubeObject } from '#api/object.ts';
import type { AdmissionPlugin } from './plugin.ts';

const seconds = 300;
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: (row, operation, subresource) =>
    row.group === '' && row.resource === 'pods' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),

  // Updates too: whoever writes the list of a pod's tolerations anew need not repeat these, which may not go.
  admit({ object }) {
    const pod = object as Pod;
    const present = pod.spec.tolerations ?? [];
    const missing = taints.filter(
      (taint) => !present.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === 'NoExecute')),
    );
    if (missing.length === 0) return undefined;
    const added = missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }) as const);
    return { ...pod, spec: { ...pod.spec, tolerations: [...present, ...added] } } as KubeObject;
  },
};
