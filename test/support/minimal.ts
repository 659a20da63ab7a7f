// A small valid object of every served kind, by `group/version/resource`; metadata.name and namespace are added by the caller.

const podSpec = { containers: [{ name: 'c', image: 'busybox' }] };
const template = { metadata: { labels: { app: 'x' } }, spec: podSpec };
const restartable = { metadata: { labels: { app: 'x' } }, spec: { ...podSpec, restartPolicy: 'OnFailure' } };
const selector = { matchLabels: { app: 'x' } };
const clientConfig = { url: 'https://example.com/hook' };
const csrPem = `-----BEGIN CERTIFICATE REQUEST-----
MIHYMIGAAgEAMB4xHDAaBgNVBAMME3N5c3RlbTpub2RlOm5vZGUtMQAwWTATBgcq
-----END CERTIFICATE REQUEST-----
`;

export const minimal: Readonly<Record<string, object>> = {
  '/v1/configmaps': { data: { a: 'b' } },
  '/v1/endpoints': { subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }] },
  '/v1/events': { involvedObject: { kind: 'Pod', name: 'x', namespace: 'default' }, reason: 'Tested', message: 'm', type: 'Normal' },
  '/v1/limitranges': { spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } },
  '/v1/namespaces': {},
  '/v1/nodes': {},
  '/v1/persistentvolumeclaims': { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  '/v1/persistentvolumes': { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/x' } } },
  '/v1/pods': { spec: podSpec },
  '/v1/podtemplates': { template },
  '/v1/replicationcontrollers': { spec: { selector: { app: 'x' }, template } },
  '/v1/resourcequotas': { spec: { hard: { pods: '1000' } } },
  '/v1/secrets': { stringData: { a: 'b' } },
  '/v1/serviceaccounts': {},
  '/v1/services': { spec: { ports: [{ port: 80 }] } },
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': {
    webhooks: [{ name: 'a.example.com', clientConfig, sideEffects: 'None', admissionReviewVersions: ['v1'] }],
  },
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': {
    webhooks: [{ name: 'a.example.com', clientConfig, sideEffects: 'None', admissionReviewVersions: ['v1'] }],
  },
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies': {
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }],
      },
      validations: [{ expression: 'object.spec.replicas <= 5' }],
    },
  },
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': { spec: { policyName: 'p', validationActions: ['Deny'] } },
  'apiextensions.k8s.io/v1/customresourcedefinitions': {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  'apiregistration.k8s.io/v1/apiservices': {
    metadata: { name: 'v1.example.com' },
    spec: {
      group: 'example.com',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      insecureSkipTLSVerify: true,
      service: { name: 's', namespace: 'default' },
    },
  },
  'apps/v1/controllerrevisions': { revision: 1, data: { a: 1 } },
  'apps/v1/daemonsets': { spec: { selector, template } },
  'apps/v1/deployments': { spec: { selector, template } },
  'apps/v1/replicasets': { spec: { selector, template } },
  'apps/v1/statefulsets': { spec: { selector, template, serviceName: 's' } },
  'autoscaling/v1/horizontalpodautoscalers': { spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 2 } },
  'autoscaling/v2/horizontalpodautoscalers': { spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 2 } },
  'batch/v1/cronjobs': { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: restartable } } } },
  'batch/v1/jobs': { spec: { template: restartable } },
  'certificates.k8s.io/v1/certificatesigningrequests': {
    spec: { request: Buffer.from(csrPem).toString('base64'), signerName: 'example.com/signer', usages: ['client auth'] },
  },
  'coordination.k8s.io/v1/leases': { spec: { holderIdentity: 'me' } },
  'discovery.k8s.io/v1/endpointslices': { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'] }], ports: [{ port: 80 }] },
  'events.k8s.io/v1/events': {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/c',
    reportingInstance: 'i',
    action: 'Test',
    reason: 'Tested',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'x', namespace: 'default' },
  },
  'flowcontrol.apiserver.k8s.io/v1/flowschemas': {
    spec: {
      priorityLevelConfiguration: { name: 'global-default' },
      rules: [
        {
          subjects: [{ kind: 'Group', group: { name: 'g' } }],
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
        },
      ],
    },
  },
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'networking.k8s.io/v1/ingresses': { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
  'networking.k8s.io/v1/ingressclasses': { spec: { controller: 'example.com/ingress' } },
  'networking.k8s.io/v1/networkpolicies': { spec: { podSelector: {} } },
  'networking.k8s.io/v1/ipaddresses': {
    metadata: { name: '192.168.7.7' },
    spec: { parentRef: { resource: 'services', name: 's', namespace: 'default' } },
  },
  'networking.k8s.io/v1/servicecidrs': { spec: { cidrs: ['10.200.0.0/24'] } },
  'node.k8s.io/v1/runtimeclasses': { handler: 'runc' },
  'policy/v1/poddisruptionbudgets': { spec: { minAvailable: 1, selector } },
  'rbac.authorization.k8s.io/v1/clusterroles': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'rbac.authorization.k8s.io/v1/roles': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  'rbac.authorization.k8s.io/v1/clusterrolebindings': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u' }],
  },
  'rbac.authorization.k8s.io/v1/rolebindings': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u' }],
  },
  'resource.k8s.io/v1/deviceclasses': { spec: {} },
  'resource.k8s.io/v1/resourceclaims': { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
  'resource.k8s.io/v1/resourceclaimtemplates': {
    spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
  },
  'resource.k8s.io/v1/resourceslices': {
    spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'dev' }] },
  },
  'scheduling.k8s.io/v1/priorityclasses': { value: 10 },
  'storage.k8s.io/v1/csidrivers': { spec: {} },
  'storage.k8s.io/v1/csinodes': { spec: { drivers: [{ name: 'd.example.com', nodeID: 'n' }] } },
  'storage.k8s.io/v1/csistoragecapacities': { storageClassName: 's' },
  'storage.k8s.io/v1/storageclasses': { provisioner: 'example.com/p' },
  'storage.k8s.io/v1/volumeattachments': {
    spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } },
  },
  'storage.k8s.io/v1/volumeattributesclasses': { driverName: 'd.example.com', parameters: { a: 'b' } },
};
