// Inputs that make the conditions of defaulting rules true, and what must come out, by kind and path (and number, where a
// path has several rules, in the order of the table).

export interface DefaultCase {
  readonly input: object;
  readonly want: unknown;
}

const c = (input: object, want: unknown): DefaultCase => ({ input, want });
const container = { name: 'c', image: 'a:1' };
const labels = { app: 'x' };
const template = { metadata: { labels }, spec: { containers: [container] } };
const pod = (spec: object) => ({ spec });
const cpuMetric = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
const up = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];
const hpa = { spec: { behavior: {} } };
const limited = { ...container, resources: { limits: { cpu: '2' } } };
const podLevel = {
  containers: [{ ...container, resources: { requests: { cpu: '1' }, limits: { cpu: '2', 'hugepages-2Mi': '4Mi' } } }],
  resources: { limits: { cpu: '3', memory: '1Gi' } },
};

export const defaultCases: Readonly<Record<string, readonly DefaultCase[]>> = {
  'core.v1.Container imagePullPolicy': [c({ image: 'a' }, 'Always'), c({ image: 'r:5000/a@sha256:00' }, 'IfNotPresent')],
  'core.v1.EphemeralContainer imagePullPolicy': [c({ image: 'a:latest' }, 'Always'), c({ image: 'a:1' }, 'IfNotPresent')],
  'core.v1.PodSpec securityContext': [c({}, {})],
  'core.v1.Volume emptyDir': [c({ name: 'v' }, {})],
  'core.v1.Volume image.pullPolicy': [c({ image: { reference: 'a' } }, 'Always')],
  'core.v1.Pod spec.containers[].resources.requests{k}': [c(pod({ containers: [limited] }), { cpu: '2' })],
  'core.v1.Pod spec.initContainers[].resources.requests{k}': [c(pod({ initContainers: [limited] }), { cpu: '2' })],
  'core.v1.Pod spec.containers[].ports[].hostPort': [
    c(pod({ hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80 }] }] }), 80),
  ],
  'core.v1.Pod spec.initContainers[].ports[].hostPort': [
    c(pod({ hostNetwork: true, initContainers: [{ ...container, ports: [{ containerPort: 80 }] }] }), 80),
  ],
  'core.v1.Pod spec.resources.limits{hugepages-*}': [c(pod(podLevel), { cpu: '3', memory: '1Gi', 'hugepages-2Mi': '4Mi' })],
  'core.v1.Pod spec.resources.requests{cpu|memory|hugepages-*}': [
    c(pod(podLevel), { cpu: '1', memory: '1Gi', 'hugepages-2Mi': '4Mi' }),
    c(pod({ containers: [container], resources: { limits: { cpu: '3' } } }), { cpu: '3' }),
  ],
  'core.v1.Service spec.sessionAffinityConfig': [
    c({ spec: { sessionAffinity: 'None', sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } } }, undefined),
    c({ spec: { sessionAffinity: 'ClientIP' } }, { clientIP: { timeoutSeconds: 10800 } }),
  ],
  'core.v1.Service spec.ports[].protocol': [c({ spec: { ports: [{ port: 80 }] } }, 'TCP')],
  'core.v1.Service spec.ports[].targetPort': [c({ spec: { ports: [{ port: 80, targetPort: '' }] } }, 80)],
  'core.v1.Service spec.externalTrafficPolicy': [c({ spec: { type: 'NodePort' } }, 'Cluster')],
  'core.v1.Service spec.internalTrafficPolicy': [c({ spec: {} }, 'Cluster')],
  'core.v1.Service spec.allocateLoadBalancerNodePorts': [c({ spec: { type: 'LoadBalancer' } }, true)],
  'core.v1.Service status.loadBalancer.ingress[].ipMode': [
    c({ spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }, 'VIP'),
  ],
  'core.v1.ReplicationController spec.selector': [c({ spec: { template } }, labels)],
  'core.v1.ReplicationController metadata.labels': [c({ spec: { template } }, labels)],
  'core.v1.ConfigMap data': [c({}, undefined)],
  'core.v1.Endpoints subsets[].ports[].protocol': [c({ subsets: [{ ports: [{ port: 1 }] }] }, 'TCP')],
  'core.v1.Namespace metadata.labels["kubernetes.io/metadata.name"]': [c({ metadata: { name: 'n' } }, 'n')],
  'core.v1.Node status.allocatable': [c({ status: { capacity: { cpu: '4' } } }, { cpu: '4' })],
  'core.v1.LimitRangeItem default{k}': [c({ type: 'Container', max: { cpu: '2' } }, { cpu: '2' })],
  'core.v1.LimitRangeItem defaultRequest{k}': [
    c({ type: 'Container', default: { cpu: '2' } }, { cpu: '2' }),
    c({ type: 'Container', min: { cpu: '1' } }, { cpu: '1' }),
  ],
  'apps.v1.Deployment spec.strategy.rollingUpdate.maxUnavailable': [c({ spec: {} }, '25%')],
  'apps.v1.Deployment spec.strategy.rollingUpdate.maxSurge': [c({ spec: { strategy: { type: 'RollingUpdate' } } }, '25%')],
  'apps.v1.DaemonSet spec.updateStrategy.rollingUpdate.maxUnavailable': [c({ spec: {} }, 1)],
  'apps.v1.DaemonSet spec.updateStrategy.rollingUpdate.maxSurge': [c({ spec: {} }, 0)],
  'apps.v1.StatefulSet spec.updateStrategy.rollingUpdate': [c({ spec: {} }, { partition: 0 })],
  'apps.v1.StatefulSet spec.updateStrategy.rollingUpdate.partition': [
    c({ spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: {} } } }, 0),
  ],
  'apps.v1.StatefulSet spec.volumeClaimTemplates[].status.phase': [c({ spec: { volumeClaimTemplates: [{}] } }, 'Pending')],
  'batch.v1.Job spec.completions': [c({ spec: {} }, 1)],
  'batch.v1.Job spec.backoffLimit': [c({ spec: {} }, 6), c({ spec: { backoffLimitPerIndex: 1 } }, 2147483647)],
  'batch.v1.Job metadata.labels': [c({ spec: { template } }, labels)],
  'batch.v1.Job spec.podReplacementPolicy': [
    c({ spec: { podFailurePolicy: { rules: [] } } }, 'Failed'),
    c({ spec: {} }, 'TerminatingOrFailed'),
  ],
  'autoscaling.v2.HorizontalPodAutoscaler spec.metrics': [c({ spec: {} }, cpuMetric)],
  'autoscaling.v2.HorizontalPodAutoscaler spec.behavior.scaleUp.stabilizationWindowSeconds': [c(hpa, 0)],
  'autoscaling.v2.HorizontalPodAutoscaler spec.behavior.scaleUp.selectPolicy': [c(hpa, 'Max')],
  'autoscaling.v2.HorizontalPodAutoscaler spec.behavior.scaleUp.policies': [c(hpa, up)],
  'autoscaling.v2.HorizontalPodAutoscaler spec.behavior.scaleDown.selectPolicy': [c(hpa, 'Max')],
  'autoscaling.v2.HorizontalPodAutoscaler spec.behavior.scaleDown.policies': [c(hpa, up.slice(1))],
  'autoscaling.v2.HorizontalPodAutoscaler spec.behavior.scaleDown.stabilizationWindowSeconds': [c(hpa, undefined)],
  'networking.v1.NetworkPolicy spec.policyTypes': [c({ spec: {} }, ['Ingress']), c({ spec: { egress: [{}] } }, ['Ingress', 'Egress'])],
  'networking.v1.IngressClass spec.parameters.scope': [c({ spec: { parameters: { kind: 'K', name: 'n' } } }, 'Cluster')],
  'rbac.v1.Subject apiGroup': [c({ kind: 'User', name: 'u' }, 'rbac.authorization.k8s.io'), c({ kind: 'ServiceAccount' }, undefined)],
  'storage.v1.CSIDriver spec.volumeLifecycleModes': [c({ spec: {} }, ['Persistent'])],
  'resource.v1.ExactDeviceRequest count': [c({}, 1)],
  'resource.v1.DeviceSubRequest count': [c({ count: 0 }, 1)],
  'apiextensions.v1.CustomResourceDefinition spec.names.singular': [c({ spec: { names: { kind: 'Foo' } } }, 'foo')],
  'apiextensions.v1.CustomResourceDefinition spec.names.listKind': [c({ spec: { names: { kind: 'Foo' } } }, 'FooList')],
  'apiextensions.v1.CustomResourceDefinition spec.conversion': [c({ spec: {} }, { strategy: 'None' })],
  'apiextensions.v1.CustomResourceDefinition status.storedVersions': [
    c({ spec: { versions: [{ name: 'v1', storage: true }, { name: 'v2' }] } }, ['v1']),
  ],
  'core.v1.PodSpec serviceAccount': [c({ serviceAccountName: 'a' }, 'a')],
  'core.v1.PodSpec serviceAccountName': [c({ serviceAccount: 'a' }, 'a')],
  'core.v1.Secret data{k}': [c({ stringData: { a: 'b' } }, { a: 'Yg==' })],
  'core.v1.Node spec.podCIDRs': [c({ spec: { podCIDR: '10.0.0.0/24' } }, ['10.0.0.0/24'])],
  'core.v1.PodStatus podIPs': [c({ podIP: '10.0.0.1' }, [{ ip: '10.0.0.1' }])],
};
