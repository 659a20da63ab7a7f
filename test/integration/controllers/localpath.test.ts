// Volumes out of nodes' directories when things go wrong in between: claims that go, nodes that change, a controller that ends.
import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLocalDirectories } from '#agent/server/localdirs.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import { Nodes, PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '#api/refs.ts';
import type { ApiRequest, ApiResponse, Transport } from '#client/transport.ts';
import { startLocalPathProvisioner } from '#controllers/localpath/controller.ts';
import { provisioner } from '#controllers/localpath/plan.ts';
import { startVolumeBinder } from '#controllers/volumebinder/controller.ts';
import { selectedNode } from '#controllers/volumebinder/plan.ts';
import { createWorld } from '#host/world.ts';
import { startVolumeProtection } from '#controllers/volumeprotection/controller.ts';
import { withControllers } from '../../support/controllers.ts';
import { startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const missing = 'pvc-00000000-0000-4000-8000-000000000000';

/** A cluster with nodes `a` and `b`, whose agents answer from directories of this machine. */
async function start(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-localpath-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const { fs } = createWorld({ logLevel: 'silent' });
  const line = { volumesFail: false, tried: 0 };
  const reply = (status: number, object: unknown): ApiResponse => ({ status, headers: {}, body: { object } });

  async function agent(node: string, { method, path, query = '' }: ApiRequest): Promise<ApiResponse> {
    const directories = createLocalDirectories({ fs }, join(dir, node));
    const name = /\/local-volumes\/(.+)$/.exec(path)?.[1];
    if (name === undefined) return reply(200, { names: await directories.list() });
    if (method === 'PUT') return reply(200, { path: await directories.make(name) });
    await (query === 'empty=true' ? directories.removeEmpty(name) : directories.remove(name));
    return reply(200, {});
  }
  const between = (transport: Transport): Transport => ({
    send: async (request) => {
      const node = /^\/api\/v1\/nodes\/(\w+)\/proxy\//.exec(request.path)?.[1];
      if (node !== undefined) return agent(node, request);
      const makesVolume = request.method === 'POST' && request.path === '/api/v1/persistentvolumes';
      if (!makesVolume || !line.volumesFail) return transport.send(request);
      line.tried++;
      return reply(500, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'InternalError', message: 'no', code: 500 });
    },
  });
  const bench = await withControllers(
    (deps) => [startVolumeBinder(deps), startVolumeProtection(deps, deps), startLocalPathProvisioner(deps)],
    {
      line: between,
    },
  );
  t.after(() => bench[Symbol.asyncDispose]());
  const { client } = bench;
  for (const name of ['a', 'b']) {
    await client.resource(Nodes).create({ metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
  }
  await client
    .resource(StorageClasses)
    .create({ metadata: { name: 'local' }, provisioner, volumeBindingMode: 'WaitForFirstConsumer', reclaimPolicy: 'Delete' });
  const claims = client.resource(PersistentVolumeClaims);
  const claim = (name: string, node: string): Promise<PersistentVolumeClaim> =>
    claims.create(
      {
        metadata: { name, annotations: { [selectedNode]: node } },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'local' },
      },
      { namespace },
    );
  const on = (node: string): string[] => (existsSync(`${dir}/${node}/local-volumes`) ? readdirSync(`${dir}/${node}/local-volumes`) : []);
  const bound = (name: string): Promise<PersistentVolumeClaim> =>
    until(`claim ${name} is bound`, async () => {
      const now = await claims.get(name, { namespace });
      return now.status.phase === 'Bound' && now;
    });
  return { dir, client, claims, claim, on, bound, line };
}

test('a claim that goes before its volume is there leaves no directory', async (t) => {
  const { claims, claim, on, line } = await start(t);
  line.volumesFail = true;
  const { metadata } = await claim('early', 'a');
  await until('its directory is there', () => on('a').includes(`pvc-${metadata.uid}`));
  await until('its volume has failed twice', () => line.tried >= 2);
  await claims.delete('early', { namespace });
  await until('its directory is gone', () => on('a').length === 0);
});

test('a claim whose node changes before its volume is there has a directory on the last one only', async (t) => {
  const { client, claims, claim, on, bound, line } = await start(t);
  line.volumesFail = true;
  const { metadata } = await claim('moved', 'a');
  await until('its volume has failed', () => line.tried > 0);
  await claims.patch('moved', { metadata: { annotations: { [selectedNode]: 'b' } } }, { type: 'merge', namespace });
  await until('the other directory is there', () => on('b').length === 1);
  line.volumesFail = false;
  await bound('moved');
  await until('the first directory is gone', () => on('a').length === 0);
  assert.deepEqual(on('b'), [`pvc-${metadata.uid}`]);
  await claims.delete('moved', { namespace });
  await until('its volume is gone', async () => (await client.resource(PersistentVolumes).list()).items.length === 0);
  assert.deepEqual(on('b'), []);
});

test('what an earlier life has left is found when the node is asked again, but for what has something in it', async (t) => {
  const { dir, claim, on, bound } = await start(t);
  const kept = missing.replace(/0$/, '1');
  for (const name of [missing, kept]) mkdirSync(`${dir}/a/local-volumes/${name}`, { recursive: true });
  writeFileSync(`${dir}/a/local-volumes/${kept}/data`, 'retained');
  const { metadata } = await claim('next', 'a');
  await bound('next');
  await until('the empty one is gone', () => !on('a').includes(missing));
  assert.deepEqual(on('a').toSorted(), [kept, `pvc-${metadata.uid}`].toSorted());
});

test('the provisioner may do so: over the API server, to the agent of a node', async () => {
  await using suite = await startSuite(1);
  const { client, dir } = suite;
  const [agent = ''] = globSync(`${dir}/**/sim-0/device-plugins`);
  const directories = agent.replace(/device-plugins$/, 'local-volumes');
  mkdirSync(`${directories}/${missing}`, { recursive: true });
  await client
    .resource(StorageClasses)
    .create({ metadata: { name: 'at-once' }, provisioner, volumeBindingMode: 'Immediate', reclaimPolicy: 'Delete' });
  await suite.inNamespace('localpath', async (own) => {
    const claims = client.resource(PersistentVolumeClaims);
    const spec = { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } }, storageClassName: 'at-once' };
    const { metadata } = await claims.create({ metadata: { name: 'data' }, spec }, { namespace: own });
    await until('only its directory is there', () => readdirSync(directories).join() === `pvc-${metadata.uid}`, 120_000);
    await claims.delete('data', { namespace: own });
    await until('no directory is there', () => readdirSync(directories).length === 0, 120_000);
  });
});
