// What a column of a server-side Table is.
import type { Json } from '#api/dsl.ts';
import type { KubeObject } from '#api/object.ts';

export interface CellContext {
  /** Wall time in milliseconds, for ages. */
  readonly now: number;
}

export interface Column<T = KubeObject> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date' | 'number';
  readonly format: string;
  /** Clients show columns above 0 only with `-o wide`. */
  readonly priority: number;
  readonly description: string;
  readonly cell: (object: T, context: CellContext) => Json;
}

type Facts = Partial<Pick<Column, 'type' | 'format' | 'priority' | 'description'>>;

/** A column; without facts it is a string column that is always shown. */
export function column<T>(name: string, cell: Column<T>['cell'], facts: Facts = {}): Column<T> {
  return { name, type: 'string', format: '', priority: 0, description: '', ...facts, cell };
}

/** A column that only `-o wide` shows. */
export function wide<T>(name: string, cell: Column<T>['cell'], facts: Facts = {}): Column<T> {
  return column(name, cell, { ...facts, priority: 1 });
}

/** An integer column. */
export function integer<T>(name: string, cell: Column<T>['cell'], facts: Facts = {}): Column<T> {
  return column(name, cell, { ...facts, type: 'integer' });
}

/** A boolean column. */
export function boolean<T>(name: string, cell: Column<T>['cell'], facts: Facts = {}): Column<T> {
  return column(name, cell, { ...facts, type: 'boolean' });
}

/** The columns of one kind, keyed by the short type name of its struct. */
export type KindColumns = readonly [structName: string, columns: readonly Column[]];

/** Columns of a kind whose objects have the type `T`. */
export function kind<T>(structName: string, ...columns: readonly Column<T>[]): KindColumns {
  return [structName, columns as readonly Column<never>[] as readonly Column[]];
}
