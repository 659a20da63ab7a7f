// Stock kubectl finds its way: versions, resources, explanations; older versions, too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allRows } from '#apiserver/resources/all.ts';
import { kubectlFor, otherKubectls } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench, table } from '../../support/kubectlbench.ts';

let bench: KubectlBench;
before(async () => {
  bench = await startKubectlBench();
});
after(() => bench[Symbol.asyncDispose]());

const served = allRows.filter((row) => row.stage === 'GA');

test('version', async () => {
  const { serverVersion } = JSON.parse(await bench.k.ok('version', '-o', 'json'));
  assert.equal(serverVersion.major, '1');
  assert.equal(serverVersion.minor, '35');
  assert.match(serverVersion.gitVersion, /^v1\.35\.0/);
});

test('api-versions lists every GA group version', async () => {
  const versions = (await bench.k.ok('api-versions')).trim().split('\n');
  const expected = new Set(served.map(({ group, version }) => (group ? `${group}/${version}` : version)));
  assert.deepEqual(versions, [...expected].sort());
});

test('api-resources lists every resource with its names', async () => {
  const lines = (await bench.k.ok('api-resources', '--no-headers', '-o', 'name')).trim().split('\n');
  const names = new Set(served.map(({ group, resource }) => (group ? `${resource}.${group}` : resource)));
  assert.deepEqual(new Set(lines), names);
  const wide = await bench.k.ok('api-resources', '--api-group=apps', '-o', 'wide', '--no-headers');
  assert.match(wide, /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/m);
});

test('explain says what fields are for', async () => {
  const containers = await bench.k.ok('explain', 'pod.spec.containers');
  assert.match(containers, /^KIND: +Pod\nVERSION: +v1\n\nFIELD: containers <\[\]Container>/);
  assert.match(containers, /\n {2}image\t<string>\n {4}Name of the image\./);
  assert.match(containers, /\n {2}name\t<string> -required-\n/);
  const enums = await bench.k.ok('explain', 'pod.spec.restartPolicy');
  assert.match(enums, /ENUM:\n {4}Always\n {4}Never\n {4}OnFailure/);
  const missing = await bench.k('explain', 'pod.spec.nothing');
  assert.equal(missing.stderr, 'error: field "nothing" does not exist\n');
});

test('explain --recursive works for every kind', async () => {
  const kinds = served.filter((row) => row.verbs.includes('get'));
  for (const { group, version, resource, kind } of kinds) {
    const text = await bench.k.ok('explain', resource, '--recursive', `--api-version=${group ? `${group}/${version}` : version}`);
    assert.match(text, new RegExp(`KIND: +${kind}\\n`), resource);
    assert.match(text, /metadata\t<ObjectMeta>/, resource);
  }
});

test('the cache of discovery is used: documents that have not changed are not sent again', async () => {
  const counted = await bench.k('get', 'ns', '-v=8', '--cache-dir', `${bench.https.dir}/cache`);
  assert.equal(counted.code, 0);
  const again = await bench.k('api-resources', '--cached=false', '-v=8', '--cache-dir', `${bench.https.dir}/cache`);
  assert.equal(again.code, 0);
  // kubectl's cache says so when the server answered that nothing had changed.
  assert.ok(again.stderr.split('X-From-Cache: 1').length > 2);
});

test('older versions of kubectl', async (t) => {
  const others = otherKubectls();
  if (others.length === 0) t.skip('no other versions on this machine');
  for (const { version, path } of others) {
    await t.test(version, async () => {
      const k = kubectlFor(bench.https.kubeconfig, path);
      assert.match(await k.ok('explain', 'deployment.spec.replicas'), /How many pods are wanted/);
      assert.match(await k.ok('api-resources', '--no-headers'), /deployments +deploy +apps\/v1 +true +Deployment/);
      const name = `old-${version.replace('.', '-')}`;
      const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });
      assert.equal(await k.pipe(manifest, 'apply', '-f', '-'), `configmap/${name} created\n`);
      assert.equal(await k.pipe(manifest, 'apply', '-f', '-'), `configmap/${name} unchanged\n`);
      const bad = manifest.replace('"data"', '"dta"');
      await assert.rejects(k.pipe(bad, 'apply', '-f', '-'), /unknown field "dta"|strict decoding error/);
      assert.deepEqual(table(await k.ok('get', 'cm', name))[0], ['NAME', 'DATA', 'AGE']);
      assert.match(await k.ok('delete', 'cm', name), new RegExp(`^configmap "${name}" deleted`));
    });
  }
});
