// Wrong requests: each gets the Status that Kubernetes gives, none breaks the server.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { raw } from '../../support/raw.ts';

const cms = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const map = (name: string, extra: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...extra });

type Case = readonly [
  what: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  body: string | object | undefined,
  headers: Readonly<Record<string, string>>,
  code: number,
  reason: string | undefined,
  message: string | RegExp,
];

const cases: readonly Case[] = [
  [
    'malformed JSON',
    'POST',
    pods,
    '{"kind":',
    {},
    400,
    'BadRequest',
    /^the object provided is unrecognized \(must be of type Pod\): couldn't get version\/kind; json parse error: unexpected end of JSON input \(\{"kind":\)$/,
  ],
  [
    'a wrong type',
    'POST',
    deployments,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x' },
      spec: { replicas: 'three' },
    },
    {},
    400,
    'BadRequest',
    'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    'an unknown field, strictly',
    'POST',
    `${cms}?fieldValidation=Strict`,
    map('x', { foo: 1 }),
    {},
    400,
    'BadRequest',
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
  ],
  [
    'unknown fields and keys said twice, strictly, in the order of the text',
    'POST',
    `${deployments}?fieldValidation=Strict`,
    '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"unknownField":"foo","replicas":2,"replicas":3,"other":1}}',
    {},
    400,
    'BadRequest',
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas", unknown field "spec.other"',
  ],
  [
    'a key said twice, strictly',
    'POST',
    `${cms}?fieldValidation=Strict`,
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1","a":"2"}}',
    {},
    400,
    'BadRequest',
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"',
  ],
  [
    'another apiVersion',
    'POST',
    cms,
    { ...map('x'), apiVersion: 'v2' },
    {},
    400,
    'BadRequest',
    'the API version in the data (v2) does not match the expected API version (v1)',
  ],
  [
    'an unknown kind',
    'POST',
    cms,
    { ...map('x'), kind: 'Foo' },
    {},
    400,
    'BadRequest',
    /^Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered/,
  ],
  [
    'another namespace',
    'POST',
    cms,
    { ...map('x'), metadata: { name: 'x', namespace: 'other' } },
    {},
    400,
    'BadRequest',
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  ['another name', 'PUT', `${cms}/y`, map('x'), {}, 400, 'BadRequest', 'the name of the object (x) does not match the name on the URL (y)'],
  ['an absent object', 'GET', `${cms}/none`, undefined, {}, 404, 'NotFound', 'configmaps "none" not found'],
  ['an absent object of a group', 'GET', `${deployments}/none`, undefined, {}, 404, 'NotFound', 'deployments.apps "none" not found'],
  ['PUT of an absent object', 'PUT', `${cms}/none`, map('none'), {}, 404, 'NotFound', 'configmaps "none" not found'],
  [
    'an oversize body',
    'POST',
    cms,
    'x'.repeat(3 * 1024 * 1024 + 1),
    {},
    413,
    'RequestEntityTooLarge',
    /^Request entity too large: limit is 3145728/,
  ],
  [
    'an unknown content type',
    'POST',
    cms,
    map('x'),
    { 'content-type': 'text/csv' },
    415,
    'UnsupportedMediaType',
    /^the body of the request was in an unknown format - accepted media types include: application\/json/,
  ],
  [
    'an unknown patch type',
    'PATCH',
    `${cms}/none`,
    {},
    {},
    415,
    'UnsupportedMediaType',
    /accepted media types include: application\/json-patch\+json/,
  ],
  [
    'a bad label selector',
    'GET',
    `${cms}?labelSelector=a%20b%20c`,
    undefined,
    {},
    400,
    'BadRequest',
    /^unable to parse requirement: found 'b'/,
  ],
  [
    'an unknown field label',
    'GET',
    `${pods}?fieldSelector=spec.foo%3Dx`,
    undefined,
    {},
    400,
    'BadRequest',
    'field label not supported: spec.foo',
  ],
  [
    'an unknown field label of a plain kind',
    'GET',
    `${cms}?fieldSelector=data.x%3Dx`,
    undefined,
    {},
    400,
    'BadRequest',
    '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  [
    'a bad resourceVersion',
    'GET',
    `${cms}?resourceVersion=abc`,
    undefined,
    {},
    400,
    'BadRequest',
    /^invalid resource version: resourceVersion: Invalid value: "abc"/,
  ],
  [
    'a version from the future',
    'GET',
    `${cms}?resourceVersion=99999999`,
    undefined,
    {},
    504,
    'Timeout',
    /^Timeout: Too large resource version: 99999999, current: \d+$/,
  ],
  [
    'a bad continue token',
    'GET',
    `${cms}?continue=abc`,
    undefined,
    {},
    400,
    'BadRequest',
    /^invalid continue token: continue key is not valid: /,
  ],
  [
    'match without version',
    'GET',
    `${cms}?resourceVersionMatch=Exact`,
    undefined,
    {},
    422,
    'Invalid',
    /resourceVersionMatch is forbidden unless resourceVersion is provided/,
  ],
  ['bad dryRun', 'POST', `${cms}?dryRun=Some`, map('x'), {}, 422, 'Invalid', /dryRun: Unsupported value/],
  [
    'a bad name',
    'POST',
    cms,
    map('Not_A_Name'),
    {},
    422,
    'Invalid',
    /^ConfigMap "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain/,
  ],
  [
    'a method that is not offered',
    'POST',
    `${cms}/x`,
    map('x'),
    {},
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  [
    'a verb that the row lacks',
    'DELETE',
    '/api/v1/namespaces',
    undefined,
    {},
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  ['an unknown subresource', 'GET', `${cms}/x/foo`, undefined, {}, 404, 'NotFound', 'the server could not find the requested resource'],
  [
    'a resourceVersion on create',
    'POST',
    cms,
    { ...map('x'), metadata: { name: 'x', resourceVersion: '1' } },
    {},
    500,
    undefined,
    'resourceVersion should not be set on objects to be created',
  ],
  [
    'a stale uid',
    'DELETE',
    `${cms}/stale`,
    { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'x' } },
    {},
    409,
    'Conflict',
    /^Operation cannot be fulfilled on ConfigMap "stale": the UID in the precondition \(x\) does not match the UID in record \([-0-9a-f]{36}\)\. The object might have been deleted and then recreated$/,
  ],
  [
    'a JSON patch that does not apply',
    'PATCH',
    `${cms}/stale`,
    [{ op: 'remove', path: '/data/none' }],
    { 'content-type': 'application/json-patch+json' },
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
  ],
  [
    'a strategic patch with an unknown directive',
    'PATCH',
    `${cms}/stale`,
    { metadata: { $patch: 'bogus' } },
    { 'content-type': 'application/strategic-merge-patch+json' },
    400,
    'BadRequest',
    'unknown patch type: bogus in map: map[$patch:bogus]',
  ],
  [
    'nothing acceptable',
    'GET',
    `${cms}/stale`,
    undefined,
    { accept: 'text/csv' },
    406,
    'NotAcceptable',
    /^only the following media types are accepted: application\/json/,
  ],
];

describe('wrong requests', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
    await raw(api, 'POST', cms, map('stale'));
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  for (const [what, method, url, body, headers, code, reason, message] of cases) {
    it(what, async () => {
      const answer = await raw(api, method, url, body, headers);
      assert.equal(answer.code, code, answer.text.slice(0, 300));
      assert.equal(answer.object.kind, 'Status');
      assert.equal(answer.object.reason, reason);
      if (typeof message === 'string') assert.equal(answer.object.message, message);
      else assert.match(answer.object.message ?? '', message);
    });
  }

  it('unknown paths are plain 404s', async () => {
    const answer = await raw(api, 'GET', '/apis/none.io/v1/things');
    assert.equal(answer.code, 404);
    assert.equal(answer.text, '404 page not found\n');
  });

  it('users without rights are refused', async () => {
    const response = await api.api.transport({ name: 'jane', groups: ['system:authenticated'] }).send({ method: 'GET', path: cms });
    assert.equal(response.status, 403);
    assert.ok('object' in response.body);
    assert.equal(
      (response.body.object as { message: string }).message,
      'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
  });
});
