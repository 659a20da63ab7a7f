// Every operation on every GA resource, as the tables list them, over real https: a valid request and several wrong ones.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { withFacts } from '../../facts/facts.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { minimal } from '../../support/minimal.ts';
import { fromProtobuf, isProtobuf, protobuf, toProtobuf, type Wire, type WireAnswer, wireTo } from '../../support/wire.ts';
import { invalidRequests, type Place } from './operations.invalid.ts';
import { otherCreations, streamed, subCreations } from './operations.special.ts';

export interface FactRow {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly stage: string;
  readonly createOnUpdate?: boolean;
  readonly unconditionalUpdate?: boolean;
  readonly subresources?: readonly { name: string; kind: string; verbs: readonly string[]; group?: string; version?: string }[];
}

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';

const expectCode = (answer: WireAnswer, code: number): WireAnswer => {
  assert.equal(answer.code, code, Buffer.from(answer.bytes).toString('utf8').slice(0, 2_000));
  return answer;
};

/** The wrong requests of one operation all get their Status. */
async function refuse(wire: Wire, verb: string, place: Place): Promise<void> {
  for (const wrong of invalidRequests(verb, place)) {
    const answer = await wire(wrong.method, wrong.url, wrong.options);
    const text = Buffer.from(answer.bytes).toString('utf8').slice(0, 1_000);
    assert.equal(answer.code, wrong.code, `${wrong.what}: ${text}`);
    assert.equal(answer.json?.kind, 'Status', wrong.what);
    assert.equal(answer.json.reason, wrong.reason, `${wrong.what}: ${text}`);
    if (wrong.message !== undefined) assert.match(answer.json.message, wrong.message, wrong.what);
  }
}

