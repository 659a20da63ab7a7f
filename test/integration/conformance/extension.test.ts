// Conformance of identity and extension without containers: requests for certificates, accounts, strictness about fields.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import { CertificateSigningRequests, ServiceAccounts } from '#api/refs.ts';
import { at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(0);
});
after(async () => suite?.[Symbol.asyncDispose]());

type Status = CertificateSigningRequest['status'];
const conditionsOf = (status: Status): string[] => (status?.conditions ?? []).map(({ type, status: value }) => `${type}=${value}`);

describe('identity', { concurrency: 4 }, () => {
  // Conformance: [sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]
  test('a request for a certificate is approved and signed by clients, each at its own subresource', async () => {
    const requests = at(suite.client, CertificateSigningRequests);
    const dynamic = at(suite.dynamic, CertificateSigningRequests);
    const { csr } = await suite.world.pki.createCsr({ commonName: 'e2e-example' });
    const selector = 'e2e-csr=operations';
    const draft = {
      metadata: { generateName: 'e2e-example-csr-', labels: { 'e2e-csr': 'operations' } },
      spec: {
        request: Buffer.from(csr).toString('base64'),
        signerName: 'example.com/e2e-signer',
        expirationSeconds: 86_400,
        usages: ['digital signature', 'key encipherment', 'server auth'],
      },
    };
    for (let i = 0; i < 2; i++) await requests.create(draft as never);
    const made = await requests.create(draft as never);
    assert.match(made.metadata.name, /^e2e-example-csr-[a-z0-9]{5}$/);
    assert.equal(made.spec.expirationSeconds, 86_400);
    const { name } = made.metadata;
    assert.equal((await requests.get(name)).metadata.uid, made.metadata.uid);
    const { items, metadata } = await requests.list({ labelSelector: selector });
    assert.equal(items.length, 3);
    const watch = await requests.watch({ labelSelector: selector, resourceVersion: metadata.resourceVersion });

    assert.equal(
      (await requests.patch(name, 'merge', { metadata: { annotations: { patched: 'true' } } })).metadata.annotations?.['patched'],
      'true',
    );
    const mark = (object: CertificateSigningRequest, key: string) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [key]: 'true' } },
    });
    await requests.change(name, (object) => mark(object, 'updated'));
    await watch.next('MODIFIED', (object) => object.metadata.annotations?.['patched'] === 'true');
    await watch.next('MODIFIED', (object) => object.metadata.annotations?.['updated'] === 'true');
    watch.stop();

    // Approval: conditions, and nothing else.
    const read = await dynamic.get(name, 'approval');
    assert.deepEqual(
      [read.apiVersion, read.kind, read.metadata.uid],
      ['certificates.k8s.io/v1', 'CertificateSigningRequest', made.metadata.uid],
    );
    const patchOf = (what: object): object => ({ metadata: { annotations: { [`patched${Object.keys(what)[0]}`]: 'true' } }, status: what });
    const approval = { conditions: [{ type: 'ApprovalPatch', status: 'True', reason: 'e2e' }] };
    const patched = await requests.patch(name, 'merge', patchOf(approval), 'approval');
    assert.deepEqual(conditionsOf(patched.status), ['ApprovalPatch=True']);
    assert.equal(patched.metadata.annotations?.['patchedconditions'], 'true');
    const approved = await requests.change(
      name,
      (object) =>
        ({
          ...mark(object, 'approvalupdated'),
          status: {
            ...object.status,
            conditions: [...(object.status?.conditions ?? []), { type: 'Approved', status: 'True', reason: 'E2E' }],
          },
        }) as never,
      'approval',
    );
    assert.deepEqual(conditionsOf(approved.status), ['ApprovalPatch=True', 'Approved=True']);

    // Status: the certificate and other conditions; an approval stays as it is.
    const status = await dynamic.get(name, 'status');
    assert.deepEqual([status.kind, status.metadata.uid], ['CertificateSigningRequest', made.metadata.uid]);
    const certificate = Buffer.from((await suite.world.pki.createCa('e2e')).cert).toString('base64');
    const signed = await requests.patch(name, 'merge', patchOf({ certificate }), 'status');
    assert.equal(signed.status?.certificate, certificate);
    const told = await requests.change(
      name,
      (object) =>
        ({
          ...mark(object, 'statusupdated'),
          status: {
            ...object.status,
            conditions: [...(object.status?.conditions ?? []), { type: 'StatusUpdate', status: 'True', reason: 'E2E' }],
          },
        }) as never,
      'status',
    );
    assert.deepEqual(conditionsOf(told.status), ['ApprovalPatch=True', 'Approved=True', 'StatusUpdate=True']);

    await requests.remove(name);
    assert.equal(await requests.find(name), undefined);
    assert.equal((await requests.list({ labelSelector: selector })).items.length, 2);
    await requests.removeAll(selector);
    await until('all are gone', async () => (await requests.list({ labelSelector: selector })).items.length === 0);
  });

  // Conformance: [sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]
  test('an account is told not to mount its token', () =>
    suite.inNamespace('svcaccounts', async (namespace) => {
      const accounts = at(suite.client, ServiceAccounts, namespace);
      const made = await accounts.create({ metadata: { name: 'e2e-sa' }, automountServiceAccountToken: false });
      assert.equal(made.automountServiceAccountToken, false);
      const updated = await accounts.change('e2e-sa', (object) => ({ ...object, automountServiceAccountToken: true }));
      assert.equal(updated.automountServiceAccountToken, true);
      assert.equal((await accounts.get('e2e-sa')).automountServiceAccountToken, true);
    }));
});

describe('strictness about fields', () => {
  const deployment = (metadata: string, spec: string): string => `{
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "my-dep", ${metadata} "labels": {"app": "nginx"}},
    "spec": {${spec}
      "selector": {"matchLabels": {"app": "nginx"}},
      "template": {
        "metadata": {"labels": {"app": "nginx"}},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]}
      }
    }
  }`;
  const create = async (text: string): Promise<string> => {
    const path = '/apis/apps/v1/namespaces/default/deployments?fieldManager=field_validation_mgr&fieldValidation=Strict';
    const headers = { 'content-type': 'application/json' };
    const { code, json } = await suite.wire('POST', path, { body: Buffer.from(text), headers });
    assert.equal(code, 400);
    return json.message;
  };

  // Conformance: [sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]
  test('unknown fields and fields that are said twice', async () => {
    assert.match(
      await create(deployment('', '"unknownField": "foo", "replicas": 2, "replicas": 3,')),
      /strict decoding error: unknown field "spec\.unknownField", duplicate field "spec\.replicas"/,
    );
  });

  // Conformance: [sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]
  test('unknown fields of metadata', async () => {
    assert.match(await create(deployment('"unknownMeta": "foo",', '')), /strict decoding error: unknown field "metadata\.unknownMeta"/);
  });
});
