// pods/{name}/eviction: a deletion that asks the disruption budgets first.
import { badRequest, internal, isConflict, StatusError, tooManyRequests } from '#api/status.ts';
import { Eviction } from '#api/policy/v1/eviction.ts';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { DeleteOptions } from '#api/meta/v1/options.ts';
import { selectorOf } from '#format/selector.ts';
import type { KubeObject } from '#api/object.ts';
import type { Answer } from '../chain.ts';
import { decodeBody } from '../body.ts';
import { remove } from '../registry/delete.ts';
import { update } from '../registry/update.ts';
import { getEntry, writeRequest } from '../entries.ts';
import type { SubresourceRequest } from './subresource.ts';

const success: Answer = {
  kind: 'object',
  status: 201,
  object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
};
const maxDisrupted = 2000;

function refusal(message: string, cause: string): StatusError {
  const { status } = tooManyRequests(message, 0);
  return new StatusError({ ...status, details: { causes: [{ reason: 'DisruptionBudget', message: cause }] } });
}

const text = "Cannot evict pod as it would violate the pod's disruption budget.";

/** The budget with one disruption fewer, or the refusal. */
export function takeDisruption(budget: PodDisruptionBudget, pod: Pod, now: string): PodDisruptionBudget {
  const { name } = budget.metadata;
  const status = budget.status;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw refusal(text, `The disruption budget ${name} is still being processed by the server.`);
  }
  if (status.disruptionsAllowed < 0) throw internal('pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > maxDisrupted)
    throw internal('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (status.disruptionsAllowed === 0) {
    const cause = `The disruption budget ${name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`;
    throw refusal(text, cause);
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

/** Serves POST of an Eviction. */
export async function serveEviction({ registry, resource, ctx }: SubresourceRequest): Promise<Answer> {
  const { namespace, name } = ctx.info;
  const eviction = await decodeBody<Eviction>(ctx, { struct: Eviction, group: 'policy', version: 'v1', kind: 'Eviction' });
  if (eviction.metadata.name && eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object');
  const options: DeleteOptions = eviction.deleteOptions ?? {};
  const write = { ...writeRequest(registry, resource, ctx, 'DeleteOptions'), subresource: '' };
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
        if (isConflict(error)) throw refusal(text, `too many changes of the disruption budget ${budget.metadata.name}`);
        throw error;
      }
    } else if (budget) preconditions = { ...preconditions, resourceVersion: pod.metadata.resourceVersion };
  }
  await remove({ ...write, dryRun, namespace, name, options: { ...options, ...(preconditions ? { preconditions } : {}) } });
  return success;
}
