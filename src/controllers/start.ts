// All controllers of the control plane, each with an identity of its own.
import type { KeyPair } from '#base/pki.ts';
import type { Component, World } from '#base/world.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { type Candidacy, startElection, whileLeading } from '#client/leader.ts';
import { startBootstrapSigner } from './bootstrapsigner/controller.ts';
import { startAttachDetachController } from './attachdetach/controller.ts';
import { startClusterRoleAggregationController } from './clusterroleaggregation/controller.ts';
import { startCronJobController } from './cronjob/controller.ts';
import { startCsrController } from './csr/controller.ts';
import { startDaemonSetController } from './daemonset/controller.ts';
import { startDeploymentController } from './deployment/controller.ts';
import { startDisruptionController } from './disruption/controller.ts';
import { startEndpointsController } from './endpoints/controller.ts';
import { startEndpointSliceController } from './endpointslice/controller.ts';
import { startEndpointSliceMirroringController } from './endpointslicemirroring/controller.ts';
import { startEphemeralVolumeController } from './ephemeralvolume/controller.ts';
import { startGarbageCollector } from './garbagecollector/controller.ts';
import { startJobController } from './job/controller.ts';
import { startLocalPathProvisioner } from './localpath/controller.ts';
import { startNamespaceController } from './namespace/controller.ts';
import { startNodeIpamController } from './nodeipam/controller.ts';
import { startNodeLifecycleController } from './nodelifecycle/controller.ts';
import { startPodAutoscalerController } from './podautoscaler/controller.ts';
import { startPodGcController } from './podgc/controller.ts';
import { startReplicaSetController } from './replicaset/controller.ts';
import { startReplicationController } from './replicationcontroller/controller.ts';
import { startResourceClaimController } from './resourceclaim/controller.ts';
import { startResourceQuotaController } from './resourcequota/controller.ts';
import { startRootCaController } from './rootca/controller.ts';
import { startServiceCidrController } from './servicecidr/controller.ts';
import { startServiceLbController } from './servicelb/controller.ts';
import { startServiceAccountController } from './serviceaccount/controller.ts';
import { startStatefulSetController } from './statefulset/controller.ts';
import { startTaintEvictionController } from './tainteviction/controller.ts';
import { startTokenCleaner } from './tokencleaner/controller.ts';
import { startTtlAfterFinishedController } from './ttlafterfinished/controller.ts';
import { startTtlController } from './ttl/controller.ts';
import { startVolumeBinder } from './volumebinder/controller.ts';
import { startVolumeExpandController } from './volumeexpand/controller.ts';
import { startClassProtection, startVolumeProtection } from './volumeprotection/controller.ts';
import { type ControllerDeps, grouped } from './wiring.ts';

export interface ControllersOptions {
  /** A client that acts as the named user. */
  clientFor(name: string): Client;
  readonly informers: Informers;
  readonly world: World;
  readonly pki: { readonly ca: KeyPair };
  /** The cluster's range of pod addresses. */
  readonly podCidr: string;
  /** Networks whose addresses Services of type LoadBalancer get. */
  readonly loadBalancerPool?: readonly string[];
  /** Several servers share one store: only the holder of the Lease works. */
  readonly election?: Candidacy;
}

/** Starts every controller, at once or when this server is elected. The informers must be started by the caller. */
export function startControllers(options: ControllersOptions): Component {
  const { election, world } = options;
  if (election === undefined) return startAll(options);
  const client = options.clientFor('system:kube-controller-manager');
  const start = (leading: AbortSignal): Component =>
    startAll({ ...options, clientFor: (name) => whileLeading(options.clientFor(name), leading) });
  return startElection({ client, world, name: 'kube-controller-manager', ...election, start });
}

function startAll(options: ControllersOptions): Component {
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
    startCsrController({ ...deps('certificate-controller'), ca: options.pki.ca }),
    startTokenCleaner(deps('token-cleaner')),
    startBootstrapSigner(deps('bootstrap-signer')),
    startClusterRoleAggregationController(deps('clusterrole-aggregation-controller')),
    startResourceQuotaController(deps('resourcequota-controller')),
    startTtlController(deps('ttl-controller')),
    startNodeIpamController({ ...deps('node-controller'), podCidr: options.podCidr }),
    startNodeLifecycleController(deps('node-controller')),
    startTaintEvictionController(deps('node-controller')),
    startPodGcController(deps('pod-garbage-collector')),
    startGarbageCollector(deps('generic-garbage-collector')),
    startEndpointsController(deps('endpoint-controller')),
    startEndpointSliceController(deps('endpointslice-controller')),
    startEndpointSliceMirroringController(deps('endpointslicemirroring-controller')),
    startServiceCidrController(deps('service-cidrs-controller')),
    startServiceLbController({ ...deps('service-controller'), pool: options.loadBalancerPool ?? [] }),
    startReplicaSetController(deps('replicaset-controller')),
    startReplicationController(deps('replication-controller')),
    startDeploymentController(deps('deployment-controller')),
    startDaemonSetController(deps('daemon-set-controller')),
    startStatefulSetController(deps('statefulset-controller')),
    startJobController(deps('job-controller')),
    startEphemeralVolumeController(deps('ephemeral-volume-controller')),
    startAttachDetachController(deps('attachdetach-controller')),
    startResourceClaimController(deps('resource-claim-controller')),
    startVolumeBinder(deps('persistent-volume-binder')),
    startLocalPathProvisioner(deps('local-path-provisioner')),
    startVolumeExpandController(deps('expand-controller')),
    startVolumeProtection(deps('pvc-protection-controller'), deps('pv-protection-controller')),
    startClassProtection(deps('volumeattributesclass-protection-controller')),
    startTtlAfterFinishedController(deps('ttl-after-finished-controller')),
    startCronJobController(deps('cronjob-controller')),
    startDisruptionController(deps('disruption-controller')),
    startPodAutoscalerController(deps('horizontal-pod-autoscaler')),
  ]);
}
