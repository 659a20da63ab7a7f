// /healthz, /livez, /readyz: named checks, each also at its own path, with ?verbose and ?exclude.
import type { Answer, Context } from './chain.ts';
import { type PathEndpoint, type Plug, textAnswer } from './endpoint.ts';

/** Undefined when fine, else what is wrong. */
export type Check = () => string | undefined;

export interface Checks {
  readonly live: ReadonlyMap<string, Check>;
  readonly ready: ReadonlyMap<string, Check>;
}

function answer(ctx: Context, name: string, checks: ReadonlyMap<string, Check>): Answer {
  // Names of checks may hold slashes themselves.
  const below = ctx.info.path.split('/').filter(Boolean).slice(1).join('/');
  if (below !== '') {
    const check = checks.get(below);
    if (!check) return textAnswer('404 page not found\n', 404);
    const failure = check();
    return failure === undefined ? textAnswer('ok') : textAnswer(`internal server error: ${failure}\n`, 500);
  }
  const { params } = ctx.call;
  const excluded = new Set(params.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const [check, run] of checks) {
    if (excluded.delete(check)) {
      lines.push(`[+]${check} excluded: ok`);
      continue;
    }
    const failure = run();
    if (failure !== undefined) failed = true;
    lines.push(failure === undefined ? `[+]${check} ok` : `[-]${check} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((text) => JSON.stringify(text)).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  if (failed) return textAnswer(`${lines.join('\n')}\n${name} check failed\n`, 500);
  if (!params.has('verbose')) return textAnswer('ok');
  return textAnswer(`${lines.join('\n')}\n${name} check passed\n`);
}

/** The health endpoints. */
export function healthPlug(checks: Checks): Plug {
  const endpoint = (path: string, set: ReadonlyMap<string, Check>): PathEndpoint => ({
    path: `/${path}`,
    below: true,
    handle: (ctx) => answer(ctx, path, set),
  });
  return { paths: [endpoint('healthz', checks.live), endpoint('livez', checks.live), endpoint('readyz', checks.ready)] };
}
