// The row that every served resource has: its names and what clients may do with it. Strategies live beside (strategy.ts).
import type { Struct } from '#api/dsl.ts';
import type { Schema } from '#api/structural/schema.ts';
import type { OpenApiSchema, OpenApiVersion } from '#api/openapi.ts';
import type { Column } from '../table/column.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface SubresourceRow {
  readonly name: string;
  readonly kind: string;
  /** Group and version of the kind, where it is not the parent's. */
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly Verb[];
}

/** What rows of custom resources know themselves, where built-in ones have a place for it elsewhere. */
export interface CustomRow {
  readonly schema: Schema;
  readonly listKind: string;
  /** All versions of the definition, also those that are not served. */
  readonly versions: readonly string[];
  /** What discovery tells: less when the definition is going. */
  readonly offered: readonly Verb[];
  /** Sent as a warning with every answer. */
  readonly deprecation?: string;
  readonly columns: readonly Column[];
  /** Changes whenever something about the row does. */
  readonly revision: string;
  openApi(form: OpenApiVersion): OpenApiSchema;
}

export interface ResourceRow {
  readonly group: string;
  readonly version: string;
  /** Plural lower-case name, as in URLs. */
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly SubresourceRow[];
  readonly stage: 'GA' | 'beta' | 'alpha';
  readonly struct: Struct;
  readonly storageVersionHash?: string;
  /** Labels that a fieldSelector may use; `old=>new` means that `old` is rewritten. */
  readonly fieldSelectors: readonly string[];
  /** PUT on an absent name creates. */
  readonly createOnUpdate: boolean;
  /** PUT without resourceVersion is allowed. */
  readonly unconditionalUpdate: boolean;
  /** Which change raises metadata.generation; absent: generation is not managed. */
  readonly generation?: string;
  readonly defaultPropagation: 'Background' | 'Orphan';
  /** Key segment under /registry/. */
  readonly storagePrefix: string;
  readonly custom?: CustomRow;
}

type Optional =
  | 'shortNames'
  | 'categories'
  | 'subresources'
  | 'stage'
  | 'fieldSelectors'
  | 'createOnUpdate'
  | 'unconditionalUpdate'
  | 'defaultPropagation'
  | 'storagePrefix';

/** Completes a row with what most rows have in common. */
export function row(facts: Omit<ResourceRow, Optional> & Partial<Pick<ResourceRow, Optional>>): ResourceRow {
  return {
    shortNames: [],
    categories: [],
    subresources: [],
    stage: 'GA',
    fieldSelectors: [],
    createOnUpdate: false,
    unconditionalUpdate: true,
    defaultPropagation: 'Background',
    storagePrefix: facts.resource,
    ...facts,
  };
}

/** The verbs of a fully served resource. */
export const all: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
/** The verbs of a /status or /scale subresource. */
export const readWrite: readonly Verb[] = ['get', 'patch', 'update'];
