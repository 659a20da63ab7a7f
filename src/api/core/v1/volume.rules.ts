// Defaults and validation of volumes.
import { checkFormat, checkRange, checkSubdomain, present } from '#api/checks.ts';
import { duplicate, type FieldError, forbiddenField, invalid, required } from '#api/fielderror.ts';
import { dns1123Label } from '#api/formats.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { checkLocalPath, checkMode } from './container.rules.ts';
import { checkFieldRef, checkResourceFieldRef, volumeFields } from './fieldref.rules.ts';
import { imageTag } from './imagename.ts';
import {
  ConfigMapVolumeSource,
  CSIPersistentVolumeSource,
  CSIVolumeSource,
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  EmptyDirVolumeSource,
  EphemeralVolumeSource,
  FCVolumeSource,
  HostPathVolumeSource,
  ISCSIPersistentVolumeSource,
  ISCSIVolumeSource,
  KeyToPath,
  AzureDiskVolumeSource,
  NFSVolumeSource,
  PersistentVolumeClaimVolumeSource,
  ProjectedVolumeSource,
  SecretVolumeSource,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from './volume.ts';

/** The members of a Volume that say where it comes from. */
export const volumeSources: readonly string[] = Object.keys(Volume.fields).filter((field) => field !== 'name');
const projections = Object.keys(VolumeProjection.fields);

const fileMode = 0o644;
const defaultMode = (source: { defaultMode?: number }): void => {
  source.defaultMode ??= fileMode;
};
function checkDefaultMode(source: { readonly defaultMode?: number }, at: string, errors: FieldError[]): void {
  checkMode(source.defaultMode, `${at}.defaultMode`, errors);
}

function checkPathBelow(path: string, at: string, errors: FieldError[]): void {
  if (path === '') errors.push(required(at));
  else {
    checkLocalPath(path, at, errors);
    if (path.startsWith('..') && !path.split('/').includes('..')) errors.push(invalid(at, path, "must not start with '..'"));
  }
}

/** The name of a storage driver. */
export function checkDriverName(name: string, at: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(required(at));
    return;
  }
  if (name.length > 63) errors.push({ type: 'Too long', field: at, value: '', detail: 'may not be more than 63 bytes' });
  checkSubdomain(name.toLowerCase(), at, errors);
}

function checkProjection(source: VolumeProjection, at: string, errors: FieldError[]): void {
  const set = present(source, projections);
  if (set.length === 0) errors.push(required(at, 'must specify a volume type'));
  for (const name of set.slice(1)) errors.push(forbiddenField(`${at}.${name}`, 'may not specify more than 1 volume type'));
  if (source.configMap && !source.configMap.name) errors.push(required(`${at}.configMap.name`));
  if (source.secret && !source.secret.name) errors.push(required(`${at}.secret.name`));
}

function projectedPaths(source: VolumeProjection): readonly string[] {
  if (source.serviceAccountToken) return [source.serviceAccountToken.path];
  if (source.clusterTrustBundle) return [source.clusterTrustBundle.path];
  return (source.configMap?.items ?? source.secret?.items ?? source.downwardAPI?.items ?? []).map((item) => item.path);
}

function checkSources(volume: Volume, at: string, errors: FieldError[]): void {
  const set = present(volume, volumeSources);
  if (set.length === 0) errors.push(required(at, 'must specify a volume type'));
  for (const name of set.slice(1)) errors.push(forbiddenField(`${at}.${name}`, 'may not specify more than 1 volume type'));
}

/** Checks the volumes of a pod: each on its own, and that names differ. */
export function checkVolumes(volumes: readonly Volume[], at: string, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const here = `${at}[${index}]`;
    if (volume.name === '') errors.push(required(`${here}.name`));
    else {
      checkFormat(dns1123Label, volume.name, `${here}.name`, errors);
      if (names.has(volume.name)) errors.push(duplicate(`${here}.name`, volume.name));
      names.add(volume.name);
    }
  }
}

const tokenSeconds = [600, 4294967296] as const;

