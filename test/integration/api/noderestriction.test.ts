// What the agent of a node may do, and what the other components may not: rights, NodeRestriction, certificates.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CertificateSigningRequests,
  Deployments,
  Leases,
  Nodes,
  Pods,
  Secrets,
  ServiceAccounts,
  StorageClasses,
  PersistentVolumeClaims,
} from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { componentUser } from '#apiserver/authn/groups.ts';
import { identityPlug } from '#apiserver/authn/plug.ts';
import { createTokenVerifier } from '#apiserver/authn/serviceaccount.ts';
import type { Client } from '#client/client.ts';
import { createWorld } from '#host/world.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
let node: Client;
before(async () => {
  const world = createWorld({ logLevel: 'error' });
  const key = await world.pki.generateKey('rsa');
  const issuer = 'https://x';
  const verifier = (backend: never) => createTokenVerifier({ keys: [key.publicKey], issuer, reads: backend, world });
  api = await startTestApi({ world, plugs: [identityPlug({ issuer, audiences: [issuer], key, verifier: verifier as never })] });
  node = api.clientFor(componentUser('system:node:one'));
  for (const name of ['one', 'two']) await api.client.resource(Nodes).create({ metadata: { name } });
  for (const [name, nodeName] of [
    ['here', 'one'],
    ['there', 'two'],
  ] as const) {
    await api.client.resource(Secrets).create({ metadata: { name, namespace: 'default' } });
    await api.client.resource(ServiceAccounts).create({ metadata: { name, namespace: 'default' } });
    await api.client.resource(Pods).create({
      metadata: { name, namespace: 'default' },
      spec: { nodeName, serviceAccountName: name, containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name } }] }] },
    });
  }
});
after(() => api[Symbol.asyncDispose]());

