// Verbs of kubectl that only some kinds have, on each kind that has them, by two versions. Verbs that take any kind: everykind.ts;
// what needs containers: test/e2e/kubectl.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Kubectl, kubectlFor, kubectlPath, otherKubectls } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';

const older = otherKubectls().find(({ version }) => version === '1.32') ?? otherKubectls().at(-1);
const versions = [{ version: '1.35', path: kubectlPath() }, ...(older ? [older] : [])];

const labels = { app: 'x' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i:1', ports: [{ containerPort: 80 }] }] } };
const selector = { matchLabels: labels };
const restartable = { metadata: { labels }, spec: { ...template.spec, restartPolicy: 'OnFailure' } };
const rbac = 'rbac.authorization.k8s.io';
const role = { apiGroup: rbac, kind: 'ClusterRole', name: 'view' };
const object = (apiVersion: string, kind: string, name: string, fields: object, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, ...more },
  ...fields,
});

const world = [
  object('apps/v1', 'Deployment', 'd', { spec: { selector, template } }),
  object('apps/v1', 'ReplicaSet', 'r', { spec: { selector, template } }),
  object('v1', 'ReplicationController', 'c', { spec: { selector: labels, template } }),
  object('apps/v1', 'StatefulSet', 's', { spec: { selector, template, serviceName: 'v' } }),
  object('apps/v1', 'DaemonSet', 'a', { spec: { selector, template } }),
  object('batch/v1', 'CronJob', 'j', { spec: { schedule: '@daily', jobTemplate: { spec: { template: restartable } } } }),
  object('v1', 'Pod', 'p', { spec: template.spec }, { labels }),
  object('v1', 'Service', 'v', { spec: { selector: labels, ports: [{ port: 80 }] } }),
  object('v1', 'ServiceAccount', 'bot', {}),
  object('v1', 'Node', 'n', {}),
  object(`${rbac}/v1`, 'RoleBinding', 'rb', { roleRef: role, subjects: [] }),
  object(`${rbac}/v1`, 'ClusterRoleBinding', 'crb', { roleRef: role, subjects: [] }),
];

const shown: Readonly<Record<string, string>> = {
  d: 'deployment.apps/d',
  r: 'replicaset.apps/r',
  c: 'replicationcontroller/c',
  s: 'statefulset.apps/s',
  a: 'daemonset.apps/a',
  j: 'cronjob.batch/j',
  p: 'pod/p',
};
const each = (...names: string[]): string[] => names.map((name) => shown[name] as string);
const done = (what: string, ...names: string[]): string =>
  each(...names)
    .map((name) => `${name} ${what}\n`)
    .join('');

