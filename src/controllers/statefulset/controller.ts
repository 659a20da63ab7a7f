// StatefulSets: pods with names, claims and an order of their own. Decisions are in plan.ts.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, type Draft, keyOf } from '#api/object.ts';
import { availableIn } from '#api/podutil.ts';
import { ControllerRevisions, PersistentVolumeClaims, Pods, StatefulSets } from '#api/refs.ts';
import { hasCause, isAlreadyExists, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { claimObjects } from '#client/ownership.ts';
import { selectorOf } from '#format/selector.ts';
import { sameStatus } from '../equal.ts';
import { obsoleteRevisions, templatePatch } from '../history/revisions.ts';
import { dropRevisions, ensureRevision } from '../history/sync.ts';
import { slowStart } from '../replicas/batch.ts';
import { byController, controllerKeys } from '../replicas/controller.ts';
import { isSameWish, Pace } from '../pace.ts';
import { allSynced, type ControllerDeps, controllerKey, withCleanup } from '../wiring.ts';
import { ordinalOf, revisionOfPod } from './identity.ts';
import { type Action, planStatefulSet } from './plan.ts';

const hashLabel = 'controller.kubernetes.io/hash';
type Create = Extract<Action, { type: 'create' }>;

/** Starts the controller. */
export function startStatefulSetController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const sets = informers.of(StatefulSets);
  const pods = informers.of(Pods);
  const revisions = informers.of(ControllerRevisions);
  const claims = informers.of(PersistentVolumeClaims);
  pods.addIndex(byController, controllerKeys);
  revisions.addIndex(byController, controllerKeys);
  const setClient = client.resource(StatefulSets);
  const podClient = client.resource(Pods);
  const claimClient = client.resource(PersistentVolumeClaims);
  const pace = new Pace(world.clock);
  const recorder = createRecorder(client, world, { component: 'statefulset-controller' });

  function tell(set: StatefulSet, verb: 'create' | 'delete' | 'update', pod: string, failure?: unknown): void {
    const title = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
    const about = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
    if (failure === undefined) recorder.event(set, 'Normal', `Successful${title}`, `${about} successful`);
    else recorder.event(set, 'Warning', `Failed${title}`, `${about} failed error: ${messageOf(failure)}`);
  }

  async function createClaim(set: StatefulSet, claim: Draft<PersistentVolumeClaim>, podName: string): Promise<void> {
    const about = `create Claim ${claim.metadata?.name} Pod ${podName} in StatefulSet ${set.metadata.name}`;
    try {
      await claimClient.create(claim, { namespace: set.metadata.namespace ?? '' });
      recorder.event(set, 'Normal', 'SuccessfulCreate', `${about} success`);
    } catch (error) {
      if (isAlreadyExists(error)) return;
      recorder.event(set, 'Warning', 'FailedCreate', `${about} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  async function createPod(set: StatefulSet, { pod, claims: missing }: Create): Promise<void> {
    const { name } = pod.metadata;
    try {
      for (const claim of missing) await createClaim(set, claim, name);
      await podClient.create(pod, { namespace: set.metadata.namespace ?? '' });
      tell(set, 'create', name);
    } catch (error) {
      // It is there and the cache does not know yet, or the namespace goes away: nothing to tell.
      if (!isAlreadyExists(error) && !hasCause(error, 'NamespaceTerminating')) tell(set, 'create', name, error);
      throw error;
    }
  }

  async function deletePod(set: StatefulSet, pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata;
    try {
      await podClient.delete(name, { namespace, options: { preconditions: { uid } } });
      tell(set, 'delete', name);
    } catch (error) {
      if (isNotFound(error)) return;
      tell(set, 'delete', name, error);
      throw error;
    }
  }

  async function act(set: StatefulSet, action: Exclude<Action, Create>): Promise<void> {
    const { namespace = '', name } = set.metadata;
    switch (action.type) {
      case 'delete':
        return deletePod(set, action.pod);
      case 'recreate': {
        const pod = action.pod.metadata.name;
        if (action.pod.status.phase === 'Failed')
          recorder.event(set, 'Warning', 'RecreatingFailedPod', `StatefulSet ${namespace}/${name} is recreating failed Pod ${pod}`);
        else
          recorder.event(set, 'Normal', 'RecreatingTerminatedPod', `StatefulSet ${namespace}/${name} is recreating terminated Pod ${pod}`);
        return deletePod(set, action.pod);
      }
      case 'label': {
        const { name: pod, uid } = action.pod.metadata;
        await podClient.patch(pod, { metadata: { uid, labels: action.labels } }, { type: 'strategic', namespace });
        return tell(set, 'update', pod);
      }
      case 'claim':
        return createClaim(set, action.claim, action.podName);
      case 'own': {
        const { metadata } = action.claim;
        await claimClient.update({ ...action.claim, metadata: { ...metadata, ownerReferences: action.ownerReferences } });
      }
    }
  }

  /** Pods are made carefully, side by side where the plan has several; the rest goes in its order. */
  async function execute(set: StatefulSet, actions: readonly Action[]): Promise<void> {
    const creates = actions.filter((action) => action.type === 'create');
    let next = 0;
    const { error } = await slowStart(creates.length, () => createPod(set, creates[next++] as Create));
    for (const action of actions) if (action.type !== 'create') await act(set, action);
    if (error !== undefined && !hasCause(error, 'NamespaceTerminating')) throw error;
  }

  async function claimPods(set: StatefulSet): Promise<readonly Pod[]> {
    const candidates = [
      ...pods.lister.byIndex(byController, set.metadata.uid ?? ''),
      ...pods.lister.byIndex(byController, `orphans:${set.metadata.namespace}`),
    ];
    return claimObjects({
      owner: set,
      owners: setClient,
      dependents: podClient,
      selector: selectorOf(set.spec.selector),
      candidates,
      adoptable: (pod) => ordinalOf(set, pod) !== undefined,
    });
  }

  async function claimRevisions(set: StatefulSet): Promise<readonly ControllerRevision[]> {
    const candidates = [
      ...revisions.lister.byIndex(byController, set.metadata.uid ?? ''),
      ...revisions.lister.byIndex(byController, `orphans:${set.metadata.namespace}`),
    ];
    const dependents = client.resource(ControllerRevisions);
    return claimObjects({ owner: set, owners: setClient, dependents, selector: selectorOf(set.spec.selector), candidates });
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const set = sets.lister.getByKey(key);
    if (set === undefined) pace.delete(key);
    // A set that is going away must not change what its dependents are: they may be orphaned.
    if (set === undefined || selectorOf(set.spec.selector).empty || set.metadata.deletionTimestamp !== undefined) return;
    const history = await claimRevisions(set);
    const own = await claimPods(set);
    pace.looked(key, own.length);
    const { revision: update, collisionCount } = await ensureRevision({
      client,
      owner: set,
      ref: StatefulSets,
      hashLabel,
      labels: set.spec.template.metadata?.labels,
      revisions: history,
      data: templatePatch(set.spec.template),
      collisionCount: set.status.collisionCount ?? 0,
    });
    const current = history.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
    const claim = (name: string): PersistentVolumeClaim | undefined => claims.lister.get(name, set.metadata.namespace);
    const plan = planStatefulSet({ set, pods: own, current, update, collisionCount, claim, now: world.clock.now() });
    try {
      await execute(set, plan.actions);
    } finally {
      if (!sameStatus(plan.status, set.status)) await setClient.updateStatus({ ...set, status: plan.status });
    }
    const used = new Set([update.metadata.name, plan.status.currentRevision, ...own.map(revisionOfPod)]);
    await dropRevisions(
      client,
      obsoleteRevisions(history, ({ metadata }) => used.has(metadata.name), set.spec.revisionHistoryLimit ?? 10),
    );
    if (plan.wait !== undefined) return { requeueAfter: plan.wait };
  }

  const handle = startController({ name: 'statefulset', world, synced: allSynced(sets, pods, revisions, claims), reconcile });

  const podChanged = (key: string): void => pace.enqueue(handle, key);

  const ownerKey = (pod: Pod): string | undefined => controllerKey(pod, 'StatefulSet', sets.lister);

  function changed(pod: Pod): void {
    const key = ownerKey(pod);
    if (key !== undefined) {
      podChanged(key);
      const wait = availableIn(pod, sets.lister.getByKey(key)?.spec.minReadySeconds ?? 0, world.clock.now());
      if (wait !== undefined && wait > 0) handle.enqueueAfter(key, wait);
      return;
    }
    if (controllerOf(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined) return;
    for (const set of sets.lister.list(pod.metadata.namespace)) {
      if (ordinalOf(set, pod) !== undefined && selectorOf(set.spec.selector).matches(pod.metadata.labels ?? {})) handle.enqueue(keyOf(set));
    }
  }

  return withCleanup(
    handle,
    sets.onChange({
      added: (set) => handle.enqueue(keyOf(set)),
      updated: (set, previous) => {
        if (isSameWish(set, previous)) podChanged(keyOf(set));
        else handle.enqueue(keyOf(set));
      },
      deleted: (set) => handle.enqueue(keyOf(set)),
    }),
    pods.onChange({
      added: changed,
      updated: (pod, previous) => {
        const before = ownerKey(previous);
        if (before !== undefined && before !== ownerKey(pod)) handle.enqueue(before);
        changed(pod);
      },
      deleted: changed,
    }),
    // A claim that goes away with its old pod makes room for the new one's.
    claims.onChange({
      deleted: (claim) => {
        for (const set of sets.lister.list(claim.metadata.namespace)) {
          const templates = set.spec.volumeClaimTemplates ?? [];
          if (templates.some(({ metadata }) => claim.metadata.name.startsWith(`${metadata.name}-${set.metadata.name}-`)))
            handle.enqueue(keyOf(set));
        }
      },
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
