import { type Entry, words } from './words.ts';

const history = { revisionHistoryLimit: 'How many old revisions are kept for going back. Default 10.' };
const podTemplate = {
  minReadySeconds: 'Seconds that a new pod must be ready without a crash to count as available.',
  selector: 'Which pods belong to it. Must match the labels of the template; fixed once created.',
  template: 'The pods that are made.',
};
const podController = { ...podTemplate, replicas: 'How many pods are wanted. Default 1.' };

export const workloadWords: readonly Entry[] = [
  words('apps.v1.Deployment', 'Keeps a number of equal pods running and replaces them gradually when the template changes.'),
  words('apps.v1.DeploymentSpec', 'What a Deployment shall be.', {
    ...podController,
    ...history,
    paused: 'While true, changes of the template are not rolled out.',
    progressDeadlineSeconds: 'Seconds without progress after which the rollout is reported as failed. Default 600.',
    strategy: 'How old pods are replaced by new ones.',
  }),
  words('apps.v1.DeploymentStrategy', 'How old pods are replaced by new ones.', {
    rollingUpdate: 'Settings for RollingUpdate.',
    type: 'RollingUpdate (the default) or Recreate: stop all, then start new ones.',
  }),
  words('apps.v1.RollingUpdateDeployment', 'How fast pods are replaced.', {
    maxSurge: 'How many pods, or per cent, there may be beyond replicas. Default 25%.',
    maxUnavailable: 'How many pods, or per cent, may be missing. Default 25%.',
  }),
  words('apps.v1.DeploymentStatus', 'The state of a Deployment.', {
    availableReplicas: 'Pods that have been ready for minReadySeconds.',
    collisionCount: 'How often a name for a new ReplicaSet was taken.',
    conditions: 'Available, Progressing and ReplicaFailure.',
    observedGeneration: 'The generation that the controller has seen.',
    readyReplicas: 'Pods that are ready.',
    replicas: 'Pods there are.',
    terminatingReplicas: 'Pods that are being stopped.',
    unavailableReplicas: 'Pods that are missing or not available yet.',
    updatedReplicas: 'Pods with the newest template.',
  }),
  words('apps.v1.ReplicaSet', 'Keeps a number of equal pods running. Usually made by a Deployment.'),
  words('apps.v1.ReplicaSetSpec', 'What a ReplicaSet shall be.', podController),
  words('apps.v1.StatefulSet', 'Pods with an identity: a number, a stable name and storage of their own.'),
  words('apps.v1.StatefulSetSpec', 'What a StatefulSet shall be.', {
    ...podController,
    ...history,
    ordinals: 'Numbers of the pods. Default: from 0.',
    persistentVolumeClaimRetentionPolicy: 'What becomes of claims when the set is deleted or made smaller.',
    podManagementPolicy: 'OrderedReady (one after another, the default) or Parallel.',
    serviceName: 'Headless Service that gives the pods their DNS names.',
    updateStrategy: 'RollingUpdate or OnDelete.',
    volumeClaimTemplates: 'Claims that each pod gets for itself.',
  }),
  words('apps.v1.DaemonSet', 'One pod on each node, or on each node of some kind.'),
  words('apps.v1.DaemonSetSpec', 'What a DaemonSet shall be.', {
    ...podTemplate,
    ...history,
    updateStrategy: 'RollingUpdate or OnDelete.',
  }),
  words('batch.v1.Job', 'Runs pods until enough of them have succeeded.'),
  words('batch.v1.JobSpec', 'What a Job shall do.', {
    activeDeadlineSeconds: 'Seconds after which the job fails and its pods are stopped.',
    backoffLimit: 'Failures after which the job fails. Default 6.',
    backoffLimitPerIndex: 'Failures after which an index fails, for indexed jobs.',
    completionMode: 'NonIndexed (the default), or Indexed: each pod has a number.',
    completions: 'How many pods must succeed.',
    managedBy: 'Controller that manages the job, if it is not the built-in one.',
    manualSelector: 'Do not make the selector; rarely right.',
    maxFailedIndexes: 'So many failed indexes fail the job.',
    parallelism: 'How many pods run at once. Default 1.',
    podFailurePolicy: 'What to do about failures, by exit code or condition.',
    podReplacementPolicy: 'TerminatingOrFailed, or Failed: wait until the old pod is really gone.',
    selector: 'Which pods belong to it. Made by the server.',
    successPolicy: 'When an indexed job counts as succeeded early.',
    suspend: 'While true no pods run.',
    template: 'The pods that are made; restartPolicy must be Never or OnFailure.',
    ttlSecondsAfterFinished: 'Seconds after its end at which the job is deleted.',
  }),
  words('batch.v1.CronJob', 'Makes a Job at set times.'),
  words('batch.v1.CronJobSpec', 'What a CronJob shall do.', {
    concurrencyPolicy: 'Allow (the default), Forbid or Replace: when the job before still runs.',
    failedJobsHistoryLimit: 'How many failed jobs are kept. Default 1.',
    jobTemplate: 'The jobs that are made.',
    schedule: 'Times in cron notation: minute, hour, day, month, weekday.',
    startingDeadlineSeconds: 'A start that was missed by more is left out.',
    successfulJobsHistoryLimit: 'How many succeeded jobs are kept. Default 3.',
    suspend: 'While true no jobs are made.',
    timeZone: 'Time zone of the schedule, e.g. Europe/Berlin.',
  }),
];