async function refused(promise: Promise<unknown>, message: RegExp | string): Promise<void> {
  await assert.rejects(promise, (error: StatusError) => {
    assert.equal(error.code, 403, error.message);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}
const inDefault = { namespace: 'default' };

describe('the agent of a node', () => {
  it('reads what its own pods need', async () => {
    const secrets = node.resource(Secrets);
    assert.equal((await secrets.get('here', inDefault)).metadata.name, 'here');
    await refused(
      secrets.get('there', inDefault),
      /User "system:node:one" cannot get resource "secrets".*: no relationship found between node 'one' and this object/,
    );
    await refused(secrets.list(inDefault), /cannot list resource "secrets"/);
    await refused(node.resource(Deployments).list(), /cannot list resource "deployments"/);
    const pods = node.resource(Pods);
    assert.deepEqual(
      (await pods.list({ fieldSelector: 'spec.nodeName=one' })).items.map(({ metadata }) => metadata.name),
      ['here'],
    );
    await refused(pods.list(), /can only list\/watch pods with spec\.nodeName field selector$/);
    await refused(pods.list({ fieldSelector: 'spec.nodeName=two' }), /can only list\/watch pods with spec\.nodeName field selector$/);
    await refused(pods.get('there', inDefault), /no relationship found between node 'one' and this object$/);
    await refused(node.resource(Nodes).get('two'), /node 'one' cannot read 'two', only its own Node object$/);
    await refused(node.resource(Nodes).list(), /node 'one' cannot read all nodes, only its own Node object$/);
  });

  it('reports on pods of its own node only', async () => {
    const pods = node.resource(Pods);
    const here = await pods.get('here', inDefault);
    await pods.updateStatus({ ...here, status: { ...here.status, phase: 'Running' } });
    const there = await api.client.resource(Pods).get('there', inDefault);
    await refused(
      pods.updateStatus({ ...there, status: { ...there.status, phase: 'Running' } }),
      'pods "there" is forbidden: node "one" can only update pod status for pods with spec.nodeName set to itself',
    );
    await refused(
      pods.delete('there', inDefault),
      'pods "there" is forbidden: node "one" can only delete pods with spec.nodeName set to itself',
    );
    await refused(
      pods.createSub('there', 'eviction', { metadata: { name: 'there' } }, inDefault),
      'pods "there" is forbidden: node "one" can only evict pods with spec.nodeName set to itself',
    );
    const labelled = await pods.get('here', inDefault);
    await refused(
      pods.updateStatus({ ...labelled, metadata: { ...labelled.metadata, labels: { a: 'b' } } }),
      'pods "here" is forbidden: node "one" cannot update labels through pod status',
    );
  });

  it('makes mirror pods only', async () => {
    const create = (name: string, metadata: object, spec: object) =>
      node
        .resource(Pods)
        .create({ metadata: { name, namespace: 'default', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
    await refused(
      create('plain', {}, {}),
      'pods "plain" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "one" can only create mirror pods',
    );
    const { uid } = (await node.resource(Nodes).get('one')).metadata;
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'one', uid, controller: true };
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner] };
    await refused(create('away', mirror, { nodeName: 'two' }), /node "one" can only create pods with spec\.nodeName set to itself$/);
    await refused(
      create('orphan', { annotations: mirror.annotations }, { nodeName: 'one' }),
      /node "one" can only create pods with an owner reference set to itself$/,
    );
    await refused(
      create('secretive', mirror, { nodeName: 'one', volumes: [{ name: 'v', secret: { secretName: 'here' } }] }),
      /can not create pods that reference secrets$/,
    );
    assert.equal((await create('mirror', mirror, { nodeName: 'one' })).spec.nodeName, 'one');
  });

  it('keeps its hands off other nodes and off what administrators decide', async () => {
    const nodes = node.resource(Nodes);
    const own = await nodes.get('one');
    await nodes.patch('one', { metadata: { labels: { 'kubernetes.io/os': 'linux', mine: 'yes' } } }, { type: 'merge' });
    const labels = { 'node-restriction.kubernetes.io/secure': 'yes', 'k8s.io/x': 'y' };
    await refused(
      nodes.patch('one', { metadata: { labels } }, { type: 'merge' }),
      'nodes "one" is forbidden: node "one" is not allowed to modify labels: k8s.io/x, node-restriction.kubernetes.io/secure',
    );
    await refused(
      nodes.patch('one', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, { type: 'merge' }),
      'nodes "one" is forbidden: node "one" is not allowed to modify taints',
    );
    await refused(
      nodes.patch('two', { metadata: { labels: { a: 'b' } } }, { type: 'merge' }),
      'nodes "two" is forbidden: node "one" is not allowed to modify node "two"',
    );
    await refused(
      nodes.create({ metadata: { name: 'three' } }),
      'nodes "three" is forbidden: node "one" is not allowed to modify node "three"',
    );
    assert.equal(own.metadata.name, 'one');
    await node.resource(Leases).create({ metadata: { name: 'one', namespace: 'kube-node-lease' }, spec: {} });
    await refused(
      node.resource(Leases).create({ metadata: { name: 'two', namespace: 'kube-node-lease' }, spec: {} }),
      /can only access node lease with the same name as the requesting node$/,
    );
    await refused(
      node.resource(Leases).create({ metadata: { name: 'one', namespace: 'default' }, spec: {} }),
      /can only access leases in the "kube-node-lease" system namespace$/,
    );
  });

  it('gets tokens for its own pods', async () => {
    const uidOf = async (name: string) => (await api.client.resource(Pods).get(name, inDefault)).metadata.uid;
    const accounts = node.resource(ServiceAccounts);
    const ask = (account: string, boundObjectRef?: object) =>
      accounts.createSub<object, { status: { token: string } }>(
        account,
        'token',
        { spec: { audiences: ['https://x'], ...(boundObjectRef ? { boundObjectRef } : {}) } },
        inDefault,
      );
    const made = await ask('here', { kind: 'Pod', apiVersion: 'v1', name: 'here', uid: await uidOf('here') });
    assert.ok(made.status.token);
    await refused(ask('here'), /node requested token not bound to a pod$/);
    await refused(
      ask('here', { kind: 'Pod', apiVersion: 'v1', name: 'there', uid: await uidOf('there') }),
      /node requested token bound to a pod scheduled on a different node$/,
    );
    await refused(
      ask('there', { kind: 'Pod', apiVersion: 'v1', name: 'there', uid: await uidOf('there') }),
      /no relationship found between node 'one' and this object$/,
    );
  });
});

describe('controllers', () => {
  it('have the rights of their roles and no others', async () => {
    const of = (name: string): Client => api.clientFor(componentUser(`system:serviceaccount:kube-system:${name}`));
    assert.ok((await of('replicaset-controller').resource(Pods).list()).items.length > 0);
    await refused(
      of('replicaset-controller').resource(Secrets).list(),
      /"system:serviceaccount:kube-system:replicaset-controller" cannot list resource "secrets"/,
    );
    await refused(of('ttl-controller').resource(Pods).delete('here', inDefault), /cannot delete resource "pods"/);
    await refused(api.clientFor(componentUser('system:kube-scheduler')).resource(Secrets).list(), /cannot list resource "secrets"/);
  });
});

describe('certificates', () => {
  it('are approved and signed by those who may act for the signer', async () => {
    const { pki } = api.world;
    const request = async (commonName: string, organizations: string[] = []) =>
      Buffer.from((await pki.createCsr({ commonName, organizations })).csr).toString('base64');
    const csrs = api.client.resource(CertificateSigningRequests);
    const usages = ['client auth'] as const;
    const signerName = 'kubernetes.io/kube-apiserver-client';
    await refused(
      csrs.create({ metadata: { name: 'root' }, spec: { signerName, usages, request: await request('x', ['system:masters']) } }),
      'certificatesigningrequests.certificates.k8s.io "root" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    );
    const made = await csrs.create({
      metadata: { name: 'ok' },
      spec: { signerName: 'example.com/own', usages, request: await request('x') },
    });
    const { createClient } = await import('#client/create.ts');
    const { ClusterRoles, ClusterRoleBindings } = await import('#api/refs.ts');
    await api.client.resource(ClusterRoles).create({
      metadata: { name: 'approver' },
      rules: [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
          verbs: ['get', 'update'],
        },
        { apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['example.com/*'], verbs: ['approve'] },
      ],
    });
    await api.client.resource(ClusterRoleBindings).create({
      metadata: { name: 'approver' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'approver' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }],
    });
    const jane = createClient(api.api.transport({ name: 'jane', groups: ['system:authenticated'] })).resource(CertificateSigningRequests);
    const conditions = [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }];
    const approved = await jane.update({ ...made, status: { conditions } } as never, { subresource: 'approval' });
    assert.equal(approved.status?.conditions?.[0]?.type, 'Approved');
    const foreign = await csrs.create({
      metadata: { name: 'foreign' },
      spec: { signerName: 'other.com/own', usages, request: await request('x') },
    });
    await refused(
      jane.update({ ...foreign, status: { conditions } } as never, { subresource: 'approval' }),
      'certificatesigningrequests.certificates.k8s.io "foreign" is forbidden: user not permitted to approve requests with signerName "other.com/own"',
    );
  });
});

describe('claims', () => {
  it('grow where their class allows it', async () => {
    const classes = api.client.resource(StorageClasses);
    await classes.create({ metadata: { name: 'fixed' }, provisioner: 'x' });
    await classes.create({ metadata: { name: 'elastic' }, provisioner: 'x', allowVolumeExpansion: true });
    const claims = api.client.resource(PersistentVolumeClaims);
    for (const name of ['fixed', 'elastic']) {
      const made = await claims.create({
        metadata: { name, namespace: 'default' },
        spec: { storageClassName: name, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      });
      await claims.updateStatus({ ...made, status: { phase: 'Bound', capacity: { storage: '1Gi' } } } as never);
    }
    const grow = (name: string) =>
      claims.patch(name, { spec: { resources: { requests: { storage: '2Gi' } } } }, { ...inDefault, type: 'merge' });
    await refused(
      grow('fixed'),
      'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
    assert.equal((await grow('elastic')).spec.resources?.requests?.['storage'], '2Gi');
  });
});
