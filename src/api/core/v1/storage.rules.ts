// Defaults and validation of PersistentVolumes and their claims.
import { checkSubdomain, present } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { immutableText, nonNegativeText, positiveText } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { compareQuantity, signOfQuantity } from '#format/quantity.ts';
import { PersistentVolume, PersistentVolumeSpec } from './persistentvolume.ts';
import { PersistentVolumeClaim, PersistentVolumeClaimSpec } from './persistentvolumeclaim.ts';

const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);
/** The members of a PersistentVolumeSpec that say where the volume is. */
export const persistentSources: readonly string[] = Object.keys(PersistentVolumeSpec.fields).filter((field) => !notSources.has(field));

function checkModes(modes: readonly string[], at: string, errors: FieldError[]): void {
  if (modes.length === 0) errors.push(required(at, 'at least 1 access mode is required'));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.push(forbiddenField(at, 'may not use ReadWriteOncePod with other access modes'));
  }
}

function checkVolumeSpec(spec: PersistentVolumeSpec, at: string, errors: FieldError[]): void {
  checkModes(spec.accessModes ?? [], `${at}.accessModes`, errors);
  const capacity = Object.entries(spec.capacity ?? {});
  if (capacity.length === 0) errors.push(required(`${at}.capacity`));
  if (spec.capacity && (spec.capacity['storage'] === undefined || capacity.length > 1)) {
    errors.push(notSupported(`${at}.capacity`, spec.capacity, ['storage']));
  }
  for (const [name, amount] of capacity) {
    if (signOfQuantity(amount) <= 0) errors.push(invalid(`${at}.capacity[${name}]`, amount, positiveText));
  }
  const set = present(spec, persistentSources);
  if (set.length === 0) errors.push(required(at, 'must specify a volume type'));
  for (const name of set.slice(1)) errors.push(forbiddenField(`${at}.${name}`, 'may not specify more than 1 volume type'));
  checkSubdomain(spec.storageClassName, `${at}.storageClassName`, errors);
  if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    errors.push(forbiddenField(`${at}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (spec.nodeAffinity && !spec.nodeAffinity.required)
    errors.push(required(`${at}.nodeAffinity.required`, 'must specify required node constraints'));
  if (spec.local) {
    if (spec.local.path === '') errors.push(required(`${at}.local.path`));
    else if (spec.local.path.split('/').includes('..')) errors.push(invalid(`${at}.local.path`, spec.local.path, "must not contain '..'"));
    if (!spec.nodeAffinity) errors.push(required(`${at}.nodeAffinity`, 'Local volume requires node affinity'));
  }
  if (spec.volumeAttributesClassName !== undefined) {
    if (spec.volumeAttributesClassName === '') errors.push(required(`${at}.volumeAttributesClassName`, 'an empty string is disallowed'));
    if (!spec.csi) errors.push(required(`${at}.csi`, 'has to be specified when using volumeAttributesClassName'));
  }
}

function checkClaimSpec(spec: PersistentVolumeClaimSpec, at: string, errors: FieldError[]): void {
  checkModes(spec.accessModes ?? [], `${at}.accessModes`, errors);
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) errors.push(required(`${at}.resources[storage]`));
  else if (signOfQuantity(storage) <= 0) errors.push(invalid(`${at}.resources[storage]`, storage, positiveText));
  checkSubdomain(spec.storageClassName, `${at}.storageClassName`, errors);
  for (const field of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[field];
    if (!source) continue;
    if (source.name === '') errors.push(required(`${at}.${field}.name`));
    if (source.kind === '') errors.push(required(`${at}.${field}.kind`));
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
      errors.push(invalid(`${at}.${field}`, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
    }
  }
  if (spec.dataSource && spec.dataSourceRef && !spec.dataSourceRef.namespace) {
    const { namespace: _, ...ref } = spec.dataSourceRef;
    if (!semanticEqual(spec.dataSource, ref)) errors.push(invalid(at, `${at}.dataSource`, 'must match dataSourceRef'));
  }
}

const claimText = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

function checkClaimUpdate(next: PersistentVolumeClaim, previous: PersistentVolumeClaim, errors: Errors): void {
  const [spec, old] = [next.spec, previous.spec];
  const bound = previous.status.phase === 'Bound';
  const plain = (one: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec => ({
    ...one,
    volumeName: old.volumeName ? one.volumeName : undefined,
    storageClassName: old.storageClassName === undefined ? undefined : one.storageClassName,
    volumeAttributesClassName: undefined,
    resources: bound ? { ...one.resources, requests: { ...one.resources?.requests, storage: '0' } } : one.resources,
  });
  if (!semanticEqual(plain(spec), plain(old))) errors.push(forbiddenField('spec', claimText));
  const [now, before] = [spec.resources?.requests?.['storage'], old.resources?.requests?.['storage']];
  if (now !== undefined && before !== undefined && compareQuantity(now, before) < 0) {
    const has = previous.status.capacity?.['storage'];
    if (has === undefined || compareQuantity(now, has) <= 0) {
      errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'));
    }
  }
  if (spec.volumeMode !== old.volumeMode) errors.push(invalid('spec.volumeMode', spec.volumeMode ?? null, immutableText));
  if (old.volumeAttributesClassName && !spec.volumeAttributesClassName) {
    const text = 'update from non-nil value to nil is forbidden';
    errors.push(forbiddenField('spec.volumeAttributesClassName', text));
  }
}

export const storageRules: readonly TypeRules[] = [
  typeRules<PersistentVolumeSpec>(PersistentVolumeSpec, {
    check: (spec, at, errors, env) => {
      if (env.root === PersistentVolume) checkVolumeSpec(spec, at, errors);
    },
  }),
  typeRules<PersistentVolume>(PersistentVolume, {
    defaults(volume) {
      volume.status.phase ??= 'Pending';
      volume.spec.persistentVolumeReclaimPolicy ??= 'Retain';
      volume.spec.volumeMode ??= 'Filesystem';
    },
    update(next, previous, errors) {
      const sources = (spec: PersistentVolumeSpec) =>
        Object.fromEntries(persistentSources.map((name) => [name, (spec as Readonly<Record<string, unknown>>)[name]]));
      if (!semanticEqual(sources(next.spec), sources(previous.spec))) {
        errors.push(forbiddenField('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'));
      }
      if (next.spec.volumeMode !== previous.spec.volumeMode) {
        errors.push(invalid('spec.volumeMode', next.spec.volumeMode ?? null, immutableText));
      }
      if (previous.spec.nodeAffinity && !semanticEqual(next.spec.nodeAffinity, previous.spec.nodeAffinity)) {
        errors.push(invalid('spec.nodeAffinity', next.spec.nodeAffinity ?? null, immutableText));
      }
      if (previous.spec.volumeAttributesClassName && !next.spec.volumeAttributesClassName) {
        errors.push(forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
      }
    },
  }),
  typeRules<PersistentVolumeClaimSpec>(PersistentVolumeClaimSpec, {
    defaults(spec) {
      spec.volumeMode ??= 'Filesystem';
    },
    check: checkClaimSpec,
  }),
  typeRules<PersistentVolumeClaim>(PersistentVolumeClaim, {
    defaults(claim) {
      claim.status.phase ??= 'Pending';
    },
    update: checkClaimUpdate,
    status(next, _previous, errors) {
      for (const [name, amount] of Object.entries(next.status.capacity ?? {})) {
        if (amount.startsWith('-')) errors.push(invalid(`status.capacity[${name}]`, amount, nonNegativeText));
      }
    },
  }),
];
