// The page at `/`: every path that may be asked for.
import type { Answer } from './chain.ts';
import type { Plug } from './endpoint.ts';
import type { ResourceRow } from './resources/row.ts';
import type { Router } from './router.ts';

export interface Indexed {
  readonly router: Pick<Router, 'paths'>;
  /** What is served now, custom resources too. */
  rows(): readonly Pick<ResourceRow, 'group' | 'version'>[];
  /** Names of the checks below each of the health paths. */
  readonly checks: Readonly<Record<string, readonly string[]>>;
}

/** All paths, sorted. */
export function indexPaths({ router, rows, checks }: Indexed): readonly string[] {
  const paths = new Set(router.paths());
  paths.add('/apis/');
  for (const { group, version } of rows()) {
    if (group === '') paths.add(`/api/${version}`);
    else paths.add(`/apis/${group}`).add(`/apis/${group}/${version}`);
  }
  for (const [path, names] of Object.entries(checks)) for (const name of names) paths.add(`${path}/${name}`);
  return [...paths].filter((path) => path !== '/' && path !== '/index.html').sort();
}

/** Serves the page. */
export function indexPlug(indexed: Indexed): Plug {
  const handle = (): Answer => ({
    kind: 'bytes',
    status: 200,
    headers: { 'content-type': 'application/json' },
    bytes: JSON.stringify({ paths: indexPaths(indexed) }, null, 2),
  });
  return { paths: ['/', '/index.html'].map((path) => ({ path, handle })) };
}
