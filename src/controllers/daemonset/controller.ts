// DaemonSets: one pod on every node that fits. Decisions are in plan.ts.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { availableIn } from '#api/podutil.ts';
import { ControllerRevisions, DaemonSets, Nodes, Pods } from '#api/refs.ts';
import { hasCause, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Expectations } from '#client/expectations.ts';
import { claimObjects, controllerRef } from '#client/ownership.ts';
import { selectorOf } from '#format/selector.ts';
import { sameStatus, semanticEqual } from '../equal.ts';
import { obsoleteRevisions, revisionLabel, templatePatch } from '../history/revisions.ts';
import { dropRevisions, ensureRevision } from '../history/sync.ts';
import { slowStart } from '../replicas/batch.ts';
import { byController, controllerKeys } from '../replicas/controller.ts';
import { isSameWish, Pace } from '../pace.ts';
import { allSynced, type ControllerDeps, controllerKey, withCleanup } from '../wiring.ts';
import { FailureBackoff } from './failures.ts';
import { podForNode } from './nodes.ts';
import { daemonSetStatus, planDaemonSet } from './plan.ts';

/** Starts the controller. */
export function startDaemonSetController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const sets = informers.of(DaemonSets);
  const pods = informers.of(Pods);
  const nodes = informers.of(Nodes);
  const revisions = informers.of(ControllerRevisions);
  pods.addIndex(byController, controllerKeys);
  revisions.addIndex(byController, controllerKeys);
  const setClient = client.resource(DaemonSets);
  const podClient = client.resource(Pods);
  const expectations = new Expectations(world.clock, (key) => handle.enqueue(key));
  const failures = new FailureBackoff();
  const pace = new Pace(world.clock);
  const recorder = createRecorder(client, world, { component: 'daemonset-controller' });

  async function create(set: DaemonSet, nodeNames: readonly string[], hash: string): Promise<unknown> {
    const key = keyOf(set);
    const { namespace = '' } = set.metadata;
    let next = 0;
    const { done, error } = await slowStart(nodeNames.length, async () => {
      const body = podForNode(set, nodeNames[next++] as string, hash);
      try {
        const metadata = { ...body.metadata, ownerReferences: [controllerRef(set, DaemonSets)] };
        const made = await podClient.create({ ...body, metadata }, { namespace });
        recorder.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
      } catch (failure) {
        if (!hasCause(failure, 'NamespaceTerminating'))
          recorder.event(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(failure)}`);
        throw failure;
      }
    });
    for (let skipped = done; skipped < nodeNames.length; skipped++) expectations.creationObserved(key);
    return hasCause(error, 'NamespaceTerminating') ? undefined : error;
  }

  async function remove(set: DaemonSet, pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata;
    try {
      await podClient.delete(name, { namespace, options: { preconditions: { uid } } });
      recorder.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (failure) {
      expectations.deletionObserved(keyOf(set), uid);
      if (isNotFound(failure)) return;
      recorder.event(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(failure)}`);
      throw failure;
    }
  }

  function candidates<T extends Pod | ControllerRevision>(
    set: DaemonSet,
    from: { byIndex(index: string, key: string): readonly T[] },
  ): T[] {
    return [...from.byIndex(byController, set.metadata.uid ?? ''), ...from.byIndex(byController, `orphans:${set.metadata.namespace}`)];
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const set = sets.lister.getByKey(key);
    if (set === undefined) {
      expectations.delete(key);
      pace.delete(key);
      return;
    }
    const selector = selectorOf(set.spec.selector);
    if (selector.empty) {
      recorder.event(set, 'Warning', 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
      return;
    }
    // A set that is going away must not change what its dependents are: they may be orphaned.
    if (set.metadata.deletionTimestamp !== undefined) return;
    const claim = { owner: set, owners: setClient, selector };
    const history = await claimObjects({
      ...claim,
      dependents: client.resource(ControllerRevisions),
      candidates: candidates(set, revisions.lister),
    });
    const { revision, collisionCount } = await ensureRevision({
      client,
      owner: set,
      ref: DaemonSets,
      hashLabel: revisionLabel,
      labels: set.spec.template.metadata?.labels,
      revisions: history,
      data: templatePatch(set.spec.template),
      collisionCount: set.status.collisionCount ?? 0,
    });
    const hash = revision.metadata.labels?.[revisionLabel] ?? '';
    const settled = expectations.satisfied(key);
    const own = await claimObjects({ ...claim, dependents: podClient, candidates: candidates(set, pods.lister) });
    pace.looked(key, own.length);
    const view = { set, nodes: nodes.lister.list(), pods: own, hash, now: world.clock.now() };
    const status = daemonSetStatus(view, collisionCount);
    let error: unknown;
    let wait: number | undefined;
    if (settled) {
      const failureKey = (node: string): string => `${set.metadata.uid}/${set.metadata.generation}/${node}`;
      const plan = planDaemonSet({ ...view, backoff: (node) => failures.left(failureKey(node), view.now) });
      wait = plan.wait;
      for (const { type, reason, message } of plan.events) recorder.event(set, type, reason, message);
      for (const node of plan.failed) failures.tried(failureKey(node), view.now);
      if (plan.create.length > 0 || plan.remove.length > 0) {
        const uids = plan.remove.map((pod) => pod.metadata.uid ?? '');
        expectations.expect(key, plan.create.length, uids);
      }
      error = await create(set, plan.create, hash);
      const removed = await Promise.allSettled(plan.remove.map((pod) => remove(set, pod)));
      error ??= removed.find((result) => result.status === 'rejected')?.reason;
    }
    if (!sameStatus(status, set.status)) await setClient.updateStatus({ ...set, status });
    const used = new Set([hash, ...own.map((pod) => pod.metadata.labels?.[revisionLabel])]);
    const isUsed = ({ metadata }: ControllerRevision): boolean => used.has(metadata.labels?.[revisionLabel]);
    await dropRevisions(client, obsoleteRevisions(history, isUsed, set.spec.revisionHistoryLimit ?? 10));
    if (error !== undefined) throw error;
    if (wait !== undefined) return { requeueAfter: wait };
  }

  const handle = startController({ name: 'daemonset', world, synced: allSynced(sets, pods, nodes, revisions), reconcile });

  const podChanged = (key: string): void => pace.enqueue(handle, key);

  const ownerKey = (pod: Pod): string | undefined => controllerKey(pod, 'DaemonSet', sets.lister);

  function orphan(pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    for (const set of sets.lister.list(pod.metadata.namespace)) {
      const selector = selectorOf(set.spec.selector);
      if (!selector.empty && selector.matches(pod.metadata.labels ?? {})) handle.enqueue(keyOf(set));
    }
  }

  function gone(pod: Pod): void {
    const key = ownerKey(pod);
    if (key === undefined) return;
    expectations.deletionObserved(key, pod.metadata.uid ?? '');
    podChanged(key);
  }

  const everySet = (): void => {
    for (const set of sets.lister.list()) handle.enqueue(keyOf(set));
  };

  return withCleanup(
    handle,
    sets.onChange({
      added: (set) => handle.enqueue(keyOf(set)),
      updated: (set, previous) => {
        if (isSameWish(set, previous)) podChanged(keyOf(set));
        else handle.enqueue(keyOf(set));
      },
      deleted: (set) => {
        expectations.delete(keyOf(set));
        handle.enqueue(keyOf(set));
      },
    }),
    pods.onChange({
      added: (pod) => {
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
        if (controllerOf(pod) === undefined) return orphan(pod);
        const key = ownerKey(pod);
        if (key === undefined) return;
        expectations.creationObserved(key);
        podChanged(key);
      },
      updated: (pod, previous) => {
        const key = ownerKey(pod);
        const before = ownerKey(previous);
        if (before !== undefined && before !== key) handle.enqueue(before);
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
        if (key === undefined) {
          if (controllerOf(pod) === undefined) orphan(pod);
          return;
        }
        podChanged(key);
        const wait = availableIn(pod, sets.lister.getByKey(key)?.spec.minReadySeconds ?? 0, world.clock.now());
        if (wait !== undefined && wait > 0) handle.enqueueAfter(key, wait);
      },
      deleted: gone,
    }),
    nodes.onChange({
      added: everySet,
      // Heartbeats change nothing about who fits.
      updated: (node, previous) => {
        if (!semanticEqual(node.metadata.labels, previous.metadata.labels) || !semanticEqual(node.spec.taints, previous.spec.taints))
          everySet();
      },
      deleted: everySet,
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