type Row = readonly [args: readonly string[], says: string | RegExp];
const rows: readonly Row[] = [
  // scale, autoscale, expose
  [['scale', ...each('d', 'r', 'c', 's'), '--replicas=2'], done('scaled', 'd', 'r', 'c', 's')],
  [['scale', 'deploy/d', '--replicas=3', '--current-replicas=2'], done('scaled', 'd')],
  [['get', 'deploy/d', '--subresource=scale', '-o', 'jsonpath={.kind} {.spec.replicas}'], 'Scale 3'],
  [
    ['patch', 'deploy/d', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":4}}'],
    /^(scale\.autoscaling|deployment\.apps)\/d patched\n$/,
  ],
  [['wait', 'deploy/d', '--for=jsonpath={.spec.replicas}=4', '--timeout=60s'], done('condition met', 'd')],
  ...['d', 'r', 'c', 's'].map(
    (name): Row => [['autoscale', shown[name] as string, '--min=1', '--max=3'], `horizontalpodautoscaler.autoscaling/${name} autoscaled\n`],
  ),
  [['get', 'hpa', '-o', 'jsonpath={.items[*].spec.scaleTargetRef.kind}'], 'ReplicationController Deployment ReplicaSet StatefulSet'],
  ...['d', 'r', 'c', 'p'].map(
    (name): Row => [['expose', shown[name] as string, `--name=e-${name}`, '--port=80'], `service/e-${name} exposed\n`],
  ),
  [['expose', 'svc/v', '--name=e-v', '--port=81', '--target-port=80'], 'service/e-v exposed\n'],
  [['get', 'svc', 'e-d', 'e-r', 'e-c', 'e-p', 'e-v', '-o', 'jsonpath={.items[*].spec.selector.app}'], 'x x x x x'],
  // rollout
  [['rollout', 'restart', ...each('d', 'a', 's')], done('restarted', 'd', 'a', 's')],
  [['rollout', 'pause', 'deploy/d'], done('paused', 'd')],
  [['rollout', 'resume', 'deploy/d'], done('resumed', 'd')],
  [['rollout', 'history', 'deploy/d'], 'deployment.apps/d \nNo rollout history found.\n'],
  // set
  [['set', 'image', ...each('d', 'r', 'c', 's', 'a', 'j', 'p'), 'c=i:2'], done('image updated', 'd', 'r', 'c', 's', 'a', 'j', 'p')],
  [['set', 'env', ...each('d', 'r', 'c', 's', 'a', 'j'), 'A=b'], done('env updated', 'd', 'r', 'c', 's', 'a', 'j')],
  [['set', 'env', 'deploy/d', '--list'], '# Deployment d, container c\nA=b\n'],
  [
    ['set', 'resources', ...each('d', 'r', 'c', 's', 'a', 'j'), '--limits=cpu=1,memory=1Gi'],
    done('resource requirements updated', 'd', 'r', 'c', 's', 'a', 'j'),
  ],
  [['set', 'serviceaccount', ...each('d', 'r', 'c', 's', 'a'), 'bot'], done('serviceaccount updated', 'd', 'r', 'c', 's', 'a')],
  [['set', 'selector', 'svc', 'v', 'app=y'], 'service/v selector updated\n'],
  [['set', 'subject', 'rolebinding', 'rb', '--user=u', '--group=g'], `rolebinding.${rbac}/rb subjects updated\n`],
  [['set', 'subject', 'clusterrolebinding', 'crb', '--serviceaccount=default:bot'], `clusterrolebinding.${rbac}/crb subjects updated\n`],
  [
    ['get', 'cj', 'j', '-o', 'jsonpath={..containers[0].image} {..containers[0].env[0].value} {..containers[0].resources.limits.memory}'],
    'i:2 b 1Gi',
  ],
  // nodes
  [['taint', 'node', 'n', 'k=v:NoSchedule'], 'node/n tainted\n'],
  [['cordon', 'n'], 'node/n cordoned\n'],
  [['drain', 'n'], 'node/n already cordoned\nnode/n drained\n'],
  [['uncordon', 'n'], 'node/n uncordoned\n'],
  [['taint', 'node', 'n', 'k-'], 'node/n untainted\n'],
  // certificates, accounts, rights
  [['certificate', 'approve', 'yes'], 'certificatesigningrequest.certificates.k8s.io/yes approved\n'],
  [['certificate', 'deny', 'no'], 'certificatesigningrequest.certificates.k8s.io/no denied\n'],
  [['get', 'csr', 'yes', 'no', '-o', 'jsonpath={.items[*].status.conditions[0].type}'], 'Approved Denied'],
  [['create', 'token', 'bot', '--duration=1h'], /^[\w-]+\.[\w-]+\.[\w-]+\n?$/],
  [['auth', 'can-i', 'create', 'pods'], 'yes\n'],
  [['auth', 'can-i', '--list', '--no-headers'], /^\*\.\* +\[\] +\[\] +\[\*\]$/m],
  [['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], 'kubernetes-admin'],
  // pods without a node
  [['run', 'solo', '--image=i', '--labels=app=solo', '--env=A=b', '--port=80', '--expose'], 'service/solo created\npod/solo created\n'],
  [['run', 'dry', '--image=i', '--dry-run=server', '-o', 'jsonpath={.spec.serviceAccountName}'], 'default'],
  [['get', 'pod', 'p', '--subresource=status', '-o', 'jsonpath={.status.phase}'], 'Pending'],
  [['delete', 'pod', 'solo', '--grace-period=0', '--force'], /^pod "solo" force deleted( from default namespace)?\n$/],
  // what apply keeps
  [['apply', 'view-last-applied', 'deploy/d', '-o', 'json'], /"image": "i:1"/],
  [['cluster-info'], /Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:\d+/],
  [['api-versions'], /^apps\/v1$/m],
  [['events'], /^(No events found in default namespace\.\n)?$/],
];

for (const { version, path } of versions) {
  describe(`kubectl ${version}: verbs of some kinds`, () => {
    let bench: KubectlBench;
    let k: Kubectl;
    before(async () => {
      bench = await startKubectlBench();
      k = kubectlFor(bench.https.kubeconfig, path);
      await k.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: world }), 'apply', '-f', '-');
      const { csr } = await bench.https.api.world.pki.createCsr({ commonName: 'u' });
      const request = Buffer.from(csr).toString('base64');
      const spec = { request, signerName: 'example.com/signer', usages: ['client auth'] };
      const items = ['yes', 'no'].map((name) => object('certificates.k8s.io/v1', 'CertificateSigningRequest', name, { spec }));
      await k.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'create', '-f', '-');
    });
    after(() => bench[Symbol.asyncDispose]());

    for (const [args, says] of rows)
      it(args.join(' ').slice(0, 80), async () => {
        const said = await k.ok(...args);
        if (typeof says === 'string') assert.equal(said, says);
        else assert.match(said, says);
      });

    it('what a kind cannot do is told', async () => {
      const refused: readonly (readonly [readonly string[], RegExp])[] = [
        [['scale', 'ds/a', '--replicas=2'], /the server could not find the requested resource/],
        [['scale', 'deploy/d', '--replicas=2', '--current-replicas=9'], /Expected replicas to be 9, was 4/],
        [['autoscale', 'ds/a', '--max=2'], /cannot autoscale a DaemonSet/],
        [['expose', 'sts/s', '--port=80'], /cannot expose a StatefulSet/],
        [['rollout', 'pause', 'ds/a'], /daemonsets\.apps "a" pausing is not supported/],
        [['rollout', 'status', 'rs/r'], /no status viewer has been implemented for ReplicaSet/],
        [['set', 'image', 'deploy/d', 'wrong=i'], /unable to find container named "wrong"/],
        [['certificate', 'approve', 'none'], /certificatesigningrequests\.certificates\.k8s\.io "none" not found/],
        [['create', 'token', 'none'], /serviceaccounts "none" not found/],
      ];
      for (const [args, message] of refused) {
        const { code, stderr } = await k(...args);
        assert.equal(code, 1, args.join(' '));
        assert.match(stderr, message, args.join(' '));
      }
    });
  });
}
