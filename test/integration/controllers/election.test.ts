// Two servers over one store: of controllers and scheduler one each works, and the other takes over when it falls silent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentUser } from '#apiserver/authn/groups.ts';
import { Deployments, Events, Leases, Pods } from '#api/refs.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { createInformers } from '#client/informer.ts';
import { startElection } from '#client/leader.ts';
import { startControllers } from '#controllers/start.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { cuttable } from '../../support/cut.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { createNodes } from '../../support/simplenodes.ts';
import { untilLater, virtualWorld } from '../../support/virtual.ts';

const namespace = 'default';
/** Controllers and scheduler of one server, and the line between them and the API. */
function startServer({ api: { api }, pki }: HttpsApi, identity: string, world: World) {
  const lines: ReturnType<typeof cuttable>[] = [];
  let writes = 0;
  const clientFor = (name: string): Client => {
    const inner = api.transport(componentUser(name));
    const counted = {
      send: (request: Parameters<typeof inner.send>[0]) => {
        // Leases are contended for, and who has stopped leading says so in an event, sooner or later.
        if (request.method !== 'GET' && !/\/(leases|events)(\/|$)/.test(request.path)) writes++;
        return inner.send(request);
      },
    };
    const line = cuttable(counted);
    lines.push(line);
    return createClient(line);
  };
  const informers = createInformers(clientFor('system:kube-controller-manager'), world);
  const election = { identity };
  const controllers = startControllers({ clientFor, informers, world, pki, podCidr: '10.244.0.0/16', election });
  const client = clientFor('system:kube-scheduler');
  const start = () => startScheduler({ client, informers, world });
  const scheduler = startElection({ ...election, client, world, name: 'kube-scheduler', start });
  informers.start();
  return {
    writes: () => writes,
    cut: () => {
      for (const line of lines) line.cut();
    },
    mend: () => {
      for (const line of lines) line.mend();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([controllers, scheduler].map((part) => part[Symbol.asyncDispose]()));
      await informers[Symbol.asyncDispose]();
    },
  };
}

test('one of each works; another server takes over, and nothing is done twice', async () => {
  await using https = await startHttpsApi();
  // Time moves only as the test says: no pause of a busy machine costs a leader its lease.
  const world = virtualWorld();
  const until = <T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> => untilLater(world.clock, what, probe);
  const { client } = https.api;
  const holders = async (): Promise<string> => {
    const { items } = await client.resource(Leases).list({ namespace: 'kube-system' });
    return items
      .map(({ metadata, spec }) => `${metadata.name}=${spec.holderIdentity}`)
      .toSorted()
      .join();
  };
  const held = (by: string) => until(`${by} leads`, async () => (await holders()) === `kube-controller-manager=${by},kube-scheduler=${by}`);
  await using first = startServer(https, 'first', world);
  await held('first');
  await using second = startServer(https, 'second', world);
  await createNodes(client, [{ name: 'n1' }]);
  const deploy = (name: string) =>
    client.resource(Deployments).create({
      metadata: { name, namespace },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
      },
    });
  const bound = (name: string) =>
    until(`pods of ${name} are bound`, async () => {
      const { items } = await client.resource(Pods).list({ namespace, labelSelector: `app=${name}` });
      return items.length === 3 && items.every(({ spec }) => spec.nodeName === 'n1');
    });
  await deploy('one');
  await bound('one');
  assert.equal(second.writes(), 0, 'who does not lead writes nothing');
  first.cut();
  await held('second');
  await deploy('two');
  await bound('two');
  // The first has noticed that it does not lead any more: back in the network, it waits.
  const before = first.writes();
  first.mend();
  await deploy('three');
  await bound('three');
  assert.equal(first.writes(), before);
  await held('second');
  // Events are written a moment after what they tell of.
  const told = async (who: string): Promise<boolean> => {
    const { items } = await client.resource(Events).list({ namespace: 'kube-system', fieldSelector: 'reason=LeaderElection' });
    return items.some(({ message }) => message === `${who} became leader`);
  };
  for (const who of ['first', 'second']) await until(`an event tells that ${who} leads`, () => told(who));
});
