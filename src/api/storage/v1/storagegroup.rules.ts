// Defaults and validation of the storage.k8s.io group.
import { checkFormat, checkNonNegative, checkSubdomain, present } from '#api/checks.ts';
import { checkDriverName } from '#api/core/v1/volume.rules.ts';
import { duplicate, type FieldError, forbiddenField, invalid, notSupported, required, tooLong } from '#api/fielderror.ts';
import { byteLength, dns1123Subdomain, immutableText, nonNegativeText, qualifiedName } from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { CSIDriver } from './csidriver.ts';
import { CSINode } from './csinode.ts';
import { CSIStorageCapacity } from './csistoragecapacity.ts';
import { StorageClass } from './storageclass.ts';
import { VolumeAttachment } from './volumeattachment.ts';
import { VolumeAttributesClass } from './volumeattributesclass.ts';

const maxParameterBytes = 262144;
const maxParameters = 512;

function checkParameters(parameters: Readonly<Record<string, string>>, at: string, errors: FieldError[]): void {
  const entries = Object.entries(parameters);
  if (entries.length > maxParameters) {
    errors.push({ type: 'Too long', field: at, value: '', detail: `may not be more than ${maxParameters} bytes` });
    return;
  }
  let total = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalid(at, key, 'field can not be empty.'));
    total += byteLength(key) + byteLength(value);
  }
  if (total > maxParameterBytes) errors.push(tooLong(at, maxParameterBytes));
}

const fixedInClass = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;
const storageClassWords: Readonly<Record<(typeof fixedInClass)[number], string>> = {
  parameters: 'updates to parameters are forbidden.',
  provisioner: 'updates to provisioner are forbidden.',
  reclaimPolicy: 'updates to reclaimPolicy are forbidden.',
  volumeBindingMode: 'field is immutable',
};

