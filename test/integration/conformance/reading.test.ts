// Conformance of reading: pages, expired tokens, Tables, and who may read.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { minimal } from '../../support/minimal.ts';
import { protobuf, type Wire, type WireAnswer, wireTo } from '../../support/wire.ts';

const ok = (answer: WireAnswer, code = 200): WireAnswer => {
  assert.equal(answer.code, code, Buffer.from(answer.bytes).toString('utf8').slice(0, 2_000));
  return answer;
};
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('reading', () => {
  let https: HttpsApi;
  let wire: Wire;
  before(async () => {
    https = await startHttpsApi();
    wire = await wireTo(https);
  });
  after(async () => {
    await https[Symbol.asyncDispose]();
  });
  const space = async (name: string): Promise<string> => {
    ok(await wire('POST', '/api/v1/namespaces', { body: { metadata: { name } } }), 201);
    return `/api/v1/namespaces/${name}`;
  };
  const templates = async (ns: string, count: number): Promise<string[]> => {
    const names = Array.from({ length: count }, (_, i) => `template-${String(i).padStart(4, '0')}`);
    const body = minimal['/v1/podtemplates'] as object;
    const make = async (name: string) => ok(await wire('POST', `${ns}/podtemplates`, { body: { ...body, metadata: { name } } }), 201);
    // A few at a time: each request in flight has a connection of its own.
    const waiting = [...names];
    const worker = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await make(name);
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    return names;
  };

  // Conformance: [sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]
  it('returns chunks of a list, all of one revision, with the exact number of what remains', async () => {
    const ns = await space('chunks');
    const names = await templates(ns, 400);
    for (const limit of [1, 33, 100, 399, 400, 1_000]) {
      const seen: string[] = [];
      let token = '';
      let revision: string | undefined;
      let pages = 0;
      do {
        if (limit === 1 && ++pages > 10) break;
        const query = `limit=${limit}${token ? `&continue=${encodeURIComponent(token)}` : ''}`;
        const { items, metadata } = ok(await wire('GET', `${ns}/podtemplates?${query}`)).json;
        assert.ok(items.length <= limit);
        revision ??= metadata.resourceVersion;
        assert.equal(metadata.resourceVersion, revision);
        seen.push(...items.map((item: { metadata: { name: string } }) => item.metadata.name));
        if (metadata.continue) assert.equal(metadata.remainingItemCount, names.length - seen.length);
        else assert.equal(metadata.remainingItemCount, undefined);
        token = metadata.continue ?? '';
      } while (token !== '');
      assert.deepEqual(seen, names.slice(0, seen.length));
      if (limit > 1) assert.equal(seen.length, names.length);
    }
  });

  it('goes on from the last key when the revision of a token is compacted away', async () => {
    const ns = await space('expired');
    const names = await templates(ns, 30);
    const first = ok(await wire('GET', `${ns}/podtemplates?limit=10`)).json;
    ok(await wire('DELETE', `${ns}/podtemplates/${names[0]}`));
    ok(await wire('DELETE', `${ns}/podtemplates/${names[25]}`));
    await https.api.store.compact(https.api.store.revision());
    const url = `${ns}/podtemplates?limit=10&continue=`;
    const gone = ok(await wire('GET', `${url}${encodeURIComponent(first.metadata.continue)}`), 410).json;
    assert.equal(gone.reason, 'Expired');
    assert.match(
      gone.message,
      /^The provided continue parameter is too old to display a consistent list result\. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results\./,
    );
    const inconsistent = gone.metadata.continue;
    assert.ok(inconsistent);
    const second = ok(await wire('GET', `${url}${encodeURIComponent(inconsistent)}`)).json;
    assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.deepEqual(
      second.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      names.slice(10, 20),
    );
    assert.equal(second.metadata.remainingItemCount, 9);
    const third = ok(await wire('GET', `${url}${encodeURIComponent(second.metadata.continue)}`)).json;
    assert.equal(third.items.length, 9);
    assert.equal(third.metadata.resourceVersion, second.metadata.resourceVersion);
    assert.equal(third.metadata.continue, undefined);
  });

  it('lets a watch in whose start is gone, and tells it so in an event', async () => {
    const ns = await space('gone');
    const from = ok(await wire('GET', `${ns}/podtemplates`)).json.metadata.resourceVersion;
    // More changes than the watch cache keeps.
    await templates(ns, 1_100);
    await https.api.store.compact(https.api.store.revision());
    const url = `${ns}/podtemplates?watch=true&resourceVersion=${from}`;
    const { type, object } = ok(await wire('GET', url)).json;
    assert.deepEqual([type, object.kind, object.reason, object.code], ['ERROR', 'Status', 'Expired', 410]);
    assert.match(object.message, /^too old resource version: \d+ \(\d+\)$/);
    const binary = ok(await wire('GET', url, { headers: { accept: protobuf } }));
    assert.equal(binary.headers['content-type'], `${protobuf};stream=watch`);
    assert.match(Buffer.from(binary.bytes).toString('latin1'), /ERROR.*k8s\0.*Status.*Expired/s);
    assert.equal(ok(await wire('GET', `${url}&resourceVersionMatch=Exact`), 422).json.reason, 'Invalid');
    assert.equal(ok(await wire('GET', `${url}&timeoutSeconds=x`), 400).json.reason, 'BadRequest');
  });

  it('pages Tables too, and refuses them for what is no list of objects', async () => {
    const ns = await space('tables');
    await templates(ns, 20);
    const page = ok(await wire('GET', `${ns}/podtemplates?limit=10`, { headers: { accept: table } })).json;
    assert.equal(page.kind, 'Table');
    assert.equal(page.rows.length, 10);
    assert.ok(page.columnDefinitions.length >= 2 && page.metadata.resourceVersion !== '');
    assert.ok(page.metadata.continue);
    const url = `${ns}/podtemplates?limit=10&continue=${encodeURIComponent(page.metadata.continue)}`;
    const rest = ok(await wire('GET', url, { headers: { accept: table } })).json;
    assert.equal(rest.rows.length, 10);
    assert.equal(rest.rows[0].object.kind, 'PartialObjectMetadata');
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
    };
    ok(await wire('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body, headers: { accept: table } }), 406);
  });

  // Conformance: [sig-auth] SubjectReview should support SubjectReview API operations [Conformance]
  it('answers what somebody else may do, in his name', async () => {
    const ns = await space('reviews');
    ok(await wire('POST', `${ns}/serviceaccounts`, { body: { metadata: { name: 'e2e' } } }), 201);
    const user = 'system:serviceaccount:reviews:e2e';
    const attributes = { verb: 'list', namespace: 'reviews', version: 'v1', resource: 'configmaps' };
    const may = async (): Promise<boolean> => {
      const self = await wire('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        body: { spec: { resourceAttributes: attributes } },
        headers: { 'impersonate-user': user },
      });
      const other = await wire('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        body: { spec: { user, resourceAttributes: attributes } },
      });
      const local = await wire('POST', '/apis/authorization.k8s.io/v1/namespaces/reviews/localsubjectaccessreviews', {
        body: { metadata: { namespace: 'reviews' }, spec: { user, resourceAttributes: attributes } },
      });
      // Somebody without rights may always ask about himself: reviews of oneself are open to all who are known.
      const answers = [self, other, local].map((answer) => ok(answer, 201).json.status.allowed === true);
      assert.equal(new Set(answers).size, 1);
      return answers[0] === true;
    };
    assert.equal(await may(), false);
    ok(await wire('GET', `${ns}/configmaps`, { headers: { 'impersonate-user': user } }), 403);
    const role = { metadata: { name: 'viewer' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }] };
    ok(await wire('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/reviews/roles', { body: role }), 201);
    const binding = {
      metadata: { name: 'viewers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'viewer' },
      subjects: [{ kind: 'ServiceAccount', name: 'e2e', namespace: 'reviews' }],
    };
    ok(await wire('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/reviews/rolebindings', { body: binding }), 201);
    assert.equal(await may(), true);
    ok(await wire('GET', `${ns}/configmaps`, { headers: { 'impersonate-user': user } }));
    ok(await wire('GET', `${ns}/secrets`, { headers: { 'impersonate-user': user } }), 403);
  });
});
