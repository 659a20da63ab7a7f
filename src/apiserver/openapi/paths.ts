// The operations of a resource as OpenAPI path items: what clients look at to learn which parameters a server takes.
import { openApiName } from '#api/openapi.ts';
import type { Struct } from '#api/dsl.ts';
import { structs } from '#api/structs.ts';
import type { ResourceRow, SubresourceRow, Verb } from '../resources/row.ts';

export type OpenApi = 'v2' | 'v3';
type Json = Record<string, unknown>;

interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly action: string;
  readonly verb: Verb;
}

const onCollection: readonly Operation[] = [
  { method: 'get', action: 'list', verb: 'list' },
  { method: 'post', action: 'post', verb: 'create' },
  { method: 'delete', action: 'deletecollection', verb: 'deletecollection' },
];
const onObject: readonly Operation[] = [
  { method: 'get', action: 'get', verb: 'get' },
  { method: 'put', action: 'put', verb: 'update' },
  { method: 'patch', action: 'patch', verb: 'patch' },
  { method: 'delete', action: 'delete', verb: 'delete' },
];

const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

const described: Readonly<Record<string, readonly [type: string, text: string]>> = {
  allowWatchBookmarks: ['boolean', 'Ask for bookmark events in a watch.'],
  continue: ['string', 'Token of the next page of a list.'],
  dryRun: ['string', 'With the value All the request is processed and nothing is stored.'],
  fieldManager: ['string', 'Name of the actor that makes the change.'],
  fieldSelector: ['string', 'Restrict the answer by fields.'],
  fieldValidation: ['string', 'What to do about unknown or duplicate fields: Ignore, Warn or Strict.'],
  force: ['boolean', 'Take over fields that others manage (apply only).'],
  gracePeriodSeconds: ['integer', 'Seconds until the object is deleted.'],
  labelSelector: ['string', 'Restrict the answer by labels.'],
  limit: ['integer', 'Most objects in one answer.'],
  orphanDependents: ['boolean', 'Deprecated: use propagationPolicy.'],
  pretty: ['string', 'With the value true the answer is indented.'],
  propagationPolicy: ['string', 'What happens to dependents: Orphan, Background or Foreground.'],
  resourceVersion: ['string', 'The version that the answer is true for.'],
  resourceVersionMatch: ['string', 'How resourceVersion is meant: Exact or NotOlderThan.'],
  sendInitialEvents: ['boolean', 'Begin a watch with the present state.'],
  timeoutSeconds: ['integer', 'How long the request may last.'],
  watch: ['boolean', 'Stream changes instead of listing.'],
};

const listParameters = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const writeParameters = ['dryRun', 'fieldManager', 'fieldValidation'];
const deleteParameters = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy'];

function parametersOf(action: string): readonly string[] {
  if (action === 'list') return listParameters;
  if (action === 'post' || action === 'put') return writeParameters;
  if (action === 'patch') return [...writeParameters, 'force'];
  if (action === 'delete') return deleteParameters;
  if (action === 'deletecollection')
    return [...deleteParameters, ...listParameters.filter((name) => name !== 'watch' && name !== 'allowWatchBookmarks')];
  return [];
}

function parameter(name: string, place: 'query' | 'path', version: OpenApi): Json {
  const [type, description] = described[name] ?? ['string', `The ${name} in the path.`];
  const base = { name, in: place, description, ...(place === 'path' ? { required: true } : {}), uniqueItems: true };
  if (version === 'v2') return { ...base, type };
  const { uniqueItems: _unique, ...rest } = base;
  return { ...rest, schema: { type, uniqueItems: true } };
}

const ref = (struct: Struct, version: OpenApi): Json => ({
  $ref: `#/${version === 'v2' ? 'definitions' : 'components/schemas'}/${openApiName(struct.name)}`,
});

function body(schema: Json, types: readonly string[], version: OpenApi): Json {
  if (version === 'v2') return { parameters: [{ name: 'body', in: 'body', required: true, schema }], consumes: types };
  return { requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) } };
}

function response(schema: Json, version: OpenApi, code = '200'): Json {
  const description = code === '201' ? 'Created' : 'OK';
  if (version === 'v2') return { [code]: { description, schema } };
  const content = { 'application/json': { schema }, 'application/yaml': { schema }, 'application/vnd.kubernetes.protobuf': { schema } };
  return { [code]: { description, content } };
}

