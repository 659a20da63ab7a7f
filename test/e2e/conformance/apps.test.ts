// Apps and scheduling on containers: the scenarios of the conformance suite that are played on simulated nodes too
// (test/integration/conformance/apps.test.ts names the suite's tests), in one cluster, a few at a time.
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
import { startCluster, type TestCluster } from '../../support/cluster.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster?.[Symbol.asyncDispose]());

const on = (scenario: Scenario) => () => inGround(cluster, true, scenario);

describe('apps on containers', { concurrency: 3, timeout: 30 * 60_000 }, () => {
  test('Deployment: its life', on(deployments.lifecycle));
  test('Deployment: a rolling update takes up the revision of what was there', on(deployments.rollingUpdate));
  test('Deployment: Recreate never runs old and new pods together', on(deployments.recreate));
  test('Deployment: old sets go beyond the history limit', on(deployments.cleanUp));
  test('Deployment: a change while another is under way', on(deployments.rollover));
  test('Deployment: scale', on(deployments.scale));
  test('Deployment: sets grow in proportion', on(deployments.proportional));
  test('Deployment: status', on(deployments.status));
  test('ReplicaSet: every replica serves', on(replicas.setServes));
  test('ReplicaSet: adopts and releases pods', on(replicas.setAdoptsAndReleases));
  test('ReplicaSet: scale', on(replicas.setScale));
  test('ReplicaSet: replaced and patched', on(replicas.setReplaceAndPatch));
  test('ReplicaSet: deletion of a collection', on(replicas.setCollection));
  test('ReplicaSet: status', on(replicas.setStatus));
  test('ReplicationController: every replica serves', on(replicas.controllerServes));
  test('ReplicationController: a quota that is spent', on(replicas.controllerOverQuota));
  test('ReplicationController: adopts pods', on(replicas.controllerAdopts));
  test('ReplicationController: its life', on(replicas.controllerLifecycle));
  test('ReplicationController: scale', on(replicas.controllerScale));
  test('StatefulSet: grows and shrinks in order and halts at an unhealthy pod', on(statefulsets.scalesInOrder));
  test('StatefulSet: a parallel one does not halt', on(statefulsets.bursts));
  test('StatefulSet: rolls and rolls back', on(statefulsets.rollsAndRollsBack));
  test('StatefulSet: canaries and phases', on(statefulsets.canaries));
  test('StatefulSet: a pod that a node refuses is made again', on(statefulsets.recreatesEvicted));
  test('StatefulSet: scale', on(statefulsets.scale));
  test('StatefulSet: patched, and deletion of a collection', on(statefulsets.collection));
  test('StatefulSet: status', on(statefulsets.status));
  test('DaemonSet: on every node, and again when its pod is deleted', on(daemonsets.simple));
  test('DaemonSet: follows labels of nodes', on(daemonsets.complex));
  test('DaemonSet: replaces a failed pod', on(daemonsets.retriesFailed));
  test('DaemonSet: rolls', on(daemonsets.rolls));
  test('DaemonSet: deletion of a collection', on(daemonsets.collection));
  test('DaemonSet: status', on(daemonsets.status));
  test('ControllerRevision: its life', on(daemonsets.controllerRevisions));
  test('Job: restarted in place', on(jobs.restartsLocally));
  test('Job: indexes and host names', on(jobs.indexes));
  test('Job: deleted', on(jobs.deletes));
  test('Job: adopts and releases pods', on(jobs.adoptsAndReleases));
  test('Job: every index has its own limit', on(jobs.limitsPerIndex));
  test('Job: too many failed indexes', on(jobs.limitsFailedIndexes));
  test('Job: FailIndex', on(jobs.failsIndexes));
  test('Job: FailJob', on(jobs.failsAtOnce));
  test('Job: an eviction is ignored by its exit code', on(jobs.ignoresEvictionByCode));
  test('Job: an eviction is ignored by its condition', on(jobs.ignoresEvictionByCondition));
  test('Job: succeeds with some indexes', on(jobs.succeedsByIndex));
  test('Job: succeeds with a number of indexes', on(jobs.succeedsByCount));
  test('Job: is suspended', on(jobs.suspends));
  test('Job: status', on(jobs.status));
  test('Job: its life', on(jobs.lifecycle));
  test('PodDisruptionBudget: counts', on(budgets.counts));
  test('PodDisruptionBudget: status', on(budgets.statusWrites));
  test('PodDisruptionBudget: blocks an eviction until it allows it', on(budgets.blocks));
  test('volumes on demand', on(volumes.onDemand));
  test('StatefulSet: pods keep their data', on(volumes.identity));
});

// One at a time: they fill the node and count what fits.
describe('scheduling on containers', { timeout: 20 * 60_000 }, () => {
  test('resources of nodes are not exceeded', on(placement.resourceLimits));
  test('a node selector that nothing matches', on(placement.selectorUnmatched));
  test('a node selector that a node matches', on(placement.selectorMatched));
  test('host ports conflict where one pod takes all addresses', on(placement.hostPortConflict));
  test('the pod of lowest priority makes room', on(placement.preempts));
  test('a critical pod preempts', on(placement.criticalPreempts));
  test('a victim is told why', on(placement.victimIsTold));
  test('pods of ReplicaSets are preempted once', on(placement.preemptsReplicas));
  test('a namespace takes its pods along', on(ofCluster.namespaceTakesPods));
  test('a taint that goes in time evicts nobody', on(ofCluster.taintGoesInTime));
  test('pods leave a tainted node when their patience is over', on(ofCluster.taintEvicts));
});
