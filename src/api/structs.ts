// Every API type with a name of its own, by file: the index that decoders and OpenAPI start from.
import * as m0 from '#api/admission/v1/admissionreview.ts';
import * as m1 from '#api/admissionregistration/v1/common.ts';
import * as m2 from '#api/admissionregistration/v1/mutatingwebhookconfiguration.ts';
import * as m3 from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import * as m4 from '#api/admissionregistration/v1/validatingadmissionpolicybinding.ts';
import * as m5 from '#api/admissionregistration/v1/validatingwebhookconfiguration.ts';
import * as m6 from '#api/admissionregistration/v1alpha1/common.ts';
import * as m7 from '#api/admissionregistration/v1alpha1/mutatingadmissionpolicy.ts';
import * as m8 from '#api/admissionregistration/v1alpha1/mutatingadmissionpolicybinding.ts';
import * as m9 from '#api/admissionregistration/v1beta1/common.ts';
import * as m10 from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import * as m11 from '#api/admissionregistration/v1beta1/mutatingadmissionpolicybinding.ts';
import * as m12 from '#api/apidiscovery/v2/apigroupdiscovery.ts';
import * as m13 from '#api/apiextensions/v1/customresourcedefinition.ts';
import * as m14 from '#api/apiextensions/v1/jsonschema.ts';
import * as m15 from '#api/apiregistration/v1/apiservice.ts';
import * as m16 from '#api/apiserverinternal/v1alpha1/storageversion.ts';
import * as m17 from '#api/apps/v1/controllerrevision.ts';
import * as m18 from '#api/apps/v1/daemonset.ts';
import * as m19 from '#api/apps/v1/deployment.ts';
import * as m20 from '#api/apps/v1/replicaset.ts';
import * as m21 from '#api/apps/v1/statefulset.ts';
import * as m22 from '#api/authentication/v1/common.ts';
import * as m23 from '#api/authentication/v1/selfsubjectreview.ts';
import * as m24 from '#api/authentication/v1/tokenrequest.ts';
import * as m25 from '#api/authentication/v1/tokenreview.ts';
import * as m26 from '#api/authorization/v1/common.ts';
import * as m27 from '#api/authorization/v1/localsubjectaccessreview.ts';
import * as m28 from '#api/authorization/v1/selfsubjectaccessreview.ts';
import * as m29 from '#api/authorization/v1/selfsubjectrulesreview.ts';
import * as m30 from '#api/authorization/v1/subjectaccessreview.ts';
import * as m31 from '#api/autoscaling/v1/horizontalpodautoscaler.ts';
import * as m32 from '#api/autoscaling/v1/scale.ts';
import * as m33 from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import * as m34 from '#api/batch/v1/common.ts';
import * as m35 from '#api/batch/v1/cronjob.ts';
import * as m36 from '#api/batch/v1/job.ts';
import * as m37 from '#api/certificates/v1/certificatesigningrequest.ts';
import * as m38 from '#api/certificates/v1alpha1/clustertrustbundle.ts';
import * as m39 from '#api/certificates/v1beta1/clustertrustbundle.ts';
import * as m40 from '#api/certificates/v1beta1/podcertificaterequest.ts';
import * as m41 from '#api/coordination/v1/lease.ts';
import * as m42 from '#api/coordination/v1alpha2/leasecandidate.ts';
import * as m43 from '#api/coordination/v1beta1/leasecandidate.ts';
import * as m44 from '#api/core/v1/affinity.ts';
import * as m45 from '#api/core/v1/componentstatus.ts';
import * as m46 from '#api/core/v1/configmap.ts';
import * as m47 from '#api/core/v1/container.ts';
import * as m48 from '#api/core/v1/endpoints.ts';
import * as m49 from '#api/core/v1/event.ts';
import * as m50 from '#api/core/v1/limitrange.ts';
import * as m51 from '#api/core/v1/namespace.ts';
import * as m52 from '#api/core/v1/node.ts';
import * as m53 from '#api/core/v1/persistentvolume.ts';
import * as m54 from '#api/core/v1/persistentvolumeclaim.ts';
import * as m55 from '#api/core/v1/pod.ts';
import * as m56 from '#api/core/v1/podspec.ts';
import * as m57 from '#api/core/v1/podstatus.ts';
import * as m58 from '#api/core/v1/probe.ts';
import * as m59 from '#api/core/v1/rangeallocation.ts';
import * as m60 from '#api/core/v1/reference.ts';
import * as m61 from '#api/core/v1/replicationcontroller.ts';
import * as m62 from '#api/core/v1/resourcequota.ts';
import * as m63 from '#api/core/v1/secret.ts';
import * as m64 from '#api/core/v1/security.ts';
import * as m65 from '#api/core/v1/serializedreference.ts';
import * as m66 from '#api/core/v1/service.ts';
import * as m67 from '#api/core/v1/serviceaccount.ts';
import * as m68 from '#api/core/v1/volume.ts';
import * as m69 from '#api/discovery/v1/endpointslice.ts';
import * as m70 from '#api/events/v1/event.ts';
import * as m71 from '#api/flowcontrol/v1/flowschema.ts';
import * as m72 from '#api/flowcontrol/v1/prioritylevelconfiguration.ts';
import * as m73 from '#api/meta/v1/condition.ts';
import * as m74 from '#api/meta/v1/discovery.ts';
import * as m75 from '#api/meta/v1/list.ts';
import * as m76 from '#api/meta/v1/objectmeta.ts';
import * as m77 from '#api/meta/v1/options.ts';
import * as m78 from '#api/meta/v1/selector.ts';
import * as m79 from '#api/meta/v1/status.ts';
import * as m80 from '#api/meta/v1/table.ts';
import * as m81 from '#api/meta/v1/version.ts';
import * as m82 from '#api/meta/v1/watch.ts';
import * as m83 from '#api/metrics/v1beta1/nodemetrics.ts';
import * as m84 from '#api/metrics/v1beta1/podmetrics.ts';
import * as m85 from '#api/networking/v1/ingress.ts';
import * as m86 from '#api/networking/v1/ingressclass.ts';
import * as m87 from '#api/networking/v1/ipaddress.ts';
import * as m88 from '#api/networking/v1/networkpolicy.ts';
import * as m89 from '#api/networking/v1/servicecidr.ts';
import * as m90 from '#api/networking/v1beta1/ipaddress.ts';
import * as m91 from '#api/networking/v1beta1/servicecidr.ts';
import * as m92 from '#api/node/v1/runtimeclass.ts';
import * as m93 from '#api/policy/v1/eviction.ts';
import * as m94 from '#api/policy/v1/poddisruptionbudget.ts';
import * as m95 from '#api/rbac/v1/clusterrole.ts';
import * as m96 from '#api/rbac/v1/clusterrolebinding.ts';
import * as m97 from '#api/rbac/v1/common.ts';
import * as m98 from '#api/rbac/v1/role.ts';
import * as m99 from '#api/rbac/v1/rolebinding.ts';
import * as m100 from '#api/resource/v1/common.ts';
import * as m101 from '#api/resource/v1/deviceclass.ts';
import * as m102 from '#api/resource/v1/resourceclaim.ts';
import * as m103 from '#api/resource/v1/resourceclaimtemplate.ts';
import * as m104 from '#api/resource/v1/resourceslice.ts';
import * as m105 from '#api/resource/v1alpha3/devicetaintrule.ts';
import * as m106 from '#api/resource/v1beta1/common.ts';
import * as m107 from '#api/resource/v1beta1/deviceclass.ts';
import * as m108 from '#api/resource/v1beta1/resourceclaim.ts';
import * as m109 from '#api/resource/v1beta1/resourceclaimtemplate.ts';
import * as m110 from '#api/resource/v1beta1/resourceslice.ts';
import * as m111 from '#api/resource/v1beta2/common.ts';
import * as m112 from '#api/resource/v1beta2/deviceclass.ts';
import * as m113 from '#api/resource/v1beta2/resourceclaim.ts';
import * as m114 from '#api/resource/v1beta2/resourceclaimtemplate.ts';
import * as m115 from '#api/resource/v1beta2/resourceslice.ts';
import * as m116 from '#api/scheduling/v1/priorityclass.ts';
import * as m117 from '#api/scheduling/v1alpha1/workload.ts';
import * as m118 from '#api/storage/v1/csidriver.ts';
import * as m119 from '#api/storage/v1/csinode.ts';
import * as m120 from '#api/storage/v1/csistoragecapacity.ts';
import * as m121 from '#api/storage/v1/storageclass.ts';
import * as m122 from '#api/storage/v1/volumeattachment.ts';
import * as m123 from '#api/storage/v1/volumeattributesclass.ts';
import * as m124 from '#api/storage/v1beta1/volumeattributesclass.ts';
import * as m125 from '#api/storagemigration/v1beta1/storageversionmigration.ts';
import type { Struct } from '#api/dsl.ts';

