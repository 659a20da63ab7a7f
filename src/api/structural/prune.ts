// Pruning: what a structural schema does not name is dropped, unless it says that unknown fields are preserved.
import { isObject } from '#format/own.ts';
import {
  additionalOf,
  drop,
  isEmbedded,
  itemsOf,
  mapItems,
  mapMembers,
  member,
  preserves,
  propertyOf,
  resourceMembers,
  type Schema,
} from './schema.ts';

class Pruner {
  /** Paths of what was dropped, such as `spec.ports[0].colour`. */
  readonly dropped: string[] = [];

  prune(value: unknown, schema: Schema | undefined, place: { readonly at: string; readonly resource: boolean }): unknown {
    if (Array.isArray(value)) {
      const items = schema && itemsOf(schema);
      if (schema && preserves(schema) && !items) return value;
      return mapItems(value, (item, index) => this.value(item, items, `${place.at}[${index}]`));
    }
    if (!isObject(value)) return value;
    const keeps = schema !== undefined && preserves(schema);
    const additional = schema && additionalOf(schema);
    return mapMembers(value, (item, name) => {
      if (place.resource && resourceMembers.has(name)) return item;
      const at = member(place.at, name);
      const property = schema && propertyOf(schema, name);
      if (property) return this.value(item, property, at);
      if (schema?.additionalProperties !== undefined && schema.additionalProperties !== false) {
        return keeps && !additional ? item : this.value(item, additional, at);
      }
      if (keeps) return item;
      this.dropped.push(at);
      return drop;
    });
  }

  value(value: unknown, schema: Schema | undefined, at: string): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return this.prune(value, schema, { at, resource: schema !== undefined && isEmbedded(schema) });
  }
}

/** A custom resource without what its schema does not know; the same object when nothing is dropped. */
export function prune<T>(object: T, schema: Schema): { readonly object: T; readonly dropped: readonly string[] } {
  const pruner = new Pruner();
  const pruned = pruner.prune(object, schema, { at: '', resource: true }) as T;
  return { object: pruned, dropped: pruner.dropped.length > 1 ? pruner.dropped.toSorted() : pruner.dropped };
}

/** A value inside a custom resource (a default) without what its schema does not know. */
export function pruneValue(value: unknown, schema: Schema): { readonly value: unknown; readonly dropped: readonly string[] } {
  const pruner = new Pruner();
  const pruned = pruner.value(value, schema, '');
  return { value: pruned, dropped: pruner.dropped };
}
