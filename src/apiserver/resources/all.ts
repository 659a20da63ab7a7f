// All rows, in the order in which discovery lists the groups.
import { admissionregistrationRows } from './admissionregistration.ts';
import { apiextensionsRows } from './apiextensions.ts';
import { apiregistrationRows } from './apiregistration.ts';
import { appsRows } from './apps.ts';
import { authenticationRows } from './authentication.ts';
import { authorizationRows } from './authorization.ts';
import { autoscalingRows } from './autoscaling.ts';
import { batchRows } from './batch.ts';
import { certificatesRows } from './certificates.ts';
import { coordinationRows } from './coordination.ts';
import { coreRows } from './core.ts';
import { discoveryRows } from './discovery.ts';
import { eventsRows } from './events.ts';
import { flowcontrolRows } from './flowcontrol.ts';
import { internalRows } from './internal.ts';
import { networkingRows } from './networking.ts';
import { nodeRows } from './node.ts';
import { policyRows } from './policy.ts';
import { rbacRows } from './rbac.ts';
import { resourceRows } from './resource.ts';
import { schedulingRows } from './scheduling.ts';
import { storageRows } from './storage.ts';
import { storagemigrationRows } from './storagemigration.ts';
import type { ResourceRow } from './row.ts';

/** Every resource that is built in, GA and behind gates. */
export const allRows: readonly ResourceRow[] = [
  ...coreRows,
  ...apiregistrationRows,
  ...appsRows,
  ...eventsRows,
  ...authenticationRows,
  ...authorizationRows,
  ...autoscalingRows,
  ...batchRows,
  ...certificatesRows,
  ...networkingRows,
  ...policyRows,
  ...rbacRows,
  ...storageRows,
  ...admissionregistrationRows,
  ...apiextensionsRows,
  ...schedulingRows,
  ...coordinationRows,
  ...nodeRows,
  ...discoveryRows,
  ...resourceRows,
  ...flowcontrolRows,
  ...internalRows,
  ...storagemigrationRows,
];

/** The versions of each group in order of preference. */
export const groupVersions: readonly {
  readonly group: string;
  readonly versions: readonly { readonly version: string; readonly stage: 'GA' | 'beta' | 'alpha' }[];
}[] = [
  { group: '', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'apiregistration.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'apps', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'events.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'authentication.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'authorization.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  {
    group: 'autoscaling',
    versions: [
      { version: 'v2', stage: 'GA' },
      { version: 'v1', stage: 'GA' },
    ],
  },
  { group: 'batch', versions: [{ version: 'v1', stage: 'GA' }] },
  {
    group: 'certificates.k8s.io',
    versions: [
      { version: 'v1', stage: 'GA' },
      { version: 'v1beta1', stage: 'beta' },
      { version: 'v1alpha1', stage: 'alpha' },
    ],
  },
  {
    group: 'networking.k8s.io',
    versions: [
      { version: 'v1', stage: 'GA' },
      { version: 'v1beta1', stage: 'beta' },
    ],
  },
  { group: 'policy', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'rbac.authorization.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  {
    group: 'storage.k8s.io',
    versions: [
      { version: 'v1', stage: 'GA' },
      { version: 'v1beta1', stage: 'beta' },
    ],
  },
  {
    group: 'admissionregistration.k8s.io',
    versions: [
      { version: 'v1', stage: 'GA' },
      { version: 'v1beta1', stage: 'beta' },
      { version: 'v1alpha1', stage: 'alpha' },
    ],
  },
  { group: 'apiextensions.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  {
    group: 'scheduling.k8s.io',
    versions: [
      { version: 'v1', stage: 'GA' },
      { version: 'v1alpha1', stage: 'alpha' },
    ],
  },
  {
    group: 'coordination.k8s.io',
    versions: [
      { version: 'v1', stage: 'GA' },
      { version: 'v1beta1', stage: 'beta' },
      { version: 'v1alpha2', stage: 'alpha' },
    ],
  },
  { group: 'node.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'discovery.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  {
    group: 'resource.k8s.io',
    versions: [
      { version: 'v1', stage: 'GA' },
      { version: 'v1beta2', stage: 'beta' },
      { version: 'v1beta1', stage: 'beta' },
      { version: 'v1alpha3', stage: 'alpha' },
    ],
  },
  { group: 'flowcontrol.apiserver.k8s.io', versions: [{ version: 'v1', stage: 'GA' }] },
  { group: 'internal.apiserver.k8s.io', versions: [{ version: 'v1alpha1', stage: 'alpha' }] },
  { group: 'storagemigration.k8s.io', versions: [{ version: 'v1beta1', stage: 'beta' }] },
];
