// Two whole servers on one etcd: one runs the controllers and the scheduler, and the other goes on when it is gone.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Deployments, Leases, Namespaces, Pods, ServiceAccounts } from '#api/refs.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { upOptions } from '#cmd/options.ts';
import { type Running, up } from '#cmd/up.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';
import { etcdMissing, startEtcd } from '../../support/etcd.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';

test('of two servers one works, and the other goes on when it is gone', { skip: etcdMissing }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-servers-'));
  t.after(async () => {
    await closeAgents();
    rmSync(dir, { recursive: true, force: true });
  });
  const world = createWorld({ logLevel: 'error' });
  await using etcd = await startEtcd();
  const start = (name: string): Promise<Running> => {
    const flags = { nodes: 'none', apiPort: '0', nodeIp: '127.0.0.1', nodeName: name, etcdServers: etcd.url, dataDir: join(dir, name) };
    return up(world, upOptions(flags, { dataDir: dir, hostName: name, root: false }), () => undefined);
  };
  const one = await start('one');
  t.after(() => one[Symbol.asyncDispose]());
  await one.ready;
  // What `docs/etcd.md` tells operators to copy.
  mkdirSync(join(dir, 'two/pki'), { recursive: true });
  for (const name of ['ca', 'front-proxy-ca', 'service-account'])
    copyFileSync(join(dir, `one/pki/${name}.pem`), join(dir, `two/pki/${name}.pem`));
  await using two = await start('two');
  await two.ready;

  const holder = async (): Promise<string> => {
    const { items } = await two.control.admin.resource(Leases).list({ namespace: 'kube-system' });
    return items.find(({ metadata }) => metadata.name === 'kube-controller-manager')?.spec?.holderIdentity ?? '';
  };
  await until('the first server runs the controllers', async () => (await holder()).startsWith('one_'));
  const labels = { app: 'web' };
  const deployments = two.control.admin.resource(Deployments);
  await deployments.create({
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  const pods = async (): Promise<number> => (await two.control.admin.resource(Pods).list({ namespace })).items.length;
  await until('the pods of a Deployment made at the second are made by the first', async () => (await pods()) === 2);

  // A token of one is one of the other: they share their keys.
  await until('the account is there', () =>
    two.control.admin
      .resource(ServiceAccounts)
      .get('default', { namespace })
      .catch(() => undefined),
  );
  const { status } = await one.control.admin
    .resource(ServiceAccounts)
    .createSub<object, { status?: { token?: string } }>(
      'default',
      'token',
      { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: {} },
      { namespace },
    );
  const withToken = createClient(
    httpTransport(world.net, { server: two.control.server, tls: { ca: two.control.pki.ca.cert }, token: status?.token ?? '' }),
  );
  await assert.rejects(withToken.resource(Namespaces).get('default'), /forbidden: User "system:serviceaccount:default:default"/);

  await one[Symbol.asyncDispose]();
  await until('the second server runs the controllers', async () => (await holder()).startsWith('two_'), 120_000);
  await deployments.patch('web', { spec: { replicas: 3 } }, { namespace, type: 'merge' });
  await until('the second server makes pods', async () => (await pods()) === 3);
});
