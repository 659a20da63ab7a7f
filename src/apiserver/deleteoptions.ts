// DeleteOptions of a request.
import { DeleteOptions } from '#api/meta/v1/options.ts';
import { decode, DecodeError } from '#api/rules.ts';
import type { FieldError } from '#api/fielderror.ts';
import { badRequest, invalid } from '#api/status.ts';
import { bodyFormat, bodyValue, readBody } from './body.ts';
import type { Context } from './chain.ts';
import { goInteger, unsupported } from './options.ts';

const policies: readonly string[] = ['Foreground', 'Background', 'Orphan'];

/** DeleteOptions from the body, or else from the query. */
export async function deleteOptionsOf(ctx: Context): Promise<DeleteOptions> {
  const { call } = ctx;
  let value = call.object;
  if (value === undefined) {
    const bytes = await readBody(call);
    if (bytes.length > 0) {
      const format = bodyFormat(call);
      // Clients name it after the group at hand ("apps/v1 DeleteOptions"): the name is not looked at.
      value = bodyValue(bytes, format, { struct: DeleteOptions, group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' });
    }
  }
  const options = value === undefined ? fromQuery(call.params) : value;
  let decoded: DeleteOptions;
  try {
    decoded = decode<DeleteOptions>(DeleteOptions, options).object;
  } catch (error) {
    if (error instanceof DecodeError)
      throw badRequest(`DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${error.message}`);
    throw error;
  }
  checkDeleteOptions(decoded);
  if (value !== undefined) ctx.audit?.request(decoded);
  return decoded;
}

function fromQuery(params: URLSearchParams): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  const grace = goInteger(params.get('gracePeriodSeconds'));
  const policy = params.get('propagationPolicy');
  const orphan = params.get('orphanDependents');
  if (grace !== undefined) options['gracePeriodSeconds'] = grace;
  if (policy) options['propagationPolicy'] = policy;
  if (orphan) options['orphanDependents'] = orphan === 'true';
  const dryRun = params.getAll('dryRun');
  if (dryRun.length > 0) options['dryRun'] = dryRun;
  return options;
}

function checkDeleteOptions(options: DeleteOptions): void {
  const errors: FieldError[] = [];
  const { orphanDependents, propagationPolicy: policy } = options;
  const field = 'propagationPolicy';
  if (orphanDependents !== undefined && policy !== undefined) {
    errors.push({ type: 'Invalid value', field, value: policy, detail: 'orphanDependents and deletionPropagation cannot be both set' });
  }
  if (policy !== undefined && !policies.includes(policy)) errors.push(unsupported(field, policy, [...policies, 'nil']));
  const dryRun = options.dryRun ?? [];
  if (dryRun.some((value) => value !== 'All')) errors.push(unsupported('dryRun', dryRun, ['All']));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
}
