// Label and field selectors of a request as one predicate, and as narrow a scope of the watch cache as they allow.
import { badRequest } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { parseFieldSelector } from '#format/fieldselector.ts';
import { parseSelector } from '#format/selector.ts';
import type { KubeObject } from '#api/object.ts';
import type { Entry } from '../cacher/entry.ts';
import type { Scope } from '../cacher/watch.ts';
import { fieldGetter } from './fields.ts';
import type { Resource } from './resource.ts';

type Predicate = (object: KubeObject) => boolean;
type EntryPredicate = (entry: Entry) => boolean;

export interface SelectionParams {
  readonly namespace: string;
  /** Name in the path of a legacy watch of one object. */
  readonly name?: string;
  readonly labelSelector: string | null;
  readonly fieldSelector: string | null;
}

const noLabels: Readonly<Record<string, string>> = {};

/** The scope of a list or watch; throws the 400 for selectors that cannot be read or fields that are not offered. */
export function scopeOf(resource: Resource, params: SelectionParams): Scope {
  const predicates: Predicate[] = [];
  let name = params.name ?? '';
  let trigger: string | undefined;
  if (params.fieldSelector) {
    for (const { field, operator, value } of parse(() => parseFieldSelector(params.fieldSelector as string)).requirements) {
      const getter = fieldGetter(resource.row, field);
      if (operator === '!=') {
        predicates.push((object) => getter.value(object) !== value);
        continue;
      }
      if (getter.path === 'metadata.name') name = value;
      if (getter.path === 'spec.nodeName' && resource.row.resource === 'pods') trigger = value;
      predicates.push((object) => getter.value(object) === value);
    }
  }
  if (params.labelSelector) {
    const selector = parse(() => parseSelector(params.labelSelector as string));
    if (!selector.empty) predicates.push((object) => selector.matches(object.metadata.labels ?? noLabels));
  }
  const matches = combine(predicates.map((predicate) => onServed(resource, predicate)));
  const prefix = resource.keyPrefix(params.namespace);
  const oneKey = name !== '' && (!resource.row.namespaced || params.namespace !== '');
  return {
    prefix,
    ...(oneKey ? { key: resource.key(params.namespace, name) } : {}),
    ...(trigger !== undefined && !oneKey ? { trigger } : {}),
    ...(matches ? { matches } : {}),
  };
}

// Fields are those of the served version, the cache holds the stored one.
function onServed(resource: Resource, predicate: Predicate): EntryPredicate {
  return resource.conversion ? (entry) => predicate(resource.view(entry).object) : (entry) => predicate(entry.object);
}

function combine(predicates: readonly EntryPredicate[]): EntryPredicate | undefined {
  if (predicates.length === 0) return undefined;
  if (predicates.length === 1) return predicates[0];
  return (entry) => predicates.every((predicate) => predicate(entry));
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badRequest(messageOf(error));
  }
}
