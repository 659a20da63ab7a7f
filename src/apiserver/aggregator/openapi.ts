// What an aggregated server's OpenAPI v2 document adds to ours: its paths, and the definitions that these lead to.
import { parseJson } from '#format/json.ts';

/** Of one server, for one group version. */
export interface RemoteDocument {
  /** `/apis/<group>/<version>`. */
  readonly prefix: string;
  readonly paths: Readonly<Record<string, unknown>>;
  readonly definitions: Readonly<Record<string, unknown>>;
}

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);
const reference = /^#\/(definitions|parameters)\/(.+)$/;

/** Every reference of a value, with its kind and name. */
function references(value: unknown, found: (kind: string, name: string) => void): void {
  if (Array.isArray(value)) for (const item of value) references(item, found);
  else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      const match = key === '$ref' && typeof member === 'string' ? reference.exec(member) : null;
      if (match) found(match[1] as string, match[2] as string);
      else references(member, found);
    }
  }
}

/** A copy in which each reference to a parameter is the parameter, and each to a definition goes to its new name. */
function rewritten(value: unknown, parameters: Loose, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => rewritten(item, parameters, names));
  if (!isObject(value)) return value;
  const match = typeof value['$ref'] === 'string' ? reference.exec(value['$ref']) : null;
  const [, kind, name = ''] = match ?? [];
  if (kind === 'parameters' && isObject(parameters[name])) return rewritten(parameters[name], {}, names);
  if (kind === 'definitions') return { ...value, $ref: `#/definitions/${names.get(name) ?? name}` };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rewritten(member, parameters, names)]));
}

/** The part of a document that describes a group version; undefined when it is no such document or says nothing of it. */
export function remoteDocument(bytes: Uint8Array, prefix: string): RemoteDocument | undefined {
  const document = parseJson(bytes);
  if (!isObject(document) || document['swagger'] !== '2.0' || !isObject(document['paths'])) return undefined;
  const parameters = isObject(document['parameters']) ? document['parameters'] : {};
  const all = isObject(document['definitions']) ? document['definitions'] : {};
  const chosen = Object.entries(document['paths']).filter(([path]) => path === prefix || path.startsWith(`${prefix}/`));
  if (chosen.length === 0) return undefined;
  const paths = rewritten(Object.fromEntries(chosen), parameters, new Map()) as Loose;
  const definitions: Record<string, unknown> = {};
  const reach = (value: unknown): void =>
    references(value, (_, name) => {
      if (name in definitions || !(name in all)) return;
      definitions[name] = all[name];
      reach(all[name]);
    });
  reach(paths);
  return { prefix, paths, definitions };
}

/** The documents side by side: definitions whose names are taken get others (`…_v2`), as do references to them. */
export function mergedDocuments(documents: readonly RemoteDocument[], taken: ReadonlySet<string>): { paths: Loose; definitions: Loose } {
  const paths: Record<string, unknown> = {};
  const definitions: Record<string, unknown> = {};
  for (const document of documents) {
    const names = new Map<string, string>();
    const free = (name: string): boolean => !taken.has(name) && !(name in definitions);
    for (const name of Object.keys(document.definitions)) {
      let next = name;
      for (let n = 2; !free(next); n++) next = `${name}_v${n}`;
      names.set(name, next);
    }
    Object.assign(paths, rewritten(document.paths, {}, names));
    for (const [name, next] of names) definitions[next] = rewritten(document.definitions[name], {}, names);
  }
  return { paths, definitions };
}
