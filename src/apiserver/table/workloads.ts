// Columns of Pods and of what makes pods.
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { Scale } from '#api/autoscaling/v1/scale.ts';
import type { CronJob } from '#api/batch/v1/cronjob.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { Pod, PodTemplate } from '#api/core/v1/pod.ts';
import type { ReplicationController } from '#api/core/v1/replicationcontroller.ts';
import { controllerOf, parseApiVersion } from '#api/object.ts';
import { humanDuration } from '#format/humanduration.ts';
import { ageColumn, ageOf, boolText, containerColumns, count, groupResource, labelsText, nameColumn, selectorText } from './cells.ts';
import { boolean, type CellContext, column, integer, kind, type KindColumns, wide } from './column.ts';
import { podSummary, readinessGates, restartsText } from './podcells.ts';

function controllerText(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (owner === undefined) return '<none>';
  return `${groupResource(owner.kind, parseApiVersion(owner.apiVersion).group).toLowerCase()}/${owner.name}`;
}

const jobConditions = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'];

/** One word for the state of a Job. */
export function jobStatus(job: Job): string {
  const holds = (type: string): boolean => job.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  return jobConditions.find(holds) ?? 'Running';
}

/** Succeeded pods of those wanted. */
export function jobCompletions(job: Job): string {
  const succeeded = count(job.status?.succeeded);
  const { completions, parallelism } = job.spec ?? {};
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism !== undefined && parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

/** How long a Job ran, or has been running; empty before it starts. */
export function jobDuration(job: Job, context: CellContext): string {
  const { startTime, completionTime } = job.status ?? {};
  if (!startTime) return '';
  return humanDuration((completionTime ? Date.parse(completionTime) : context.now) - Date.parse(startTime));
}

const rsSelector = (object: ReplicaSet | DaemonSet): string => selectorText(object.spec?.selector);

export const workloadColumns: readonly KindColumns[] = [
  kind<Pod>(
    'core.v1.Pod',
    nameColumn,
    column(
      'Ready',
      (pod) => {
        const { ready, total } = podSummary(pod);
        return `${ready}/${total}`;
      },
      { description: 'Ready containers of all containers.' },
    ),
    column('Status', (pod) => podSummary(pod).status, { description: 'The state of the pod in one word.' }),
    column('Restarts', (pod, context) => restartsText(podSummary(pod), context), {
      description: 'How often containers of the pod were restarted, and when last.',
    }),
    ageColumn,
    wide('IP', (pod) => pod.status?.podIPs?.[0]?.ip || '<none>', { description: 'First address of the pod.' }),
    wide('Node', (pod) => pod.spec?.nodeName || '<none>', { description: 'Node that runs the pod.' }),
    wide('Nominated Node', (pod) => pod.status?.nominatedNodeName || '<none>', {
      description: 'Node on which room is being made for the pod.',
    }),
    wide('Readiness Gates', readinessGates, { description: 'True conditions of those that the pod asks for before it is ready.' }),
  ),
  kind<PodTemplate>(
    'core.v1.PodTemplate',
    nameColumn,
    ...containerColumns<PodTemplate>((object) => object.template, column),
    column('Pod Labels', (object) => labelsText(object.template?.metadata?.labels)),
  ),
  kind<ReplicationController>(
    'core.v1.ReplicationController',
    nameColumn,
    integer('Desired', (object) => count(object.spec?.replicas)),
    integer('Current', (object) => count(object.status?.replicas)),
    integer('Ready', (object) => count(object.status?.readyReplicas)),
    ageColumn,
    ...containerColumns<ReplicationController>((object) => object.spec?.template),
    wide('Selector', (object) => labelsText(object.spec?.selector)),
  ),
  kind<ReplicaSet>(
    'apps.v1.ReplicaSet',
    nameColumn,
    integer('Desired', (object) => count(object.spec?.replicas)),
    integer('Current', (object) => count(object.status?.replicas)),
    integer('Ready', (object) => count(object.status?.readyReplicas)),
    ageColumn,
    ...containerColumns<ReplicaSet>((object) => object.spec?.template),
    wide('Selector', rsSelector),
  ),
  kind<Deployment>(
    'apps.v1.Deployment',
    nameColumn,
    column('Ready', (object) => `${count(object.status?.readyReplicas)}/${count(object.spec?.replicas)}`, {
      description: 'Ready pods of those wanted.',
    }),
    column('Up-to-date', (object) => count(object.status?.updatedReplicas), { description: 'Pods that have the newest template.' }),
    column('Available', (object) => count(object.status?.availableReplicas), { description: 'Pods ready for at least minReadySeconds.' }),
    ageColumn,
    ...containerColumns<Deployment>((object) => object.spec?.template),
    wide('Selector', (object) => selectorText(object.spec?.selector, '')),
  ),
  kind<DaemonSet>(
    'apps.v1.DaemonSet',
    nameColumn,
    integer('Desired', (object) => count(object.status?.desiredNumberScheduled)),
    integer('Current', (object) => count(object.status?.currentNumberScheduled)),
    integer('Ready', (object) => count(object.status?.numberReady)),
    integer('Up-to-date', (object) => count(object.status?.updatedNumberScheduled)),
    integer('Available', (object) => count(object.status?.numberAvailable)),
    column('Node Selector', (object) => labelsText(object.spec?.template?.spec?.nodeSelector)),
    ageColumn,
    ...containerColumns<DaemonSet>((object) => object.spec?.template),
    wide('Selector', rsSelector),
  ),
  kind<StatefulSet>(
    'apps.v1.StatefulSet',
    nameColumn,
    column('Ready', (object) => `${count(object.status?.readyReplicas)}/${count(object.spec?.replicas)}`),
    ageColumn,
    ...containerColumns<StatefulSet>((object) => object.spec?.template),
  ),
  kind<ControllerRevision>(
    'apps.v1.ControllerRevision',
    nameColumn,
    column('Controller', controllerText),
    column('Revision', (object) => object.revision),
    ageColumn,
  ),
  kind<Scale>(
    'autoscaling.v1.Scale',
    column('Name', (object) => object.metadata.name),
    integer('Desired', (object) => count(object.spec?.replicas)),
    integer('Available', (object) => count(object.status?.replicas)),
    ageColumn,
  ),
  kind<Job>(
    'batch.v1.Job',
    nameColumn,
    column('Status', jobStatus),
    column('Completions', jobCompletions),
    column('Duration', jobDuration, { description: 'Time that the job has taken to complete, or has been running.' }),
    ageColumn,
    ...containerColumns<Job>((object) => object.spec?.template),
    wide('Selector', (object) => selectorText(object.spec?.selector)),
  ),
  kind<CronJob>(
    'batch.v1.CronJob',
    nameColumn,
    column('Schedule', (object) => object.spec?.schedule ?? ''),
    column('Timezone', (object) => object.spec?.timeZone ?? '<none>'),
    boolean('Suspend', (object) => boolText(object.spec?.suspend)),
    integer('Active', (object) => object.status?.active?.length ?? 0),
    column('Last Schedule', (object, context) =>
      object.status?.lastScheduleTime ? ageOf(object.status.lastScheduleTime, context) : '<none>',
    ),
    ageColumn,
    ...containerColumns<CronJob>((object) => object.spec?.jobTemplate?.spec?.template),
    wide('Selector', (object) => selectorText(object.spec?.jobTemplate?.spec?.selector)),
  ),
];
