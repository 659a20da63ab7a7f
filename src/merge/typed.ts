// Walks over objects by their shape: the fields that a configuration sets, merging one into an object, taking fields away.
import { isObject, setOwn } from '#format/own.ts';
import { FieldSet, FieldSetBuilder, leafSet } from './fieldset.ts';
import { fieldElement } from './pathelement.ts';
import { childShape, itemElement, type ListShape, memberShape, type Shape } from './shape.ts';

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0);

/** All paths that an object sets. */
export function fieldsOf(value: unknown, shape: Shape): FieldSet {
  const builder = new FieldSetBuilder();
  collect(value, shape, [], builder);
  return builder.build();
}

function collect(value: unknown, shape: Shape, path: string[], into: FieldSetBuilder): void {
  if (shape.kind === 'list' && shape.type !== 'atomic') {
    if (!Array.isArray(value)) return;
    for (const item of value) {
      path.push(itemElement(shape, item));
      collect(item, shape.item, path, into);
      into.insert(path);
      path.pop();
    }
    return;
  }
  if (shape.kind === 'struct' || shape.kind === 'map' || (shape.kind === 'any' && isObject(value))) {
    if (shape.kind === 'any' || !shape.atomic) {
      if (!isObject(value)) return;
      for (const name of Object.keys(value)) {
        const member = value[name];
        if (member === undefined) continue;
        path.push(fieldElement(name));
        collect(member, memberShape(shape, name), path, into);
        const declared = shape.kind === 'struct' && shape.fields.has(name);
        if (!declared || member === null || (isObject(member) && Object.keys(member).length === 0)) into.insert(path);
        path.pop();
      }
      return;
    }
  }
  into.insert(path);
}

/** The object with the configuration laid over it. */
export function mergeTyped(live: unknown, config: unknown, shape: Shape): unknown {
  if (config === undefined) return live;
  if (live === undefined || shape.kind === 'leaf' || (isEmpty(live) && isEmpty(config))) return config;
  if (shape.kind === 'list') {
    if (shape.type === 'atomic') return config;
    return mergeLists(Array.isArray(live) ? live : [], Array.isArray(config) ? config : [], shape);
  }
  if (shape.kind !== 'any' && shape.atomic) return config;
  if (shape.kind === 'any' && (!isObject(live) || !isObject(config))) return config;
  const under = isObject(live) ? live : {};
  const over = isObject(config) ? config : {};
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(under)) {
    setOwn(out, name, Object.hasOwn(over, name) ? mergeTyped(under[name], over[name], memberShape(shape, name)) : under[name]);
  }
  for (const name of Object.keys(over)) if (!Object.hasOwn(under, name)) setOwn(out, name, over[name]);
  return out;
}

/** The configuration's items keep their order; items that only the object has stay where they are between them. */
function mergeLists(live: readonly unknown[], config: readonly unknown[], shape: ListShape): unknown[] {
  const liveElements = live.map((item) => itemElement(shape, item));
  const configElements = config.map((item) => itemElement(shape, item));
  const liveItems = new Map(liveElements.map((element, index) => [element, live[index]]).reverse() as [string, unknown][]);
  const configItems = new Map(configElements.map((element, index) => [element, config[index]]) as [string, unknown][]);
  const shared = configElements.filter((element) => liveItems.has(element));
  const merged = new Set<string>();
  const out: unknown[] = [];
  let next = 0;
  let ours = 0;
  let theirs = 0;
  const take = (element: string): void => {
    merged.add(element);
    out.push(mergeTyped(liveItems.get(element), configItems.get(element), shape.item));
  };
  while (ours < live.length || theirs < config.length) {
    const mine = liveElements[ours];
    const yours = configElements[theirs];
    if (mine !== undefined && yours !== undefined) {
      if (mine === yours) {
        take(mine);
        ours++;
        theirs++;
        next++;
        continue;
      }
      if (configItems.has(mine) && shared[next] !== undefined && shared[next] !== mine) {
        ours++;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!configItems.has(mine)) {
        out.push(live[ours++]);
        continue;
      }
      if (merged.has(mine)) ours++;
    }
    if (yours !== undefined) {
      take(yours);
      theirs++;
      if (shared[next] === yours) next++;
    }
  }
  return out;
}

/** The value without the members of the set. Objects and lists that become empty go too. */
export function removeFields(value: unknown, remove: FieldSet, shape: Shape): unknown {
  if (remove.children.size === 0 || shape.kind === 'leaf') return value;
  if (shape.kind === 'list') {
    if (shape.type === 'atomic' || !Array.isArray(value) || value.length === 0) return value;
    const items: unknown[] = [];
    for (const item of value) {
      const below = remove.children.get(itemElement(shape, item));
      if (below?.self) continue;
      items.push(below ? (removeFields(item, below, shape.item) ?? {}) : item);
    }
    return items.length ? items : undefined;
  }
  if (!isObject(value) || (shape.kind !== 'any' && shape.atomic) || Object.keys(value).length === 0) return value;
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const below = remove.children.get(fieldElement(name));
    if (below?.self) continue;
    const rest = below ? removeFields(value[name], below, memberShape(shape, name)) : value[name];
    if (rest !== undefined) setOwn(out, name, rest);
  }
  return Object.keys(out).length ? out : undefined;
}

/** The set with every declared field on the way to a member made a member, so that empty containers can go. */
export function withNamedFields(set: FieldSet, shape: Shape): FieldSet {
  if (set.children.size === 0) return set;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const below = withNamedFields(child, childShape(shape, element));
    const named = shape.kind === 'struct' && element.startsWith('f:') && shape.fields.has(element.slice(2));
    children.set(element, named && !below.self ? new FieldSet(true, below.children) : below);
  }
  return new FieldSet(set.self, children);
}

/** The set as today's schema tells pieces apart: members inside of something atomic stand for all of it. */
export function atomicSet(set: FieldSet, shape: Shape): FieldSet {
  if (set.children.size === 0 || shape.kind === 'any' || set.settled === shape) return set;
  if (shape.kind === 'leaf' || (shape.kind === 'list' ? shape.type === 'atomic' : shape.atomic)) return leafSet;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, child] of set.children) {
    const below = atomicSet(child, childShape(shape, element));
    if (below !== child) (children ??= new Map(set.children)).set(element, below);
  }
  if (children) return new FieldSet(set.self, children);
  set.settled = shape;
  return set;
}
