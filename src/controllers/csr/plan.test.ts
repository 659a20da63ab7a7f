import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import type { CsrInfo } from '#base/pki.ts';
import { approvalPermissions, expiry, kubeletClientSigner, kubeletServingSigner, servesItself, signerProblem } from './plan.ts';

type Csr = CertificateSigningRequest;
const csr = (signerName: string, usages: string[], username = 'system:node:n1', status: Csr['status'] = {}): Csr => ({
  metadata: { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { request: '', signerName, usages: usages as never, username },
  status,
});
const info = (extra: Partial<CsrInfo> = {}): CsrInfo => ({
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  dnsNames: [],
  ips: [],
  emails: [],
  uris: [],
  signed: true,
  ...extra,
});

test('what the signers accept', () => {
  const client = csr(kubeletClientSigner, ['digital signature', 'key encipherment', 'client auth']);
  assert.equal(signerProblem(client, info()), undefined);
  assert.match(signerProblem(client, info({ organizations: ['x'] })) ?? '', /organization/);
  assert.match(signerProblem(client, info({ commonName: 'n1' })) ?? '', /common name/);
  assert.match(signerProblem(client, info({ dnsNames: ['a'] })) ?? '', /DNS subjectAltNames/);
  assert.match(signerProblem(csr(kubeletClientSigner, ['server auth']), info()) ?? '', /usages/);
  assert.match(signerProblem(client, info({ signed: false })) ?? '', /signature/);
  const serving = csr(kubeletServingSigner, ['digital signature', 'server auth']);
  assert.match(signerProblem(serving, info()) ?? '', /at least one/);
  assert.equal(signerProblem(serving, info({ ips: ['10.0.0.1'] })), undefined);
});

test('who needs no human', () => {
  const client = csr(kubeletClientSigner, ['digital signature', 'client auth']);
  assert.deepEqual(
    approvalPermissions(client, info()).map(({ subresource }) => subresource),
    ['selfnodeclient', 'nodeclient'],
  );
  assert.deepEqual(
    approvalPermissions({ ...client, spec: { ...client.spec, username: 'boot' } }, info()).map(({ subresource }) => subresource),
    ['nodeclient'],
  );
  const serving = csr(kubeletServingSigner, ['digital signature', 'server auth']);
  const node = { metadata: { name: 'n1' }, spec: {}, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] } };
  assert.ok(servesItself(serving, info({ ips: ['10.0.0.1'], dnsNames: ['n1'] }), node as never));
  assert.ok(!servesItself(serving, info({ ips: ['10.0.0.2'] }), node as never));
  assert.ok(!servesItself({ ...serving, spec: { ...serving.spec, username: 'other' } }, info({ ips: ['10.0.0.1'] }), node as never));
});

test('requests are kept a day undecided, an hour decided', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(expiry(csr(kubeletClientSigner, [])) - start, 86_400_000);
  const denied = { conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: '2026-01-01T02:00:00Z' }] };
  assert.equal(expiry(csr(kubeletClientSigner, [], 'a', denied)) - start, 3 * 3_600_000);
});
