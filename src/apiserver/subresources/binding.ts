// pods/{name}/binding: the scheduler's decision. Sets the node once, and the PodScheduled condition with it.
import { conflict, badRequest, invalid } from '#api/status.ts';
import { Binding, type Pod } from '#api/core/v1/pod.ts';
import type { PodCondition } from '#api/core/v1/podstatus.ts';
import { validateShape } from '#api/rules.ts';
import type { KubeObject } from '#api/object.ts';
import type { Answer } from '../chain.ts';
import { decodeBody } from '../body.ts';
import { update } from '../registry/update.ts';
import { writeRequest } from '../entries.ts';
import type { SubresourceRequest } from './subresource.ts';

const topologyLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

function bound(pod: Pod, binding: Binding, nodeLabels: Readonly<Record<string, string>>, now: string): Pod {
  const { name } = pod.metadata;
  const node = binding.target.name as string;
  const refuse = (message: string) => conflict({ group: '', resource: 'pods/binding' }, name, message);
  const { uid, resourceVersion } = binding.metadata;
  if (uid && uid !== pod.metadata.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid ?? ''}`);
  }
  if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion) {
    throw refuse(
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${pod.metadata.resourceVersion ?? ''}`,
    );
  }
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const scheduled: PodCondition = { type: 'PodScheduled', status: 'True', lastTransitionTime: now };
  // Where the pod was expected is of no interest once it is somewhere (ClearingNominatedNodeNameAfterBinding).
  const { nominatedNodeName: _, ...status } = pod.status;
  const others = (pod.status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
  const labels: Record<string, string> = { ...pod.metadata.labels };
  for (const key of topologyLabels) if (nodeLabels[key] !== undefined) labels[key] = nodeLabels[key];
  const annotations = { ...pod.metadata.annotations, ...binding.metadata.annotations };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
    },
    spec: { ...pod.spec, nodeName: node },
    status: { ...status, conditions: [...others, scheduled] },
  };
}

/** Serves POST of a Binding, to pods/{name}/binding and to bindings. */
export async function serveBinding({
  registry,
  resource,
  ctx,
}: Pick<SubresourceRequest, 'registry' | 'resource' | 'ctx'>): Promise<Answer> {
  let binding = await decodeBody<Binding>(ctx, { struct: Binding, group: '', version: 'v1', kind: 'Binding' });
  const { namespace } = ctx.info;
  const name = ctx.info.name || binding.metadata.name;
  if (binding.metadata.name && binding.metadata.name !== name) {
    throw badRequest(`name in URL does not match name in Binding object`);
  }
  if (binding.metadata.namespace && binding.metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const errors = validateShape(Binding, binding);
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors);
  const request = writeRequest(registry, resource, ctx, 'CreateOptions');
  const row =
    ctx.info.subresource === 'binding'
      ? {}
      : { row: { ...resource.row, resource: 'bindings', kind: 'Binding', subresources: [], struct: Binding } };
  binding = (await ctx.backend.admit(ctx, { operation: 'CREATE', object: binding, dryRun: request.dryRun, ...row })) as Binding;
  const nodes = registry.must('', 'v1', 'nodes');
  const labels = nodes.table.get(nodes.key('', binding.target.name as string))?.object.metadata.labels ?? {};
  const now = registry.now();
  await update({
    ...request,
    subresource: 'binding',
    namespace,
    name,
    unconditional: true,
    createWhenAbsent: false,
    admitted: true,
    // As in Kubernetes, a binding owns no fields: what it sets is nobody's to apply.
    tracked: true,
    next: (old) => bound(old as Pod, binding, labels, now) as KubeObject,
  });
  return { kind: 'object', status: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}
