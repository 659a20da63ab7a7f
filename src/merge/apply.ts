// Server-side apply: who owns which field, what an applied configuration changes, and what it may not change.
// Sets of managers that use other versions of the kind are compared by the paths of the version at hand.
import type { ManagedFieldsEntry, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { patchProblem } from './checkpatch.ts';
import { unchanged } from './compare.ts';
import { type Conflict, describeConflicts } from './conflicts.ts';
import { setByClientSideApply, withLastApplied } from './clientside.ts';
import { emptySet, type FieldSet } from './fieldset.ts';
import {
  capUpdaters,
  dropGone,
  type Manager,
  managerKey,
  type Managers,
  readManagers,
  unowned,
  withSet,
  writeManagers,
} from './managers.ts';
import { shapeOfStruct } from './shape.ts';
import { atomicSet, fieldsOf, mergeTyped, removeFields, withNamedFields } from './typed.ts';
import { Difference, ignoredSet, type Said, type Spoken, tongueOf, translate } from './versions.ts';

/** An object as far as ownership is concerned. */
export interface OwnedObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** Who writes, when, and to what kind of object. */
export interface Writer extends Spoken {
  readonly manager: string;
  /** Empty for the main resource. */
  readonly subresource?: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** The entry is written without a time, as Kubernetes does for `/scale`. */
  readonly untimed?: boolean;
}
export interface UpdateInput extends Writer {
  /** Undefined when the object is created. */
  readonly live: OwnedObject | undefined;
  readonly next: OwnedObject;
}
export interface ApplyInput extends Writer {
  /** Undefined when there is no such object yet. */
  readonly live: OwnedObject | undefined;
  readonly patch: OwnedObject;
  readonly force?: boolean;
}
export type ApplyResult =
  | { readonly object: OwnedObject; readonly conflicts?: undefined }
  | { readonly object?: undefined; readonly conflicts: ReturnType<typeof describeConflicts> };

/** The configuration does not fit the schema. */
export class ApplyTypeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ApplyTypeError';
  }
}

function withoutManagedFields<T extends OwnedObject>(object: T): T {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function withManagedFields(object: OwnedObject, entries: readonly ManagedFieldsEntry[] | undefined): OwnedObject {
  const bare = withoutManagedFields(object);
  return entries ? { ...bare, metadata: { ...bare.metadata, managedFields: entries } } : bare;
}

const bookkeeping = new Set(['resourceVersion', 'generation', 'uid', 'creationTimestamp', 'managedFields', 'selfLink']);

/** The object without what the server keeps: it differs on every write and nobody owns it. */
function comparable(object: OwnedObject): OwnedObject {
  const all = object.metadata as unknown as Readonly<Record<string, unknown>>;
  const metadata: Record<string, unknown> = {};
  for (const name in all) if (!bookkeeping.has(name)) metadata[name] = all[name];
  return { ...object, metadata: metadata as unknown as ObjectMeta };
}

/** Takes changed fields from everybody but the writer. */
function takeAway(managers: Map<string, Manager>, difference: Difference, except?: string): void {
  for (const [key, manager] of managers) {
    if (key === except) continue;
    const { added, modified, removed } = difference.in(manager.apiVersion);
    const set = manager.set.difference(added.union(modified).union(removed));
    if (set.empty) managers.delete(key);
    else managers.set(key, withSet(manager, set));
  }
}

/** A list that is given and empty, or that holds one empty entry, takes all ownership away. */
export function resetsManagers(given: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (given?.length === 0) return true;
  return given?.length === 1 && given[0] !== undefined && Object.values(given[0]).every((value) => value === undefined || value === '');
}

/** The managers that a write starts from: those in the request, if it sends any, else those of the object. */
function managersForUpdate({ live, next, subresource }: UpdateInput): Map<string, Manager> {
  const given = next.metadata.managedFields;
  const ofLive = (): Map<string, Manager> => readManagers(live?.metadata.managedFields) ?? new Map();
  if (subresource) return ofLive();
  if (given === live?.metadata.managedFields) return ofLive();
  if (resetsManagers(given)) return new Map();
  const read = readManagers(given);
  return read && read.size > 0 ? read : ofLive();
}

/** The managedFields after a create or an update; undefined when there are none. */
export function trackUpdate(input: UpdateInput): readonly ManagedFieldsEntry[] | undefined {
  const managers = managersForUpdate(input);
  // Where nobody owns anything, updates are not written down until somebody applies.
  if (input.live && managers.size === 0) return undefined;
  takeOver(managers, input);
  capUpdaters(managers);
  return writeManagers(managers);
}

/** Gives the writer what an update changes, and takes it from all others. */
function takeOver(managers: Map<string, Manager>, input: UpdateInput): void {
  dropGone(managers, input.isGone);
  reconcile(managers, input);
  const difference = new Difference(input, { before: input.live, after: input.next, comparable });
  const changes = difference.own;
  if (unchanged(changes)) return;
  const written = changes.added.union(changes.modified);
  takeAway(managers, difference);
  const own = written.difference(unowned);
  for (const [key, manager] of managers) {
    const set = manager.set.difference(unowned);
    if (set.empty) managers.delete(key);
    else managers.set(key, withSet(manager, set));
  }
  if (own.empty) return;
  const { manager = '', apiVersion, subresource = '', now, untimed } = input;
  const identity = { manager: manager || 'unknown', operation: 'Update', apiVersion, subresource };
  const key = managerKey(identity);
  managers.set(key, { ...identity, time: untimed ? undefined : now, set: own.union(managers.get(key)?.set ?? emptySet) });
}

/**
 * Takes away what the manager applied last time, no longer applies, and nobody else claims. Claims in the version that was
 * applied last come first: without what they keep an object might not be convertible.
 */
function pruned(merged: unknown, managers: Managers, { former, spoken }: { former: Manager | undefined; spoken: Spoken }): unknown {
  if (!former || former.set.empty || spoken.isGone?.(former.apiVersion)) return merged;
  const own = tongueOf(spoken, spoken.apiVersion);
  const last = tongueOf(spoken, former.apiVersion);
  const named = ({ value, tongue }: Said): FieldSet => withNamedFields(fieldsOf(value, tongue.shape), tongue.shape);
  const less = ({ value, tongue }: Said, set: FieldSet): Said => ({ value: removeFields(value, set, tongue.shape) ?? {}, tongue });
  const lastNamed = withNamedFields(former.set, last.shape);
  const all = translate({ value: merged, tongue: own }, last);
  const claims = new Map<string, FieldSet>([[last.apiVersion, emptySet]]);
  for (const { apiVersion, set } of managers.values()) {
    const key = tongueOf(spoken, apiVersion).apiVersion;
    claims.set(key, set.union(claims.get(key) ?? emptySet));
  }
  let whole = all;
  let rest = less(all, lastNamed);
  for (const [apiVersion, claimed] of claims) {
    const tongue = tongueOf(spoken, apiVersion);
    whole = translate(whole, tongue);
    const kept = named(translate(rest, tongue)).union(withNamedFields(claimed, tongue.shape));
    rest = less(whole, named(whole).difference(kept));
  }
  const gone = named(all)
    .difference(named(translate(rest, last)))
    .intersection(lastNamed);
  return translate(less(all, gone), own).value;
}

function conflictsOf(managers: Managers, self: string, { difference, allowed }: { difference: Difference; allowed: FieldSet }): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const [key, manager] of managers) {
    if (key === self) continue;
    const { added, modified } = difference.in(manager.apiVersion);
    const fields = manager.set.intersection(added.union(modified)).difference(allowed);
    if (!fields.empty) conflicts.push({ manager, fields });
  }
  return conflicts;
}

