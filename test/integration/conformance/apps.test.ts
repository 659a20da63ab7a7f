// Apps and scheduling on simulated nodes, as the conformance suite tries them: one cluster, many namespaces at once.
import { after, before, describe, test } from 'node:test';
import * as budgets from '../../support/apps/budgets.ts';
import * as daemonsets from '../../support/apps/daemonsets.ts';
import * as deployments from '../../support/apps/deployments.ts';
import { inGround, type Scenario } from '../../support/apps/ground.ts';
import * as jobs from '../../support/apps/jobs.ts';
import * as placement from '../../support/apps/placement.ts';
import * as replicas from '../../support/apps/replicas.ts';
import * as statefulsets from '../../support/apps/statefulsets.ts';
import * as ofCluster from '../../support/apps/cluster.ts';
import * as volumes from '../../support/apps/volumes.ts';
import type { TestCluster } from '../../support/cluster.ts';
import { startSimCluster } from '../../support/simcluster.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startSimCluster(3);
});
after(() => cluster?.[Symbol.asyncDispose]());

const on = (scenario: Scenario) => () => inGround(cluster, false, scenario);

describe('apps on simulated nodes', { concurrency: 8 }, () => {
  // Conformance: [sig-apps] Deployment should run the lifecycle of a Deployment [Conformance]
  test('Deployment: its life', on(deployments.lifecycle));
  // Conformance: [sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]
  test('Deployment: a rolling update takes up the revision of what was there', on(deployments.rollingUpdate));
  // Conformance: [sig-apps] Deployment RecreateDeployment should delete old pods and create new ones [Conformance]
  test('Deployment: Recreate never runs old and new pods together', on(deployments.recreate));
  // Conformance: [sig-apps] Deployment deployment should delete old replica sets [Conformance]
  test('Deployment: old sets go beyond the history limit', on(deployments.cleanUp));
  // Conformance: [sig-apps] Deployment deployment should support rollover [Conformance]
  test('Deployment: a change while another is under way', on(deployments.rollover));
  // Conformance: [sig-apps] Deployment Deployment should have a working scale subresource [Conformance]
  test('Deployment: scale', on(deployments.scale));
  test('Deployment: sets grow in proportion', on(deployments.proportional));
  // Conformance: [sig-apps] Deployment should validate Deployment Status endpoints [Conformance]
  test('Deployment: status', on(deployments.status));
  test('ReplicaSet: every replica serves', on(replicas.setServes));
  // Conformance: [sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]
  test('ReplicaSet: adopts and releases pods', on(replicas.setAdoptsAndReleases));
  // Conformance: [sig-apps] ReplicaSet Replicaset should have a working scale subresource [Conformance]
  test('ReplicaSet: scale', on(replicas.setScale));
  test('ReplicaSet: replaced and patched', on(replicas.setReplaceAndPatch));
  // Conformance: [sig-apps] ReplicaSet should list and delete a collection of ReplicaSets [Conformance]
  test('ReplicaSet: deletion of a collection', on(replicas.setCollection));
  // Conformance: [sig-apps] ReplicaSet should validate Replicaset Status endpoints [Conformance]
  test('ReplicaSet: status', on(replicas.setStatus));
  // Conformance: [sig-apps] ReplicationController should serve a basic image on each replica with a public image [Conformance]
  test('ReplicationController: every replica serves', on(replicas.controllerServes));
  test('ReplicationController: a quota that is spent', on(replicas.controllerOverQuota));
  test('ReplicationController: adopts pods', on(replicas.controllerAdopts));
  // Conformance: [sig-apps] ReplicationController should release no longer matching pods [Conformance]
  test('ReplicationController: releases pods', on(replicas.controllerReleases));
  // Conformance: [sig-apps] ReplicationController should test the lifecycle of a ReplicationController [Conformance]
  test('ReplicationController: its life', on(replicas.controllerLifecycle));
  // Conformance: [sig-apps] ReplicationController should get and update a ReplicationController scale [Conformance]
  test('ReplicationController: scale', on(replicas.controllerScale));
  // Conformance: [sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]
  test('StatefulSet: grows and shrinks in order and halts at an unhealthy pod', on(statefulsets.scalesInOrder));
  // Conformance: [sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]
  test('StatefulSet: a parallel one does not halt', on(statefulsets.bursts));
  test('StatefulSet: rolls and rolls back', on(statefulsets.rollsAndRollsBack));
  test('StatefulSet: canaries and phases', on(statefulsets.canaries));
  test('StatefulSet: a pod that a node refuses is made again', on(statefulsets.recreatesEvicted));
  // Conformance: [sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource [Conformance]
  test('StatefulSet: scale', on(statefulsets.scale));
  // Conformance: [sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets [Conformance]
  test('StatefulSet: patched, and deletion of a collection', on(statefulsets.collection));
  // Conformance: [sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints [Conformance]
  test('StatefulSet: status', on(statefulsets.status));
  test('DaemonSet: on every node, and again when its pod is deleted', on(daemonsets.simple));
  // Conformance: [sig-apps] Daemon set [Serial] should run and stop complex daemon [Conformance]
  test('DaemonSet: follows labels of nodes', on(daemonsets.complex));
  // Conformance: [sig-apps] Daemon set [Serial] should retry creating failed daemon pods [Conformance]
  test('DaemonSet: replaces a failed pod', on(daemonsets.retriesFailed));
  // Conformance: [sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]
  test('DaemonSet: rolls', on(daemonsets.rolls));
  // Conformance: [sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]
  test('DaemonSet: rolls back without restarts', on(daemonsets.rollsBack));
  // Conformance: [sig-apps] Daemon set [Serial] should list and delete a collection of DaemonSets [Conformance]
  test('DaemonSet: deletion of a collection', on(daemonsets.collection));
  test('DaemonSet: status', on(daemonsets.status));
  test('ControllerRevision: its life', on(daemonsets.controllerRevisions));
  // Conformance: [sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]
  test('Job: restarted in place', on(jobs.restartsLocally));
  // Conformance: [sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]
  test('Job: indexes and host names', on(jobs.indexes));
  test('Job: deleted', on(jobs.deletes));
  // Conformance: [sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]
  test('Job: adopts and releases pods', on(jobs.adoptsAndReleases));
  // Conformance: [sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex [Conformance]
  test('Job: every index has its own limit', on(jobs.limitsPerIndex));
  // Conformance: [sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes [Conformance]
  test('Job: too many failed indexes', on(jobs.limitsFailedIndexes));
  // Conformance: [sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy [Conformance]
  test('Job: FailIndex', on(jobs.failsIndexes));
  test('Job: FailJob', on(jobs.failsAtOnce));
  test('Job: an eviction is ignored by its exit code', on(jobs.ignoresEvictionByCode));
  test('Job: an eviction is ignored by its condition', on(jobs.ignoresEvictionByCondition));
  test('Job: succeeds with all indexes', on(jobs.succeedsByAll));
  // Conformance: [sig-apps] Job with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending [Conformance]
  test('Job: succeeds with some indexes', on(jobs.succeedsByIndex));
  // Conformance: [sig-apps] Job with successPolicy succeededCount rule should succeeded even when some indexes remain pending [Conformance]
  test('Job: succeeds with a number of indexes', on(jobs.succeedsByCount));
  test('Job: begins suspended', on(jobs.startsSuspended));
  test('Job: is suspended', on(jobs.suspends));
  test('Job: status', on(jobs.status));
  // Conformance: [sig-apps] Job should manage the lifecycle of a job [Conformance]
  test('Job: its life', on(jobs.lifecycle));
  // Conformance: [sig-apps] DisruptionController should create a PodDisruptionBudget [Conformance]
  test('PodDisruptionBudget: created, changed, deleted', on(budgets.creates));
  // Conformance: [sig-apps] DisruptionController should observe PodDisruptionBudget status updated [Conformance]
  test('PodDisruptionBudget: counts', on(budgets.counts));
  // Conformance: [sig-apps] DisruptionController should update/patch PodDisruptionBudget status [Conformance]
  test('PodDisruptionBudget: status', on(budgets.statusWrites));
  // Conformance: [sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]
  test('PodDisruptionBudget: blocks an eviction until it allows it', on(budgets.blocks));
  test('PodDisruptionBudget: deletion of a collection', on(budgets.collections));
  // Conformance: [sig-apps] CronJob should support CronJob API operations [Conformance]
  test('CronJob: its API', on(budgets.cronJobApi));
  test('volumes on demand', on(volumes.onDemand));
  test('StatefulSet: pods keep their data', on(volumes.identity));
});

