// ReplicationControllers.
import type { Component } from '#base/world.ts';
import { ReplicationControllers } from '#api/refs.ts';
import { selectorOfSet } from '#format/selector.ts';
import { startReplicas } from '../replicas/controller.ts';
import type { ControllerDeps } from '../wiring.ts';

/** Starts the controller. */
export function startReplicationController(deps: ControllerDeps): Component {
  return startReplicas(
    {
      ref: ReplicationControllers,
      component: 'replication-controller',
      selector: (controller) => selectorOfSet(controller.spec.selector ?? {}),
      counts: ({ terminatingReplicas: _unserved, ...counts }) => counts,
    },
    deps,
  );
}
