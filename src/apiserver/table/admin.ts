// Columns of kinds that administrators meet: roles, admission, certificates, priorities, API services.
import type { MutatingWebhookConfiguration } from '#api/admissionregistration/v1/mutatingwebhookconfiguration.ts';
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import type { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validatingadmissionpolicybinding.ts';
import type { ValidatingWebhookConfiguration } from '#api/admissionregistration/v1/validatingwebhookconfiguration.ts';
import type { MutatingAdmissionPolicy } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import type { APIService } from '#api/apiregistration/v1/apiservice.ts';
import type { StorageVersion } from '#api/apiserverinternal/v1alpha1/storageversion.ts';
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import type { ClusterTrustBundle } from '#api/certificates/v1beta1/clustertrustbundle.ts';
import type { PodCertificateRequest } from '#api/certificates/v1beta1/podcertificaterequest.ts';
import type { FlowSchema } from '#api/flowcontrol/v1/flowschema.ts';
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/prioritylevelconfiguration.ts';
import type { RuntimeClass } from '#api/node/v1/runtimeclass.ts';
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import type { ClusterRoleBinding } from '#api/rbac/v1/clusterrolebinding.ts';
import type { RoleBinding } from '#api/rbac/v1/rolebinding.ts';
import type { PriorityClass } from '#api/scheduling/v1/priorityclass.ts';
import type { StorageVersionMigration } from '#api/storagemigration/v1beta1/storageversionmigration.ts';
import { humanDuration } from '#format/humanduration.ts';
import { ageColumn, createdAtColumn, groupResource, joinMax, labelsText, nameColumn, selectorText } from './cells.ts';
import { boolean, type Column, column, integer, kind, type KindColumns, wide } from './column.ts';

/** Denied, Approved or Pending, then Failed and Issued. */
export function csrCondition(request: CertificateSigningRequest): string {
  const has = (type: string): boolean => request.status?.conditions?.some((condition) => condition.type === type) ?? false;
  const parts = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'];
  if (has('Failed')) parts.push('Failed');
  if (request.status?.certificate) parts.push('Issued');
  return parts.join(',');
}

function podCertificateState(request: PodCertificateRequest): string {
  const conditions = request.status?.conditions ?? [];
  return ['Denied', 'Failed', 'Issued'].find((type) => conditions.some((c) => c.type === type && c.status === 'True')) ?? 'Pending';
}

type Policy = { readonly spec?: { readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string } } };
const paramKind = (policy: Policy): string => {
  const param = policy.spec?.paramKind;
  return param === undefined ? '<unset>' : `${param.apiVersion}/${param.kind}`;
};

function paramRef(binding: ValidatingAdmissionPolicyBinding): string {
  const ref = binding.spec?.paramRef;
  if (ref === undefined) return '<unset>';
  if (ref.selector !== undefined) return selectorText(ref.selector);
  return `${ref.namespace || '*'}/${ref.name ?? ''}`;
}

function available(service: APIService): string {
  const condition = service.status?.conditions?.find((entry) => entry.type === 'Available');
  if (condition === undefined) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

function migrationStatus(migration: StorageVersionMigration): string {
  const holds = (type: string): boolean => migration.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
  return ['Running', 'Failed', 'Succeeded'].find(holds) ?? 'Unknown';
}

type Binding = RoleBinding | ClusterRoleBinding;

function subjects(binding: Binding, kindName: string): string {
  return (binding.subjects ?? [])
    .filter((subject) => subject.kind === kindName)
    .map((subject) => (kindName === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name))
    .join(', ');
}

const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  column('Role', (binding) => `${binding.roleRef?.kind ?? ''}/${binding.roleRef?.name ?? ''}`, {
    description: 'The role that is granted.',
  }),
  ageColumn,
  wide('Users', (binding) => subjects(binding, 'User')),
  wide('Groups', (binding) => subjects(binding, 'Group')),
  wide('ServiceAccounts', (binding) => subjects(binding, 'ServiceAccount')),
];

const webhooks = (structName: string): KindColumns =>
  kind<MutatingWebhookConfiguration | ValidatingWebhookConfiguration>(
    structName,
    nameColumn,
    integer('Webhooks', (object) => object.webhooks?.length ?? 0),
    ageColumn,
  );

const limited = (object: PriorityLevelConfiguration) => object.spec?.limited;

