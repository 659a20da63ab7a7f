// The two documents: OpenAPI v2 of the whole API, and v3 of one group version.
import { openApiName } from '#api/openapi.ts';
import { gitVersion } from '../discovery/version.ts';
import type { ResourceRow } from '../resources/row.ts';
import { type Content, groupPath, type Operation, type PathItem, pathsOf } from './operations.ts';
import type { Parameter } from './params.ts';
import { customSchemas, kindName, listName, schemasOf } from './schemas.ts';

const info = { title: 'Kubernetes', version: gitVersion };
const readTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const watchTypes = [...readTypes, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const bearer = { BearerToken: { description: 'Bearer token', type: 'apiKey', name: 'authorization', in: 'header' } };
const codeTexts: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' };

const schemaName = (content: Content): string | undefined => {
  if (content.kind === 'text') return undefined;
  if (content.kind === 'meta') return openApiName(content.name);
  return content.kind === 'list' ? listName(content.gvk) : kindName(content.gvk);
};

const schemaAt = (prefix: string, content: Content): object => {
  const name = schemaName(content);
  return name === undefined ? { type: 'string' } : { $ref: `${prefix}${name}` };
};

const produces = (operation: Operation): readonly string[] => {
  if (operation.response.kind === 'text') return operation.action === 'connect' ? ['*/*'] : ['text/plain', ...readTypes];
  return operation.action === 'list' ? watchTypes : readTypes;
};

const extensions = (operation: Operation): object => ({
  'x-kubernetes-action': operation.action,
  'x-kubernetes-group-version-kind': operation.gvk,
});

function inGroups(rows: readonly ResourceRow[]): Map<string, ResourceRow[]> {
  const groups = new Map<string, ResourceRow[]>();
  for (const row of rows) {
    const path = groupPath(row).slice(1);
    const list = groups.get(path) ?? [];
    groups.set(path, list);
    list.push(row);
  }
  return groups;
}

function bodyTypes(operation: Operation): readonly string[] {
  return operation.method === 'patch' ? patchTypes : ['*/*'];
}

function operationV2(operation: Operation): object {
  const definitions = '#/definitions/';
  const body = operation.body
    ? [
        {
          name: 'body',
          in: 'body',
          schema: schemaAt(definitions, operation.body),
          ...(operation.method === 'delete' ? {} : { required: true }),
        },
      ]
    : [];
  const parameters = operation.parameters.map(({ name }) => ({ $ref: `#/parameters/${name}` }));
  const schema = schemaAt(definitions, operation.response);
  return {
    description: operation.description,
    consumes: operation.method === 'patch' && operation.body ? patchTypes : ['*/*'],
    produces: produces(operation),
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    ...(body.length + parameters.length ? { parameters: [...body, ...parameters] } : {}),
    responses: {
      ...Object.fromEntries(operation.codes.map((code) => [code, { description: codeTexts[code], schema }])),
      401: { description: 'Unauthorized' },
    },
    ...extensions(operation),
  };
}

const parameterV2 = ({ name, in: place, type, description, required }: Parameter): object => ({
  uniqueItems: true,
  type,
  description,
  name,
  in: place,
  ...(required ? { required } : {}),
});

const inner = (object: object): string => JSON.stringify(object).slice(1, -1);
const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(',');

/** The v2 document of built-in rows as text, open for those of custom resources: these come and go, the others stay. */
export class TextV2 {
  readonly #rows: readonly ResourceRow[];
  /** Names of definitions. */
  readonly names: ReadonlySet<string>;
  readonly #head: string;
  readonly #paths: string;
  readonly #definitions: string;
  readonly #tail: string;

  constructor(rows: readonly ResourceRow[]) {
    const { paths, definitions, swagger, info: about, ...rest } = documentV2(rows) as Record<string, object>;
    this.#rows = rows;
    this.names = new Set(Object.keys(definitions as object));
    this.#head = inner({ swagger, info: about });
    this.#paths = inner(paths as object);
    this.#definitions = inner(definitions as object);
    this.#tail = inner(rest);
  }

  /** True when the text is that of these rows. */
  isOf(rows: readonly ResourceRow[]): boolean {
    return rows.length === this.#rows.length && rows.every((row, i) => row === this.#rows[i]);
  }

  /** The whole document with some custom resources, and with what `elsewhere` adds. */
  with(custom: readonly ResourceRow[], elsewhere: { paths: object; definitions: object }): string {
    const parts = [...custom.map(partOf), { paths: inner(elsewhere.paths), definitions: inner(elsewhere.definitions) }];
    const paths = joined(this.#paths, ...parts.map((part) => part.paths));
    const definitions = joined(this.#definitions, ...parts.map((part) => part.definitions));
    return `{${this.#head},"paths":{${paths}},"definitions":{${definitions}},${this.#tail}}`;
  }
}

interface Part {
  readonly paths: string;
  readonly definitions: string;
}
const parts = new WeakMap<ResourceRow, Part>();

/** Whether it is known what a custom resource adds to the v2 document. */
export const isPrepared = (row: ResourceRow): boolean => parts.has(row);

/** What one custom resource adds to the v2 document. Remembered: with hundreds of them, one that changes is little work. */
export function partOf(row: ResourceRow): Part {
  let part = parts.get(row);
  if (!part) {
    part = { paths: inner(pathsV2(pathsOf(row))), definitions: inner(customSchemas(row, 'v2')) };
    parts.set(row, part);
  }
  return part;
}

function pathsV2(items: readonly PathItem[]): object {
  const entries = items.map((item): [string, object] => [
    item.path,
    {
      ...Object.fromEntries(item.operations.map((operation) => [operation.method, operationV2(operation)])),
      parameters: item.parameters.map(parameterV2),
    },
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** /openapi/v2: everything. */
export function documentV2(rows: readonly ResourceRow[]): object {
  const items = rows.flatMap(pathsOf);
  const shared = new Map<string, Parameter>();
  for (const item of items)
    for (const operation of item.operations) for (const parameter of operation.parameters) shared.set(parameter.name, parameter);
  return {
    swagger: '2.0',
    info,
    paths: pathsV2(items),
    definitions: schemasOf(rows, 'v2'),
    parameters: Object.fromEntries(
      [...shared].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, parameter]) => [name, parameterV2(parameter)]),
    ),
    securityDefinitions: bearer,
    security: [{ BearerToken: [] }],
  };
}

const content = (types: readonly string[], schema: object): object => Object.fromEntries(types.map((type) => [type, { schema }]));

const parameterV3 = ({ name, in: place, type, description, required }: Parameter): object => ({
  name,
  in: place,
  description,
  ...(required ? { required } : {}),
  schema: { type, uniqueItems: true },
});

function operationV3(operation: Operation): object {
  const components = '#/components/schemas/';
  const answer = content(produces(operation), schemaAt(components, operation.response));
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(operation.parameters.length ? { parameters: operation.parameters.map(parameterV3) } : {}),
    ...(operation.body
      ? {
          requestBody: {
            content: content(bodyTypes(operation), schemaAt(components, operation.body)),
            ...(operation.method === 'delete' ? {} : { required: true }),
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(operation.codes.map((code) => [code, { description: codeTexts[code], content: answer }])),
      401: { description: 'Unauthorized' },
    },
    ...extensions(operation),
  };
}

/** /openapi/v3/<group version>, of the rows of the group version. */
export function documentV3(rows: readonly ResourceRow[]): object {
  const write = (item: PathItem): [string, object] => [
    item.path,
    {
      ...Object.fromEntries(item.operations.map((operation) => [operation.method, operationV3(operation)])),
      parameters: item.parameters.map(parameterV3),
    },
  ];
  return {
    openapi: '3.0.0',
    info,
    paths: Object.fromEntries(
      rows
        .flatMap(pathsOf)
        .map(write)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    components: { schemas: schemasOf(rows, 'v3'), securitySchemes: bearer },
  };
}

/** Rows by the path of their v3 document (`api/v1`, `apis/apps/v1`). */
export const rowsByDocument = inGroups;
