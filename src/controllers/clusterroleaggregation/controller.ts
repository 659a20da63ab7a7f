// Keeps aggregated ClusterRoles (admin, edit, view and users' own) equal to the sum of their parts.
import type { Component } from '#base/world.ts';
import type { ClusterRole } from '#api/rbac/v1/clusterrole.ts';
import { ClusterRoles } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { semanticEqual } from '../equal.ts';
import { type ControllerDeps, withCleanup } from '../wiring.ts';
import { planAggregation } from './plan.ts';

/** Starts the controller. */
export function startClusterRoleAggregationController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const roles = informers.of(ClusterRoles);
  const aggregated = 'aggregated';
  roles.addIndex(aggregated, (role) => (role.aggregationRule === undefined ? [] : ['']));

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const role = roles.lister.getByKey(key);
    const rules = role && planAggregation(role, roles.lister.list());
    if (role === undefined || rules === undefined) return;
    const body = { metadata: { uid: role.metadata.uid }, rules };
    try {
      await client.resource(ClusterRoles).patch(key, body, { type: 'merge', fieldManager: 'clusterrole-aggregation-controller', signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const handle = startController({ name: 'clusterroleaggregation', world, synced: roles.whenSynced, reconcile });
  const look = (): void => {
    for (const { metadata } of roles.lister.byIndex(aggregated, '')) handle.enqueue(metadata.name);
  };
  const content = ({ rules, aggregationRule, metadata }: ClusterRole): unknown => [rules, aggregationRule, metadata.labels];
  return withCleanup(
    handle,
    roles.onChange({
      added: look,
      updated: (role, previous) => {
        if (!semanticEqual(content(role), content(previous))) look();
      },
      deleted: look,
    }),
  );
}