const modules: readonly object[] = [
  m0,
  m1,
  m2,
  m3,
  m4,
  m5,
  m6,
  m7,
  m8,
  m9,
  m10,
  m11,
  m12,
  m13,
  m14,
  m15,
  m16,
  m17,
  m18,
  m19,
  m20,
  m21,
  m22,
  m23,
  m24,
  m25,
  m26,
  m27,
  m28,
  m29,
  m30,
  m31,
  m32,
  m33,
  m34,
  m35,
  m36,
  m37,
  m38,
  m39,
  m40,
  m41,
  m42,
  m43,
  m44,
  m45,
  m46,
  m47,
  m48,
  m49,
  m50,
  m51,
  m52,
  m53,
  m54,
  m55,
  m56,
  m57,
  m58,
  m59,
  m60,
  m61,
  m62,
  m63,
  m64,
  m65,
  m66,
  m67,
  m68,
  m69,
  m70,
  m71,
  m72,
  m73,
  m74,
  m75,
  m76,
  m77,
  m78,
  m79,
  m80,
  m81,
  m82,
  m83,
  m84,
  m85,
  m86,
  m87,
  m88,
  m89,
  m90,
  m91,
  m92,
  m93,
  m94,
  m95,
  m96,
  m97,
  m98,
  m99,
  m100,
  m101,
  m102,
  m103,
  m104,
  m105,
  m106,
  m107,
  m108,
  m109,
  m110,
  m111,
  m112,
  m113,
  m114,
  m115,
  m116,
  m117,
  m118,
  m119,
  m120,
  m121,
  m122,
  m123,
  m124,
  m125,
];

function isStruct(value: unknown): value is Struct {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'struct';
}

/** All structs by short type name, e.g. `core.v1.PodSpec`. */
export const structs: ReadonlyMap<string, Struct> = new Map(
  modules.flatMap((module) =>
    Object.values(module)
      .filter(isStruct)
      .map((struct): [string, Struct] => [struct.name, struct]),
  ),
);