withFacts('operations', (load) => {
  const rows = (load('resources.json') as { resources: FactRow[] }).resources.filter((row) => row.stage === 'GA');

  describe('operations', () => {
    let https: HttpsApi;
    let wire: Wire;
    before(async () => {
      https = await startHttpsApi();
      wire = await wireTo(https);
    });
    after(async () => {
      await https[Symbol.asyncDispose]();
    });

    for (const row of rows) {
      const id = `${row.group}/${row.version}/${row.resource}`;
      const root = row.group === '' ? '/api/v1' : `/apis/${row.group}/${row.version}`;
      const collection = `${root}${row.namespaced ? '/namespaces/default' : ''}/${row.resource}`;
      const apiVersion = row.group === '' ? row.version : `${row.group}/${row.version}`;
      const example = minimal[id] as { metadata?: { name?: string } } | undefined;
      const name = example?.metadata?.name ?? `op-${row.singular}`;
      const item = `${collection}/${name}`;
      const body: Place['body'] = { ...example, apiVersion, kind: row.kind, metadata: { name } };
      const place: Place = { row, root, collection, item, name, body };

      describe(id, () => {
        if (example === undefined) {
          const special = otherCreations[id];
          if (row.verbs.includes('create'))
            it('create', async () => {
              assert.ok(special, 'a body is known');
              await special(wire, { ...place, apiVersion });
            });
          if (row.verbs.includes('list'))
            it('list', async () => {
              const answer = expectCode(await wire('GET', collection), 200);
              assert.equal(answer.json.kind, `${row.kind}List`);
            });
          if (row.verbs.includes('get'))
            it('get', async () => {
              const { json } = await wire('GET', collection);
              const first = expectCode(await wire('GET', `${collection}/${json.items[0].metadata.name}`), 200);
              assert.equal(first.json.kind, row.kind);
              expectCode(await wire('GET', `${collection}/absent`), 404);
            });
          return;
        }

        it('create', async () => {
          await refuse(wire, 'create', place);
          const dry = expectCode(await wire('POST', `${collection}?dryRun=All`, { body }), 201);
          assert.equal(dry.json.metadata.name, name);
          expectCode(await wire('GET', item), 404);
          const viaProtobuf = expectCode(
            await wire('POST', `${collection}?dryRun=All`, {
              body: toProtobuf(body),
              headers: { 'content-type': protobuf, accept: `${protobuf},application/json` },
            }),
            201,
          );
          assert.equal((fromProtobuf(viaProtobuf) as typeof body).metadata.name, name);
          const made = expectCode(await wire('POST', `${collection}?fieldValidation=Strict`, { body }), 201);
          assert.equal(made.json.kind, row.kind);
          assert.equal(made.json.apiVersion, apiVersion);
          assert.ok(made.json.metadata.uid && made.json.metadata.creationTimestamp);
          assert.match(made.json.metadata.resourceVersion, /^[1-9]\d*$/);
          const again = expectCode(await wire('POST', collection, { body }), 409);
          assert.equal(again.json.reason, 'AlreadyExists');
        });

        it('get', async () => {
          await refuse(wire, 'get', place);
          const answer = expectCode(await wire('GET', item), 200);
          assert.equal(answer.json.metadata.name, name);
          const encoded = expectCode(await wire('GET', item, { headers: { accept: protobuf } }), 200);
          assert.ok(isProtobuf(encoded), 'protobuf');
          const rowed = expectCode(await wire('GET', item, { headers: { accept: table } }), 200);
          assert.equal(rowed.json.kind, 'Table');
          assert.equal(rowed.json.rows.length, 1);
          assert.equal(rowed.json.rows[0].cells.length, rowed.json.columnDefinitions.length);
          const unknown = expectCode(await wire('GET', `${item}/nonsense`), 404);
          assert.equal(unknown.json.message, 'the server could not find the requested resource');
          const metadata = expectCode(await wire('GET', item, { headers: { accept: partial } }), 200);
          assert.equal(metadata.json.kind, 'PartialObjectMetadata');
          assert.equal(metadata.json.spec, undefined);
        });

        it('list', async () => {
          await refuse(wire, 'list', place);
          const urls = row.namespaced ? [collection, `${root}/${row.resource}`] : [collection];
          for (const url of urls) {
            const answer = expectCode(await wire('GET', url), 200);
            assert.equal(answer.json.kind, `${row.kind}List`);
            assert.match(answer.json.metadata.resourceVersion, /^[1-9]\d*$/);
            assert.ok(answer.json.items.some((one: { metadata: { name: string } }) => one.metadata.name === name));
            const selected = expectCode(await wire('GET', `${url}?fieldSelector=metadata.name%3D${name}`), 200);
            assert.equal(selected.json.items.length, 1);
            const encoded = expectCode(await wire('GET', url, { headers: { accept: protobuf } }), 200);
            assert.ok(isProtobuf(encoded), 'protobuf');
          }
        });

        it('watch', async () => {
          await refuse(wire, 'watch', place);
          const query = `watch=1&timeoutSeconds=30&fieldSelector=metadata.name%3D${name}`;
          const answer = expectCode(await wire('GET', `${collection}?${query}`, { lines: 1 }), 200);
          const first = JSON.parse(Buffer.from(answer.bytes).toString('utf8').split('\n')[0] ?? '');
          assert.equal(first.type, 'ADDED');
          assert.equal(first.object.kind, row.kind);
        });

        it('update', async () => {
          await refuse(wire, 'update', place);
          const { json: current } = expectCode(await wire('GET', item), 200);
          const changed = { ...current, metadata: { ...current.metadata, annotations: { updated: 'yes' } } };
          const answer = expectCode(await wire('PUT', item, { body: changed }), 200);
          assert.equal(answer.json.metadata.annotations.updated, 'yes');
          assert.ok(BigInt(answer.json.metadata.resourceVersion) > BigInt(current.metadata.resourceVersion));
          const again = { ...answer.json, metadata: { ...answer.json.metadata, annotations: { updated: 'again' } } };
          const viaProtobuf = await wire('PUT', item, { body: toProtobuf(again), headers: { 'content-type': protobuf, accept: protobuf } });
          const encoded = fromProtobuf(expectCode(viaProtobuf, 200)) as typeof again;
          assert.equal(encoded.metadata.annotations.updated, 'again');
          const stale = expectCode(await wire('PUT', item, { body: changed }), 409);
          assert.equal(stale.json.reason, 'Conflict');
          assert.match(stale.json.message, /the object has been modified; please apply your changes to the latest version and try again$/);
          const blind = structuredClone(again);
          delete blind.metadata.resourceVersion;
          const unconditional = await wire('PUT', item, { body: blind });
          if (row.unconditionalUpdate === false) {
            expectCode(unconditional, 422);
            assert.match(unconditional.json.message, /metadata\.resourceVersion: Invalid value: 0x0: must be specified for an update/);
          } else expectCode(unconditional, 200);
        });

        it('patch', async () => {
          await refuse(wire, 'patch', place);
          const patches = {
            'application/merge-patch+json': { metadata: { labels: { merge: 'yes' } } },
            'application/strategic-merge-patch+json': { metadata: { labels: { strategic: 'yes' } } },
            'application/json-patch+json': [{ op: 'add', path: '/metadata/labels/json', value: 'yes' }],
          };
          for (const [type, patch] of Object.entries(patches))
            expectCode(await wire('PATCH', item, { body: patch, headers: { 'content-type': type } }), 200);
          const applied = { apiVersion, kind: row.kind, metadata: { name, labels: { apply: 'yes' } } };
          const answer = expectCode(
            await wire('PATCH', `${item}?fieldManager=tester`, {
              body: applied,
              headers: { 'content-type': 'application/apply-patch+yaml' },
            }),
            200,
          );
          for (const label of ['merge', 'strategic', 'json', 'apply']) assert.equal(answer.json.metadata.labels[label], 'yes', label);
          assert.ok(answer.json.metadata.managedFields.some((entry: { manager: string }) => entry.manager === 'tester'));
        });

        for (const sub of row.subresources ?? []) {
          const url = `${item}/${sub.name}`;
          const what = { ...place, item: url, sub };
          for (const verb of sub.verbs) {
            it(`${sub.name}: ${verb}`, async () => {
              const special = subCreations[`${row.resource}/${sub.name}`] ?? (streamed.has(sub.name) ? streamed.get(sub.name) : undefined);
              if (special !== undefined) {
                await special(wire, { ...what, verb });
                return;
              }
              if (verb === 'get') {
                const answer = expectCode(await wire('GET', url), 200);
                assert.equal(answer.json.kind, sub.kind);
                expectCode(await wire('GET', `${collection}/absent.${sub.name}/${sub.name}`), 404);
              } else if (verb === 'update') {
                const { json } = expectCode(await wire('GET', sub.verbs.includes('get') ? url : item), 200);
                expectCode(await wire('PUT', url, { body: json }), 200);
                const newest = expectCode(await wire('GET', sub.verbs.includes('get') ? url : item), 200).json;
                const headers = { 'content-type': protobuf, accept: protobuf };
                fromProtobuf(expectCode(await wire('PUT', url, { body: toProtobuf(newest), headers }), 200));
                const stale = { ...json, metadata: { ...json.metadata, resourceVersion: '1' } };
                expectCode(await wire('PUT', url, { body: stale }), 409);
                await refuse(wire, 'subupdate', what);
              } else {
                assert.equal(verb, 'patch');
                const labels = { metadata: { labels: { [`sub-${sub.name}`]: 'yes' } } };
                const type = 'application/merge-patch+json';
                expectCode(await wire('PATCH', url, { body: labels, headers: { 'content-type': type } }), 200);
                await refuse(wire, 'subpatch', what);
              }
            });
          }
        }

        it('delete', async () => {
          await refuse(wire, 'delete', place);
          const dry = expectCode(await wire('DELETE', `${item}?dryRun=All`), 200);
          assert.ok(dry.json);
          expectCode(await wire('GET', item), 200);
          const type = 'application/merge-patch+json';
          await wire('PATCH', item, { body: { metadata: { finalizers: null } }, headers: { 'content-type': type } });
          const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, propagationPolicy: 'Background' };
          const headers = { 'content-type': protobuf, accept: protobuf };
          const gone = fromProtobuf(expectCode(await wire('DELETE', item, { body: toProtobuf(options), headers }), 200));
          assert.ok(['Status', row.kind].includes((gone as { kind: string }).kind));
          if (row.resource === 'namespaces')
            expectCode(await wire('PUT', `${item}/finalize`, { body: { ...body, spec: { finalizers: [] } } }), 200);
          expectCode(await wire('GET', item), 404);
          expectCode(await wire('DELETE', item), 404);
        });

        if (row.verbs.includes('deletecollection'))
          it('deletecollection', async () => {
            await refuse(wire, 'deletecollection', place);
            if (row.resource === 'serviceaccounts' || row.resource === 'apiservices') return;
            const labelled = { ...body, metadata: { name, labels: { collect: 'yes' } } };
            expectCode(await wire('POST', collection, { body: labelled }), 201);
            const type = 'application/merge-patch+json';
            await wire('PATCH', item, { body: { metadata: { finalizers: null } }, headers: { 'content-type': type } });
            const others = (await wire('GET', collection)).json.items.length;
            expectCode(
              await wire('DELETE', `${collection}?labelSelector=collect%3Dyes&gracePeriodSeconds=0&propagationPolicy=Background`),
              200,
            );
            const left = (await wire('GET', collection)).json.items;
            assert.equal(left.length, others - 1);
          });
      });
    }
  });
});
