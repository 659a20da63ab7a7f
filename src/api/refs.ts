// One reference per served GA resource: what a client needs to address it.
import type { Struct } from '#api/dsl.ts';
import { MutatingWebhookConfiguration } from '#api/admissionregistration/v1/mutatingwebhookconfiguration.ts';
import { MutatingAdmissionPolicy } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import { MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicybinding.ts';
import { MutatingAdmissionPolicy as AlphaMutatingAdmissionPolicy } from '#api/admissionregistration/v1alpha1/mutatingadmissionpolicy.ts';
import { MutatingAdmissionPolicyBinding as AlphaMutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1alpha1/mutatingadmissionpolicybinding.ts';
import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validatingadmissionpolicybinding.ts';
import { ValidatingWebhookConfiguration } from '#api/admissionregistration/v1/validatingwebhookconfiguration.ts';
import { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { APIService } from '#api/apiregistration/v1/apiservice.ts';
import { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import { DaemonSet } from '#api/apps/v1/daemonset.ts';
import { Deployment } from '#api/apps/v1/deployment.ts';
import { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import { StatefulSet } from '#api/apps/v1/statefulset.ts';
import { SelfSubjectReview } from '#api/authentication/v1/selfsubjectreview.ts';
import { TokenReview } from '#api/authentication/v1/tokenreview.ts';
import { LocalSubjectAccessReview } from '#api/authorization/v1/localsubjectaccessreview.ts';
import { SelfSubjectAccessReview } from '#api/authorization/v1/selfsubjectaccessreview.ts';
import { SelfSubjectRulesReview } from '#api/authorization/v1/selfsubjectrulesreview.ts';
import { SubjectAccessReview } from '#api/authorization/v1/subjectaccessreview.ts';
import { HorizontalPodAutoscaler as HorizontalPodAutoscalerHorizontalPodAutoscalersV1 } from '#api/autoscaling/v1/horizontalpodautoscaler.ts';
import { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { CronJob } from '#api/batch/v1/cronjob.ts';
import { Job } from '#api/batch/v1/job.ts';
import { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import { Lease } from '#api/coordination/v1/lease.ts';
import { ComponentStatus } from '#api/core/v1/componentstatus.ts';
import { ConfigMap } from '#api/core/v1/configmap.ts';
import { Endpoints } from '#api/core/v1/endpoints.ts';
import { Event } from '#api/core/v1/event.ts';
import { LimitRange } from '#api/core/v1/limitrange.ts';
import { Namespace } from '#api/core/v1/namespace.ts';
import { Node } from '#api/core/v1/node.ts';
import { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { Binding, Pod, PodTemplate } from '#api/core/v1/pod.ts';
import { ReplicationController } from '#api/core/v1/replicationcontroller.ts';
import { ResourceQuota } from '#api/core/v1/resourcequota.ts';
import { Secret } from '#api/core/v1/secret.ts';
import { Service } from '#api/core/v1/service.ts';
import { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { Event as EventEventsV1 } from '#api/events/v1/event.ts';
import { FlowSchema } from '#api/flowcontrol/v1/flowschema.ts';
import { PriorityLevelConfiguration } from '#api/flowcontrol/v1/prioritylevelconfiguration.ts';
import { Ingress } from '#api/networking/v1/ingress.ts';
import { IngressClass } from '#api/networking/v1/ingressclass.ts';
import { IPAddress } from '#api/networking/v1/ipaddress.ts';
import { NetworkPolicy } from '#api/networking/v1/networkpolicy.ts';
import { ServiceCIDR } from '#api/networking/v1/servicecidr.ts';
import { RuntimeClass } from '#api/node/v1/runtimeclass.ts';
import { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import { ClusterRole } from '#api/rbac/v1/clusterrole.ts';
import { ClusterRoleBinding } from '#api/rbac/v1/clusterrolebinding.ts';
import { Role } from '#api/rbac/v1/role.ts';
import { RoleBinding } from '#api/rbac/v1/rolebinding.ts';
import { DeviceClass } from '#api/resource/v1/deviceclass.ts';
import { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import { ResourceClaimTemplate } from '#api/resource/v1/resourceclaimtemplate.ts';
import { ResourceSlice } from '#api/resource/v1/resourceslice.ts';
import { PriorityClass } from '#api/scheduling/v1/priorityclass.ts';
import { CSIDriver } from '#api/storage/v1/csidriver.ts';
import { CSINode } from '#api/storage/v1/csinode.ts';
import { CSIStorageCapacity } from '#api/storage/v1/csistoragecapacity.ts';
import { StorageClass } from '#api/storage/v1/storageclass.ts';
import { VolumeAttachment } from '#api/storage/v1/volumeattachment.ts';
import { VolumeAttributesClass } from '#api/storage/v1/volumeattributesclass.ts';

/** The address of a resource and the type of its objects. */
export interface ResourceRef<T = unknown> {
  readonly group: string;
  readonly version: string;
  /** Plural lower-case name, as in URLs. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly struct?: Struct;
  readonly _type?: T;
}

function ref<T>(group: string, version: string, resource: string, kind: string, namespaced: boolean, struct: Struct): ResourceRef<T> {
  return { group, version, resource, kind, namespaced, struct };
}

export const Bindings = ref<Binding>('', 'v1', 'bindings', 'Binding', true, Binding);
export const ComponentStatuses = ref<ComponentStatus>('', 'v1', 'componentstatuses', 'ComponentStatus', false, ComponentStatus);
export const ConfigMaps = ref<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap', true, ConfigMap);
export const EndpointsRes = ref<Endpoints>('', 'v1', 'endpoints', 'Endpoints', true, Endpoints);
export const Events = ref<Event>('', 'v1', 'events', 'Event', true, Event);
export const LimitRanges = ref<LimitRange>('', 'v1', 'limitranges', 'LimitRange', true, LimitRange);
export const Namespaces = ref<Namespace>('', 'v1', 'namespaces', 'Namespace', false, Namespace);
export const Nodes = ref<Node>('', 'v1', 'nodes', 'Node', false, Node);
export const PersistentVolumeClaims = ref<PersistentVolumeClaim>(
  '',
  'v1',
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
  true,
  PersistentVolumeClaim,
);
export const PersistentVolumes = ref<PersistentVolume>('', 'v1', 'persistentvolumes', 'PersistentVolume', false, PersistentVolume);
export const Pods = ref<Pod>('', 'v1', 'pods', 'Pod', true, Pod);
export const PodTemplates = ref<PodTemplate>('', 'v1', 'podtemplates', 'PodTemplate', true, PodTemplate);
export const ReplicationControllers = ref<ReplicationController>(
  '',
  'v1',
  'replicationcontrollers',
  'ReplicationController',
  true,
  ReplicationController,
);
export const ResourceQuotas = ref<ResourceQuota>('', 'v1', 'resourcequotas', 'ResourceQuota', true, ResourceQuota);
export const Secrets = ref<Secret>('', 'v1', 'secrets', 'Secret', true, Secret);
export const ServiceAccounts = ref<ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount', true, ServiceAccount);
export const Services = ref<Service>('', 'v1', 'services', 'Service', true, Service);
export const MutatingWebhookConfigurations = ref<MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  false,
  MutatingWebhookConfiguration,
);
/** Beta: served only where it is asked for. */
export const MutatingAdmissionPolicies = ref<MutatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'v1beta1',
  'mutatingadmissionpolicies',
  'MutatingAdmissionPolicy',
  false,
  MutatingAdmissionPolicy,
);
export const MutatingAdmissionPolicyBindings = ref<MutatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io',
  'v1beta1',
  'mutatingadmissionpolicybindings',
  'MutatingAdmissionPolicyBinding',
  false,
  MutatingAdmissionPolicyBinding,
);
export const AlphaMutatingAdmissionPolicies = ref<AlphaMutatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'v1alpha1',
  'mutatingadmissionpolicies',
  'MutatingAdmissionPolicy',
  false,
  AlphaMutatingAdmissionPolicy,
);
export const AlphaMutatingAdmissionPolicyBindings = ref<AlphaMutatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io',
  'v1alpha1',
  'mutatingadmissionpolicybindings',
  'MutatingAdmissionPolicyBinding',
  false,
  AlphaMutatingAdmissionPolicyBinding,
);
export const ValidatingAdmissionPolicies = ref<ValidatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
  false,
  ValidatingAdmissionPolicy,
);
export const ValidatingAdmissionPolicyBindings = ref<ValidatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io',
  'v1',
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
  false,
  ValidatingAdmissionPolicyBinding,
);
export const ValidatingWebhookConfigurations = ref<ValidatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  false,
  ValidatingWebhookConfiguration,
);
export const CustomResourceDefinitions = ref<CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  false,
  CustomResourceDefinition,
);
export const APIServices = ref<APIService>('apiregistration.k8s.io', 'v1', 'apiservices', 'APIService', false, APIService);
export const ControllerRevisions = ref<ControllerRevision>(
  'apps',
  'v1',
  'controllerrevisions',
  'ControllerRevision',
  true,
  ControllerRevision,
);
export const DaemonSets = ref<DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet', true, DaemonSet);
export const Deployments = ref<Deployment>('apps', 'v1', 'deployments', 'Deployment', true, Deployment);
export const ReplicaSets = ref<ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet', true, ReplicaSet);
export const StatefulSets = ref<StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet', true, StatefulSet);
export const SelfSubjectReviews = ref<SelfSubjectReview>(
  'authentication.k8s.io',
  'v1',
  'selfsubjectreviews',
  'SelfSubjectReview',
  false,
  SelfSubjectReview,
);
export const TokenReviews = ref<TokenReview>('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview', false, TokenReview);
export const LocalSubjectAccessReviews = ref<LocalSubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'localsubjectaccessreviews',
  'LocalSubjectAccessReview',
  true,
  LocalSubjectAccessReview,
);
export const SelfSubjectAccessReviews = ref<SelfSubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
  false,
  SelfSubjectAccessReview,
);
export const SelfSubjectRulesReviews = ref<SelfSubjectRulesReview>(
  'authorization.k8s.io',
  'v1',
  'selfsubjectrulesreviews',
  'SelfSubjectRulesReview',
  false,
  SelfSubjectRulesReview,
);
export const SubjectAccessReviews = ref<SubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'subjectaccessreviews',
  'SubjectAccessReview',
  false,
  SubjectAccessReview,
);
export const HorizontalPodAutoscalers = ref<HorizontalPodAutoscaler>(
  'autoscaling',
  'v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
  true,
  HorizontalPodAutoscaler,
);
export const HorizontalPodAutoscalersV1 = ref<HorizontalPodAutoscalerHorizontalPodAutoscalersV1>(
  'autoscaling',
  'v1',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
  true,
  HorizontalPodAutoscalerHorizontalPodAutoscalersV1,
);
export const CronJobs = ref<CronJob>('batch', 'v1', 'cronjobs', 'CronJob', true, CronJob);
export const Jobs = ref<Job>('batch', 'v1', 'jobs', 'Job', true, Job);
export const CertificateSigningRequests = ref<CertificateSigningRequest>(
  'certificates.k8s.io',
  'v1',
  'certificatesigningrequests',
  'CertificateSigningRequest',
  false,
  CertificateSigningRequest,
);
export const Leases = ref<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease', true, Lease);
export const EndpointSlices = ref<EndpointSlice>('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice', true, EndpointSlice);
export const EventsV1 = ref<EventEventsV1>('events.k8s.io', 'v1', 'events', 'Event', true, EventEventsV1);
export const FlowSchemas = ref<FlowSchema>('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas', 'FlowSchema', false, FlowSchema);
export const PriorityLevelConfigurations = ref<PriorityLevelConfiguration>(
  'flowcontrol.apiserver.k8s.io',
  'v1',
  'prioritylevelconfigurations',
  'PriorityLevelConfiguration',
  false,
  PriorityLevelConfiguration,
);
export const IngressClasses = ref<IngressClass>('networking.k8s.io', 'v1', 'ingressclasses', 'IngressClass', false, IngressClass);
export const Ingresses = ref<Ingress>('networking.k8s.io', 'v1', 'ingresses', 'Ingress', true, Ingress);
export const IPAddresses = ref<IPAddress>('networking.k8s.io', 'v1', 'ipaddresses', 'IPAddress', false, IPAddress);
export const NetworkPolicies = ref<NetworkPolicy>('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy', true, NetworkPolicy);
export const ServiceCIDRs = ref<ServiceCIDR>('networking.k8s.io', 'v1', 'servicecidrs', 'ServiceCIDR', false, ServiceCIDR);
export const RuntimeClasses = ref<RuntimeClass>('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass', false, RuntimeClass);
export const PodDisruptionBudgets = ref<PodDisruptionBudget>(
  'policy',
  'v1',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
  true,
  PodDisruptionBudget,
);
export const ClusterRoleBindings = ref<ClusterRoleBinding>(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterrolebindings',
  'ClusterRoleBinding',
  false,
  ClusterRoleBinding,
);
export const ClusterRoles = ref<ClusterRole>('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false, ClusterRole);
export const RoleBindings = ref<RoleBinding>('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding', true, RoleBinding);
export const Roles = ref<Role>('rbac.authorization.k8s.io', 'v1', 'roles', 'Role', true, Role);
export const DeviceClasses = ref<DeviceClass>('resource.k8s.io', 'v1', 'deviceclasses', 'DeviceClass', false, DeviceClass);
export const ResourceClaims = ref<ResourceClaim>('resource.k8s.io', 'v1', 'resourceclaims', 'ResourceClaim', true, ResourceClaim);
export const ResourceClaimTemplates = ref<ResourceClaimTemplate>(
  'resource.k8s.io',
  'v1',
  'resourceclaimtemplates',
  'ResourceClaimTemplate',
  true,
  ResourceClaimTemplate,
);
export const ResourceSlices = ref<ResourceSlice>('resource.k8s.io', 'v1', 'resourceslices', 'ResourceSlice', false, ResourceSlice);
export const PriorityClasses = ref<PriorityClass>('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass', false, PriorityClass);
export const CSIDrivers = ref<CSIDriver>('storage.k8s.io', 'v1', 'csidrivers', 'CSIDriver', false, CSIDriver);
export const CSINodes = ref<CSINode>('storage.k8s.io', 'v1', 'csinodes', 'CSINode', false, CSINode);
export const CSIStorageCapacities = ref<CSIStorageCapacity>(
  'storage.k8s.io',
  'v1',
  'csistoragecapacities',
  'CSIStorageCapacity',
  true,
  CSIStorageCapacity,
);
export const StorageClasses = ref<StorageClass>('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', false, StorageClass);
export const VolumeAttachments = ref<VolumeAttachment>(
  'storage.k8s.io',
  'v1',
  'volumeattachments',
  'VolumeAttachment',
  false,
  VolumeAttachment,
);
export const VolumeAttributesClasses = ref<VolumeAttributesClass>(
  'storage.k8s.io',
  'v1',
  'volumeattributesclasses',
  'VolumeAttributesClass',
  false,
  VolumeAttributesClass,
);
