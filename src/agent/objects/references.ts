// Which ConfigMaps and Secrets a pod refers to: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { allContainers } from '../sync/spec.ts';

export interface ObjectRef {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
}

/** Every ConfigMap and Secret that the pod names, each once. */
export function podReferences(pod: Pod): ObjectRef[] {
  const found = new Map<string, ObjectRef>();
  const add = (kind: ObjectRef['kind'], name: string | undefined): void => {
    if (name) found.set(`${kind}/${name}`, { kind, name });
  };
  for (const { container } of allContainers(pod)) {
    for (const source of container.envFrom ?? []) {
      add('ConfigMap', source.configMapRef?.name);
      add('Secret', source.secretRef?.name);
    }
    for (const variable of container.env ?? []) {
      add('ConfigMap', variable.valueFrom?.configMapKeyRef?.name);
      add('Secret', variable.valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) {
    add('ConfigMap', volume.configMap?.name);
    add('Secret', volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add('ConfigMap', source.configMap?.name);
      add('Secret', source.secret?.name);
    }
  }
  for (const secret of pod.spec.imagePullSecrets ?? []) add('Secret', secret.name);
  return [...found.values()];
}
