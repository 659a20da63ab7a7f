// The schema as apply sees it: which parts of an object are one piece, and what tells items of a list apart.
import type { Field, ScalarType, Struct, TypeNode } from '#api/dsl.ts';
import { zeroOfField } from '#api/openapi.ts';
import { isObject } from '#format/own.ts';
import { type KeyDefaults, keyElement, valueElement } from './pathelement.ts';

export interface LeafShape {
  readonly kind: 'leaf';
  readonly scalar?: ScalarType['kind'];
}
export interface ListShape {
  readonly kind: 'list';
  readonly item: Shape;
  readonly type: 'atomic' | 'set' | 'map';
  /** Sorted. */
  readonly keys: readonly string[];
  /** The same in the order of the schema. */
  readonly declaredKeys: readonly string[];
  readonly defaults: KeyDefaults;
}
export interface StructShape {
  readonly kind: 'struct';
  readonly atomic: boolean;
  readonly struct: Struct;
  readonly fields: ReadonlyMap<string, Shape>;
}
export interface MapShape {
  readonly kind: 'map';
  readonly atomic: boolean;
  readonly value: Shape;
}
/** Free-form JSON: objects are granular, lists are one piece. */
export interface AnyShape {
  readonly kind: 'any';
}
export type Shape = LeafShape | ListShape | StructShape | MapShape | AnyShape;

export const anyShape: AnyShape = { kind: 'any' };
const freeForm = new Set(['json', 'schemaOrBool', 'schemaOrArray', 'schemaOrStrings']);
/** An object of another kind inside this one: nobody owns parts of it. */
const embedded: MapShape = { kind: 'map', atomic: true, value: anyShape };
const granular = new WeakMap<Struct, StructShape>();
const atomic = new WeakMap<Struct, StructShape>();
const byField = new WeakMap<Field, Shape>();
const byNode = new WeakMap<TypeNode, Shape>();

/** The shape of a struct. Fields are worked out when first asked for: types may contain themselves. */
export function shapeOfStruct(struct: Struct, isAtomic = struct.options.mapType === 'atomic'): StructShape {
  const cache = isAtomic ? atomic : granular;
  let shape = cache.get(struct);
  if (!shape) {
    let fields: ReadonlyMap<string, Shape> | undefined;
    shape = {
      kind: 'struct',
      atomic: isAtomic,
      struct,
      get fields() {
        return (fields ??= new Map(Object.entries(struct.fields).map(([name, field]) => [name, shapeOfField(field)])));
      },
    };
    cache.set(struct, shape);
  }
  return shape;
}

function shapeOfField(field: Field): Shape {
  let shape = byField.get(field);
  if (!shape) byField.set(field, (shape = shapeOfType(field.type, field.mapType)));
  return shape;
}

function keyDefaults(item: TypeNode, keys: readonly string[]): KeyDefaults {
  if (item.kind !== 'ref') return {};
  const { fields } = item.struct();
  return Object.fromEntries(
    keys.flatMap((key) => {
      const field = fields[key];
      const preset = field && (field.default ?? zeroOfField(field));
      return preset === undefined ? [] : [[key, preset]];
    }),
  );
}

/** The shape of a type; what a field says about its own type goes before what the type says of itself. */
function shapeOfType(node: TypeNode, mapType: Field['mapType']): Shape {
  const isAtomic = mapType === 'atomic';
  switch (node.kind) {
    case 'ref':
      return shapeOfStruct(node.struct(), mapType && isAtomic);
    case 'map':
      return { kind: 'map', atomic: isAtomic, value: shapeOfNode(node.value) };
    case 'list': {
      const { listKeys: declaredKeys = [], listType = 'atomic' } = node;
      const keys = declaredKeys.toSorted();
      const defaults = keyDefaults(node.item, keys);
      return { kind: 'list', item: shapeOfNode(node.item), type: isAtomic ? 'atomic' : listType, keys, declaredKeys, defaults };
    }
    case 'raw':
    case 'fieldsV1':
      return embedded;
    default:
      return freeForm.has(node.kind) ? anyShape : { kind: 'leaf', scalar: node.kind };
  }
}

function shapeOfNode(node: TypeNode): Shape {
  let shape = byNode.get(node);
  if (!shape) byNode.set(node, (shape = shapeOfType(node, undefined)));
  return shape;
}

/** The shape of a member of an object. */
export function memberShape(shape: StructShape | MapShape | AnyShape, name: string): Shape {
  if (shape.kind === 'struct') return shape.fields.get(name) ?? anyShape;
  return shape.kind === 'map' ? shape.value : anyShape;
}

/** The shape below a path element. */
export function childShape(shape: Shape, element: string): Shape {
  if (shape.kind === 'list') return shape.item;
  return shape.kind === 'leaf' ? anyShape : memberShape(shape, element.slice(2));
}

/** The element of a list item; an item without its keys is told apart by its whole value. */
export function itemElement(shape: ListShape, item: unknown): string {
  if (shape.type === 'map' && isObject(item)) {
    const element = keyElement(item, shape.keys, shape.defaults);
    if (element !== undefined) return element;
  }
  return valueElement(item ?? null);
}
