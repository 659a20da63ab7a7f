// `kubectl create` of each common kind, `run` and `expose`, and how the results are printed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KubectlBench, startKubectlBench, table } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
before(async () => {
  bench = await startKubectlBench();
});
after(() => bench[Symbol.asyncDispose]());

interface Case {
  readonly args: readonly string[];
  readonly says: string;
  /** What to get, and the table without the columns that time or chance decide. */
  readonly get: readonly string[];
  readonly head: string;
  readonly row: RegExp;
}

const cases: readonly Case[] = [
  { args: ['namespace', 'shop'], says: 'namespace/shop', get: ['ns', 'shop'], head: 'NAME STATUS AGE', row: /^shop Active \d[\dms]*$/ },
  {
    args: ['configmap', 'conf', '--from-literal=a=1', '--from-literal=b=2'],
    says: 'configmap/conf',
    get: ['cm', 'conf'],
    head: 'NAME DATA AGE',
    row: /^conf 2 \d[\dms]*$/,
  },
  {
    args: ['secret', 'generic', 'pass', '--from-literal=a=1'],
    says: 'secret/pass',
    get: ['secret', 'pass'],
    head: 'NAME TYPE DATA AGE',
    row: /^pass Opaque 1 \d[\dms]*$/,
  },
  {
    args: ['secret', 'docker-registry', 'pull', '--docker-username=u', '--docker-password=p'],
    says: 'secret/pull',
    get: ['secret', 'pull'],
    head: 'NAME TYPE DATA AGE',
    row: /^pull kubernetes\.io\/dockerconfigjson 1 \d[\dms]*$/,
  },
  { args: ['serviceaccount', 'bot'], says: 'serviceaccount/bot', get: ['sa', 'bot'], head: 'NAME AGE', row: /^bot \d[\dms]*$/ },
  {
    args: ['deployment', 'web', '--image=nginx:1.27', '--replicas=3', '--port=80'],
    says: 'deployment.apps/web',
    get: ['deploy', 'web', '-o', 'wide'],
    head: 'NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR',
    row: /^web 0\/3 0 0 \d[\dms]* nginx nginx:1\.27 app=web$/,
  },
  {
    args: ['job', 'once', '--image=busybox', '--', 'true'],
    says: 'job.batch/once',
    get: ['job', 'once', '-o', 'wide'],
    head: 'NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR',
    row: /^once Running 0\/1 \d[\dms]* once busybox batch\.kubernetes\.io\/controller-uid=[0-9a-f-]{36}$/,
  },
  {
    args: ['cronjob', 'daily', '--image=busybox', '--schedule=0 3 * * *'],
    says: 'cronjob.batch/daily',
    get: ['cj', 'daily'],
    head: 'NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE',
    row: /^daily 0 3 \* \* \* <none> False 0 <none> \d[\dms]*$/,
  },
  {
    args: ['service', 'clusterip', 'inner', '--tcp=80:8080'],
    says: 'service/inner',
    get: ['svc', 'inner', '-o', 'wide'],
    head: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR',
    row: /^inner ClusterIP 10\.\d+\.\d+\.\d+ <none> 80\/TCP \d[\dms]* app=inner$/,
  },
  {
    args: ['service', 'nodeport', 'outer', '--tcp=80', '--node-port=30123'],
    says: 'service/outer',
    get: ['svc', 'outer'],
    head: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE',
    row: /^outer NodePort 10\.\d+\.\d+\.\d+ <none> 80:30123\/TCP \d[\dms]*$/,
  },
  {
    args: ['service', 'loadbalancer', 'balanced', '--tcp=80'],
    says: 'service/balanced',
    get: ['svc', 'balanced'],
    head: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE',
    row: /^balanced LoadBalancer 10\.\d+\.\d+\.\d+ <pending> 80:3\d{4}\/TCP \d[\dms]*$/,
  },
  {
    args: ['service', 'externalname', 'alias', '--external-name=example.com'],
    says: 'service/alias',
    get: ['svc', 'alias'],
    head: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE',
    row: /^alias ExternalName <none> example\.com <none> \d[\dms]*$/,
  },
  {
    args: ['ingress', 'entry', '--rule=shop.example/*=inner:80', '--class=nginx'],
    says: 'ingress.networking.k8s.io/entry',
    get: ['ing', 'entry'],
    head: 'NAME CLASS HOSTS ADDRESS PORTS AGE',
    row: /^entry nginx shop\.example 80 \d[\dms]*$/,
  },
  {
    args: ['poddisruptionbudget', 'budget', '--selector=app=web', '--min-available=50%'],
    says: 'poddisruptionbudget.policy/budget',
    get: ['pdb', 'budget'],
    head: 'NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE',
    row: /^budget 50% N\/A 0 \d[\dms]*$/,
  },
  {
    args: ['quota', 'limits', '--hard=pods=10,requests.cpu=2', '-n', 'shop'],
    says: 'resourcequota/limits',
    get: ['quota', 'limits', '-n', 'shop'],
    head: 'NAME REQUEST LIMIT AGE',
    row: /^limits .*\d[\dms]*$/,
  },
  {
    args: ['role', 'reader', '--verb=get,list', '--resource=pods'],
    says: 'role.rbac.authorization.k8s.io/reader',
    get: ['role', 'reader'],
    head: 'NAME CREATED AT',
    row: /^reader \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  },
  {
    args: ['rolebinding', 'readers', '--role=reader', '--user=jane', '--serviceaccount=default:bot'],
    says: 'rolebinding.rbac.authorization.k8s.io/readers',
    get: ['rolebinding', 'readers', '-o', 'wide'],
    head: 'NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS',
    row: /^readers Role\/reader \d[\dms]* jane default\/bot$/,
  },
  {
    args: ['clusterrole', 'nodes', '--verb=get', '--resource=nodes'],
    says: 'clusterrole.rbac.authorization.k8s.io/nodes',
    get: ['clusterrole', 'nodes'],
    head: 'NAME CREATED AT',
    row: /^nodes \d{4}-/,
  },
  {
    args: ['clusterrolebinding', 'nodes', '--clusterrole=nodes', '--group=ops'],
    says: 'clusterrolebinding.rbac.authorization.k8s.io/nodes',
    get: ['clusterrolebinding', 'nodes', '-o', 'wide'],
    head: 'NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS',
    row: /^nodes ClusterRole\/nodes \d[\dms]* ops$/,
  },
  {
    args: ['priorityclass', 'urgent', '--value=1000', '--description=first'],
    says: 'priorityclass.scheduling.k8s.io/urgent',
    get: ['pc', 'urgent'],
    head: 'NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY',
    row: /^urgent 1000 false \d[\dms]* PreemptLowerPriority$/,
  },
];

