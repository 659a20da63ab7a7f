// Operations that answer without keeping an object, and subresources with bodies of their own.
import assert from 'node:assert/strict';
import { fromProtobuf, protobuf, toProtobuf, type Wire } from '../../support/wire.ts';
import type { Place } from './operations.invalid.ts';

type Special = (wire: Wire, place: Place & { readonly apiVersion?: string; readonly verb?: string }) => Promise<void>;

/** Creates, expects `code`, and refuses what is no such object. */
const creation =
  (spec: object, check: (answer: { readonly spec: object; readonly status: Record<string, unknown> }) => void): Special =>
  async (wire, { collection, row, apiVersion }) => {
    const body = { apiVersion: apiVersion as string, kind: row.kind, metadata: {}, ...spec };
    const answer = await wire('POST', collection, { body });
    assert.equal(answer.code, 201, JSON.stringify(answer.json));
    assert.equal(answer.json.kind, row.kind);
    check(answer.json);
    const headers = { 'content-type': protobuf, accept: protobuf };
    check(fromProtobuf(await wire('POST', collection, { body: toProtobuf(body), headers })) as Parameters<typeof check>[0]);
    assert.equal((await wire('POST', collection, { body: '{' })).code, 400);
    assert.equal((await wire('POST', collection, { body: 'x', headers: { 'content-type': 'text/plain' } })).code, 415);
    const asTable = await wire('POST', collection, { body, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    assert.equal(asTable.code, 406, 'no Table');
  };

const attributes = { resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } };

export const otherCreations: Readonly<Record<string, Special>> = {
  '/v1/bindings': async (wire, { collection, apiVersion }) => {
    const pods = collection.replace('/bindings', '/pods');
    const pod = { metadata: { name: 'bind-me' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    assert.equal((await wire('POST', pods, { body: pod })).code, 201);
    const body = { apiVersion, kind: 'Binding', metadata: { name: 'bind-me' }, target: { kind: 'Node', name: 'n1' } };
    assert.equal((await wire('POST', collection, { body: { ...body, target: {} } })).code, 422);
    assert.equal((await wire('POST', collection, { body })).code, 201);
    assert.equal((await wire('POST', collection, { body })).code, 409);
    assert.equal((await wire('DELETE', `${pods}/bind-me?gracePeriodSeconds=0`)).code, 200);
  },
  'authentication.k8s.io/v1/tokenreviews': creation({ spec: { token: 'nonsense' } }, ({ status }) => {
    assert.notEqual(status['authenticated'], true);
  }),
  'authentication.k8s.io/v1/selfsubjectreviews': creation({}, ({ status }) => {
    assert.equal((status['userInfo'] as { username: string }).username, 'kubernetes-admin');
  }),
  'authorization.k8s.io/v1/selfsubjectaccessreviews': creation({ spec: attributes }, ({ status }) => {
    assert.equal(status['allowed'], true);
  }),
  'authorization.k8s.io/v1/subjectaccessreviews': creation({ spec: { user: 'nobody', ...attributes } }, ({ status }) => {
    assert.equal(status['allowed'], false);
  }),
  'authorization.k8s.io/v1/localsubjectaccessreviews': creation({ spec: { user: 'nobody', ...attributes } }, ({ status }) => {
    assert.equal(status['allowed'], false);
  }),
  'authorization.k8s.io/v1/selfsubjectrulesreviews': creation({ spec: { namespace: 'default' } }, ({ status }) => {
    assert.ok((status['resourceRules'] as unknown[]).length > 0);
  }),
};

/** No node runs here: a pod that is not bound has no streams, and says so. */
const unbound: Special = async (wire, { item, verb }) => {
  const answer = await wire(verb === 'create' ? 'POST' : 'GET', `${item}?container=c&command=x&stdout=true`);
  assert.ok([400, 500].includes(answer.code), JSON.stringify(answer.json));
  assert.equal(answer.json.kind, 'Status');
};

/** The log of a pod that is not bound is empty, not wrong. */
const unboundLog: Special = async (wire, { item }) => {
  const answer = await wire('GET', `${item}?container=c`);
  assert.equal(answer.code, 204);
  assert.equal(answer.bytes.length, 0);
  assert.equal((await wire('GET', `${item}?container=nonsense`)).code, 400);
  assert.equal((await wire('GET', `${item}?tailLines=-1`)).code, 422);
};

const proxied: Special = async (wire, { item, verb }) => {
  const method = ({ create: 'POST', delete: 'DELETE', get: 'GET', patch: 'PATCH', update: 'PUT' } as const)[verb as 'get'];
  const answer = await wire(method, `${item}/path`);
  assert.ok([400, 500, 502, 503].includes(answer.code), JSON.stringify(answer.json));
  assert.equal(answer.json.kind, 'Status');
};

export const streamed: ReadonlyMap<string, Special> = new Map([
  ['attach', unbound],
  ['exec', unbound],
  ['portforward', unbound],
  ['log', unboundLog],
  ['proxy', proxied],
]);

export const subCreations: Readonly<Record<string, Special>> = {
  'pods/binding': async (wire, { item }) => {
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'op-pod' }, target: { kind: 'Node', name: '' } };
    const answer = await wire('POST', item, { body });
    assert.equal(answer.code, 422, JSON.stringify(answer.json));
    assert.match(answer.json.message, /target\.name: Required value/);
  },
  'pods/eviction': async (wire, { item }) => {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'op-pod' } };
    assert.equal((await wire('POST', `${item}?dryRun=All`, { body })).code, 201);
    const headers = { 'content-type': protobuf, accept: protobuf };
    assert.equal((await wire('POST', `${item}?dryRun=All`, { body: toProtobuf(body), headers })).code, 201);
    assert.equal((await wire('POST', item, { body: { ...body, metadata: { name: 'other' } } })).code, 400);
  },
  'pods/ephemeralcontainers': async (wire, { item, verb }) => {
    if (verb === 'get') assert.equal((await wire('GET', item)).code, 200);
    const type = verb === 'patch' ? 'PATCH' : 'PUT';
    if (verb === 'update') {
      const { json } = await wire('GET', item);
      assert.equal((await wire(type, item, { body: json })).code, 200);
    }
    if (verb === 'patch') {
      const patch = { spec: { ephemeralContainers: [{ name: 'c', image: 'i' }] } };
      const answer = await wire(type, item, { body: patch, headers: { 'content-type': 'application/strategic-merge-patch+json' } });
      assert.equal(answer.code, 422, JSON.stringify(answer.json));
      assert.match(answer.json.message, /Duplicate value: "c"/);
    }
  },
  'serviceaccounts/token': async (wire, { item }) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [], expirationSeconds: 3600 } };
    const answer = await wire('POST', item, { body });
    assert.equal(answer.code, 201, JSON.stringify(answer.json));
    assert.match(answer.json.status.token, /^ey/);
    const headers = { 'content-type': protobuf, accept: protobuf };
    const encoded = fromProtobuf(await wire('POST', item, { body: toProtobuf(body), headers })) as { status: { token: string } };
    assert.match(encoded.status.token, /^ey/);
    const short = await wire('POST', item, { body: { ...body, spec: { expirationSeconds: 5 } } });
    assert.equal(short.code, 422);
    assert.match(short.json.message, /may not specify a duration less than 10 minutes/);
  },
};
