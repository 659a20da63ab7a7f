// Deployments: rolling updates, recreation, scaling, revisions. Decisions are in plan.ts and status.ts.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { Deployments, Pods, ReplicaSets } from '#api/refs.ts';
import { hasCause, isAlreadyExists, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Overlay } from '#client/overlay.ts';
import { claimObjects, controllerRef } from '#client/ownership.ts';
import { selectorOf } from '#format/selector.ts';
import { sameStatus } from '../equal.ts';
import { byController, controllerKeys } from '../replicas/controller.ts';
import { allSynced, type ControllerDeps, controllerKey, withCleanup } from '../wiring.ts';
import { type Action, type Plan, planDeployment } from './plan.ts';
import { annotation, hasTemplate } from './revision.ts';
import { replicasOf } from './scale.ts';
import { deadlineIn, deploymentStatus, withCondition } from './status.ts';

/** Starts the controller. */
export function startDeploymentController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const deployments = informers.of(Deployments);
  const sets = informers.of(ReplicaSets);
  const pods = informers.of(Pods);
  sets.addIndex(byController, controllerKeys);
  pods.addIndex(byController, controllerKeys);
  /** A set that was just made counts at once: the next look may come before the cache has it. */
  const newest = new Overlay(sets);
  const recorder = createRecorder(client, world, { component: 'deployment-controller' });
  const deploymentClient = client.resource(Deployments);
  const setClient = client.resource(ReplicaSets);

  function scaled(deployment: Deployment, name: string, from: number, to: number): void {
    if (from === to) return;
    const direction = to > from ? 'up' : 'down';
    recorder.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled ${direction} replica set ${name} from ${from} to ${to}`);
  }

  /** Creates the new set, or finds that its name is taken: by itself (a stale cache) or by something else (a collision). */
  async function create(deployment: Deployment, action: Extract<Action, { type: 'create' }>): Promise<ReplicaSet> {
    const { namespace = '' } = deployment.metadata;
    const { name } = action.set.metadata;
    const set = { ...action.set, metadata: { ...action.set.metadata, ownerReferences: [controllerRef(deployment, Deployments)] } };
    try {
      const made = await setClient.create(set, { namespace });
      scaled(deployment, name, 0, action.replicas);
      return made;
    } catch (error) {
      if (isAlreadyExists(error)) {
        const taken = await setClient.get(name, { namespace });
        if (controllerOf(taken)?.uid === deployment.metadata.uid && hasTemplate(taken, deployment)) return taken;
        const collisionCount = (deployment.status.collisionCount ?? 0) + 1;
        await deploymentClient.updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
        throw error;
      }
      if (hasCause(error, 'NamespaceTerminating')) throw error;
      const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
      recorder.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
      const conditions = withCondition(
        deployment.status.conditions ?? [],
        { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message },
        world.clock.now(),
      );
      await deploymentClient.updateStatus({ ...deployment, status: { ...deployment.status, conditions } }).catch(() => undefined);
      throw error;
    }
  }

  /** Executes the plan; gives the sets as they are afterwards. */
  async function execute(
    deployment: Deployment,
    plan: Plan,
    own: readonly ReplicaSet[],
  ): Promise<{ sets: readonly ReplicaSet[]; newSet: ReplicaSet | undefined; created: boolean }> {
    let current = own;
    let { newSet } = plan;
    let created = false;
    for (const action of plan.actions) {
      if (action.type === 'create') {
        newSet = await create(deployment, action);
        newest.wrote(newSet);
        current = [...current, newSet];
        created = true;
      } else if (action.type === 'update') {
        const { set } = action;
        const metadata = { ...set.metadata, annotations: action.annotations };
        const spec = { ...set.spec, replicas: action.replicas, minReadySeconds: action.minReadySeconds };
        const next = await setClient.update({ ...set, metadata, spec });
        newest.wrote(next);
        scaled(deployment, set.metadata.name, replicasOf(set), action.replicas);
        current = current.map((known) => (known === set ? next : known));
        if (newSet === set) newSet = next;
      } else {
        const { name, namespace = '', uid = '' } = action.set.metadata;
        await setClient.delete(name, { namespace, options: { preconditions: { uid } } }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
        newest.removed(action.set);
        current = current.filter((known) => known !== action.set);
      }
    }
    return { sets: current, newSet, created };
  }

  /** True while pods of older sets are there, or may yet be made by who has not seen that there shall be none. */
  function oldPodsRun(own: readonly ReplicaSet[], deployment: Deployment): boolean {
    return own
      .filter((set) => !hasTemplate(set, deployment))
      .some(
        ({ metadata, status }) =>
          (status.observedGeneration ?? 0) < (metadata.generation ?? 0) ||
          pods.lister.byIndex(byController, metadata.uid ?? '').some((pod) => !isPodTerminal(pod)),
      );
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const deployment = deployments.lister.getByKey(key);
    if (deployment === undefined) return;
    const selector = selectorOf(deployment.spec.selector);
    if (selector.empty) {
      recorder.event(deployment, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
      return;
    }
    const cached = [
      ...sets.lister.byIndex(byController, deployment.metadata.uid ?? ''),
      ...sets.lister.byIndex(byController, `orphans:${deployment.metadata.namespace}`),
    ];
    const candidates = newest.merge(cached, (set) => controllerOf(set)?.uid === deployment.metadata.uid);
    const own = await claimObjects({ owner: deployment, owners: deploymentClient, dependents: setClient, selector, candidates });
    const plan = planDeployment({ deployment, sets: own, oldPodsRun: oldPodsRun(own, deployment) });
    const after = await execute(deployment, plan, own);
    const now = world.clock.now();
    const newSetEvent = after.created ? 'created' : plan.newSet === undefined ? undefined : 'found';
    const status = deploymentStatus({ deployment, newSet: after.newSet, sets: after.sets, now, ...(newSetEvent ? { newSetEvent } : {}) });
    const annotations =
      plan.revision === undefined
        ? deployment.metadata.annotations
        : { ...deployment.metadata.annotations, [annotation.revision]: plan.revision };
    if (plan.revision !== undefined || !sameStatus(status, deployment.status)) {
      await deploymentClient.updateStatus({
        ...deployment,
        metadata: { ...deployment.metadata, ...(annotations ? { annotations } : {}) },
        status,
      });
    }
    const wait = deadlineIn(deployment, status, now);
    if (wait !== undefined) return { requeueAfter: wait };
  }

  const handle = startController({ name: 'deployment', world, synced: allSynced(deployments, sets, pods), reconcile });

  const ownerKey = (set: ReplicaSet): string | undefined => controllerKey(set, 'Deployment', deployments.lister);

  function setChanged(set: ReplicaSet): void {
    const key = ownerKey(set);
    if (key !== undefined) return handle.enqueue(key);
    if (controllerOf(set) !== undefined || set.metadata.deletionTimestamp !== undefined) return;
    for (const deployment of deployments.lister.list(set.metadata.namespace)) {
      const selector = selectorOf(deployment.spec.selector);
      if (!selector.empty && selector.matches(set.metadata.labels ?? {})) handle.enqueue(keyOf(deployment));
    }
  }

  /** A Deployment that recreates waits for the last old pod to be gone. */
  function podGone(pod: Pod): void {
    const ref = controllerOf(pod);
    const set = ref?.kind === 'ReplicaSet' ? sets.lister.get(ref.name, pod.metadata.namespace) : undefined;
    const key = set === undefined ? undefined : ownerKey(set);
    if (key !== undefined && deployments.lister.getByKey(key)?.spec.strategy?.type === 'Recreate') handle.enqueue(key);
  }

  return withCleanup(
    handle,
    deployments.onChange({
      added: (deployment) => handle.enqueue(keyOf(deployment)),
      updated: (deployment) => handle.enqueue(keyOf(deployment)),
      deleted: (deployment) => handle.enqueue(keyOf(deployment)),
    }),
    sets.onChange({
      added: setChanged,
      updated: (set, previous) => {
        const [now, before] = [ownerKey(set), ownerKey(previous)];
        if (before !== undefined && before !== now) handle.enqueue(before);
        setChanged(set);
      },
      deleted: setChanged,
    }),
    pods.onChange({
      updated: (pod, previous) => {
        if (isPodTerminal(pod) && !isPodTerminal(previous)) podGone(pod);
      },
      deleted: podGone,
    }),
    () => newest.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}
