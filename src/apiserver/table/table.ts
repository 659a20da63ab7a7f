// Server-side Tables: objects as rows of cells, for `kubectl get` and everything else that shows lists.
import type { KubeObject } from '#api/object.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { TablePrinter } from '../endpoint.ts';
import type { ResourceRow } from '../resources/row.ts';
import { adminColumns } from './admin.ts';
import { createdAtColumn, nameColumn } from './cells.ts';
import type { Column } from './column.ts';
import { coreColumns } from './core.ts';
import { deviceColumns } from './devices.ts';
import { networkColumns } from './network.ts';
import { storageColumns } from './storage.ts';
import { workloadColumns } from './workloads.ts';

const byStruct = new Map<string, readonly Column[]>([
  ...workloadColumns,
  ...coreColumns,
  ...networkColumns,
  ...storageColumns,
  ...adminColumns,
  ...deviceColumns,
]);

/** For kinds without a printer of their own. */
const defaultColumns: readonly Column[] = [nameColumn, createdAtColumn];

/** The columns of a kind by its short type name (`core.v1.Pod`). */
export function columnsOf(structName: string): readonly Column[] {
  return byStruct.get(structName) ?? defaultColumns;
}

/** False for reviews and other kinds that are only ever created: asking for them as a Table is answered with 406. */
export function tableable(row: ResourceRow): boolean {
  return row.verbs.includes('get') || row.verbs.includes('list');
}

const podConditions: { readonly [phase: string]: readonly object[] } = {
  Succeeded: [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }],
  Failed: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
};

type Include = Parameters<TablePrinter>[2]['includeObject'];

function rowObject(object: KubeObject, include: Include): object | undefined {
  if (include === 'None') return undefined;
  if (include === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** Rows of given columns. */
export function tableRows(
  columns: readonly Column[],
  objects: readonly KubeObject[],
  options: {
    readonly includeObject: Include;
    readonly now: number;
    readonly conditions?: (object: KubeObject) => readonly object[] | undefined;
  },
): object[] {
  const context = { now: options.now };
  return objects.map((object) => {
    const conditions = options.conditions?.(object);
    const included = rowObject(object, options.includeObject);
    return {
      cells: columns.map((column) => column.cell(object, context)),
      ...(conditions ? { conditions } : {}),
      // Kubernetes writes null when no object is asked for.
      object: included ?? null,
    };
  });
}

/** What of a column is sent. */
export function columnDefinition(column: Column): object {
  const { name, type, format, description, priority } = column;
  return { name, type, format, description, priority };
}

/** Renders objects of a row's kind as a Table. */
export const tableOf: TablePrinter = (row, objects, options) => {
  const columns = row.custom?.columns ?? columnsOf(row.struct.name);
  const isPod = row.struct.name === 'core.v1.Pod';
  return {
    columnDefinitions: options.noHeaders ? [] : columns.map(columnDefinition),
    rows: tableRows(columns, objects, {
      includeObject: options.includeObject,
      now: options.now,
      ...(isPod ? { conditions: (object) => podConditions[(object as Pod).status?.phase ?? ''] } : {}),
    }),
  };
};