export const storageGroupRules: readonly TypeRules[] = [
  typeRules<StorageClass>(StorageClass, {
    gated: { reclaimPolicy: ['Recycle'] },
    defaults(one) {
      one.reclaimPolicy ??= 'Delete';
      one.volumeBindingMode ??= 'Immediate';
    },
    object(one, errors) {
      if (one.provisioner === '') errors.push(required('provisioner'));
      else checkFormat(qualifiedName, one.provisioner.toLowerCase(), 'provisioner', errors);
      checkParameters(one.parameters ?? {}, 'parameters', errors);
      if (one.volumeBindingMode === undefined) errors.push(required('volumeBindingMode'));
      for (const [i, term] of (one.allowedTopologies ?? []).entries()) {
        for (const [j, requirement] of (term.matchLabelExpressions ?? []).entries()) {
          const at = `allowedTopologies[${i}].matchLabelExpressions[${j}]`;
          checkFormat(qualifiedName, requirement.key, `${at}.key`, errors);
          if (requirement.values.length === 0) errors.push(required(`${at}.values`));
          requirement.values.forEach((value, k) => {
            if (requirement.values.indexOf(value) < k) errors.push(duplicate(`${at}.values[${k}]`, value));
          });
        }
      }
    },
    update(next, previous, errors) {
      for (const field of fixedInClass) {
        if (semanticEqual(next[field], previous[field])) continue;
        const words = storageClassWords[field];
        errors.push(field === 'volumeBindingMode' ? invalid(field, next[field] ?? null, words) : forbiddenField(field, words));
      }
    },
  }),
  typeRules<VolumeAttachment>(VolumeAttachment, {
    object({ spec, status }, errors) {
      checkDriverName(spec.attacher, 'spec.attacher', errors);
      const set = present(spec.source, ['inlineVolumeSpec', 'persistentVolumeName']);
      if (set.length === 0) errors.push(required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
      if (set.length > 1) {
        errors.push(forbiddenField('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
      }
      checkFormat(dns1123Subdomain, spec.nodeName, 'spec.nodeName', errors);
      checkParameters(status.attachmentMetadata ?? {}, 'status.attachmentMetadata', errors);
      for (const field of ['attachError', 'detachError'] as const) {
        if (byteLength(status[field]?.message ?? '') > 1024) errors.push(tooLong(`status.${field}.message`, 1024));
      }
    },
    update(next, previous, errors) {
      if (!semanticEqual(next.spec, previous.spec)) errors.push(invalid('spec', next.spec, immutableText));
    },
  }),
  typeRules<CSIDriver>(CSIDriver, {
    name: (name) => (name.length > 63 ? ['must be no more than 63 bytes'] : dns1123Subdomain(name.toLowerCase())),
    defaults({ spec }) {
      spec.attachRequired ??= true;
      spec.podInfoOnMount ??= false;
      spec.storageCapacity ??= false;
      spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
      spec.requiresRepublish ??= false;
      spec.seLinuxMount ??= false;
      spec.volumeLifecycleModes ??= ['Persistent'];
    },
    object({ spec }, errors) {
      for (const field of ['attachRequired', 'podInfoOnMount', 'storageCapacity'] as const) {
        if (spec[field] === undefined) errors.push(required(`spec.${field}`));
      }
      const policies = ['File', 'None', 'ReadWriteOnceWithFSType'];
      if (!policies.includes(spec.fsGroupPolicy ?? '')) errors.push(notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy ?? '', policies));
      for (const mode of spec.volumeLifecycleModes ?? []) {
        if (mode !== 'Persistent' && mode !== 'Ephemeral')
          errors.push(notSupported('spec.volumeLifecycleModes', mode, ['Ephemeral', 'Persistent']));
      }
      const audiences = new Set<string>();
      for (const [index, token] of (spec.tokenRequests ?? []).entries()) {
        const at = `spec.tokenRequests[${index}]`;
        if (audiences.has(token.audience)) errors.push(duplicate(`${at}.audience`, token.audience));
        audiences.add(token.audience);
        const seconds = token.expirationSeconds;
        if (seconds === undefined) continue;
        if (seconds < 600) errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
        if (seconds > 4294967296)
          errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
      }
      const period = spec.nodeAllocatableUpdatePeriodSeconds;
      if (period !== undefined && period < 10) {
        errors.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'));
      }
    },
    update(next, previous, errors) {
      for (const field of ['attachRequired', 'volumeLifecycleModes'] as const) {
        if (!semanticEqual(next.spec[field], previous.spec[field]))
          errors.push(invalid(`spec.${field}`, next.spec[field] ?? null, immutableText));
      }
    },
  }),
  typeRules<CSINode>(CSINode, {
    object({ spec }, errors) {
      const names = new Set<string>();
      for (const [index, driver] of spec.drivers.entries()) {
        const at = `spec.drivers[${index}]`;
        checkDriverName(driver.name, `${at}.name`, errors);
        if (names.has(driver.name)) errors.push(duplicate(`${at}.name`, driver.name));
        names.add(driver.name);
        if (driver.nodeID === '') errors.push(required(`${at}.nodeID`));
        else if (byteLength(driver.nodeID) > 256) errors.push(invalid(`${at}.nodeID`, driver.nodeID, 'must be 256 characters or less'));
        checkNonNegative(driver.allocatable?.count, `${at}.allocatable.count`, errors);
      }
    },
    update(next, previous, errors) {
      for (const [index, driver] of next.spec.drivers.entries()) {
        const old = previous.spec.drivers.find(({ name }) => name === driver.name);
        const plain = (one: typeof driver) => ({ ...one, allocatable: undefined });
        if (old && !semanticEqual(plain(driver), plain(old))) {
          errors.push(invalid(`spec.drivers[${index}]`, driver, immutableText));
        }
      }
    },
  }),
  typeRules<CSIStorageCapacity>(CSIStorageCapacity, {
    object(one, errors) {
      if (one.storageClassName === '') errors.push(required('storageClassName'));
      else checkSubdomain(one.storageClassName, 'storageClassName', errors);
      for (const field of ['capacity', 'maximumVolumeSize'] as const) {
        if (one[field]?.startsWith('-')) errors.push(invalid(field, one[field], nonNegativeText));
      }
    },
    update(next, previous, errors) {
      for (const field of ['nodeTopology', 'storageClassName'] as const) {
        if (!semanticEqual(next[field], previous[field])) errors.push(invalid(field, next[field] ?? null, immutableText));
      }
    },
  }),
  typeRules<VolumeAttributesClass>(VolumeAttributesClass, {
    object(one, errors) {
      if (one.driverName === '') errors.push(required('driverName'));
      else checkDriverName(one.driverName, 'driverName', errors);
      if (Object.keys(one.parameters ?? {}).length === 0) errors.push(required('parameters', 'must contain at least one key/value pair'));
      checkParameters(one.parameters ?? {}, 'parameters', errors);
    },
    update(next, previous, errors) {
      for (const field of ['driverName', 'parameters'] as const) {
        if (!semanticEqual(next[field], previous[field])) errors.push(forbiddenField(field, `updates to ${field} are forbidden.`));
      }
    },
  }),
];
