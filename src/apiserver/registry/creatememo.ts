// Creations come in rows of alike objects (the pods of a ReplicaSet, Events, Leases): whoever sets the same fields owns
// the same fields. The owners of the last few creations are remembered, and used again for an object that sets the same.
import type { ManagedFieldsEntry } from '#api/meta/v1/objectmeta.ts';
import type { KubeObject } from '#api/object.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { memberShape, type Shape, shapeOfStruct } from '#merge/shape.ts';
import type { Struct } from '#api/dsl.ts';

interface Remembered {
  readonly object: KubeObject;
  readonly entry: ManagedFieldsEntry;
}

const perKind = 8;
// What nobody owns may differ.
const unowned = new Set(['name', 'namespace', 'uid', 'creationTimestamp', 'generation', 'resourceVersion', 'managedFields', 'selfLink']);

/** Zero values are not told from absent ones by the comparison with an empty object. */
function isZero(value: unknown): boolean {
  if (typeof value !== 'object') return value === '' || value === 0 || value === false || value === undefined;
  if (value === null) return true;
  for (const _ in value) return false;
  return true;
}

function sameMembers(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
  shape: Shape,
  ignore?: ReadonlySet<string>,
): boolean {
  if (shape.kind === 'leaf' || shape.kind === 'list') return false;
  let count = 0;
  for (const name in a) {
    const left = a[name];
    if (left === undefined || ignore?.has(name)) continue;
    const right = b[name];
    if (right === undefined) return false;
    count++;
    // Most members are alike, and then it is of no interest what they are.
    if (left !== right && !sameFields(left, right, memberShape(shape, name))) return false;
  }
  for (const name in b) if (b[name] !== undefined && !ignore?.has(name)) count--;
  return count === 0;
}

function sameItems(a: readonly unknown[], b: readonly unknown[], shape: Shape & { kind: 'list' }): boolean {
  if (a.length !== b.length) return false;
  if (shape.type === 'set') return deepEqual(a, b);
  for (let i = 0; i < a.length; i++) {
    const left = a[i] as Record<string, unknown>;
    const right = b[i] as Record<string, unknown>;
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
    for (const key of shape.keys) if (left[key] !== right[key]) return false;
    if (!sameFields(left, right, shape.item)) return false;
  }
  return true;
}

/** True when both values set exactly the same fields; values may differ. */
export function sameFields(a: unknown, b: unknown, shape: Shape): boolean {
  if (a === b) return true;
  if (isZero(a) !== isZero(b)) return false;
  if (shape.kind === 'leaf') return true;
  if (shape.kind === 'list') {
    if (shape.type === 'atomic') return true;
    return Array.isArray(a) && Array.isArray(b) && sameItems(a, b, shape);
  }
  if (shape.kind !== 'any' && shape.atomic) return true;
  const objects = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null && !Array.isArray(a) && !Array.isArray(b);
  if (objects) return sameMembers(a as Record<string, unknown>, b as Record<string, unknown>, shape);
  return shape.kind === 'any' && Array.isArray(a) === Array.isArray(b) && typeof a === typeof b;
}

const notCompared = new Set(['metadata']);
const notComparedNorOwned = new Set(['metadata', 'status']);

function sameObject(a: KubeObject, b: KubeObject, kind: MemoKind): boolean {
  const shape = shapeOfStruct(kind.struct);
  const metadata = memberShape(shape, 'metadata');
  return (
    sameMembers(a.metadata as never, b.metadata as never, metadata, unowned) &&
    sameMembers(a as never, b as never, shape, kind.statusIsOurs ? notComparedNorOwned : notCompared)
  );
}

export interface MemoKind {
  readonly struct: Struct;
  /** The status belongs to nobody here. */
  readonly statusIsOurs: boolean;
}

/** The owners of recent creations. */
export class CreateMemo {
  readonly #recent = new Map<string, Remembered[]>();

  /** The creator's entry, if an object that sets the same fields was created lately. */
  find(key: string, object: KubeObject, kind: MemoKind): ManagedFieldsEntry | undefined {
    const recent = this.#recent.get(key);
    if (!recent) return undefined;
    for (let i = 0; i < recent.length; i++) {
      const found = recent[i] as Remembered;
      if (!sameObject(found.object, object, kind)) continue;
      if (i > 0) {
        recent.splice(i, 1);
        recent.unshift(found);
      }
      return found.entry;
    }
    return undefined;
  }

  clear(): void {
    this.#recent.clear();
  }

  add(key: string, object: KubeObject, entry: ManagedFieldsEntry): void {
    const recent = this.#recent.get(key) ?? [];
    this.#recent.set(key, recent);
    recent.unshift({ object, entry });
    if (recent.length > perKind) recent.pop();
    if (this.#recent.size > 512) this.#recent.delete(this.#recent.keys().next().value as string);
  }
}
