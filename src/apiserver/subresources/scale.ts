// /scale: the replica count of a workload, as autoscaling/v1 Scale.
import { badRequest, conflict, invalid, methodNotAllowed, staleMessage } from '#api/status.ts';
import { Scale } from '#api/autoscaling/v1/scale.ts';
import { selectorOf, selectorOfSet } from '#format/selector.ts';
import type { KubeObject } from '#api/object.ts';
import type { Answer } from '../chain.ts';
import { decodeBody, decodeValue } from '../body.ts';
import { fieldValidationOf } from '../options.ts';
import { patched, readPatch } from '../registry/patch.ts';
import { update } from '../registry/update.ts';
import { getEntry, writeRequest } from '../entries.ts';
import type { Scaling } from '../registry/strategy.ts';
import type { SubresourceRequest } from './subresource.ts';

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: unknown };
  readonly status?: { readonly replicas?: number };
}

/** The scale of built-in workloads. */
export const builtInScaling = (resource: string): Scaling => ({
  read(object) {
    const { spec, status } = object as Scalable;
    // ReplicationControllers have a plain map, the others a LabelSelector.
    const selector = spec?.selector;
    const text = resource === 'replicationcontrollers' ? selectorOfSet((selector ?? {}) as never) : selectorOf(selector as never);
    return { replicas: spec?.replicas ?? 0, current: status?.replicas ?? 0, selector: String(text) };
  },
  write: (object, replicas) => ({ ...object, spec: { ...(object as Scalable).spec, replicas } }) as KubeObject,
});

const target = { struct: Scale, group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** The Scale of a workload. */
export function scaleOf(object: KubeObject, scaling: Scaling): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { replicas, current, selector } = scaling.read(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas ? { replicas } : {},
    status: { replicas: current, ...(selector ? { selector } : {}) },
  } as Scale;
}

/** Serves get, update and patch of a Scale. */
export async function serveScale({ registry, resource, ctx }: SubresourceRequest): Promise<Answer> {
  const { info, call } = ctx;
  const { namespace, name } = info;
  const scaling = resource.strategy.scaling ?? builtInScaling(resource.row.resource);
  const answer = (object: KubeObject): Answer => ({
    kind: 'object',
    status: 200,
    object: scaleOf(object, scaling),
    row: resource.row,
  });
  if (info.verb === 'get') {
    const entry = await getEntry(registry, resource, namespace, name, call.params);
    return answer((await resource.load(entry)).object);
  }
  let next: (old: KubeObject) => Scale;
  if (info.verb === 'update') {
    const wanted = await decodeBody<Scale>(ctx, target);
    if (wanted.metadata.name && wanted.metadata.name !== name) {
      throw badRequest(`the name of the object (${wanted.metadata.name}) does not match the name on the URL (${name})`);
    }
    next = () => wanted;
  } else if (info.verb === 'patch') {
    const patch = await readPatch(call, { ...resource.row, kind: 'Scale' });
    if (patch.type === 'apply') {
      next = (old) => decodeValue({ ...scaleOf(old, scaling), ...(patch.body as object) }, target, 'Ignore', () => {}) as Scale;
    } else {
      const validation = fieldValidationOf(call.params);
      next = (old) => decodeValue(patched(scaleOf(old, scaling), patch, Scale), target, validation, () => {}) as Scale;
    }
  } else throw methodNotAllowed();

  const request = writeRequest(registry, resource, ctx, 'UpdateOptions');
  const { entry } = await update({
    ...request,
    namespace,
    name,
    unconditional: true,
    createWhenAbsent: false,
    next: (old) => {
      const present = old as KubeObject;
      const scale = next(present);
      const { resourceVersion } = scale.metadata;
      if (resourceVersion && resourceVersion !== present.metadata.resourceVersion)
        throw conflict(resource.groupResource, name, staleMessage);
      const replicas = scale.spec.replicas ?? 0;
      if (replicas < 0) {
        throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
          { type: 'Invalid value', field: 'spec.replicas', value: replicas, detail: 'must be greater than or equal to 0' },
        ]);
      }
      return scaling.write(present, replicas);
    },
  });
  return answer((await resource.load(entry)).object);
}
