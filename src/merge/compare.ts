// What changed between two states of an object, as sets of paths.
import { isObject, sameJson } from '#format/own.ts';
import { emptySet, type FieldSet, FieldSetBuilder } from './fieldset.ts';
import { fieldElement } from './pathelement.ts';
import { type AnyShape, itemElement, type ListShape, type MapShape, memberShape, type Shape, type StructShape } from './shape.ts';

export interface Changes {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const size = (value: unknown): number => (Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0);

class Comparer {
  readonly added = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly removed = new FieldSetBuilder();
  readonly path: string[] = [];
  changed = false;

  /** One value against the other; undefined means absent. */
  compare(before: unknown, after: unknown, shape: Shape): void {
    if (before === after) return;
    if (this.walk(before, after, shape)) {
      // Containers that came or went are members themselves.
      if (before === undefined) this.mark(this.added);
      else if (after === undefined) this.mark(this.removed);
    } else if (before === undefined) this.mark(this.added);
    else if (after === undefined) this.mark(this.removed);
    else if (!sameJson(before, after)) this.mark(this.modified);
  }

  mark(builder: FieldSetBuilder): void {
    this.changed = true;
    builder.insert(this.path);
  }

  /** Walks into the value if it has parts; false if it is one piece. */
  walk(before: unknown, after: unknown, shape: Shape): boolean {
    if (shape.kind === 'leaf') return false;
    const given = after ?? before;
    if (shape.kind === 'list') {
      if (shape.type === 'atomic' || !Array.isArray(given) || (size(before) === 0 && size(after) === 0)) return false;
      this.items(before, after, shape);
      return true;
    }
    if (!isObject(given) || (shape.kind !== 'any' && shape.atomic) || (size(before) === 0 && size(after) === 0)) return false;
    if (before !== undefined && before !== null && !isObject(before)) return false;
    this.members(isObject(before) ? before : {}, isObject(after) ? after : {}, shape);
    return true;
  }

  members(
    before: Readonly<Record<string, unknown>>,
    after: Readonly<Record<string, unknown>>,
    shape: StructShape | MapShape | AnyShape,
  ): void {
    for (const name of Object.keys(before)) this.member(name, before[name], Object.hasOwn(after, name) ? after[name] : undefined, shape);
    for (const name of Object.keys(after)) if (!Object.hasOwn(before, name)) this.member(name, undefined, after[name], shape);
  }

  member(name: string, before: unknown, after: unknown, shape: StructShape | MapShape | AnyShape): void {
    if (before === after) return;
    this.path.push(fieldElement(name));
    this.compare(before, after, memberShape(shape, name));
    this.path.pop();
  }

  items(before: unknown, after: unknown, shape: ListShape): void {
    const left = grouped(before, shape);
    const right = grouped(after, shape);
    for (const [element, ours] of left) this.item(element, ours, right.get(element) ?? [], shape);
    for (const [element, theirs] of right) if (!left.has(element)) this.item(element, [], theirs, shape);
  }

  item(element: string, before: readonly unknown[], after: readonly unknown[], shape: ListShape): void {
    this.path.push(element);
    if (before.length <= 1 && after.length <= 1) this.compare(before[0], after[0], shape.item);
    else if (before.length === 0) this.mark(this.added);
    else if (after.length === 0) this.mark(this.removed);
    else if (!sameJson(before, after)) this.mark(this.modified);
    this.path.pop();
  }
}

function grouped(list: unknown, shape: ListShape): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  if (!Array.isArray(list)) return groups;
  for (const item of list) {
    const element = itemElement(shape, item);
    const group = groups.get(element);
    if (group) group.push(item);
    else groups.set(element, [item]);
  }
  return groups;
}

const noChanges: Changes = { added: emptySet, modified: emptySet, removed: emptySet };

/** The paths that were added, modified and removed. */
export function compareTyped(before: unknown, after: unknown, shape: Shape): Changes {
  const comparer = new Comparer();
  comparer.compare(before, after, shape);
  if (!comparer.changed) return noChanges;
  return { added: comparer.added.build(), modified: comparer.modified.build(), removed: comparer.removed.build() };
}

/** Whether nothing changed. */
export function unchanged(changes: Changes): boolean {
  return changes.added.empty && changes.modified.empty && changes.removed.empty;
}
