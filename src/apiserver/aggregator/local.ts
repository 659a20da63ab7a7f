// Pure: the APIServices of what this server answers itself: its built-in groups and those of custom resources.
import type { APIService } from '#api/apiregistration/v1/apiservice.ts';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { Draft } from '#api/object.ts';
import type { ResourceRow } from '../resources/row.ts';

/** `onstart`: made at start and left alone afterwards; `true`: kept as it should be. */
export const automanaged = 'kube-aggregator.kubernetes.io/automanaged';

/** How groups of the server are ordered, as Kubernetes has them: groupPriorityMinimum by group. */
const groupPriority: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'internal.apiserver.k8s.io': 16_000,
  'resource.k8s.io': 15_900,
};
const versionPriority: Readonly<Record<string, number>> = { v1: 1, 'autoscaling/v2': 30, 'flowcontrol.apiserver.k8s.io/v1': 21 };
const registration = 'apiregistration.k8s.io';

export interface LocalVersion {
  readonly group: string;
  readonly version: string;
}

function service({ group, version }: LocalVersion, how: string, priorities: readonly [number, number]): Draft<APIService> {
  return {
    metadata: { name: `${version}.${group}`, labels: { [automanaged]: how } },
    spec: { group, version, groupPriorityMinimum: priorities[0], versionPriority: priorities[1] },
  };
}

/** APIServices of the built-in groups; the aggregator's own group has none. */
export function builtInServices(rows: readonly ResourceRow[], extra: readonly LocalVersion[] = []): Draft<APIService>[] {
  const wanted = new Map<string, Draft<APIService>>();
  for (const { group, version } of [...rows, ...extra]) {
    const priority = groupPriority[group];
    if (group === registration || wanted.has(`${group}/${version}`)) continue;
    const key = group === '' ? version : `${group}/${version}`;
    wanted.set(
      `${group}/${version}`,
      service({ group, version }, 'onstart', [priority ?? 100, versionPriority[key] ?? (priority ? 15 : 100)]),
    );
  }
  return [...wanted.values()];
}

/** APIServices of the groups of custom resources. */
export function customServices(definitions: readonly CustomResourceDefinition[]): Map<string, Draft<APIService>> {
  const wanted = new Map<string, Draft<APIService>>();
  for (const { spec, metadata } of definitions) {
    if (metadata.deletionTimestamp) continue;
    for (const { name, served } of spec.versions ?? []) {
      if (served) wanted.set(`${name}.${spec.group}`, service({ group: spec.group, version: name }, 'true', [1000, 100]));
    }
  }
  return wanted;
}
