// The types of the variables that admission expressions see: `request` and `namespaceObject`.
import type { StructType, TypeProvider } from '#format/cel/decls.ts';
import { Bool, type CelType, Dyn, Int, listOf, mapOf, objectType, Str, Timestamp } from '#format/cel/types.ts';

const declared = new Map<string, StructType>();

function declare(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  declared.set(name, { name, field: (field) => (Object.hasOwn(fields, field) ? fields[field] : undefined) });
  return objectType(name);
}

const groupVersionKind = declare('kubernetes.GroupVersionKind', { group: Str, version: Str, kind: Str });
const groupVersionResource = declare('kubernetes.GroupVersionResource', { group: Str, version: Str, resource: Str });
const userInfo = declare('kubernetes.UserInfo', { username: Str, uid: Str, groups: listOf(Str), extra: mapOf(Str, listOf(Str)) });

/** The AdmissionRequest without its objects, which are variables of their own. */
export const requestType = declare('kubernetes.AdmissionRequest', {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: Str,
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: Str,
  name: Str,
  namespace: Str,
  operation: Str,
  userInfo,
  dryRun: Bool,
  options: Dyn,
});

const namespaceMeta = declare('kubernetes.NamespaceMetadata', {
  name: Str,
  generateName: Str,
  namespace: Str,
  labels: mapOf(Str, Str),
  annotations: mapOf(Str, Str),
  UID: Str,
  creationTimestamp: Timestamp,
  deletionGracePeriodSeconds: Int,
  deletionTimestamp: Timestamp,
  generation: Int,
  resourceVersion: Str,
  finalizers: listOf(Str),
});
export const namespaceType = declare('kubernetes.Namespace', {
  metadata: namespaceMeta,
  spec: declare('kubernetes.NamespaceSpec', { finalizers: listOf(Str) }),
  status: declare('kubernetes.NamespaceStatus', { phase: Str }),
});

export const requestTypes: TypeProvider = { struct: (name) => declared.get(name) };
