// Paths and queries of the API, built from references.
import type { ResourceRef } from '#api/refs.ts';

/** What a path points at; without `name` it is the collection. */
export interface PathParts {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** The URL path of a resource, an object or a subresource of it. */
export function resourcePath(ref: Pick<ResourceRef, 'group' | 'version' | 'resource' | 'namespaced'>, parts: PathParts = {}): string {
  const base = ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  const scope = ref.namespaced && parts.namespace ? `/namespaces/${encodeURIComponent(parts.namespace)}` : '';
  const name = parts.name === undefined ? '' : `/${encodeURIComponent(parts.name)}`;
  const sub = parts.subresource ? `/${parts.subresource.split('/').map(encodeURIComponent).join('/')}` : '';
  return `${base}${scope}/${ref.resource}${name}${sub}`;
}

/** A raw query (without `?`) of the values that are present; undefined when there is none. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string | undefined {
  let query = '';
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '' || value === false) continue;
    query += `${query === '' ? '' : '&'}${name}=${encodeURIComponent(String(value))}`;
  }
  return query === '' ? undefined : query;
}
