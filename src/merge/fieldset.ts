// Sets of field paths: what a manager owns. A set is a tree; a path is in it when its node is marked.
import type { Json, JsonObject } from '#api/dsl.ts';
import { compareElements, isElement } from './pathelement.ts';

/** Immutable once built; operations give back the same set when nothing changes. */
export class FieldSet {
  /** The path that leads here is a member. */
  readonly self: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
  /** The FieldsV1 form, once somebody asked for it. */
  form: JsonObject | undefined;
  /** The shape by which no member is inside of something atomic, once that was found (`atomicSet`). */
  settled: object | undefined;

  constructor(self: boolean, children: ReadonlyMap<string, FieldSet>) {
    this.self = self;
    this.children = children;
  }

  get empty(): boolean {
    return !this.self && this.children.size === 0;
  }

  union(other: FieldSet): FieldSet {
    if (other.empty || other === this) return this;
    if (this.empty) return other;
    let changed = other.self && !this.self;
    const children = new Map(this.children);
    for (const [element, theirs] of other.children) {
      const ours = children.get(element);
      const both = ours ? ours.union(theirs) : theirs;
      if (both === ours) continue;
      children.set(element, both);
      changed = true;
    }
    return changed ? new FieldSet(this.self || other.self, children) : this;
  }

  /** The members that are not members of `other`. */
  difference(other: FieldSet): FieldSet {
    return this.without(other, false);
  }

  /** As `difference`, and nothing below a member of `other` stays either. */
  recursiveDifference(other: FieldSet): FieldSet {
    return this.without(other, true);
  }

  private without(other: FieldSet, recursive: boolean): FieldSet {
    if (other.empty || this.empty) return this;
    if (recursive && other.self) return emptySet;
    const self = this.self && !other.self;
    let children: Map<string, FieldSet> | undefined;
    // Walk the smaller side: an ordinary write touches few of the many fields that a manager owns.
    const elements = other.children.size < this.children.size ? other.children.keys() : this.children.keys();
    for (const element of elements) {
      const theirs = other.children.get(element);
      const ours = this.children.get(element);
      if (!theirs || !ours) continue;
      const rest = ours.without(theirs, recursive);
      if (rest === ours) continue;
      children ??= new Map(this.children);
      if (rest.empty) children.delete(element);
      else children.set(element, rest);
    }
    return children || self !== this.self ? new FieldSet(self, children ?? this.children) : this;
  }

  intersection(other: FieldSet): FieldSet {
    const children = new Map<string, FieldSet>();
    const [small, large] = this.children.size <= other.children.size ? [this, other] : [other, this];
    for (const [element, child] of small.children) {
      const mate = large.children.get(element);
      const both = mate ? child.intersection(mate) : emptySet;
      if (!both.empty) children.set(element, both);
    }
    const self = this.self && other.self;
    return self || children.size ? new FieldSet(self, children) : emptySet;
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.self !== other.self || this.children.size !== other.children.size) return false;
    for (const [element, child] of this.children) {
      const mate = other.children.get(element);
      if (!mate || !child.equals(mate)) return false;
    }
    return true;
  }

  /** All members, level by level: those at a place before those below its elements, both in the order of FieldsV1. */
  paths(): (readonly string[])[] {
    const found: (readonly string[])[] = this.self ? [[]] : [];
    const visit = (set: FieldSet, path: readonly string[]): void => {
      const below = sorted(set).map((element) => ({ child: set.children.get(element) as FieldSet, at: [...path, element] }));
      for (const { child, at } of below) if (child.self) found.push(at);
      for (const { child, at } of below) visit(child, at);
    };
    visit(this, []);
    return found;
  }
}

export const emptySet = new FieldSet(false, new Map());
/** A member without members below it. */
export const leafSet = new FieldSet(true, new Map());

function sorted(set: FieldSet): string[] {
  return [...set.children.keys()].sort(compareElements);
}

/** Collects paths; `build` gives the set. */
export class FieldSetBuilder {
  private self = false;
  private readonly children = new Map<string, FieldSetBuilder>();

  insert(path: readonly string[], from = 0): void {
    const element = path[from];
    if (element === undefined) {
      this.self = true;
      return;
    }
    let next = this.children.get(element);
    if (!next) {
      next = new FieldSetBuilder();
      this.children.set(element, next);
    }
    next.insert(path, from + 1);
  }

  build(): FieldSet {
    if (this.children.size === 0) return this.self ? leafSet : emptySet;
    const children = new Map<string, FieldSet>();
    for (const [element, child] of this.children) children.set(element, child.build());
    return new FieldSet(this.self, children);
  }
}

/** The set of some paths. */
export function setOf(...paths: (readonly string[])[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path);
  return builder.build();
}

/** The FieldsV1 form; the same one every time, not to be changed. */
export function toFieldsV1(set: FieldSet): JsonObject {
  // A write changes few of the fields that a manager owns: the forms of the parts that stay are there already.
  if (set.form) return set.form;
  const out: Record<string, Json> = {};
  if (set.self && set.children.size) out['.'] = {};
  for (const element of sorted(set)) out[element] = toFieldsV1(set.children.get(element) as FieldSet) as Json;
  set.form = out;
  return out;
}

const maxDepth = 200;

/** Reads FieldsV1; undefined if it is malformed. */
export function fromFieldsV1(fields: unknown, depth = 0): FieldSet | undefined {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields) || depth > maxDepth) return undefined;
  const names = Object.keys(fields);
  if (names.length === 0) return depth === 0 ? emptySet : leafSet;
  const children = new Map<string, FieldSet>();
  let self = false;
  for (const name of names) {
    if (name === '.') self = true;
    else {
      const child = isElement(name) ? fromFieldsV1((fields as Record<string, unknown>)[name], depth + 1) : undefined;
      if (!child) return undefined;
      children.set(name, child);
    }
  }
  return new FieldSet(self, children);
}
