// DefaultStorageClass and StorageObjectInUseProtection; DefaultIngressClass works the same way.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Ingress } from '#api/networking/v1/ingress.ts';
import type { KubeObject } from '#api/object.ts';
import type { Resource } from '../registry/resource.ts';
import type { AdmissionPlugin } from './plugin.ts';

/** The newest object that carries `annotation: "true"`; the first by name among equals. */
export function annotatedDefault(resource: Resource, annotation: string): KubeObject | undefined {
  let best: KubeObject | undefined;
  for (const { object } of resource.table.range(resource.table.prefix)) {
    if (object.metadata.annotations?.[annotation] !== 'true') continue;
    if (!best || (object.metadata.creationTimestamp ?? '') > (best.metadata.creationTimestamp ?? '')) best = object;
  }
  return best;
}

const betaClass = 'volume.beta.kubernetes.io/storage-class';

export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  handles: (row, operation, subresource) => row.resource === 'persistentvolumeclaims' && operation === 'CREATE' && subresource === '',
  admit({ object, registry }) {
    const claim = object as PersistentVolumeClaim;
    if (claim.spec.storageClassName !== undefined || claim.metadata.annotations?.[betaClass] !== undefined) return undefined;
    const found = annotatedDefault(registry.must('storage.k8s.io', 'v1', 'storageclasses'), 'storageclass.kubernetes.io/is-default-class');
    return found && ({ ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } } as KubeObject);
  },
};

const protections: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  volumeattributesclasses: 'kubernetes.io/vac-protection',
};

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: (row, operation, subresource) => row.resource in protections && operation === 'CREATE' && subresource === '',
  admit({ object, row }) {
    const finalizer = protections[row.resource] as string;
    const present = object?.metadata.finalizers ?? [];
    if (!object || present.includes(finalizer)) return undefined;
    return { ...object, metadata: { ...object.metadata, finalizers: [...present, finalizer] } };
  },
};

export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  handles: (row, operation, subresource) =>
    row.group === 'networking.k8s.io' && row.resource === 'ingresses' && operation === 'CREATE' && subresource === '',
  admit({ object, registry }) {
    const ingress = object as Ingress;
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined)
      return undefined;
    const found = annotatedDefault(
      registry.must('networking.k8s.io', 'v1', 'ingressclasses'),
      'ingressclass.kubernetes.io/is-default-class',
    );
    return found && ({ ...ingress, spec: { ...ingress.spec, ingressClassName: found.metadata.name } } as KubeObject);
  },
};
