// PodDisruptionBudgets: says how many pods may be evicted. The eviction subresource spends what is said here.
import { rfc3339 } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import { Deployments, PodDisruptionBudgets, Pods, ReplicaSets, ReplicationControllers, type ResourceRef, StatefulSets } from '#api/refs.ts';
import type { KubeObject } from '#api/object.ts';
import { isConflict } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { goLabelSelector, selectorOf } from '#format/selector.ts';
import { semanticEqual } from '../equal.ts';
import { byController, controllerKeys } from '../replicas/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { controllersOf, failedStatus, needsScales, planBudget, sparedIn } from './plan.ts';
import { createScaleFinder } from './scale.ts';

/** Keys of pods in the queue; those of budgets begin with their namespace, which has no such character. */
const podPrefix = 'pod:';

/** Starts the controller. */
export function startDisruptionController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const budgets = informers.of(PodDisruptionBudgets);
  const pods = informers.of(Pods);
  pods.addIndex(byController, controllerKeys);
  const api = client.resource(PodDisruptionBudgets);
  const recorder = createRecorder(client, world, { component: 'controllermanager' });
  const finder = createScaleFinder(deps);

  const selects = (budget: PodDisruptionBudget, pod: Pod): boolean => selectorOf(budget.spec.selector).matches(pod.metadata.labels ?? {});

  async function scalesOf(budget: PodDisruptionBudget, own: readonly Pod[]): Promise<Map<string, number>> {
    const scales = new Map<string, number>();
    if (!needsScales(budget)) return scales;
    for (const reference of controllersOf(own)) {
      const wanted = await finder.wanted(reference, budget.metadata.namespace ?? '');
      if (wanted === undefined) {
        const pod = own.find((one) => controllerOf(one)?.uid === reference.uid);
        throw new Error(`found no controllers for pod "${pod?.metadata.name}"`);
      }
      scales.set(wanted.uid, wanted.replicas);
    }
    return scales;
  }

  async function write(budget: PodDisruptionBudget, status: PodDisruptionBudget['status']): Promise<void> {
    if (!semanticEqual(status, budget.status)) await api.updateStatus({ ...budget, status });
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const budget = budgets.lister.getByKey(key);
    if (budget === undefined) return;
    const own = pods.lister.list(budget.metadata.namespace).filter((pod) => selects(budget, pod));
    if (own.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const now = world.clock.now();
    let scales: Map<string, number>;
    try {
      scales = await scalesOf(budget, own);
    } catch (error) {
      const message = messageOf(error);
      recorder.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', `Failed to calculate the number of expected pods: ${message}`);
      await write(budget, failedStatus(budget, message, now));
      throw error;
    }
    const plan = planBudget({ budget, pods: own, scales, now });
    if (plan.unmanaged.length > 0) {
      const message = `Pods selected by this PodDisruptionBudget (selector: ${goLabelSelector(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      recorder.event(budget, 'Warning', 'UnmanagedPods', message);
    }
    for (const pod of plan.undisrupted)
      recorder.event(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${key} to be deleted but it wasn't`);
    try {
      await write(budget, plan.status);
    } catch (error) {
      // An eviction was faster: its word counts, and with the cache behind it we would only overwrite what it took.
      if (!isConflict(error)) throw error;
      return { requeueAfter: 5 };
    }
    if (plan.wait !== undefined) return { requeueAfter: plan.wait };
  }

  /** Nobody deleted the pod after all: it must not look as if somebody were about to. */
  async function spare(key: string): Promise<void | { requeueAfter: number }> {
    const pod = pods.lister.getByKey(key);
    const left = pod && sparedIn(pod, world.clock.now());
    if (pod === undefined || left === undefined) return;
    if (left > 0) return { requeueAfter: left };
    const { name, namespace = '', uid } = pod.metadata;
    const condition = { type: 'DisruptionTarget', status: 'False', lastTransitionTime: rfc3339(world.clock.now()) };
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    await client.resource(Pods).patch(name, body, { type: 'strategic', subresource: 'status', namespace });
  }

  const handle = startController({
    name: 'disruption',
    world,
    synced: Promise.all([allSynced(budgets, pods), finder.synced]),
    reconcile: (key) => (key.startsWith(podPrefix) ? spare(key.slice(podPrefix.length)) : reconcile(key)),
  });

  function podChanged(pod: Pod): void {
    for (const budget of budgets.lister.list(pod.metadata.namespace)) if (selects(budget, pod)) handle.enqueue(keyOf(budget));
  }

  /** What a controller wants has changed: the budgets of its pods count anew. */
  function watchScale(ref: ResourceRef<KubeObject & { readonly spec: { readonly replicas?: number } }>): () => void {
    return informers.of(ref).onChange({
      updated: (next, previous) => {
        if (next.spec.replicas === previous.spec.replicas || budgets.lister.list(next.metadata.namespace).length === 0) return;
        for (const budget of budgets.lister.list(next.metadata.namespace)) if (needsScales(budget)) handle.enqueue(keyOf(budget));
      },
    });
  }

  return withCleanup(
    handle,
    budgets.onChange({
      added: (budget) => handle.enqueue(keyOf(budget)),
      updated: (budget) => handle.enqueue(keyOf(budget)),
    }),
    pods.onChange({
      added: (pod) => {
        podChanged(pod);
        if (sparedIn(pod, 0) !== undefined) handle.enqueue(`${podPrefix}${keyOf(pod)}`);
      },
      updated: (pod, previous) => {
        if (sparedIn(pod, 0) !== undefined && sparedIn(previous, 0) === undefined) handle.enqueue(`${podPrefix}${keyOf(pod)}`);
        const same =
          isPodReady(pod) === isPodReady(previous) &&
          pod.metadata.deletionTimestamp === previous.metadata.deletionTimestamp &&
          semanticEqual(pod.metadata.labels, previous.metadata.labels) &&
          semanticEqual(pod.metadata.ownerReferences, previous.metadata.ownerReferences);
        if (same) return;
        podChanged(pod);
        if (!semanticEqual(pod.metadata.labels, previous.metadata.labels)) podChanged(previous);
      },
      deleted: podChanged,
    }),
    watchScale(Deployments),
    watchScale(ReplicaSets),
    watchScale(StatefulSets),
    watchScale(ReplicationControllers),
    () => recorder[Symbol.asyncDispose](),
  );
}
