// ReplicaSets.
import type { Component } from '#base/world.ts';
import { ReplicaSets } from '#api/refs.ts';
import { selectorOf } from '#format/selector.ts';
import { startReplicas } from '../replicas/controller.ts';
import type { ControllerDeps } from '../wiring.ts';

/** Starts the controller. */
export function startReplicaSetController(deps: ControllerDeps): Component {
  return startReplicas(
    { ref: ReplicaSets, component: 'replicaset-controller', selector: (set) => selectorOf(set.spec.selector), counts: (counts) => counts },
    deps,
  );
}