const spaced = (cells: readonly string[] | undefined): string => (cells ?? []).join(' ');

test('create', async (t) => {
  for (const { args, says, get, head, row } of cases) {
    await t.test(args.slice(0, 2).join(' '), async () => {
      assert.equal(await bench.k.ok('create', ...args), `${says} created\n`);
      const [first, second] = table(await bench.k.ok('get', ...get));
      assert.equal(spaced(first), head);
      assert.match(spaced(second), row);
      const again = await bench.k('create', ...args);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /already exists|provided port is already allocated/);
    });
  }
});

test('run', async () => {
  assert.equal(await bench.k.ok('run', 'solo', '--image=busybox', '--labels=app=solo', '--', 'sleep', '1'), 'pod/solo created\n');
  const [head, row] = table(await bench.k.ok('get', 'pod', 'solo', '-o', 'wide'));
  assert.equal(spaced(head), 'NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES');
  assert.match(spaced(row), /^solo 0\/1 Pending 0 \d[\dms]* <none> <none> <none> <none>$/);
});

test('expose', async () => {
  assert.equal(await bench.k.ok('expose', 'pod', 'solo', '--port=80', '--name=solo'), 'service/solo exposed\n');
  assert.equal(await bench.k.ok('get', 'svc', 'solo', '-o', 'jsonpath={.spec.selector.app} {.spec.ports[0].targetPort}'), 'solo 80');
});

test('autoscale', async () => {
  assert.equal(
    await bench.k.ok('autoscale', 'deployment', 'web', '--min=2', '--max=10', '--cpu=50%'),
    'horizontalpodautoscaler.autoscaling/web autoscaled\n',
  );
  const [head, row] = table(await bench.k.ok('get', 'hpa', 'web'));
  assert.equal(spaced(head), 'NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE');
  assert.match(spaced(row), /^web Deployment\/web cpu: <unknown>\/50% 2 10 0 \d[\dms]*$/);
});

test('create token', async () => {
  const token = (await bench.k.ok('create', 'token', 'bot', '--duration=10m', '--audience=vault')).trim();
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  assert.equal(claims.sub, 'system:serviceaccount:default:bot');
  assert.deepEqual(claims.aud, ['vault']);
  assert.equal(claims.exp - claims.iat, 600);
  const short = await bench.k('create', 'token', 'bot', '--duration=1m');
  assert.match(short.stderr, /spec\.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes/);
});

test('dry runs store nothing', async () => {
  assert.equal(await bench.k.ok('create', 'cm', 'dry', '--dry-run=server'), 'configmap/dry created (server dry run)\n');
  const gone = await bench.k('get', 'cm', 'dry');
  assert.equal(gone.stderr, 'Error from server (NotFound): configmaps "dry" not found\n');
});