// One at a time: they fill nodes and count what fits.
describe('scheduling on simulated nodes', () => {
  test('resources of nodes are not exceeded', on(placement.resourceLimits));
  // Conformance: [sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]
  test('a node selector that nothing matches', on(placement.selectorUnmatched));
  // Conformance: [sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]
  test('a node selector that a node matches', on(placement.selectorMatched));
  // Conformance: [sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]
  test('host ports conflict where one pod takes all addresses', on(placement.hostPortConflict));
  // Conformance: [sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works [Conformance]
  test('the pod of lowest priority makes room', on(placement.preempts));
  // Conformance: [sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod [Conformance]
  test('a critical pod preempts', on(placement.criticalPreempts));
  // Conformance: [sig-scheduling] SchedulerPreemption [Serial] validates pod disruption condition is added to the preempted pod [Conformance]
  test('a victim is told why', on(placement.victimIsTold));
  test('pods of ReplicaSets are preempted once', on(placement.preemptsReplicas));
  // Conformance: [sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance]
  test('priorities do not change', on(placement.priorityClasses));
  // Conformance: [sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied. [Conformance]
  test('a LimitRange fills in and limits', on(placement.limitRange));
  test('LimitRanges: patched, and deletion of a collection', on(placement.limitRanges));
  // Conformance: [sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]
  test('a namespace takes its pods along', on(ofCluster.namespaceTakesPods));
  // Conformance: [sig-node] NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive] [Conformance]
  test('a taint that goes in time evicts nobody', on(ofCluster.taintGoesInTime));
  test('pods leave a tainted node when their patience is over', on(ofCluster.taintEvicts));
});
