// Priority and fairness over https: how requests are classified, told in headers, and refused when a level is full.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClusterRoleBindings, ConfigMaps, FlowSchemas, PriorityLevelConfigurations } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import type { FetchResponse } from '#base/net.ts';
import type { KeyPair } from '#base/pki.ts';
import { startHttpsApi, type HttpsApi } from '../../support/https.ts';
import { until } from '../../support/until.ts';

let https: HttpsApi;
let client: Client;
let jane: KeyPair;
before(async () => {
  https = await startHttpsApi();
  ({ client } = https.api);
  jane = await https.api.world.pki.issue(https.pki.ca, { commonName: 'jane', usages: ['client'] });
  await client.resource(ClusterRoleBindings).create({
    metadata: { name: 'jane' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }],
  });
});
after(() => https[Symbol.asyncDispose]());

async function get(path: string, who: KeyPair): Promise<FetchResponse> {
  const response = await https.api.world.net.fetch(https.server + path, { tls: { ca: https.pki.ca.cert, cert: who.cert, key: who.key } });
  await response.bytes();
  return response;
}
const uidOf = async (schema: string): Promise<string | undefined> => (await client.resource(FlowSchemas).get(schema)).metadata.uid;
const seenSchema = (response: FetchResponse): string | undefined => response.headers['x-kubernetes-pf-flowschema-uid'];
const path = '/api/v1/namespaces/default/configmaps';

describe('priority and fairness', () => {
  it('tells how a request was classified', async () => {
    const ofAdmin = await get(path, https.pki.admin);
    assert.equal(seenSchema(ofAdmin), await uidOf('exempt'));
    assert.equal(
      ofAdmin.headers['x-kubernetes-pf-prioritylevel-uid'],
      (await client.resource(PriorityLevelConfigurations).get('exempt')).metadata.uid,
    );
    assert.equal(seenSchema(await get(path, jane)), await uidOf('global-default'));
  });

  it('answers others between two lists of one who floods the server', async () => {
    const maps = client.resource(ConfigMaps);
    for (let i = 0; i < 250; i++) await maps.create({ metadata: { name: `flood-${i}`, namespace: 'default' } });
    const order: string[] = [];
    /** A request as a socket brings it; resolves when it is answered. */
    const arrives = (commonName: string, url: string): Promise<void> =>
      new Promise((resolve) => {
        const peer = { commonName, organizations: [], serialNumber: '1', raw: Buffer.from(commonName), trusted: true, notAfter: Infinity };
        const fixed = { method: 'GET', httpVersion: '2', remoteAddress: '192.0.2.1', signal: new AbortController().signal } as const;
        const send = (status: number): void => {
          order.push(`${commonName} ${status}`);
          resolve();
        };
        const stream = () => assert.fail('nothing is streamed');
        https.api.api.handlers.request({ ...fixed, url, headers: {}, peer, body: (async function* () {})() }, { send, stream });
      });
    // The lists arrive one after the other, each when the one before has done what it can, but all in one turn of the loop.
    const quiet = new Promise<void>((resolve) => setImmediate(() => void arrives('anna', `${path}/flood-1`).then(resolve)));
    const flood: Promise<void>[] = [];
    for (let i = 0; i < 100; i++) {
      flood.push(arrives('jane', path));
      for (let step = 0; step < 100; step++) await Promise.resolve();
    }
    await Promise.all([quiet, ...flood]);
    const before = order.indexOf('anna 403');
    assert.ok(before >= 0 && before < 5, `answered after ${before} lists`);
    assert.equal(order.filter((one) => one === 'jane 200').length, 100);
    await maps.deleteCollection({ namespace: 'default' });
  });

  it('heeds new schemas, says whether their level exists, and refuses what a level has no seats for', async () => {
    const rules = [
      {
        subjects: [{ kind: 'User', user: { name: 'jane' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
      },
    ];
    const schemas = client.resource(FlowSchemas);
    await schemas.create({
      metadata: { name: 'jane' },
      spec: { matchingPrecedence: 10, priorityLevelConfiguration: { name: 'tiny' }, rules },
    });
    const dangling = (status: string) =>
      until(`Dangling is ${status}`, async () => {
        const { conditions } = (await schemas.get('jane')).status ?? {};
        return conditions?.find(({ type }) => type === 'Dangling')?.status === status;
      });
    await dangling('True');
    assert.equal(seenSchema(await get(path, jane)), await uidOf('global-default'), 'a schema without a level counts for nothing');
    await client.resource(PriorityLevelConfigurations).create({
      metadata: { name: 'tiny' },
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } } },
    });
    await dangling('False');
    assert.equal(seenSchema(await get(path, jane)), await uidOf('jane'));
    // Three of 600 seats: a list of hundreds of objects takes more, and runs alone.
    for (let i = 0; i < 250; i++) await client.resource(ConfigMaps).create({ metadata: { name: `m-${i}`, namespace: 'default' } });
    const answers = await Promise.all(Array.from({ length: 30 }, () => get(path, jane)));
    const codes = new Set(answers.map(({ status }) => status));
    assert.ok(codes.has(200));
    for (const { status, headers } of answers) {
      assert.ok(status === 200 || status === 429);
      if (status === 429) assert.equal(headers['retry-after'], '1');
    }
    assert.equal((await get(path, https.pki.admin)).status, 200);
    const metrics = async (): Promise<string> => {
      const tls = { ca: https.pki.ca.cert, cert: https.pki.admin.cert, key: https.pki.admin.key };
      return (await https.api.world.net.fetch(`${https.server}/metrics`, { tls })).text();
    };
    assert.match(await metrics(), /apiserver_flowcontrol_nominal_limit_seats\{priority_level="tiny"\} 3\n/);
    await until('the seats are free', async () =>
      /apiserver_flowcontrol_current_executing_seats\{priority_level="tiny"\} 0\n/.test(await metrics()),
    );
  });
});
