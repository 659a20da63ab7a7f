// componentstatuses: nothing is stored, the components of the control plane are asked. Deprecated, and still printed.
import { notFound } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import { encodable } from './cacher/entry.ts';
import type { Answer, Context } from './chain.ts';
import type { Plug } from './endpoint.ts';
import type { Check } from './health.ts';
import type { Registry } from './registry/registry.ts';

const warning = 'v1 ComponentStatus is deprecated in v1.19+';

function status(name: string, failure: string | undefined): KubeObject {
  const condition =
    failure === undefined
      ? { type: 'Healthy', status: 'True', message: 'ok' }
      : { type: 'Healthy', status: 'False', message: failure, error: failure };
  return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] } as KubeObject;
}

/** Serves get and list. Controllers and scheduler live and die with their leases: the store is what can fail here. */
export function componentStatusPlug(registry: Registry, checks: ReadonlyMap<string, Check>): Plug {
  const { row } = registry.must('', 'v1', 'componentstatuses');
  const all = (): KubeObject[] => [
    status('controller-manager', undefined),
    status('etcd-0', checks.get('etcd')?.()),
    status('scheduler', undefined),
  ];
  const handle = (ctx: Context): Answer => {
    ctx.warnings.push(warning);
    const { name } = ctx.info;
    if (name === '') return { kind: 'list', row, listMeta: { resourceVersion: '' }, items: all().map(encodable) };
    const object = all().find((candidate) => candidate.metadata.name === name);
    if (!object) throw notFound({ group: '', resource: 'componentstatuses' }, name);
    return { kind: 'object', status: 200, object, row };
  };
  return { resources: [{ group: '', resource: 'componentstatuses', subresource: '', handle }] };
}
