// PersistentVolumes and their claims.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { KubeObject } from '#api/object.ts';
import type { Strategy } from '../registry/strategy.ts';

export const volumeStrategy: Strategy = {
  prepareCreate: (object, write) => ({ ...object, status: { phase: 'Pending', lastPhaseTransitionTime: write.now } }) as KubeObject,
  prepareStatus(object, old, write) {
    const volume = object as PersistentVolume;
    if (volume.status.phase === (old as PersistentVolume).status.phase) return volume;
    return { ...volume, status: { ...volume.status, lastPhaseTransitionTime: write.now } } as KubeObject;
  },
  returnsDeleted: true,
};

export const claimStrategy: Strategy = {
  prepareCreate(object) {
    const claim = object as PersistentVolumeClaim;
    const { dataSource, dataSourceRef } = claim.spec;
    const spec =
      dataSource && !dataSourceRef
        ? { ...claim.spec, dataSourceRef: dataSource }
        : dataSourceRef && !dataSource && !dataSourceRef.namespace
          ? { ...claim.spec, dataSource: { apiGroup: dataSourceRef.apiGroup, kind: dataSourceRef.kind, name: dataSourceRef.name } }
          : claim.spec;
    return { ...claim, spec, status: { phase: 'Pending' } } as KubeObject;
  },
  returnsDeleted: true,
};
