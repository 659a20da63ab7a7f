// Who one is and what one may, with stock kubectl; errors as kubectl words them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CommandResult, Kubectl } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
let k: Kubectl;
before(async () => {
  bench = await startKubectlBench();
  k = bench.k;
  await k.ok('create', 'role', 'reader', '--verb=get,list,watch', '--resource=pods,pods/log');
  await k.ok('create', 'rolebinding', 'jane', '--role=reader', '--user=jane');
});
after(() => bench[Symbol.asyncDispose]());

const jane = (...args: string[]): Promise<CommandResult> => k(...args, '--as=jane');

test('whoami', async () => {
  const text = await k.ok('auth', 'whoami');
  assert.match(
    text,
    /^ATTRIBUTE {2,}VALUE\nUsername {2,}kubernetes-admin\nGroups {2,}\[system:masters system:authenticated\]\nExtra: authentication\.kubernetes\.io\/credential-id {3}\[X509SHA256=[0-9a-f]{64}\]\n$/,
  );
  const other = JSON.parse(await k.ok('auth', 'whoami', '--as=jane', '--as-group=ops', '-o', 'json'));
  assert.equal(other.status.userInfo.username, 'jane');
  assert.deepEqual([...other.status.userInfo.groups].sort(), ['ops', 'system:authenticated']);
});

test('a token of a service account is somebody', async () => {
  await k.ok('create', 'sa', 'bot');
  const token = (await k.ok('create', 'token', 'bot')).trim();
  const { status } = JSON.parse(
    await k.pipe(
      JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token } }),
      'create',
      '-o',
      'json',
      '-f',
      '-',
    ),
  );
  assert.equal(status.authenticated, true);
  assert.equal(status.user.username, 'system:serviceaccount:default:bot');
  assert.deepEqual(status.user.groups, ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated']);
});

test('can-i', async () => {
  assert.equal(await k.ok('auth', 'can-i', '*', '*'), 'yes\n');
  assert.equal((await jane('auth', 'can-i', 'list', 'pods')).stdout, 'yes\n');
  assert.equal((await jane('auth', 'can-i', 'get', 'pods', '--subresource=log')).stdout, 'yes\n');
  const no = await jane('auth', 'can-i', 'delete', 'pods');
  assert.deepEqual([no.code, no.stdout], [1, 'no\n']);
  assert.equal((await jane('auth', 'can-i', 'list', 'pods', '-n', 'kube-system')).stdout, 'no\n');
  const list = (await jane('auth', 'can-i', '--list')).stdout;
  assert.match(list, /^Resources +Non-Resource URLs +Resource Names +Verbs$/m);
  assert.match(list, /^pods +\[\] +\[\] +\[get list watch\]$/m);
  assert.match(list, /^selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]$/m);
});

const everybody = [
  'selfsubjectreviews.authentication.k8s.io [] [] [create]',
  'selfsubjectaccessreviews.authorization.k8s.io [] [] [create]',
  'selfsubjectrulesreviews.authorization.k8s.io [] [] [create]',
];
// Two roles of everybody name some of these.
const paths = ['/api/*', '/api', '/apis/*', '/apis', '/healthz', '/healthz', '/livez', '/livez', '/openapi/*', '/openapi', '/readyz']
  .concat(['/readyz', '/version/', '/version/', '/version', '/version'])
  .map((path) => ` [${path}] [] [get]`);
const viewed = `bindings configmaps endpoints events limitranges namespaces/status namespaces persistentvolumeclaims/status
  persistentvolumeclaims pods/log pods/status pods replicationcontrollers/scale replicationcontrollers/status replicationcontrollers
  resourcequotas/status resourcequotas serviceaccounts services/status services controllerrevisions.apps daemonsets.apps/status
  daemonsets.apps deployments.apps/scale deployments.apps/status deployments.apps replicasets.apps/scale replicasets.apps/status
  replicasets.apps statefulsets.apps/scale statefulsets.apps/status statefulsets.apps horizontalpodautoscalers.autoscaling/status
  horizontalpodautoscalers.autoscaling cronjobs.batch/status cronjobs.batch jobs.batch/status jobs.batch
  endpointslices.discovery.k8s.io daemonsets.extensions/status daemonsets.extensions deployments.extensions/scale
  deployments.extensions/status deployments.extensions ingresses.extensions/status ingresses.extensions networkpolicies.extensions
  replicasets.extensions/scale replicasets.extensions/status replicasets.extensions replicationcontrollers.extensions/scale
  ingresses.networking.k8s.io/status ingresses.networking.k8s.io networkpolicies.networking.k8s.io
  poddisruptionbudgets.policy/status poddisruptionbudgets.policy resourceclaims.resource.k8s.io/status
  resourceclaims.resource.k8s.io resourceclaimtemplates.resource.k8s.io`.split(/\s+/);

