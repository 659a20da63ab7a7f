// A server that says it is ready has told already what other machines need to join it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigMaps } from '#api/refs.ts';
import { clusterInfoName, clusterInfoNamespace, factsKey, kubeconfigKey } from '#client/clusterinfo.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { upOptions } from '#cmd/options.ts';
import { up } from '#cmd/up.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';

test('whoever asks a server that is ready finds how to join it, without being known', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-invitation-'));
  t.after(async () => {
    await closeAgents();
    rmSync(dir, { recursive: true, force: true });
  });
  const world = createWorld({ logLevel: 'warn' });
  const flags = { nodes: 'none', apiPort: '0', listen: true, nodeIp: '127.0.0.1' };
  await using running = await up(world, upOptions(flags, { dataDir: dir, hostName: 'server', root: false }), () => undefined);
  await running.ready;
  const anonymous = createClient(httpTransport(world.net, { server: running.control.server, tls: { insecure: true } }));
  const { data } = await anonymous.resource(ConfigMaps).get(clusterInfoName, { namespace: clusterInfoNamespace });
  assert.match(data?.[kubeconfigKey] ?? '', /certificate-authority-data/);
  assert.equal(JSON.parse(data?.[factsKey] ?? '{}').clusterDns, '10.96.0.10');
});
