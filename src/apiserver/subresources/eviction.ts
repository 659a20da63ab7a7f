// pods/{name}/eviction: a deletion that asks the disruption budgets first.
import { badRequest, conflict, forbidden, internal, isConflict, staleMessage, StatusError, tooManyRequests } from '#api/status.ts';
import { Eviction } from '#api/policy/v1/eviction.ts';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodCondition } from '#api/core/v1/podstatus.ts';
import { setCondition } from '#api/podutil.ts';
import type { DeleteOptions } from '#api/meta/v1/options.ts';
import { selectorOf } from '#format/selector.ts';
import type { KubeObject } from '#api/object.ts';
import type { Answer } from '../chain.ts';
import { decodeBody } from '../body.ts';
import { remove } from '../registry/delete.ts';
import { update } from '../registry/update.ts';
import { getEntry, writeRequest } from '../entries.ts';
import type { SubresourceRequest } from './subresource.ts';

const target = { struct: Eviction, group: 'policy', version: 'v1', kind: 'Eviction', alike: ['policy/v1beta1'] };
const success: Answer = {
  kind: 'object',
  status: 201,
  object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
};
const maxDisrupted = 2000;

/** 429 with the budget's words as cause; `retryAfterSeconds` 0: the client decides when to ask again. */
function refusal(cause: string, retryAfterSeconds = 0): StatusError {
  const { status } = tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds);
  const causes = [{ reason: 'DisruptionBudget', message: cause }];
  return new StatusError({ ...status, details: { causes, ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}) } });
}

const podType = { group: '', resource: 'pods' };
const budgetType = { group: 'policy', resource: 'poddisruptionbudget' };

/** The budget with one disruption fewer, or the refusal. */
export function takeDisruption(budget: PodDisruptionBudget, pod: Pod, now: string): PodDisruptionBudget {
  const { name } = budget.metadata;
  const status = budget.status;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw refusal(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (status.disruptionsAllowed < 0) throw forbidden(budgetType, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > maxDisrupted)
    throw forbidden(budgetType, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (status.disruptionsAllowed === 0) {
    const failed = status.conditions?.find(({ type, reason }) => type === 'DisruptionAllowed' && reason === 'SyncFailed');
    if (failed?.status === 'False')
      throw refusal(`The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${failed.message}`);
    throw refusal(`The disruption budget ${name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`);
  }
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: status.disruptionsAllowed - 1,
      disruptedPods: { ...status.disruptedPods, [pod.metadata.name]: now },
    },
  };
}

function isReady(pod: Pod): boolean {
  return pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
}

/** Pods that serve nobody leave without asking. */
function mayIgnoreBudgets(pod: Pod): boolean {
  const { phase } = pod.status;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined;
}

function mayEvictUnready(pod: Pod, budget: PodDisruptionBudget): boolean {
  if (isReady(pod)) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy, desiredHealthy } = budget.status;
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** Tells, before the pod goes, that it did not end by itself (KEP-3329). Gives the resourceVersion that the pod has then. */
async function markDisrupted(request: SubresourceRequest, pod: Pod, version: string | undefined): Promise<string | undefined> {
  const { registry, resource, ctx } = request;
  const { namespace, name } = ctx.info;
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
  const { entry } = await update({
    ...writeRequest(registry, resource, ctx, 'UpdateOptions'),
    admitted: true,
    subresource: 'status',
    namespace,
    name,
    unconditional: true,
    createWhenAbsent: false,
    next: (old) => {
      const present = old as Pod;
      const changed = version !== undefined && present.metadata.resourceVersion !== version;
      if (present.metadata.uid !== pod.metadata.uid || changed) throw conflict(podType, name, staleMessage);
      const conditions = setCondition<PodCondition>(present.status.conditions, condition, Date.parse(registry.now()));
      return { ...present, status: { ...present.status, conditions } } as KubeObject;
    },
  });
  return entry.object.metadata.resourceVersion;
}

/** Serves POST of an Eviction. */
export async function serveEviction(request: SubresourceRequest): Promise<Answer> {
  const { registry, resource, ctx } = request;
  const { namespace, name } = ctx.info;
  const eviction = await decodeBody<Eviction>(ctx, target);
  if (eviction.metadata.name && eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
  const options: DeleteOptions = eviction.deleteOptions ?? {};
  const write = { ...writeRequest(registry, resource, ctx, 'DeleteOptions'), subresource: '', admitted: true };
  const dryRun = write.dryRun || options.dryRun?.includes('All') === true;
  await ctx.backend.admit(ctx, { operation: 'CREATE', object: eviction, dryRun });
  const entry = await getEntry(registry, resource, namespace, name, new URLSearchParams());
  const pod = entry.object as Pod;
  let preconditions = options.preconditions;

  if (!mayIgnoreBudgets(pod)) {
    const budgets = registry.must('policy', 'v1', 'poddisruptionbudgets');
    const matching = [...budgets.table.range(budgets.keyPrefix(namespace))]
      .map((found) => found.object as PodDisruptionBudget)
      .filter((budget) => selectorOf(budget.spec?.selector).matches(pod.metadata.labels ?? {}));
    if (matching.length > 1)
      throw internal('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
    const [budget] = matching;
    if (budget && !mayEvictUnready(pod, budget)) {
      try {
        await update({
          ...writeRequest(registry, budgets, ctx, 'UpdateOptions'),
          dryRun,
          subresource: 'status',
          namespace,
          name: budget.metadata.name,
          unconditional: true,
          createWhenAbsent: false,
          next: (old) => takeDisruption(old as PodDisruptionBudget, pod, registry.now()) as KubeObject,
        });
      } catch (error) {
        if (isConflict(error)) throw refusal(`too many changes of the disruption budget ${budget.metadata.name}`);
        throw error;
      }
    } else if (budget) preconditions = { ...preconditions, resourceVersion: pod.metadata.resourceVersion };
  }
  if (!dryRun && pod.metadata.deletionTimestamp === undefined) {
    const marked = await markDisrupted(request, pod, preconditions?.resourceVersion);
    if (preconditions?.resourceVersion !== undefined && marked) preconditions = { ...preconditions, resourceVersion: marked };
  }
  await remove({ ...write, dryRun, namespace, name, options: { ...options, ...(preconditions ? { preconditions } : {}) } });
  return success;
}
