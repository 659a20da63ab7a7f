// The operations that a row offers: an intermediate form from which both versions of the document are written.
import type { ResourceRow, SubresourceRow, Verb } from '../resources/row.ts';
import {
  deleteParameters,
  dryRun,
  fieldManager,
  fieldValidation,
  force,
  listParameters,
  nameParameter,
  namespaceParameter,
  type Parameter,
  pathParameter,
  pretty,
  subresourceParameters,
} from './params.ts';

export interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What a body or an answer holds: a kind, its list, one of the meta types, or plain text. */
export type Content =
  | { readonly kind: 'object'; readonly gvk: Gvk }
  | { readonly kind: 'list'; readonly gvk: Gvk }
  | { readonly kind: 'meta'; readonly name: string }
  | { readonly kind: 'text' };

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options';
  readonly action: string;
  readonly id: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body?: Content;
  readonly response: Content;
  readonly codes: readonly number[];
  readonly gvk: Gvk;
  readonly tag: string;
}

export interface PathItem {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `rbac.authorization.k8s.io` is RbacAuthorization in operation names. */
export function groupName(group: string): string {
  if (group === '') return 'Core';
  return group
    .replace(/\.k8s\.io$/, '')
    .split(/[.-]/)
    .map(capital)
    .join('');
}

const tagOf = ({ group, version }: { group: string; version: string }): string => {
  const name = groupName(group);
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${version}`;
};

export function groupPath({ group, version }: { group: string; version: string }): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

const article = (kind: string): string => (/^[aeiou]/i.test(kind) ? 'an' : 'a');

interface Naming {
  readonly row: ResourceRow;
  readonly sub?: SubresourceRow;
  readonly all?: boolean;
}

function idOf(verb: string, { row, sub, all }: Naming, infix = ''): string {
  const scope = row.namespaced && !all ? 'Namespaced' : '';
  const tail = `${sub ? capital(sub.name) : ''}${all ? 'ForAllNamespaces' : ''}`;
  return `${verb}${groupName(row.group)}${capital(row.version)}${infix}${scope}${row.kind}${tail}`;
}

const meta = (name: string): Content => ({ kind: 'meta', name });
const status = meta('meta.v1.Status');

const writing = (verb: string, { row, sub }: Naming): string => {
  const part = sub ? `${sub.name} of the specified ${row.kind}` : `the specified ${row.kind}`;
  return `${verb} ${part}`;
};

function collectionOperations(row: ResourceRow): Operation[] {
  const gvk: Gvk = row;
  const base = { gvk: pick(gvk), tag: tagOf(row) };
  const has = (verb: Verb): boolean => row.verbs.includes(verb);
  return [
    ...(has('list')
      ? [
          {
            ...base,
            method: 'get' as const,
            action: 'list',
            id: idOf('list', { row }),
            description: `list or watch objects of kind ${row.kind}`,
            parameters: listParameters,
            response: { kind: 'list', gvk: pick(gvk) } as const,
            codes: [200],
          },
        ]
      : []),
    ...(has('create')
      ? [
          {
            ...base,
            method: 'post' as const,
            action: 'post',
            id: idOf('create', { row }),
            description: `create ${article(row.kind)} ${row.kind}`,
            parameters: [dryRun, fieldManager, fieldValidation],
            body: { kind: 'object', gvk: pick(gvk) } as const,
            response: { kind: 'object', gvk: pick(gvk) } as const,
            codes: [200, 201, 202],
          },
        ]
      : []),
    ...(has('deletecollection')
      ? [
          {
            ...base,
            method: 'delete' as const,
            action: 'deletecollection',
            id: idOf('delete', { row }, 'Collection'),
            description: `delete collection of ${row.kind}`,
            parameters: [
              ...listParameters.filter(({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks'),
              dryRun,
              ...deleteParameters,
            ],
            body: meta('meta.v1.DeleteOptions'),
            response: status,
            codes: [200],
          },
        ]
      : []),
  ];
}

const pick = ({ group, version, kind }: Gvk): Gvk => ({ group, version, kind });

/** get, put, patch and delete of one object or of a subresource with objects of `gvk`. */
function objectOperations(naming: Naming, gvk: Gvk, verbs: readonly Verb[]): Operation[] {
  const { row } = naming;
  const base = { gvk: pick(gvk), tag: tagOf(row) };
  const object: Content = { kind: 'object', gvk: pick(gvk) };
  const operations: Operation[] = [];
  const add = (operation: Omit<Operation, 'gvk' | 'tag'>): void => void operations.push({ ...base, ...operation });
  if (verbs.includes('get')) {
    add({
      method: 'get',
      action: 'get',
      id: idOf('read', naming),
      description: writing('read', naming),
      parameters: [],
      response: object,
      codes: [200],
    });
  }
  if (verbs.includes('create')) {
    add({
      method: 'post',
      action: 'post',
      id: idOf('create', naming),
      description: `create ${naming.sub?.name ?? ''} of ${article(row.kind)} ${row.kind}`,
      parameters: [dryRun, fieldManager, fieldValidation],
      body: object,
      response: object,
      codes: [200, 201, 202],
    });
  }
  if (verbs.includes('update')) {
    add({
      method: 'put',
      action: 'put',
      id: idOf('replace', naming),
      description: writing('replace', naming),
      parameters: [dryRun, fieldManager, fieldValidation],
      body: object,
      response: object,
      codes: [200, 201],
    });
  }
  if (verbs.includes('patch')) {
    add({
      method: 'patch',
      action: 'patch',
      id: idOf('patch', naming),
      description: writing('partially update', naming),
      parameters: [dryRun, fieldManager, fieldValidation, force],
      body: meta('meta.v1.Patch'),
      response: object,
      codes: [200, 201],
    });
  }
  if (verbs.includes('delete')) {
    add({
      method: 'delete',
      action: 'delete',
      id: idOf('delete', naming),
      description: `delete ${article(row.kind)} ${row.kind}`,
      parameters: [dryRun, ...deleteParameters],
      body: meta('meta.v1.DeleteOptions'),
      response: status,
      codes: [200, 202],
    });
  }
  return operations;
}

const connectMethods: Readonly<Record<string, Operation['method']>> = {
  get: 'get',
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
};

function connectOperations(row: ResourceRow, sub: SubresourceRow, withPath: boolean): Operation[] {
  return sub.verbs.flatMap((verb) => {
    const method = connectMethods[verb];
    if (method === undefined) return [];
    return {
      method,
      action: 'connect',
      id: idOf('connect', { row, sub }, capital(method)) + (withPath ? 'WithPath' : ''),
      description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${row.kind}`,
      parameters: [],
      response: { kind: 'text' } as const,
      codes: [200],
      gvk: { group: row.group, version: row.version, kind: sub.kind },
      tag: tagOf(row),
    };
  });
}

