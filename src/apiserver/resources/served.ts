// Which rows a server serves: all that are stable, and those it is asked for by group and version.
import { apiVersionOf } from '#api/object.ts';
import { allRows } from './all.ts';
import type { ResourceRow } from './row.ts';

/**
 * The rows of a server. Of what is not stable only kinds are served that have no stable version: the others share their
 * storage with it.
 */
export function servedRows(runtimeConfig: readonly string[]): readonly ResourceRow[] {
  const stable = new Set(allRows.filter(({ stage }) => stage === 'GA').map(({ group, resource }) => `${group}/${resource}`));
  return allRows.filter(
    (row) => row.stage === 'GA' || (runtimeConfig.includes(apiVersionOf(row)) && !stable.has(`${row.group}/${row.resource}`)),
  );
}
