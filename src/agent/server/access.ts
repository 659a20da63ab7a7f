// What a request to the agent's API asks for, in the terms of authorization: pure.

export interface AccessAttributes {
  readonly verb: string;
  /** Subresources of the node; leave for any of them is enough, the finest comes first. */
  readonly subresources: readonly string[];
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** Paths with a subresource of their own (KEP-2862); before it, everything else was `proxy`. */
const fine: Readonly<Record<string, string>> = { pods: 'pods', runningpods: 'pods', healthz: 'healthz', configz: 'configz' };
const coarse: Readonly<Record<string, string>> = { stats: 'stats', metrics: 'metrics', logs: 'log', checkpoint: 'checkpoint' };

/** The verb and the node's subresources that a request needs. */
export function accessOf(method: string, path: string): AccessAttributes {
  const [, first = ''] = path.split('/');
  const verb = verbs[method] ?? 'get';
  const own = coarse[first];
  if (own !== undefined) return { verb, subresources: [own] };
  const finer = fine[first];
  return { verb, subresources: finer === undefined ? ['proxy'] : [finer, 'proxy'] };
}
