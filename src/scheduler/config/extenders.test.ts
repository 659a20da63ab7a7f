// Extenders in KubeSchedulerConfiguration: what is read, what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '#format/yaml.ts';
import { readConfig } from './config.ts';
import { readExtenders, withTlsFiles } from './extenders.ts';

const read = (yaml: string) => readExtenders(parseYaml(yaml), 'extenders');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('everything that can be said is read', () => {
  const [only] = read(`
- urlPrefix: https://extender.example:8443/scheduler
  filterVerb: filter
  prioritizeVerb: score
  preemptVerb: preempt
  bindVerb: bind
  weight: 5
  enableHTTPS: true
  httpTimeout: 1m30s
  nodeCacheCapable: true
  ignorable: true
  managedResources:
    - {name: example.com/gpu, ignoredByScheduler: true}
    - {name: example.com/disk}
  tlsConfig: {serverName: other, caData: ${base64('CA')}, caFile: unused, certFile: c.pem, keyData: ${base64('KEY')}}
`);
  assert.deepEqual(only, {
    urlPrefix: 'https://extender.example:8443/scheduler',
    filterVerb: 'filter',
    prioritizeVerb: 'score',
    preemptVerb: 'preempt',
    bindVerb: 'bind',
    weight: 5,
    enableHTTPS: true,
    tls: { insecure: false, serverName: 'other', ca: 'CA', cert: '', key: 'KEY', files: { ca: '', cert: 'c.pem', key: '' } },
    timeout: 90_000,
    nodeCacheCapable: true,
    managedResources: [
      { name: 'example.com/gpu', ignoredByScheduler: true },
      { name: 'example.com/disk', ignoredByScheduler: false },
    ],
    ignorable: true,
  });
});

test('little needs to be said', () => {
  const [only] = read('- {urlPrefix: "http://localhost"}');
  assert.equal(only?.timeout, 5_000);
  assert.deepEqual([only.filterVerb, only.weight, only.nodeCacheCapable, only.ignorable, only.tls], ['', 0, false, false, undefined]);
  assert.equal(read('- {urlPrefix: "http://localhost", httpTimeout: 0s}')[0]?.timeout, 5_000);
  assert.deepEqual(readExtenders(undefined, 'extenders'), []);
});

test('those that may be ignored come last', () => {
  const order = read(`
- {urlPrefix: "http://a", ignorable: true}
- {urlPrefix: "http://b"}
- {urlPrefix: "http://c", ignorable: true}
- {urlPrefix: "http://d"}
`);
  assert.deepEqual(
    order.map((one) => one.urlPrefix),
    ['http://b', 'http://d', 'http://a', 'http://c'],
  );
});

test('mistakes name their field', () => {
  const one = (fields: string): string => `[{urlPrefix: "http://a", ${fields}}]`;
  const cases: readonly [string, string][] = [
    ['{}', 'extenders: must be a list'],
    ['[{urlPrefix: "ftp://a"}]', 'extenders[0].urlPrefix: Invalid value: "ftp://a": must be an http or https URL'],
    ['[{filterVerb: filter}]', 'extenders[0].urlPrefix: Invalid value: "": must be an http or https URL'],
    [one('verb: x'), 'extenders[0]: unknown field "verb"'],
    [one('filterVerb: 1'), 'extenders[0].filterVerb: must be a text'],
    [one('ignorable: "yes"'), 'extenders[0].ignorable: must be true or false'],
    [one('prioritizeVerb: p'), 'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it'],
    [one('prioritizeVerb: p, weight: -1'), 'extenders[0].weight: Invalid value: -1: must have a positive weight applied to it'],
    [one('httpTimeout: 5'), 'extenders[0].httpTimeout: must be a text'],
    [one('httpTimeout: "5"'), 'extenders[0].httpTimeout: Invalid value: "5": time: missing unit in duration "5"'],
    [one('httpTimeout: "-1s"'), 'extenders[0].httpTimeout: Invalid value: "-1s": must not be negative'],
    [
      one('managedResources: [{name: cpu}]'),
      'extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name',
    ],
    [
      one('managedResources: [{name: example.com/a}, {name: example.com/a}]'),
      'extenders[0].managedResources[1].name: Invalid value: "example.com/a": duplicate extender managed resource name',
    ],
    [
      '[{urlPrefix: "http://a", managedResources: [{name: example.com/a}]}, {urlPrefix: "http://b", managedResources: [{name: example.com/a}]}]',
      'extenders[1].managedResources[0].name: Invalid value: "example.com/a": duplicate extender managed resource name',
    ],
    [
      '[{urlPrefix: "http://a", bindVerb: b}, {urlPrefix: "http://b", bindVerb: b}]',
      'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    ],
    [one('tlsConfig: {caData: "*"}'), 'extenders[0].tlsConfig.caData: must be base64'],
    [
      one('tlsConfig: {insecure: true, caFile: ca.pem}'),
      'extenders[0].tlsConfig: specifying a root certificates file with the insecure flag is not allowed',
    ],
    [one('tlsConfig: {certFile: c.pem}'), 'extenders[0].tlsConfig: a client certificate needs its key, and a key its certificate'],
  ];
  for (const [yaml, message] of cases) assert.throws(() => read(yaml), { name: 'SchedulerConfigError', message }, yaml);
  assert.throws(
    () => read(one('managedResources: [{name: "a/b/c"}]')),
    /managedResources\[0\]\.name: Invalid value: "a\/b\/c": a qualified name/,
  );
});

test('resources that extenders look after are left to them in all profiles', () => {
  const config = readConfig(
    parseYaml(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - pluginConfig: [{name: NodeResourcesFit, args: {ignoredResources: [example.com/c], ignoredResourceGroups: [example.org]}}]
  - schedulerName: other
extenders:
  - urlPrefix: http://a
    managedResources: [{name: example.com/a, ignoredByScheduler: true}, {name: example.com/b}]
`),
  );
  const [first, second] = config.profiles.map((profile) => profile.args.get('NodeResourcesFit'));
  assert.deepEqual(first, { ignoredResources: ['example.com/a'], ignoredResourceGroups: ['example.org'] });
  assert.deepEqual(second, { ignoredResources: ['example.com/a'] });
  assert.equal(config.extenders?.length, 1);
});

test('certificates are read from their files', async () => {
  const files: Record<string, string> = { 'ca.pem': 'CA', 'c.pem': 'CERT', 'k.pem': 'KEY' };
  const readText = (path: string): Promise<string> => {
    const found = files[path];
    return found === undefined ? Promise.reject(new Error('no such file')) : Promise.resolve(found);
  };
  const config = read('[{urlPrefix: "https://a", tlsConfig: {caFile: ca.pem, certFile: c.pem, keyFile: k.pem}}, {urlPrefix: "http://b"}]');
  const [loaded, plain] = await withTlsFiles(config, readText);
  assert.deepEqual([loaded?.tls?.ca, loaded?.tls?.cert, loaded?.tls?.key, plain?.tls], ['CA', 'CERT', 'KEY', undefined]);
  await assert.rejects(withTlsFiles(read('[{urlPrefix: "https://a", tlsConfig: {caFile: lost.pem}}]'), readText), {
    name: 'SchedulerConfigError',
    message: 'extenders: unable to read lost.pem: no such file',
  });
});
