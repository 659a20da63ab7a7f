import { type Infer, int32, json, list, of, opt, raw, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta } from '#api/meta/v1/objectmeta.ts';

export const TableColumnDefinition = struct('meta.v1.TableColumnDefinition', {
  description: req(0, string),
  format: req(0, string),
  name: req(0, string),
  priority: req(0, int32),
  type: req(0, string),
});
export interface TableColumnDefinition extends Infer<typeof TableColumnDefinition> {}

export const TableRowCondition = struct('meta.v1.TableRowCondition', {
  message: opt(0, string),
  reason: opt(0, string),
  status: req(0, string),
  type: req(0, string),
});
export interface TableRowCondition extends Infer<typeof TableRowCondition> {}

export const TableRow = struct('meta.v1.TableRow', {
  cells: req(0, list(json, 'atomic')),
  conditions: opt(
    0,
    list(
      of<TableRowCondition>(() => TableRowCondition),
      'atomic',
    ),
  ),
  object: opt(0, raw),
});
export interface TableRow extends Infer<typeof TableRow> {}

export const Table = struct('meta.v1.Table', {
  apiVersion: opt(0, string),
  columnDefinitions: req(
    0,
    list(
      of<TableColumnDefinition>(() => TableColumnDefinition),
      'atomic',
    ),
  ),
  kind: opt(0, string),
  metadata: opt(
    0,
    of<ListMeta>(() => ListMeta),
  ),
  rows: req(
    0,
    list(
      of<TableRow>(() => TableRow),
      'atomic',
    ),
  ),
});
export interface Table extends Root<Infer<typeof Table>, 'metadata'> {}