export const volumeRules: readonly TypeRules[] = [
  typeRules<Volume>(Volume, {
    defaults(volume) {
      if (present(volume, volumeSources).length === 0) volume.emptyDir = {};
      const image = volume.image;
      if (image) image.pullPolicy ??= imageTag(image.reference ?? '') === 'latest' ? 'Always' : 'IfNotPresent';
    },
    check: checkSources,
  }),
  typeRules<SecretVolumeSource>(SecretVolumeSource, {
    defaults: defaultMode,
    check(source, at, errors) {
      if (!source.secretName) errors.push(required(`${at}.secretName`));
      checkDefaultMode(source, at, errors);
    },
  }),
  typeRules<ConfigMapVolumeSource>(ConfigMapVolumeSource, {
    defaults: defaultMode,
    check(source, at, errors) {
      if (!source.name) errors.push(required(`${at}.name`));
      checkDefaultMode(source, at, errors);
    },
  }),
  typeRules<DownwardAPIVolumeSource>(DownwardAPIVolumeSource, { defaults: defaultMode, check: checkDefaultMode }),
  typeRules<ProjectedVolumeSource>(ProjectedVolumeSource, {
    defaults: defaultMode,
    check(source, at, errors) {
      checkDefaultMode(source, at, errors);
      const paths = new Set<string>();
      for (const [index, one] of (source.sources ?? []).entries()) {
        checkProjection(one, `${at}.sources[${index}]`, errors);
        for (const path of projectedPaths(one)) {
          if (path !== '' && paths.has(path)) {
            errors.push(invalid(`${at}.sources[${index}].path`, path, 'conflicting duplicate paths'));
          }
          paths.add(path);
        }
      }
    },
  }),
  typeRules<KeyToPath>(KeyToPath, {
    check(item, at, errors) {
      if (item.key === '') errors.push(required(`${at}.key`));
      checkPathBelow(item.path, `${at}.path`, errors);
      checkMode(item.mode, `${at}.mode`, errors);
    },
  }),
  typeRules<DownwardAPIVolumeFile>(DownwardAPIVolumeFile, {
    check(file, at, errors) {
      checkPathBelow(file.path, `${at}.path`, errors);
      if (file.fieldRef) {
        checkFieldRef(file.fieldRef, volumeFields, `${at}.fieldRef`, errors);
        if (file.resourceFieldRef)
          errors.push(invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
      } else if (file.resourceFieldRef) checkResourceFieldRef(file.resourceFieldRef, true, `${at}.resourceFieldRef`, errors);
      else errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
      checkMode(file.mode, `${at}.mode`, errors);
    },
  }),
  typeRules<ServiceAccountTokenProjection>(ServiceAccountTokenProjection, {
    defaults(token) {
      token.expirationSeconds ??= 3600;
    },
    check(token, at, errors) {
      const seconds = token.expirationSeconds ?? 3600;
      if (seconds < tokenSeconds[0]) {
        errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
      } else if (seconds > tokenSeconds[1]) {
        errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
      }
      if (token.path === '') errors.push(required(`${at}.path`));
      else checkPathBelow(token.path, `${at}.path`, errors);
    },
  }),
  typeRules<HostPathVolumeSource>(HostPathVolumeSource, {
    defaults(source) {
      source.type ??= '';
    },
    check(source, at, errors) {
      if (source.path === '') errors.push(required(`${at}.path`));
      else if (source.path.split('/').includes('..')) errors.push(invalid(`${at}.path`, source.path, "must not contain '..'"));
    },
  }),
  typeRules<EmptyDirVolumeSource>(EmptyDirVolumeSource, {
    check(source, at, errors) {
      if (source.sizeLimit?.startsWith('-'))
        errors.push(forbiddenField(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
    },
  }),
  typeRules<PersistentVolumeClaimVolumeSource>(PersistentVolumeClaimVolumeSource, {
    check(source, at, errors) {
      if (source.claimName === '') errors.push(required(`${at}.claimName`));
    },
  }),
  typeRules<EphemeralVolumeSource>(EphemeralVolumeSource, {
    check(source, at, errors) {
      if (!source.volumeClaimTemplate) errors.push(required(`${at}.volumeClaimTemplate`));
    },
  }),
  typeRules<NFSVolumeSource>(NFSVolumeSource, {
    check(source, at, errors) {
      if (source.server === '') errors.push(required(`${at}.server`));
      if (source.path === '') errors.push(required(`${at}.path`));
      else if (!source.path.startsWith('/')) errors.push(invalid(`${at}.path`, source.path, 'must be an absolute path'));
    },
  }),
  typeRules<CSIVolumeSource>(CSIVolumeSource, {
    check(source, at, errors) {
      checkDriverName(source.driver, `${at}.driver`, errors);
      if (source.nodePublishSecretRef && !source.nodePublishSecretRef.name) errors.push(required(`${at}.nodePublishSecretRef.name`));
    },
  }),
  typeRules<CSIPersistentVolumeSource>(CSIPersistentVolumeSource, {
    check(source, at, errors) {
      checkDriverName(source.driver, `${at}.driver`, errors);
      if (source.volumeHandle === '') errors.push(required(`${at}.volumeHandle`));
    },
  }),
  typeRules<AzureDiskVolumeSource>(AzureDiskVolumeSource, {
    defaults(source) {
      source.readOnly ??= false;
    },
  }),
  typeRules<ISCSIVolumeSource>(ISCSIVolumeSource, { check: checkIscsi }),
  typeRules<ISCSIPersistentVolumeSource>(ISCSIPersistentVolumeSource, { check: checkIscsi }),
  typeRules<FCVolumeSource>(FCVolumeSource, {
    check(source, at, errors) {
      const names = source.targetWWNs?.length ?? 0;
      const ids = source.wwids?.length ?? 0;
      if (names === 0 && ids === 0) errors.push(required(`${at}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
      if (names && ids)
        errors.push(invalid(`${at}.targetWWNs`, source.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
      if (names && source.lun === undefined) errors.push(required(`${at}.lun`, 'lun is required if targetWWNs is specified'));
      checkLun(source.lun, at, errors);
    },
  }),
];

function checkLun(lun: number | undefined, at: string, errors: FieldError[]): void {
  if (lun !== undefined && (lun < 0 || lun > 255)) checkRange(lun, [0, 255], `${at}.lun`, errors);
}

function checkIscsi(
  source: {
    readonly targetPortal: string;
    readonly iqn: string;
    readonly lun: number;
    readonly chapAuthSession?: boolean;
    readonly secretRef?: object;
  },
  at: string,
  errors: FieldError[],
): void {
  if (source.targetPortal === '') errors.push(required(`${at}.targetPortal`));
  if (source.iqn === '') errors.push(required(`${at}.iqn`));
  else if (!/^(iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)?|eui\.[0-9a-fA-F]{16}|naa\.[0-9a-fA-F]{32})$/.test(source.iqn)) {
    errors.push(invalid(`${at}.iqn`, source.iqn, 'must be valid format'));
  }
  checkLun(source.lun, at, errors);
  if (source.chapAuthSession && !source.secretRef) errors.push(required(`${at}.secretRef`));
}