test('can-i --list prints what Kubernetes prints', async () => {
  await k.ok('create', 'namespace', 'viewed');
  await k.ok('create', 'rolebinding', 'vera', '--clusterrole=view', '--user=vera', '-n', 'viewed');
  /** Lines of the table, their cells with one space between. */
  const list = async (...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await k('auth', 'can-i', '--list', ...args);
    assert.equal(code, 0, stderr);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    assert.match(head ?? '', /^Resources {2,}Non-Resource URLs {3}Resource Names {3}Verbs$/);
    return lines.map((line) => line.replaceAll(/ {2,}/g, ' '));
  };
  assert.deepEqual(await list('--as=fresh'), [...everybody, ...paths]);
  assert.deepEqual(await list(), ['*.* [] [] [*]', ' [*] [] [*]', ...everybody, ...paths]);
  const view = viewed.map((name) => `${name} [] [] [get list watch]`);
  assert.deepEqual(await list('--as=vera', '-n', 'viewed'), [...everybody, ...view, ...paths]);
  assert.deepEqual(await list('--as=vera'), [...everybody, ...paths]);
  const node = await k('auth', 'can-i', '--list', '--as=system:node:n', '--as-group=system:nodes');
  assert.match(node.stderr, /Warning: the list may be incomplete: node authorizer does not support user rule resolution/);
});

test('forbidden', async () => {
  assert.equal((await jane('get', 'pods')).code, 0);
  const stderr = async (...args: string[]): Promise<string> => {
    const result = await jane(...args);
    assert.equal(result.code, 1);
    return result.stderr;
  };
  assert.equal(
    await stderr('get', 'deployments'),
    'Error from server (Forbidden): deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" in the namespace "default"\n',
  );
  assert.equal(
    await stderr('get', 'pods', '-A'),
    'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope\n',
  );
  assert.equal(
    await stderr('get', 'secret', 'x'),
    'Error from server (Forbidden): secrets "x" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "default"\n',
  );
  assert.match(
    await stderr('create', 'cm', 'x'),
    /configmaps is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "default"/,
  );
});

test('nobody gives rights that they do not have', async () => {
  await k.ok('create', 'role', 'granter', '--verb=create', '--resource=roles.rbac.authorization.k8s.io');
  await k.ok('create', 'rolebinding', 'granter', '--role=granter', '--user=jane');
  const refused = await jane('create', 'role', 'more', '--verb=delete', '--resource=secrets');
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["secrets"\], Verbs:\["delete"\]\}/,
  );
  assert.equal(
    (await jane('create', 'role', 'same', '--verb=get', '--resource=pods')).stdout,
    'role.rbac.authorization.k8s.io/same created\n',
  );
});

test('auth reconcile', async () => {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reader', namespace: 'default' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
  };
  assert.match(
    await k.pipe(JSON.stringify(role), 'auth', 'reconcile', '-f', '-'),
    /^role\.rbac\.authorization\.k8s\.io\/reader reconciled\n/,
  );
  assert.equal((await jane('auth', 'can-i', 'get', 'cm')).stdout, 'yes\n');
  assert.equal((await jane('auth', 'can-i', 'get', 'pods')).stdout, 'yes\n');
});

test('cluster-info', async () => {
  const text = (await k.ok('cluster-info'))
    .split('\u001b')
    .join('')
    .replaceAll(/\[[\d;]+m/g, '');
  assert.match(text, new RegExp(`^Kubernetes control plane is running at ${bench.https.server}\n`));
});

test('errors', async () => {
  const stderr = async (...args: string[]): Promise<string> => {
    const result = await k(...args);
    assert.equal(result.code, 1);
    return result.stderr;
  };
  assert.equal(await stderr('get', 'pod', 'x'), 'Error from server (NotFound): pods "x" not found\n');
  assert.equal(await stderr('get', 'deploy', 'x'), 'Error from server (NotFound): deployments.apps "x" not found\n');
  assert.equal(await stderr('get', 'nothings'), 'error: the server doesn\'t have a resource type "nothings"\n');
  await k.ok('create', 'cm', 'twice');
  assert.equal(await stderr('create', 'cm', 'twice'), 'error: failed to create configmap: configmaps "twice" already exists\n');
  assert.equal(
    await stderr('create', 'cm', 'inside', '-n', 'nowhere'),
    'error: failed to create configmap: namespaces "nowhere" not found\n',
  );
  assert.match(await stderr('get', 'pods', '-l', 'a=b=c'), /unable to parse requirement|found '=', expected: ',' or 'end of string'/);
  assert.match(
    await stderr('patch', 'cm', 'twice', '--type=merge', '-p', '{"data":{"a":1}}'),
    /cannot unmarshal number into Go struct field ConfigMap\.data/,
  );
  assert.match(
    await stderr('patch', 'cm', 'twice', '--type=merge', '-p', '{"data":{"a b":"1"}}'),
    /^The ConfigMap "twice" is invalid: data\[a b\]: Invalid value: "a b": a valid config key must consist of alphanumeric characters/,
  );
  assert.match(await stderr('run', 'Big', '--image=x'), /^The Pod "Big" is invalid: \n\* metadata\.name: Invalid value: "Big"/);
});

test('run and create without a server, as manifests', async () => {
  const pod = JSON.parse(await k.ok('run', 'p', '--image=x', '--port=80', '--dry-run=client', '-o', 'json'));
  assert.deepEqual(pod.spec.containers, [{ name: 'p', image: 'x', ports: [{ containerPort: 80 }], resources: {} }]);
  assert.equal(await k.ok('run', 'p', '--image=x', '--dry-run=server'), 'pod/p created (server dry run)\n');
  const filled = JSON.parse(await k.ok('run', 'p', '--image=x', '--dry-run=server', '-o', 'json'));
  assert.equal(filled.spec.containers[0].imagePullPolicy, 'Always');
  assert.equal(filled.status.phase, 'Pending');
  assert.equal((await k('get', 'pod', 'p')).code, 1);
});