interface Target {
  readonly row: ResourceRow;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly struct: Struct;
  readonly subresource?: string;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function operationId({ row, kind, subresource }: Target, action: string, namespaced: boolean): string {
  const verb =
    { list: 'list', post: 'create', get: 'read', put: 'replace', patch: 'patch', delete: 'delete', deletecollection: 'deleteCollection' }[
      action
    ] ?? action;
  const group = row.group === '' ? 'Core' : capital((row.group.split('.')[0] ?? '').replaceAll('-', ''));
  return `${verb}${group}${capital(row.version)}${namespaced ? 'Namespaced' : ''}${subresource === undefined ? kind : `${row.kind}${capital(subresource)}`}`;
}

function operation(
  target: Target,
  { method, action }: Operation,
  about: { namespaced: boolean; version: OpenApi; list: Struct | undefined },
): Json {
  const { version, namespaced } = about;
  const { struct, group, kind, row } = target;
  const answers =
    action === 'list' && about.list !== undefined
      ? about.list
      : action === 'delete' || action === 'deletecollection'
        ? (structs.get('meta.v1.Status') as Struct)
        : struct;
  const sent =
    action === 'post' || action === 'put'
      ? body(ref(struct, version), version === 'v2' ? ['*/*'] : ['application/json'], version)
      : action === 'patch'
        ? body(
            { $ref: `#/${version === 'v2' ? 'definitions' : 'components/schemas'}/io.k8s.apimachinery.pkg.apis.meta.v1.Patch` },
            patchTypes,
            version,
          )
        : {};
  const query = parametersOf(action).map((name) => parameter(name, 'query', version));
  const tag = `${row.group === '' ? 'core' : row.group.split('.')[0]}_${row.version}`;
  return {
    [method]: {
      description: `${action} ${kind}`,
      operationId: operationId(target, action, namespaced),
      tags: [tag],
      ...(version === 'v2'
        ? { produces: ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'], schemes: ['https'] }
        : {}),
      ...sent,
      parameters: [...query, ...((sent['parameters'] as Json[] | undefined) ?? [])],
      responses: {
        ...response(ref(answers, version), version),
        ...(action === 'post' ? response(ref(answers, version), version, '201') : {}),
        '401': { description: 'Unauthorized' },
      },
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': { group, version: target.version, kind },
    },
  };
}

function item(
  target: Target,
  operations: readonly Operation[],
  about: { verbs: readonly Verb[]; names: readonly string[]; version: OpenApi; list: Struct | undefined },
): Json | undefined {
  const allowed = operations.filter(({ verb }) => about.verbs.includes(verb));
  if (allowed.length === 0) return undefined;
  const namespaced = about.names.includes('namespace');
  const parameters = [...about.names.map((name) => parameter(name, 'path', about.version)), parameter('pretty', 'query', about.version)];
  return Object.assign({}, ...allowed.map((one) => operation(target, one, { namespaced, version: about.version, list: about.list })), {
    parameters,
  }) as Json;
}

const structOf = (group: string, version: string, kind: string): Struct | undefined =>
  structs.get(`${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`);

function subTarget(row: ResourceRow, sub: SubresourceRow): Target | undefined {
  const group = sub.group ?? row.group;
  const version = sub.version ?? row.version;
  const struct = structOf(group, version, sub.kind);
  return struct && { row, group, version, kind: sub.kind, struct, subresource: sub.name };
}

/** The paths of a resource and its subresources. */
export function pathsOf(row: ResourceRow, version: OpenApi): Record<string, Json> {
  const base = row.group === '' ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`;
  const list = structs.get(`${row.struct.name}List`);
  const target: Target = { row, group: row.group, version: row.version, kind: row.kind, struct: row.struct };
  const collection = row.namespaced ? `${base}/namespaces/{namespace}/${row.resource}` : `${base}/${row.resource}`;
  const outer = row.namespaced ? ['namespace'] : [];
  const paths: Record<string, Json> = {};
  const put = (path: string, value: Json | undefined): void => {
    if (value !== undefined) paths[path] = value;
  };
  put(collection, item(target, onCollection, { verbs: row.verbs, names: outer, version, list }));
  if (row.namespaced)
    put(`${base}/${row.resource}`, item(target, onCollection.slice(0, 1), { verbs: row.verbs, names: [], version, list }));
  put(`${collection}/{name}`, item(target, onObject, { verbs: row.verbs, names: ['name', ...outer], version, list }));
  for (const sub of row.subresources) {
    const about = subTarget(row, sub);
    if (about === undefined) continue;
    const operations = [...onObject, { method: 'post', action: 'post', verb: 'create' } as const];
    put(
      `${collection}/{name}/${sub.name}`,
      item(about, operations, { verbs: sub.verbs, names: ['name', ...outer], version, list: undefined }),
    );
  }
  return paths;
}

/** The structs that the paths of a row refer to. */
export function structsOf(row: ResourceRow): Struct[] {
  const list = structs.get(`${row.struct.name}List`);
  const subs = row.subresources.map((sub) => subTarget(row, sub)?.struct);
  return [row.struct, list, ...subs, structs.get('meta.v1.Status'), structs.get('meta.v1.DeleteOptions')].filter(
    (struct) => struct !== undefined,
  );
}
