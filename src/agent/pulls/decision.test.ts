import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, needsCredentials, type PodCredentials } from './decision.ts';
import { type PullCredentials, type PulledRecord, type PullSecret, readIntent, readRecord, recordAfter, recordText } from './records.ts';

const secret = (name: string, credentialHash: string, uid = `uid-${name}`): PullSecret => ({ uid, namespace: 'd', name, credentialHash });
const account = (name: string) => ({ uid: `uid-${name}`, namespace: 'd', name });
const has = (...secrets: PullSecret[]): PodCredentials => ({ secrets });
const many = Array.from({ length: 100 }, (_, index) => secret(`s${index}`, `h${index}`));

const rows: readonly (readonly [string, PullCredentials | undefined, PodCredentials, boolean, PullSecret?])[] = [
  ['nobody is known to have pulled it', undefined, has(secret('a', '1')), false],
  ['no credentials are known', {}, has(secret('a', '1')), false],
  ['everybody may', { nodePodsAccessible: true }, has(), true],
  ['the pod has nothing', { kubernetesSecrets: [secret('a', '1')] }, has(), false],
  ['the same secret', { kubernetesSecrets: [secret('a', '1')] }, has(secret('a', '1')), true],
  ['another secret with the same credentials', { kubernetesSecrets: [secret('a', '1')] }, has(secret('b', '1')), true, secret('b', '1')],
  ['the same secret with other credentials', { kubernetesSecrets: [secret('a', '1')] }, has(secret('a', '2')), true, secret('a', '2')],
  ['a secret of the same name that is another', { kubernetesSecrets: [secret('a', '1')] }, has(secret('a', '2', 'new')), false],
  ['hashes that could not be made do not match', { kubernetesSecrets: [secret('a', '')] }, has(secret('b', '')), false],
  ['one of several', { kubernetesSecrets: [secret('a', '1'), secret('b', '2')] }, has(secret('x', '9'), secret('b', '2')), true],
  ['many are known: the same credentials still do, but are not noted', { kubernetesSecrets: many }, has(secret('x', 'h7')), true],
  ['many are known: a changed secret must be shown again', { kubernetesSecrets: many }, has(secret('s7', 'new')), false],
  ['the service account', { kubernetesServiceAccounts: [account('p')] }, { secrets: [], serviceAccount: account('p') }, true],
  ['another service account', { kubernetesServiceAccounts: [account('p')] }, { secrets: [], serviceAccount: account('q') }, false],
];
for (const [name, known, pod, allowed, note] of rows) {
  test(`may the pod use the image? ${name}`, () => assert.deepEqual(judge(known, pod), { allowed, ...(note ? { note } : {}) }));
}

const before: PulledRecord = {
  lastUpdatedTime: '2026-01-01T00:00:00Z',
  imageRef: 'sha256:1',
  credentialMapping: { 'r.io/a': { kubernetesSecrets: [secret('b', '1')] }, 'r.io/open': { nodePodsAccessible: true } },
};
const now = '2026-01-02T00:00:00Z';
const after = (name: string, credentials?: PullCredentials, record: PulledRecord | undefined = before) =>
  recordAfter(record, { imageRef: 'sha256:1', name, now, ...(credentials ? { credentials } : {}) });

test('a record after a pull', () => {
  assert.deepEqual(recordAfter(undefined, { imageRef: 'i', name: 'n', now }), {
    lastUpdatedTime: now,
    imageRef: 'i',
    credentialMapping: {},
  });
  const more = after('r.io/a', { kubernetesSecrets: [secret('a', '2')] });
  assert.equal(more.lastUpdatedTime, now);
  assert.deepEqual(more.credentialMapping['r.io/a']?.kubernetesSecrets, [secret('a', '2'), secret('b', '1')]);
  assert.deepEqual(more.credentialMapping['r.io/open'], { nodePodsAccessible: true });
  assert.deepEqual(after('r.io/a', { kubernetesSecrets: [secret('b', '9')] }).credentialMapping['r.io/a']?.kubernetesSecrets, [
    secret('b', '9'),
  ]);
  assert.deepEqual(after('r.io/a', { nodePodsAccessible: true }).credentialMapping['r.io/a'], { nodePodsAccessible: true });
  assert.deepEqual(after('r.io/new', { kubernetesServiceAccounts: [account('p')] }).credentialMapping['r.io/new'], {
    kubernetesServiceAccounts: [account('p')],
  });
});

test('nothing new: the very same record', () => {
  assert.equal(after('r.io/a'), before);
  assert.equal(after('r.io/a', {}), before);
  assert.equal(after('r.io/a', { kubernetesSecrets: [secret('b', '1')] }), before);
  assert.equal(after('r.io/open', { kubernetesSecrets: [secret('b', '1')] }), before);
});

test('the credentials of a pod are looked at only when they decide', () => {
  assert.equal(needsCredentials(before, 'r.io/a'), true);
  assert.equal(needsCredentials(before, 'r.io/open'), false);
  assert.equal(needsCredentials(before, 'r.io/other'), false);
  assert.equal(needsCredentials(undefined, 'r.io/a'), false);
});

test('files are read as they were written, and those of kubelet 1.33', () => {
  assert.deepEqual(readRecord(recordText(before)), before);
  const older = JSON.stringify({ kind: 'ImagePullIntent', apiVersion: 'kubelet.config.k8s.io/v1alpha1', image: 'r.io/a:1' });
  assert.equal(readIntent(older), 'r.io/a:1');
});

const damaged: readonly (readonly [string, string, RegExp])[] = [
  ['half a file', recordText(before).slice(0, 50), /JSON/],
  ['another kind', recordText(before).replace('ImagePulledRecord', 'ImagePullIntent'), /it is no ImagePulledRecord/],
  ['another version', recordText(before).replace('v1beta1', 'v2'), /it is no ImagePulledRecord/],
  ['an unknown field', recordText(before).replace('imageRef', 'imageref'), /unknown field "imageref"/],
  ['a wrong type', recordText(before).replace('"nodePodsAccessible":true', '"nodePodsAccessible":"yes"'), /must be true or false/],
  ['a secret that is none', recordText(before).replace('"credentialHash":"1"', '"credentialHash":1'), /credentialHash must be a string/],
];
for (const [name, text, problem] of damaged) test(`a damaged record: ${name}`, () => assert.throws(() => readRecord(text), problem));
