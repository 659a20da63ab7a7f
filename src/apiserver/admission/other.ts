// Admission of requests that the registry's algorithms do not carry out themselves: connections, and the objects that
// subresources take (Binding, Eviction, TokenRequest).
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf } from '#api/object.ts';
import type { Context } from '../chain.ts';
import type { Registry } from '../registry/registry.ts';
import { isTrue } from '../requestinfo.ts';
import type { ResourceRow } from '../resources/row.ts';
import { kindOf } from './webhooks/review.ts';

export interface OtherRequest {
  readonly operation: 'CREATE' | 'CONNECT';
  readonly object: object;
  readonly dryRun?: boolean;
  /** Of a resource that holds no objects and is therefore none of the registry's. */
  readonly row?: ResourceRow;
}

/** Runs admission on what the request of `ctx` carries; answers with the object to go on with. */
export async function admitOther(registry: Registry, ctx: Context, request: OtherRequest): Promise<object> {
  const { operation, object, dryRun = false } = request;
  const { group, version, resource, subresource, namespace, name } = ctx.info;
  const row = request.row ?? registry.must(group, version, resource).row;
  const attributes = {
    operation,
    row,
    subresource,
    namespace: row.namespaced ? namespace : '',
    name,
    object: object as KubeObject,
    oldObject: undefined,
    dryRun,
    options: dryRun ? { dryRun: ['All'] } : {},
    ctx,
    registry,
  };
  const admitted = (await registry.admission.admit(attributes)) ?? attributes.object;
  await registry.admission.validate({ ...attributes, object: admitted });
  return admitted;
}

const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const;

/** The options object of a connection, as its query says: PodExecOptions, PodProxyOptions… */
export function connectOptions(registry: Registry, { info, call }: Context): object {
  const kind = kindOf(registry.must(info.group, info.version, info.resource).row, info.subresource);
  const type = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const { params } = call;
  if (info.subresource === 'proxy') return { ...type, ...(info.rest.length > 0 ? { path: info.rest.join('/') } : {}) };
  if (info.subresource === 'portforward') {
    const ports = params
      .getAll('ports')
      .flatMap((text) => text.split(','))
      .map(Number);
    return { ...type, ...(ports.length > 0 ? { ports } : {}) };
  }
  const set = flags.filter((flag) => params.has(flag) && isTrue(params.get(flag)));
  const container = params.get('container');
  const command = info.subresource === 'exec' ? params.getAll('command') : [];
  return {
    ...type,
    ...Object.fromEntries(set.map((flag) => [flag, true])),
    ...(container ? { container } : {}),
    ...(command.length > 0 ? { command } : {}),
  };
}
