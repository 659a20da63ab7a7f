// All controllers of the control plane, each with an identity of its own.
import type { KeyPair } from '#base/pki.ts';
import type { Component, World } from '#base/world.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { startDeploymentController } from './deployment/controller.ts';
import { startEndpointsController } from './endpoints/controller.ts';
import { startEndpointSliceController } from './endpointslice/controller.ts';
import { startEndpointSliceMirroringController } from './endpointslicemirroring/controller.ts';
import { startGarbageCollector } from './garbagecollector/controller.ts';
import { startJobController } from './job/controller.ts';
import { startNamespaceController } from './namespace/controller.ts';
import { startNodeIpamController } from './nodeipam/controller.ts';
import { startNodeLifecycleController } from './nodelifecycle/controller.ts';
import { startPodAutoscalerController } from './podautoscaler/controller.ts';
import { startPodGcController } from './podgc/controller.ts';
import { startReplicaSetController } from './replicaset/controller.ts';
import { startReplicationController } from './replicationcontroller/controller.ts';
import { startRootCaController } from './rootca/controller.ts';
import { startServiceAccountController } from './serviceaccount/controller.ts';
import { startTaintEvictionController } from './tainteviction/controller.ts';
import { type ControllerDeps, grouped } from './wiring.ts';

export interface ControllersOptions {
  /** A client that acts as the named user. */
  clientFor(name: string): Client;
  readonly informers: Informers;
  readonly world: World;
  readonly pki: { readonly ca: KeyPair };
  /** The cluster's range of pod addresses. */
  readonly podCidr: string;
}

/** Starts every controller. The informers must be started by the caller. */
export function startControllers(options: ControllersOptions): Component {
  const { informers, world } = options;
  const deps = (name: string): ControllerDeps => ({
    client: options.clientFor(`system:serviceaccount:kube-system:${name}`),
    informers,
    world,
  });
  return grouped([
    startNamespaceController(deps('namespace-controller')),
    startServiceAccountController(deps('service-account-controller')),
    startRootCaController({ ...deps('root-ca-cert-publisher'), ca: options.pki.ca.cert }),
    startNodeIpamController({ ...deps('node-controller'), podCidr: options.podCidr }),
    startNodeLifecycleController(deps('node-controller')),
    startTaintEvictionController(deps('node-controller')),
    startPodGcController(deps('pod-garbage-collector')),
    startGarbageCollector(deps('generic-garbage-collector')),
    startEndpointsController(deps('endpoint-controller')),
    startEndpointSliceController(deps('endpointslice-controller')),
    startEndpointSliceMirroringController(deps('endpointslicemirroring-controller')),
    startReplicaSetController(deps('replicaset-controller')),
    startReplicationController(deps('replication-controller')),
    startDeploymentController(deps('deployment-controller')),
    startJobController(deps('job-controller')),
    startPodAutoscalerController(deps('horizontal-pod-autoscaler')),
  ]);
}
