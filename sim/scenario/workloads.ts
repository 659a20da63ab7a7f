// Random workloads: specs that users write, with containers whose lives are scripted.
import { scriptAnnotation } from '#agent/sim/script.ts';
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { DaemonSet } from '#api/apps/v1/daemonset.ts';
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { CronJob } from '#api/batch/v1/cronjob.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import type { Draft } from '#api/object.ts';
import type { Random } from '#base/random.ts';
import { below, pick } from '#base/seeded.ts';
import { otherScheduler } from '../cluster.ts';

const chance = (random: Random, share: number): boolean => random.next() < share;
const seconds = (random: Random, most: number): number => Math.round(random.next() ** 2 * most * 10) / 10;

/** A priority class above the others, and a storage class whose volumes users make: what every life has from the start. */
export const urgent = 'urgent';
export const disks = 'disks';
/** A storage class whose volumes are made when pods need them. */
export const onDemand = 'local-path';

interface Lasting {
  /** How it ends by itself; absent: it does not. */
  readonly end?: { readonly exitAfterSeconds: number; readonly exitCode: number };
}

/** A pod of one container. */
export function template(random: Random, labels: Record<string, string>, { end }: Lasting = {}): Draft<PodTemplateSpec> {
  const slow = chance(random, 0.5);
  const script = {
    startSeconds: seconds(random, 3),
    readySeconds: slow ? seconds(random, 8) : 0,
    stopSeconds: seconds(random, 12),
    cpuMillis: pick(random, [1, 100, 300]),
    ...end,
  };
  const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 2 };
  return {
    metadata: { labels, annotations: { [scriptAnnotation]: JSON.stringify({ '*': script }) } },
    spec: {
      terminationGracePeriodSeconds: pick(random, [2, 10, 30]),
      ...(chance(random, 0.2) ? { schedulerName: otherScheduler } : {}),
      containers: [
        {
          name: 'main',
          image: `app:${below(random, 1000)}`,
          resources: { requests: { cpu: `${100 + 100 * below(random, 5)}m`, memory: `${32 + 32 * below(random, 8)}Mi` } },
          ...(slow && end === undefined ? { readinessProbe: probe } : {}),
        },
      ],
    },
  };
}

const amount = (random: Random): number | string => pick(random, [0, 1, 2, '25%', '50%']);

export function deployment(random: Random, name: string, namespace: string): Draft<Deployment> {
  const labels = { app: name };
  const rollingUpdate = { maxSurge: amount(random), maxUnavailable: amount(random) };
  if (Number.parseInt(String(rollingUpdate.maxSurge), 10) === 0 && Number.parseInt(String(rollingUpdate.maxUnavailable), 10) === 0)
    rollingUpdate.maxSurge = 1;
  return {
    metadata: { name, namespace, labels },
    spec: {
      replicas: below(random, 7),
      minReadySeconds: pick(random, [0, 0, 3]),
      revisionHistoryLimit: pick(random, [1, 10]),
      selector: { matchLabels: labels },
      strategy: chance(random, 0.15) ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate },
      template: template(random, labels),
    },
  };
}

/** What a claim asks for. */
export const claim = (storageClassName: string) => ({
  accessModes: ['ReadWriteOnce'],
  storageClassName,
  resources: { requests: { storage: '1Gi' } },
});

/** A volume for each pod. */
function claims(
  random: Random,
  storageClass: string,
): Pick<StatefulSet['spec'], 'volumeClaimTemplates' | 'persistentVolumeClaimRetentionPolicy'> {
  const spec = claim(storageClass);
  const policy = (): string => pick(random, ['Retain', 'Delete']);
  return {
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec }] as unknown as NonNullable<StatefulSet['spec']['volumeClaimTemplates']>,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: policy(), whenScaled: policy() },
  };
}

/** A Deployment that others have to make room for. */
export function urgentDeployment(random: Random, name: string, namespace: string): Draft<Deployment> {
  const made = deployment(random, name, namespace);
  const resources = { requests: { cpu: `${1 + below(random, 2)}` } };
  const containers = (made.spec?.template?.spec?.containers ?? []).map((container) => ({ ...container, resources }));
  const template = { ...made.spec?.template, spec: { ...made.spec?.template?.spec, containers, priorityClassName: urgent } };
  return { ...made, spec: { ...made.spec, replicas: 1 + below(random, 5), template } } as Draft<Deployment>;
}

export function statefulSet(random: Random, name: string, namespace: string): Draft<StatefulSet> {
  const labels = { app: name };
  return {
    metadata: { name, namespace, labels },
    spec: {
      replicas: below(random, 5),
      serviceName: name,
      podManagementPolicy: pick(random, ['OrderedReady', 'OrderedReady', 'Parallel']),
      minReadySeconds: pick(random, [0, 0, 2]),
      selector: { matchLabels: labels },
      template: template(random, labels),
      ...(chance(random, 0.25) ? claims(random, disks) : {}),
      updateStrategy: chance(random, 0.2)
        ? { type: 'RollingUpdate', rollingUpdate: { partition: below(random, 3) } }
        : { type: 'RollingUpdate' },
    },
  };
}

/** A StatefulSet with volumes that are made on demand. */
export function volumeSet(random: Random, name: string, namespace: string): Draft<StatefulSet> {
  const made = statefulSet(random, name, namespace);
  return { ...made, spec: { ...made.spec, ...claims(random, onDemand) } } as Draft<StatefulSet>;
}

/** A Deployment whose pods share the claim of its name. */
export function claimedDeployment(random: Random, name: string, namespace: string): Draft<Deployment> {
  const made = deployment(random, name, namespace);
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: name } }];
  const template = { ...made.spec?.template, spec: { ...made.spec?.template?.spec, volumes } };
  return { ...made, spec: { ...made.spec, replicas: 1 + below(random, 2), template } } as Draft<Deployment>;
}

export function daemonSet(random: Random, name: string, namespace: string): Draft<DaemonSet> {
  const labels = { app: name };
  return {
    metadata: { name, namespace, labels },
    spec: { selector: { matchLabels: labels }, template: template(random, labels), updateStrategy: { type: 'RollingUpdate' } },
  };
}

export function job(random: Random, name: string, namespace: string): Draft<Job> {
  const completions = 1 + below(random, 6);
  const fails = chance(random, 0.2);
  const end = { exitAfterSeconds: seconds(random, 20), exitCode: fails ? 1 : 0 };
  const made = template(random, { app: name }, { end });
  return {
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      completions,
      parallelism: 1 + below(random, 4),
      completionMode: pick(random, ['Indexed', 'NonIndexed']),
      backoffLimit: fails ? below(random, 3) : 6,
      template: { ...made, spec: { ...made.spec, containers: made.spec?.containers ?? [], restartPolicy: 'Never' } },
    },
  };
}

/** A Job every minute, some of which take longer. */
export function cronJob(random: Random, name: string, namespace: string): Draft<CronJob> {
  const end = { exitAfterSeconds: below(random, 120), exitCode: 0 };
  const made = template(random, { app: name }, { end });
  return {
    metadata: { name, namespace },
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy: pick(random, ['Forbid', 'Forbid', 'Allow', 'Replace']),
      successfulJobsHistoryLimit: below(random, 3),
      jobTemplate: {
        spec: {
          template: { ...made, spec: { ...made.spec, containers: made.spec?.containers ?? [], restartPolicy: 'Never' } },
        },
      },
    },
  } as Draft<CronJob>;
}