function subresourcePaths(row: ResourceRow, base: string, parameters: readonly Parameter[]): PathItem[] {
  return row.subresources.flatMap((sub): PathItem[] => {
    const path = `${base}/${sub.name}`;
    const naming = { row, sub };
    if (sub.kind.endsWith('Options')) {
      const query = subresourceParameters[sub.name] ?? [];
      const items: PathItem[] = [{ path, parameters: [...parameters, ...query], operations: connectOperations(row, sub, false) }];
      if (sub.name === 'proxy') {
        items.push({
          path: `${path}/{path}`,
          parameters: [...parameters, pathParameter, ...query],
          operations: connectOperations(row, sub, true),
        });
      }
      return items;
    }
    const gvk: Gvk = { group: sub.group ?? row.group, version: sub.version ?? row.version, kind: sub.kind };
    if (sub.name === 'log') {
      const operations = objectOperations(naming, gvk, sub.verbs).map((operation) => ({
        ...operation,
        response: { kind: 'text' } as const,
      }));
      return [{ path, parameters: [...parameters, ...(subresourceParameters['log'] ?? [])], operations }];
    }
    return [{ path, parameters: [...parameters, pretty], operations: objectOperations(naming, gvk, sub.verbs) }];
  });
}

/** Every path of a row, with its operations. */
export function pathsOf(row: ResourceRow): PathItem[] {
  const root = groupPath(row);
  const collection = row.namespaced ? `${root}/namespaces/{namespace}/${row.resource}` : `${root}/${row.resource}`;
  const scope = row.namespaced ? [namespaceParameter] : [];
  const one = `${collection}/{name}`;
  const oneParameters = [nameParameter(row.kind), ...scope];
  const objectVerbs = row.verbs.filter((verb) => ['get', 'update', 'patch', 'delete'].includes(verb));
  const items: PathItem[] = [
    { path: collection, parameters: [...scope, pretty], operations: collectionOperations(row) },
    { path: one, parameters: [...oneParameters, pretty], operations: objectOperations({ row }, row, objectVerbs) },
    ...subresourcePaths(row, one, oneParameters),
  ];
  if (row.namespaced && row.verbs.includes('list')) {
    const [list] = collectionOperations(row);
    if (list)
      items.push({
        path: `${root}/${row.resource}`,
        parameters: [pretty],
        operations: [{ ...list, id: idOf('list', { row, all: true }) }],
      });
  }
  return items.filter((item) => item.operations.length > 0);
}
