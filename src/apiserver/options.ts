// Query parameters of writes.
import { invalid } from '#api/status.ts';
import type { Call } from './chain.ts';

/** dryRun=All; every other value is a 422. */
export function isDryRun(params: URLSearchParams): boolean {
  const values = params.getAll('dryRun').filter((value) => value !== '');
  if (values.length === 0) return false;
  for (const value of values) {
    if (value !== 'All') {
      throw invalid({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [
        { type: 'Unsupported value', field: 'dryRun', value: values, detail: 'supported values: "All"' },
      ]);
    }
  }
  return true;
}

/** Who writes: the fieldManager parameter, or what the user agent starts with. */
export function fieldManagerOf(call: Call): string {
  const given = call.params.get('fieldManager');
  if (given) return given.slice(0, 128);
  const agent = call.headers['user-agent'] ?? '';
  const slash = agent.indexOf('/');
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, 128) || 'unknown';
}
