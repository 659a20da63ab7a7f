import { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import { ClusterTrustBundle as ClusterTrustBundleV1alpha1 } from '#api/certificates/v1alpha1/clustertrustbundle.ts';
import { ClusterTrustBundle as ClusterTrustBundleV1beta1 } from '#api/certificates/v1beta1/clustertrustbundle.ts';
import { PodCertificateRequest } from '#api/certificates/v1beta1/podcertificaterequest.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const certificatesRows: readonly ResourceRow[] = [
  row({
    group: 'certificates.k8s.io',
    version: 'v1',
    resource: 'certificatesigningrequests',
    kind: 'CertificateSigningRequest',
    singular: 'certificatesigningrequest',
    namespaced: false,
    shortNames: ['csr'],
    verbs: all,
    subresources: [
      { name: 'approval', kind: 'CertificateSigningRequest', verbs: readWrite },
      { name: 'status', kind: 'CertificateSigningRequest', verbs: readWrite },
    ],
    struct: CertificateSigningRequest,
    storageVersionHash: '95fRKMXA+00=',
    fieldSelectors: ['metadata.name', 'spec.signerName'],
  }),
  row({
    group: 'certificates.k8s.io',
    version: 'v1beta1',
    resource: 'clustertrustbundles',
    kind: 'ClusterTrustBundle',
    singular: 'clustertrustbundle',
    namespaced: false,
    verbs: all,
    stage: 'beta',
    struct: ClusterTrustBundleV1beta1,
    storageVersionHash: 'v5yhuVertL4=',
    fieldSelectors: ['metadata.name', 'spec.signerName'],
    unconditionalUpdate: false,
  }),
  row({
    group: 'certificates.k8s.io',
    version: 'v1beta1',
    resource: 'podcertificaterequests',
    kind: 'PodCertificateRequest',
    singular: 'podcertificaterequest',
    namespaced: true,
    verbs: all,
    subresources: [{ name: 'status', kind: 'PodCertificateRequest', verbs: readWrite }],
    stage: 'beta',
    struct: PodCertificateRequest,
    storageVersionHash: 'wYA9yXQH8fg=',
    fieldSelectors: ['metadata.name', 'metadata.namespace', 'spec.signerName', 'spec.podName', 'spec.nodeName'],
    unconditionalUpdate: false,
  }),
  row({
    group: 'certificates.k8s.io',
    version: 'v1alpha1',
    resource: 'clustertrustbundles',
    kind: 'ClusterTrustBundle',
    singular: 'clustertrustbundle',
    namespaced: false,
    verbs: all,
    stage: 'alpha',
    struct: ClusterTrustBundleV1alpha1,
    storageVersionHash: 'v5yhuVertL4=',
    fieldSelectors: ['metadata.name', 'spec.signerName'],
    unconditionalUpdate: false,
  }),
];
