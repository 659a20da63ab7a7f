// The flow-control objects that every cluster has: the two mandatory pairs and the suggested configuration.

interface Subject {
  readonly kind: 'Group' | 'User' | 'ServiceAccount';
  readonly group?: { readonly name: string };
  readonly user?: { readonly name: string };
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
}

const auto = { 'apf.kubernetes.io/autoupdate-spec': 'true' };
const group = (name: string): Subject => ({ kind: 'Group', group: { name } });
const user = (name: string): Subject => ({ kind: 'User', user: { name } });
const account = (namespace: string, name: string): Subject => ({ kind: 'ServiceAccount', serviceAccount: { namespace, name } });

const limited = (
  name: string,
  shares: number,
  lendable: number,
  queuing?: { queues: number; handSize: number; queueLengthLimit: number },
) => ({
  metadata: { name, annotations: auto },
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: lendable,
      limitResponse: queuing ? { type: 'Queue', queuing } : { type: 'Reject' },
    },
  },
});
const queues = (count: number, handSize: number) => ({ queues: count, handSize, queueLengthLimit: 50 });

export const priorityLevels: readonly object[] = [
  {
    metadata: { name: 'exempt', annotations: auto },
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  },
  limited('catch-all', 5, 0),
  limited('system', 30, 33, queues(64, 6)),
  limited('node-high', 40, 25, queues(64, 6)),
  limited('leader-election', 10, 0, queues(16, 4)),
  limited('workload-high', 40, 50, queues(128, 6)),
  limited('workload-low', 100, 90, queues(128, 6)),
  limited('global-default', 20, 50, queues(128, 6)),
];

const everything = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};

const schema = (name: string, level: string, precedence: number, distinguisher: string | undefined, rules: readonly object[]) => ({
  metadata: { name, annotations: auto },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: precedence,
    ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
    rules,
  },
});

const leader = {
  resourceRules: [{ verbs: ['get', 'create', 'update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] }],
};
const nodeRules = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};
const health = { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz'] }] };

export const flowSchemas: readonly object[] = [
  schema('exempt', 'exempt', 1, undefined, [{ subjects: [group('system:masters')], ...everything }]),
  schema('probes', 'exempt', 2, undefined, [{ subjects: [group('system:unauthenticated'), group('system:authenticated')], ...health }]),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', [
    { subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), account('kube-system', '*')], ...leader },
  ]),
  schema('workload-leader-election', 'leader-election', 200, 'ByUser', [{ subjects: [account('kube-system', '*')], ...leader }]),
  schema('endpoint-controller', 'workload-high', 150, 'ByUser', [
    {
      subjects: [
        user('system:kube-controller-manager'),
        account('kube-system', 'endpoint-controller'),
        account('kube-system', 'endpointslicemirroring-controller'),
      ],
      resourceRules: [{ verbs: ['get', 'create', 'update'], apiGroups: [''], resources: ['endpoints'], namespaces: ['*'] }],
    },
  ]),
  schema('system-node-high', 'node-high', 400, 'ByUser', [
    {
      subjects: [group('system:nodes')],
      resourceRules: [
        { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
        { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
      ],
    },
  ]),
  schema('system-nodes', 'system', 500, 'ByUser', [{ subjects: [group('system:nodes')], ...nodeRules }]),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', [
    { subjects: [user('system:kube-controller-manager')], ...nodeRules },
  ]),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', [{ subjects: [user('system:kube-scheduler')], ...nodeRules }]),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', [{ subjects: [account('kube-system', '*')], ...nodeRules }]),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', [{ subjects: [group('system:serviceaccounts')], ...nodeRules }]),
  schema('global-default', 'global-default', 9900, 'ByUser', [
    { subjects: [group('system:unauthenticated'), group('system:authenticated')], ...everything },
  ]),
  schema('catch-all', 'catch-all', 10_000, 'ByUser', [
    { subjects: [group('system:unauthenticated'), group('system:authenticated')], ...everything },
  ]),
];
