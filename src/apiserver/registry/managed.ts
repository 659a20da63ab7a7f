// metadata.managedFields: who set which field, kept up to date on every write.
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import { type OwnedObject, trackUpdate as ownersAfter, type Writer } from '#merge/apply.ts';
import type { OtherVersion } from '#merge/versions.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { structOfKind } from '#api/walk/protobuf.ts';
import type { ResourceRow } from '../resources/row.ts';
import type { WriteRequest } from './request.ts';
import type { Conversion } from './resource.ts';
import { withMeta } from './meta.ts';

type Paths = readonly (readonly string[])[];

const none: Paths = [];
const status: Paths = [['status']];
const spec: Paths = [['spec']];
const allButStatus: Paths = [['spec'], ['metadata']];
/** Kinds whose status endpoint owns less than all but the spec, by `group/resource`. */
const statusResets: ReadonlyMap<string, Paths> = new Map([
  ['/pods', [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']]],
  ['apps/deployments', [['spec'], ['metadata', 'labels']]],
  ['apiextensions.k8s.io/customresourcedefinitions', allButStatus],
  ['apiregistration.k8s.io/apiservices', allButStatus],
  ['flowcontrol.apiserver.k8s.io/flowschemas', allButStatus],
  ['flowcontrol.apiserver.k8s.io/prioritylevelconfigurations', allButStatus],
  ['storage.k8s.io/volumeattachments', allButStatus],
  ['resource.k8s.io/resourceclaims', allButStatus],
  ['admissionregistration.k8s.io/validatingadmissionpolicies', allButStatus],
]);
/** Kinds whose status endpoint leaves metadata as they are, though it might own them; and those where it is the other way round. */
const keepsMetadata: ReadonlySet<string> = new Set(['networking.k8s.io/servicecidrs']);
const writesMetadata: ReadonlySet<string> = new Set([
  'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices',
]);

/** What an endpoint does not write belongs to nobody there. */
function resetBy({ resource, subresource }: WriteRequest): Paths {
  if (subresource === '') return resource.hasStatus ? status : none;
  if (subresource !== 'status') return none;
  return statusResets.get(`${resource.row.group}/${resource.row.resource}`) ?? spec;
}

/** The metadata that a write to the status leaves: what its endpoint does not write stays as it was. */
export function metaAfterStatus({ group, resource }: ResourceRow, next: KubeObject, old: KubeObject): ObjectMeta {
  const id = `${group}/${resource}`;
  const resets = keepsMetadata.has(id) ? allButStatus : statusResets.get(id);
  if (resets === undefined || writesMetadata.has(id)) return next.metadata;
  const { managedFields, resourceVersion } = next.metadata;
  if (resets === allButStatus) return withMeta(old, { managedFields, resourceVersion }).metadata;
  const kept = resets.flatMap(([top, name]) => (top === 'metadata' ? [[name, old.metadata[name as keyof ObjectMeta]]] : []));
  return withMeta(next, Object.fromEntries(kept) as Partial<ObjectMeta>).metadata;
}

/** Who writes, for the owners of fields. */
export function writerOf(request: WriteRequest): Writer {
  const { resource, registry, subresource, fieldManager } = request;
  const { row } = resource;
  return {
    manager: fieldManager,
    apiVersion: apiVersionOf(row),
    subresource,
    now: registry.now(),
    struct: row.struct,
    untimed: subresource === 'scale',
    reset: resetBy(request),
    version: (apiVersion) => otherVersion(request, apiVersion),
    isGone: (apiVersion) => apiVersion !== resource.apiVersion && !isKnown(row, apiVersion),
  };
}

/** Whether there is the kind in that version: in its definition, be it served or not, or built in. */
function isKnown({ group, kind, custom }: ResourceRow, apiVersion: string): boolean {
  if (!custom) return structOfKind(apiVersion, kind) !== undefined;
  return custom.versions.some((version) => apiVersion === `${group}/${version}`);
}

/** Another version of the kind, where it can be converted at once; the fields of others are taken to be called the same. */
function otherVersion({ registry, resource }: WriteRequest, apiVersion: string): OtherVersion | undefined {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  if (group !== resource.row.group) return undefined;
  const other = registry.find(group, version, resource.row.resource);
  const [ours, theirs] = [resource.conversion, other?.conversion];
  if (!other || (!ours && !theirs) || ours?.convert || theirs?.convert) return undefined;
  const convert = (from: Conversion | undefined, to: Conversion | undefined) => (object: OwnedObject) => {
    const stored = (from ? from.toStorage(object as KubeObject) : object) as KubeObject;
    return (to ? to.fromStorage(stored) : stored) as OwnedObject;
  };
  return { struct: other.row.struct, to: convert(ours, theirs), from: convert(theirs, ours) };
}

function withOwners(request: WriteRequest, object: KubeObject, live: KubeObject | undefined): KubeObject {
  const managedFields = ownersAfter({ ...writerOf(request), live, next: object });
  if (managedFields === object.metadata.managedFields) return object;
  return withMeta(object, { managedFields });
}

/** The new object with the creator's entry. */
export function trackCreate(request: WriteRequest, object: KubeObject): KubeObject {
  if (request.tracked) return object;
  // managedFields that the client sends itself are rare: they take the long way.
  if (object.metadata.managedFields?.length) return withOwners(request, object, undefined);
  const { registry, resource, fieldManager } = request;
  const key = `${resource.apiVersion}/${resource.row.resource}/${fieldManager}`;
  const kind = { struct: resource.row.struct, statusIsOurs: resource.hasStatus };
  const known = registry.createMemo.find(key, object, kind);
  if (known) return withMeta(object, { managedFields: [{ ...known, time: registry.now() }] });
  const tracked = withOwners(request, object, undefined);
  const entry = tracked.metadata.managedFields?.[0];
  if (entry) registry.createMemo.add(key, object, entry);
  return tracked;
}

/** The replacement with the writer's entry brought up to date. */
export function trackUpdate(request: WriteRequest, object: KubeObject, old: KubeObject): KubeObject {
  if (request.tracked) return object;
  // Most clients send back what they read: the same list is known already and need not be read again.
  const { managedFields } = old.metadata;
  const same = object.metadata.managedFields !== managedFields && deepEqual(object.metadata.managedFields, managedFields);
  return withOwners(request, same ? withMeta(object, { managedFields }) : object, old);
}
