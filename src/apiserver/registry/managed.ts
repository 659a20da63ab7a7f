// metadata.managedFields: who set which field, kept up to date on every write.
import { apiVersionOf, type KubeObject, parseApiVersion } from '#api/object.ts';
import { trackUpdate as ownersAfter, type Writer } from '#merge/apply.ts';
import type { Version } from '#merge/versions.ts';
import { messageOf } from '#base/errors.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { ManagedFieldsEntry, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { structOfKind } from '#api/walk/protobuf.ts';
import type { ResourceRow } from '../resources/row.ts';
import type { WriteRequest } from './request.ts';
import type { Resource } from './resource.ts';
import { withMeta } from './meta.ts';
import { withAnswers } from './questions.ts';

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

/** An object that is to be had in another version, which somebody else must be asked for. */
interface Wanted {
  readonly object: KubeObject;
  readonly resource: Resource;
}
type Ask = (wanted: Wanted) => KubeObject;

function writerOf(request: WriteRequest, now: string, ask: Ask): Writer {
  const { resource, subresource, fieldManager } = request;
  const { row } = resource;
  return {
    manager: fieldManager,
    apiVersion: apiVersionOf(row),
    subresource,
    now,
    struct: row.struct,
    untimed: subresource === 'scale',
    reset: resetBy(request),
    version: (apiVersion) => versionOf(request, apiVersion, ask),
    isGone: (apiVersion) => apiVersion !== resource.apiVersion && !isKnown(row, apiVersion),
  };
}

/**
 * What the merge makes of a write, given who writes: at once, or when webhooks have told what the object is in the versions
 * that its managers speak. Rejects with an Error in the webhook's words.
 */
export function merged<T>(request: WriteRequest, merge: (writer: Writer) => T): T | Promise<T> {
  const now = request.registry.now();
  return withAnswers<T, Wanted, KubeObject>(
    (ask) => merge(writerOf(request, now, ask)),
    async ({ object, resource }) => {
      // Who owns what is not the webhook's business.
      const [converted] = (await resource.conversion?.convert?.([withMeta(object, { managedFields: undefined })])) ?? [];
      return converted as KubeObject;
    },
  );
}

/** Whether there is the kind in that version: in its definition, be it served or not, or built in. */
function isKnown({ group, kind, custom }: ResourceRow, apiVersion: string): boolean {
  if (!custom) return structOfKind(apiVersion, kind) !== undefined;
  return custom.versions.some((version) => apiVersion === `${group}/${version}`);
}

/** The kind in some version, served or not. */
function resourceOf({ registry, resource }: WriteRequest, apiVersion: string): Resource | undefined {
  if (apiVersion === resource.apiVersion) return resource;
  const { group, version } = parseApiVersion(apiVersion);
  if (group !== resource.row.group) return undefined;
  return resource.conversion?.siblings?.get(apiVersion) ?? registry.find(group, version, resource.row.resource);
}

/** A version of the kind; undefined where no conversion is known: the fields are taken to be called the same. */
function versionOf(request: WriteRequest, apiVersion: string, ask: Ask): Version | undefined {
  const target = resourceOf(request, apiVersion);
  const { resource } = request;
  if (!target || (target !== resource && !target.conversion && !resource.conversion)) return undefined;
  return {
    struct: target.row.struct,
    convert(owned) {
      const object = owned as KubeObject;
      if (target.conversion?.convert) return ask({ object, resource: target });
      const source = resourceOf(request, object.apiVersion ?? '');
      // Only webhooks make others wait, and those were asked.
      const stored = (source?.conversion ? source.conversion.toStorage(object) : object) as KubeObject;
      return target.conversion ? target.conversion.fromStorage(stored) : stored;
    },
  };
}

/** The object with its owners; with none where a webhook that had to be asked about them fails: a write waits for nobody. */
function withOwners(request: WriteRequest, object: KubeObject, live: KubeObject | undefined): KubeObject | Promise<KubeObject> {
  const owned = (managedFields: readonly ManagedFieldsEntry[] | undefined): KubeObject =>
    managedFields === object.metadata.managedFields ? object : withMeta(object, { managedFields });
  const entries = merged(request, (writer) => ownersAfter({ ...writer, live, next: object }));
  if (!(entries instanceof Promise)) return owned(entries);
  return entries.then(owned, (error: unknown) => {
    request.registry.world.log.error('cannot tell who owns which field', { error: messageOf(error), name: object.metadata.name });
    return owned(undefined);
  });
}

/** The new object with the creator's entry. */
export function trackCreate(request: WriteRequest, object: KubeObject): KubeObject | Promise<KubeObject> {
  if (request.tracked) return object;
  // managedFields that the client sends itself are rare: they take the long way.
  if (object.metadata.managedFields?.length) return withOwners(request, object, undefined);
  const { registry, resource, fieldManager } = request;
  const key = `${resource.apiVersion}/${resource.row.resource}/${fieldManager}`;
  const kind = { struct: resource.row.struct, statusIsOurs: resource.hasStatus };
  const known = registry.createMemo.find(key, object, kind);
  if (known) return withMeta(object, { managedFields: [{ ...known, time: registry.now() }] });
  const tracked = withOwners(request, object, undefined);
  if (tracked instanceof Promise) return tracked;
  const entry = tracked.metadata.managedFields?.[0];
  if (entry) registry.createMemo.add(key, object, entry);
  return tracked;
}

/** The replacement with the writer's entry brought up to date. */
export function trackUpdate(request: WriteRequest, object: KubeObject, old: KubeObject): KubeObject | Promise<KubeObject> {
  if (request.tracked) return object;
  // Most clients send back what they read: the same list is known already and need not be read again.
  const { managedFields } = old.metadata;
  const same = object.metadata.managedFields !== managedFields && deepEqual(object.metadata.managedFields, managedFields);
  return withOwners(request, same ? withMeta(object, { managedFields }) : object, old);
}
