// PersistentVolumeClaimResize: a claim may grow only if its class says that its volumes can.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { StorageClasses } from '#api/refs.ts';
import { forbidden } from '#api/status.ts';
import { compareQuantity } from '#format/quantity.ts';
import type { AdmissionPlugin } from './plugin.ts';

const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec.resources?.requests?.['storage'] ?? '0';

export const claimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  handles: (row, operation, subresource) =>
    row.group === '' && row.resource === 'persistentvolumeclaims' && operation === 'UPDATE' && subresource === '',
  validate({ object, oldObject, name, ctx }) {
    const claim = object as PersistentVolumeClaim;
    const old = oldObject as PersistentVolumeClaim;
    if (compareQuantity(sizeOf(claim), sizeOf(old)) <= 0) return;
    const found = claim.spec.storageClassName ? ctx.backend.peek(StorageClasses, claim.spec.storageClassName) : undefined;
    if (found?.allowVolumeExpansion === true) return;
    const message = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw forbidden({ group: '', resource: 'persistentvolumeclaims' }, name, message);
  },
};