export const adminColumns: readonly KindColumns[] = [
  webhooks('admissionregistration.v1.MutatingWebhookConfiguration'),
  webhooks('admissionregistration.v1.ValidatingWebhookConfiguration'),
  kind<ValidatingAdmissionPolicy>(
    'admissionregistration.v1.ValidatingAdmissionPolicy',
    nameColumn,
    integer('Validations', (policy) => policy.spec?.validations?.length ?? 0),
    column('ParamKind', paramKind),
    ageColumn,
  ),
  ...['v1.Validating', 'v1beta1.Mutating', 'v1alpha1.Mutating'].map((name) =>
    kind<ValidatingAdmissionPolicyBinding>(
      `admissionregistration.${name}AdmissionPolicyBinding`,
      nameColumn,
      column('PolicyName', (binding) => binding.spec?.policyName ?? ''),
      column('ParamRef', paramRef),
      ageColumn,
    ),
  ),
  ...['v1beta1', 'v1alpha1'].map((version) =>
    kind<MutatingAdmissionPolicy>(
      `admissionregistration.${version}.MutatingAdmissionPolicy`,
      nameColumn,
      integer('Mutations', (policy) => policy.spec?.mutations?.length ?? 0),
      column('ParamKind', paramKind),
      ageColumn,
    ),
  ),
  kind('apiextensions.v1.CustomResourceDefinition', nameColumn, createdAtColumn),
  kind<APIService>(
    'apiregistration.v1.APIService',
    nameColumn,
    column('Service', (object) => (object.spec?.service ? `${object.spec.service.namespace}/${object.spec.service.name}` : 'Local')),
    column('Available', available),
    ageColumn,
  ),
  kind<StorageVersion>(
    'apiserverinternal.v1alpha1.StorageVersion',
    nameColumn,
    column('CommonEncodingVersion', (object) => object.status?.commonEncodingVersion ?? '<unset>'),
    column(
      'StorageVersions',
      (object) =>
        joinMax((object.status?.storageVersions ?? []).map((entry) => `${entry.apiServerID}=${entry.encodingVersion}`)) || '<unset>',
    ),
    ageColumn,
  ),
  kind<CertificateSigningRequest>(
    'certificates.v1.CertificateSigningRequest',
    nameColumn,
    ageColumn,
    column('SignerName', (object) => object.spec?.signerName || '<none>'),
    column('Requestor', (object) => object.spec?.username ?? ''),
    column('RequestedDuration', (object) => {
      const seconds = object.spec?.expirationSeconds;
      return seconds === undefined ? '<none>' : humanDuration(seconds * 1000);
    }),
    column('Condition', csrCondition),
  ),
  ...['v1beta1', 'v1alpha1'].map((version) =>
    kind<ClusterTrustBundle>(
      `certificates.${version}.ClusterTrustBundle`,
      nameColumn,
      column('SignerName', (object) => object.spec?.signerName || '<none>'),
    ),
  ),
  kind<PodCertificateRequest>(
    'certificates.v1beta1.PodCertificateRequest',
    nameColumn,
    column('PodName', (object) => object.spec?.podName ?? ''),
    column('ServiceAccountName', (object) => object.spec?.serviceAccountName ?? ''),
    column('NodeName', (object) => object.spec?.nodeName ?? ''),
    column('SignerName', (object) => object.spec?.signerName ?? ''),
    column('State', podCertificateState),
    column('UnverifiedUserAnnotations', (object) => labelsText(object.spec?.unverifiedUserAnnotations)),
  ),
  kind<FlowSchema>(
    'flowcontrol.v1.FlowSchema',
    nameColumn,
    column('PriorityLevel', (object) => object.spec?.priorityLevelConfiguration.name ?? ''),
    column('MatchingPrecedence', (object) => object.spec?.matchingPrecedence ?? 0),
    column('DistinguisherMethod', (object) => object.spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    column('MissingPL', (object) => object.status?.conditions?.find((condition) => condition.type === 'Dangling')?.status ?? '?'),
  ),
  kind<PriorityLevelConfiguration>(
    'flowcontrol.v1.PriorityLevelConfiguration',
    nameColumn,
    column('Type', (object) => object.spec?.type ?? ''),
    column('NominalConcurrencyShares', (object) => limited(object)?.nominalConcurrencyShares ?? '<none>'),
    column('Queues', (object) => limited(object)?.limitResponse?.queuing?.queues ?? '<none>'),
    column('HandSize', (object) => limited(object)?.limitResponse?.queuing?.handSize ?? '<none>'),
    column('QueueLengthLimit', (object) => limited(object)?.limitResponse?.queuing?.queueLengthLimit ?? '<none>'),
    ageColumn,
  ),
  kind<RuntimeClass>(
    'node.v1.RuntimeClass',
    nameColumn,
    column('Handler', (object) => object.handler),
    ageColumn,
  ),
  kind<PodDisruptionBudget>(
    'policy.v1.PodDisruptionBudget',
    nameColumn,
    column('Min Available', (object) => String(object.spec?.minAvailable ?? 'N/A')),
    column('Max Unavailable', (object) => String(object.spec?.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', (object) => object.status?.disruptionsAllowed ?? 0),
    ageColumn,
  ),
  kind('rbac.v1.ClusterRole', nameColumn, createdAtColumn),
  kind('rbac.v1.Role', nameColumn, createdAtColumn),
  kind<ClusterRoleBinding>('rbac.v1.ClusterRoleBinding', ...bindingColumns),
  kind<RoleBinding>('rbac.v1.RoleBinding', ...bindingColumns),
  kind<PriorityClass>(
    'scheduling.v1.PriorityClass',
    nameColumn,
    integer('Value', (object) => object.value),
    boolean('Global-Default', (object) => object.globalDefault ?? false),
    ageColumn,
    column('PreemptionPolicy', (object) => object.preemptionPolicy ?? ''),
  ),
  kind('scheduling.v1alpha1.Workload', nameColumn, ageColumn),
  kind<StorageVersionMigration>(
    'storagemigration.v1beta1.StorageVersionMigration',
    column('Name', (object) => object.metadata.name),
    column('Resource', (object) => groupResource(object.spec?.resource.resource ?? '', object.spec?.resource.group)),
    column('Status', migrationStatus),
  ),
];
