// /scale: the replica count of a workload, as autoscaling/v1 Scale.
import { badRequest, conflict, invalid, methodNotAllowed, staleMessage } from '#api/status.ts';
import { Scale } from '#api/autoscaling/v1/scale.ts';
import { selectorOf, selectorOfSet } from '#format/selector.ts';
import type { KubeObject } from '#api/object.ts';
import type { OwnedObject } from '#merge/apply.ts';
import { patchProblem } from '#merge/checkpatch.ts';
import { shapeOfStruct } from '#merge/shape.ts';
import type { Answer } from '../chain.ts';
import { decodeBody, decodeValue } from '../body.ts';
import { fieldValidationOf } from '../options.ts';
import { applied, configuration } from '../registry/apply.ts';
import { type Patch, patched, readPatch } from '../registry/patch.ts';
import type { WriteRequest } from '../registry/request.ts';
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
  find: (object) => (object as Scalable).spec?.replicas,
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

/** Refuses what no workload can be scaled to. */
function checkReplicas(name: string, replicas: number): void {
  if (replicas >= 0) return;
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
    { type: 'Invalid value', field: 'spec.replicas', value: replicas, detail: 'must be greater than or equal to 0' },
  ]);
}

/** The Scale that a PUT or a patch asks for, made from the present state of the workload. */
async function requested({ ctx }: SubresourceRequest, patch: Patch | undefined, scaling: Scaling) {
  const { call, info } = ctx;
  if (patch) {
    const validation = fieldValidationOf(call.params);
    return (old: KubeObject) => decodeValue(patched(scaleOf(old, scaling), patch, Scale), target, validation, () => {}) as Scale;
  }
  const wanted = await decodeBody<Scale>(ctx, target);
  if (wanted.metadata.name && wanted.metadata.name !== info.name) {
    throw badRequest(`the name of the object (${wanted.metadata.name}) does not match the name on the URL (${info.name})`);
  }
  return () => wanted;
}

/** Applies a Scale: what it says of the replicas is owned, and may conflict, as a field of the workload. */
function applyScale(request: WriteRequest, { body }: Patch, scaling: Scaling): (old: KubeObject) => Promise<KubeObject> {
  const { namespace, name } = request.ctx.info;
  const wanted = configuration(request, { namespace, name, body }, target) as Partial<Scale> & OwnedObject;
  const problem = patchProblem(wanted, shapeOfStruct(Scale));
  if (problem) throw badRequest(`failed to create typed patch object (${namespace}/${name}; autoscaling/v1, Kind=Scale): ${problem}`);
  const { replicas } = wanted.spec ?? {};
  const { uid, resourceVersion } = wanted.metadata;
  return async (old) => {
    const { apiVersion, kind } = old;
    const bare: KubeObject = { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } };
    const part = replicas === undefined ? bare : scaling.write(bare, replicas);
    const next = (await applied(request, { live: old, patch: part })) as KubeObject;
    // Who no longer says how many takes the number away, which a Scale shows as none.
    const count = scaling.find(next) ?? 0;
    checkReplicas(name, count);
    return scaling.write(next, count);
  };
}

/** Serves get, update and patch of a Scale. */
export async function serveScale(sub: SubresourceRequest): Promise<Answer> {
  const { registry, resource, ctx } = sub;
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
  if (info.verb !== 'update' && info.verb !== 'patch') throw methodNotAllowed();
  const request = writeRequest(registry, resource, ctx, 'UpdateOptions');
  const patch = info.verb === 'patch' ? await readPatch(call, { ...resource.row, kind: 'Scale' }) : undefined;
  const tracked = patch?.type === 'apply';
  let next: (old: KubeObject) => KubeObject | Promise<KubeObject>;
  if (tracked) next = applyScale(request, patch, scaling);
  else {
    const make = await requested(sub, patch, scaling);
    next = (old) => {
      const { metadata, spec } = make(old);
      const { resourceVersion } = metadata;
      if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) throw conflict(resource.groupResource, name, staleMessage);
      const replicas = spec.replicas ?? 0;
      checkReplicas(name, replicas);
      return scaling.write(old, replicas);
    };
  }
  const { entry } = await update({
    ...request,
    namespace,
    name,
    unconditional: true,
    createWhenAbsent: false,
    tracked,
    next: (old) => next(old as KubeObject),
  });
  return answer((await resource.load(entry)).object);
}