/** Owner of what an object held when it was first applied to and nobody owned anything. */
const beforeFirstApply = 'before-first-apply';

/** Brings sets up to the schema of today: who owned parts of what is one piece now owns all of it. */
function reconcile(managers: Map<string, Manager>, spoken: Spoken): void {
  for (const [key, manager] of managers) {
    const { shape } = tongueOf(spoken, manager.apiVersion);
    managers.set(key, withSet(manager, atomicSet(manager.set, shape)));
  }
}

/** Applies a configuration: the object as it becomes, or who stands in the way. Throws `ApplyTypeError`. */
export function applyPatch(input: ApplyInput): ApplyResult {
  const { live, manager, apiVersion, subresource = '', force = false } = input;
  const now = input.untimed ? undefined : input.now;
  const shape = shapeOfStruct(input.struct);
  const problem = patchProblem(input.patch, shape);
  if (problem) {
    const { namespace = '', name = '' } = input.patch.metadata ?? {};
    const slash = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw new ApplyTypeError(
      `failed to create typed patch object (${namespace}/${name}; ${slash}, Kind=${input.patch.kind ?? ''}): ${problem}`,
    );
  }
  const patch = withoutManagedFields(input.patch);
  const before = live && withoutManagedFields(live);
  const managers = readManagers(live?.metadata.managedFields) ?? new Map<string, Manager>();
  if (live && managers.size === 0) takeOver(managers, { ...input, live: undefined, next: live, manager: beforeFirstApply, untimed: false });
  const identity = { manager, operation: 'Apply', apiVersion, subresource };
  const self = managerKey(identity);
  dropGone(managers, input.isGone, self);
  reconcile(managers, input);
  const former = managers.get(self);
  const ignored = ignoredSet(input);

  const set = fieldsOf(patch, shape).recursiveDifference(ignored);
  managers.set(self, { ...identity, time: former?.time, set });
  const merged = before ? mergeTyped(before, patch, shape) : patch;
  let object = pruned(merged, managers, { former, spoken: input }) as OwnedObject;
  const difference = new Difference(input, { before, after: object, comparable: (state) => state });

  if (!force) {
    let conflicts = conflictsOf(managers, self, { difference, allowed: emptySet });
    if (conflicts.length && manager === 'kubectl' && live)
      conflicts = conflictsOf(managers, self, { difference, allowed: setByClientSideApply(live, { apiVersion, shape }) });
    if (conflicts.length) return { conflicts: describeConflicts(conflicts) };
  }
  if (!unchanged(difference.own)) takeAway(managers, difference, self);
  const own = set.difference(unowned);
  if (own.empty) managers.delete(self);
  else if (former && former.entry && former.apiVersion === apiVersion && own.equals(former.set) && unchanged(difference.own))
    managers.set(self, former);
  // The time is that of the last apply that changed the object: who only joins the owners of what is there has none.
  else managers.set(self, { ...identity, time: unchanged(difference.own) ? former?.time : now, set: own });
  if (manager === 'kubectl') object = withLastApplied(object, patch);
  return { object: withManagedFields(object, writeManagers(managers)) };
}
