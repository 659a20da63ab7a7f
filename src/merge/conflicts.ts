// Conflicts of server-side apply, worded as Kubernetes words them.
import type { StatusCause } from '#api/meta/v1/status.ts';
import { goQuote } from '#format/goquote.ts';
import type { FieldSet } from './fieldset.ts';
import type { Manager } from './managers.ts';
import { pathText } from './pathelement.ts';

/** Fields that another manager owns and that the applied configuration would change. */
export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

function managerText(manager: Manager): string {
  const name = goQuote(manager.manager) + (manager.subresource === '' ? '' : ` with subresource ${goQuote(manager.subresource)}`);
  return manager.operation === 'Update' ? `${name} using ${manager.apiVersion}` : name;
}

/** The causes and the message of the Conflict status. */
export function describeConflicts(conflicts: readonly Conflict[]): { readonly causes: readonly StatusCause[]; readonly message: string } {
  const groups = conflicts
    .map(({ manager, fields }) => ({ who: managerText(manager), paths: fields.paths().map(pathText) }))
    .sort((a, b) => (a.who < b.who ? -1 : a.who > b.who ? 1 : 0));
  const causes = groups.flatMap(({ who, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const [only] = causes;
  if (causes.length === 1 && only) return { causes, message: `Apply failed with 1 conflict: ${only.message}: ${only.field}` };
  const lines = groups.flatMap(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)]);
  return { causes, message: `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}` };
}
