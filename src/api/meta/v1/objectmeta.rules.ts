// Validation of metadata: the same for all kinds, apart from the format of the name.
import { absentOr, checkLabels } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, required, tooLong } from '#api/fielderror.ts';
import { byteLength, dns1123Label, dns1123Subdomain, immutableText, nonNegativeText, pathSegment, qualifiedName } from '#api/formats.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from './objectmeta.ts';

const maxAnnotations = 262144;
const maxManager = 128;

export interface MetaRules {
  readonly namespaced: boolean;
  /** What is wrong with a name, beyond being a path segment. */
  readonly name?: (name: string) => string[];
}

/** What is wrong with the annotations. */
export function checkAnnotations(annotations: Readonly<Record<string, string>> | undefined, at: string, errors: FieldError[]): void {
  if (!annotations) return;
  let total = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const text of qualifiedName(key.toLowerCase())) errors.push(invalid(at, key, text));
    total += byteLength(key) + byteLength(value);
  }
  if (total > maxAnnotations) errors.push(tooLong(at, maxAnnotations));
}

function checkOwners(owners: readonly OwnerReference[], at: string, errors: FieldError[]): void {
  let controller: string | undefined;
  for (const [index, owner] of owners.entries()) {
    const here = `${at}[${index}]`;
    const version = owner.apiVersion.slice(owner.apiVersion.indexOf('/') + 1);
    if (version === '') errors.push(invalid(`${here}.apiVersion`, owner.apiVersion, 'version must not be empty'));
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (owner[field] === '') errors.push(invalid(`${here}.${field}`, owner[field], 'must not be empty'));
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      errors.push(invalid(here, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (!owner.controller) continue;
    if (controller !== undefined) {
      const text = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.name}`;
      errors.push(invalid(at, owners, text));
    }
    controller = owner.name;
  }
}

function checkFinalizers(finalizers: readonly string[], at: string, errors: FieldError[]): void {
  for (const name of finalizers) {
    for (const text of qualifiedName(name)) errors.push(invalid(at, name, text));
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(at, finalizers, 'orphan and foregroundDeletion cannot be both set'));
  }
}

function checkManagedFields(entries: readonly ManagedFieldsEntry[], at: string, errors: FieldError[]): void {
  for (const [index, entry] of entries.entries()) {
    const here = `${at}[${index}]`;
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(invalid(`${here}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'));
    }
    if (entry.fieldsType !== undefined && entry.fieldsType !== 'FieldsV1') {
      errors.push(invalid(`${here}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
    }
    const manager = entry.manager ?? '';
    if (byteLength(manager) > maxManager) errors.push(tooLong(`${here}.manager`, maxManager));
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    if (/[\u0000-\u001f\u007f]/.test(manager)) errors.push(invalid(`${here}.manager`, manager, 'should only contain printable characters'));
  }
}

/** Checks metadata on create, and on update beside `checkMetaUpdate`. */
export function checkMeta(meta: ObjectMeta, rules: MetaRules, errors: FieldError[]): void {
  const at = 'metadata';
  const format = rules.name ?? dns1123Subdomain;
  if (meta.generateName) {
    const prefix = meta.generateName.endsWith('-') ? `${meta.generateName.slice(0, -1)}a` : meta.generateName;
    for (const text of format(prefix)) errors.push(invalid(`${at}.generateName`, meta.generateName, text));
  }
  const name = absentOr(meta.name);
  if (name === undefined) errors.push(required(`${at}.name`, 'name or generateName is required'));
  else {
    const texts = pathSegment(name);
    for (const text of texts.length ? texts : format(name)) errors.push(invalid(`${at}.name`, name, text));
  }
  if (!rules.namespaced) {
    if (meta.namespace) errors.push(forbiddenField(`${at}.namespace`, 'not allowed on this type'));
  } else if (!meta.namespace) errors.push(required(`${at}.namespace`));
  else for (const text of dns1123Label(meta.namespace)) errors.push(invalid(`${at}.namespace`, meta.namespace, text));
  if ((meta.generation ?? 0) < 0) errors.push(invalid(`${at}.generation`, meta.generation, nonNegativeText));
  checkLabels(meta.labels, `${at}.labels`, errors);
  checkAnnotations(meta.annotations, `${at}.annotations`, errors);
  if (meta.ownerReferences) checkOwners(meta.ownerReferences, `${at}.ownerReferences`, errors);
  if (meta.finalizers) checkFinalizers(meta.finalizers, `${at}.finalizers`, errors);
  if (meta.managedFields) checkManagedFields(meta.managedFields, `${at}.managedFields`, errors);
}

const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** Checks what of metadata may not change. */
export function checkMetaUpdate(next: ObjectMeta, previous: ObjectMeta, errors: FieldError[]): void {
  const at = 'metadata';
  if (previous.deletionTimestamp) {
    const known = new Set(previous.finalizers);
    const added = (next.finalizers ?? []).filter((finalizer) => !known.has(finalizer)).sort();
    if (added.length) {
      const list = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
      const text = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
      errors.push(forbiddenField(`${at}.finalizers`, text));
    }
  }
  if ((next.generation ?? 0) < (previous.generation ?? 0)) {
    errors.push(invalid(`${at}.generation`, next.generation ?? 0, 'must not be decremented'));
  }
  for (const field of immutable) {
    if (!deepEqual(next[field] || undefined, previous[field] || undefined)) {
      errors.push(invalid(`${at}.${field}`, next[field], immutableText));
    }
  }
}
