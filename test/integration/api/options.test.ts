// What unusual clients say in queries and headers: each gets what Kubernetes answers, word for word.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { customRef, establish } from '../../support/definitions.ts';
import { raw } from '../../support/raw.ts';

const cms = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const token = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const listInvalid = (...errors: string[]): string => {
  const text = errors.length > 1 ? `[${errors.join(', ')}]` : (errors[0] ?? '');
  return `ListOptions.meta.k8s.io "" is invalid: ${text}`;
};
const badToken = (why: string): string => `invalid continue token: continue key is not valid: ${why}`;
const match = 'resourceVersionMatch: Forbidden: resourceVersionMatch';
const notStreamed = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
const integer = (text: string, why = 'invalid syntax'): string => `strconv.ParseInt: parsing "${text}": ${why}`;
const huge = '99999999999999999999';

const reads: readonly (readonly [url: string, code: number, message: string])[] = [
  [`${cms}?limit=x`, 400, integer('x')],
  [`${cms}?limit=`, 400, integer('')],
  [`${cms}?limit=${huge}`, 400, integer(huge, 'value out of range')],
  [`${cms}?timeoutSeconds=1s`, 400, integer('1s')],
  [`${cms}?watch=1&timeoutSeconds=1.5`, 400, integer('1.5')],
  [`${cms}?watch=1&limit=x`, 400, integer('x')],
  [
    `${cms}?resourceVersion=-1`,
    400,
    'invalid resource version: resourceVersion: Invalid value: "-1": strconv.ParseUint: parsing "-1": invalid syntax',
  ],
  [`${cms}?sendInitialEvents=true`, 422, listInvalid('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list')],
  [
    `${cms}?resourceVersionMatch=Some&continue=abc`,
    422,
    listInvalid(
      `${match} is forbidden unless resourceVersion is provided`,
      `${match} is forbidden when continue is provided`,
      'resourceVersionMatch: Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""',
    ),
  ],
  [`${cms}?resourceVersionMatch=Exact&resourceVersion=0`, 422, listInvalid(`${match} "exact" is forbidden for resourceVersion "0"`)],
  [
    `${cms}?watch=1&sendInitialEvents=true&resourceVersionMatch=Exact`,
    422,
    listInvalid(
      `resourceVersionMatch: Forbidden: ${notStreamed}`,
      'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
    ),
  ],
  [
    `${cms}?watch=1&resourceVersionMatch=NotOlderThan&continue=abc`,
    422,
    listInvalid(`${match} is forbidden for watch unless sendInitialEvents is provided`, `${match} is forbidden when continue is provided`),
  ],
  [`${cms}?continue=a*b`, 400, badToken('illegal base64 data at input byte 1')],
  [`${cms}?continue=abcde`, 400, badToken('illegal base64 data at input byte 4')],
  [`${cms}?continue=${token('x')}`, 400, badToken("invalid character 'x' looking for beginning of value")],
  [`${cms}?continue=${token([])}`, 400, badToken('json: cannot unmarshal array into Go value of type storage.continueToken')],
  [`${cms}?continue=${token({ v: 'v2', rv: 1, start: 'a' })}`, 400, badToken('server does not recognize this encoded version v2')],
  [
    `${cms}?continue=${token({ v: 'meta.k8s.io/v1', start: 'a' })}`,
    400,
    badToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)'),
  ],
  [`${cms}?continue=${token({ v: 'meta.k8s.io/v1', rv: 1 })}`, 400, badToken('encoded start key empty (version meta.k8s.io/v1)')],
  [`${cms}?continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: 'a/../b' })}`, 400, badToken('a/../b')],
  [
    `${cms}?resourceVersion=1&continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: 'a' })}`,
    400,
    'specifying resource version is not allowed when using continue',
  ],
];

describe('queries of reads', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
    await raw(api, 'POST', cms, { metadata: { name: 'a' } });
    await raw(api, 'POST', pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox' }] } });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  for (const [url, code, message] of reads) {
    it(url.slice(cms.length), async () => {
      const answer = await raw(api, 'GET', url);
      assert.equal(answer.object.message, message);
      assert.equal(answer.code, code);
    });
  }

  it('a token that asks for the newest state begins where it says', async () => {
    const next = await raw(api, 'GET', `${cms}?continue=${token({ v: 'meta.k8s.io/v1', rv: -5, start: '/a' })}`);
    assert.equal(next.code, 200);
    assert.deepEqual(
      next.object.items?.map(({ metadata }) => metadata.name),
      ['a'],
    );
  });

  it('HEAD is for custom resources and for what is no resource', async () => {
    const answer = await raw(api, 'HEAD', cms);
    assert.equal(answer.code, 405);
    assert.equal(answer.object.reason, 'MethodNotAllowed');
    const { group, version, resource } = customRef(await establish(api.client));
    assert.equal((await raw(api, 'HEAD', `/apis/${group}/${version}/namespaces/default/${resource}`)).code, 200);
    assert.equal((await raw(api, 'HEAD', '/healthz')).code, 200);
  });

  it('a Table holds of the objects what it may be asked to hold', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const refused = await raw(api, 'GET', `${cms}?includeObject=All`, undefined, { accept });
    assert.equal(refused.code, 400);
    const why = `includeObject: Invalid value: "All": must be 'Metadata', 'Object', 'None', or empty`;
    assert.equal(refused.object.message, `Unable to convert to Table as requested: ${why}`);
    assert.equal((await raw(api, 'GET', `${cms}?includeObject=`, undefined, { accept })).object.kind, 'Table');
    assert.equal((await raw(api, 'GET', `${cms}?includeObject=All`)).object.kind, 'ConfigMapList');
  });

  it('a watch has no YAML', async () => {
    const answer = await raw(api, 'GET', `${cms}?watch=1&timeoutSeconds=1`, undefined, { accept: 'application/yaml' });
    assert.equal(answer.code, 406);
    assert.match(answer.text, /only the following media types are accepted: application\/json, application\/vnd\.kubernetes\.protobuf/);
  });

  it('a grace period is a number', async () => {
    const answer = await raw(api, 'DELETE', `${cms}/a?gracePeriodSeconds=soon`);
    assert.deepEqual([answer.code, answer.object.message], [400, integer('soon')]);
  });

  for (const [body, type] of [
    ['[]', 'array'],
    ['"x"', 'string'],
    ['7', 'number'],
    ['true', 'bool'],
  ] as const) {
    it(`a body that is a JSON ${type}`, async () => {
      const { code, object } = await raw(api, 'POST', cms, body);
      assert.equal(code, 400);
      const typed = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`;
      const reason = `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type ${typed}`;
      const hex = Buffer.from(body).toString('hex');
      assert.equal(object.message, `the object provided is unrecognized (must be of type ConfigMap): ${reason} (${hex})`);
    });
  }

  it('evictions may be of the old version, and of no other', async () => {
    const evict = (apiVersion: string) =>
      raw(api, 'POST', `${pods}/p/eviction?dryRun=All`, { apiVersion, kind: 'Eviction', metadata: { name: 'p' } });
    assert.equal((await evict('policy/v1beta1')).code, 201);
    assert.equal((await evict('policy/v1')).code, 201);
    const refused = await evict('policy/v2');
    assert.equal(refused.code, 400);
    const expected = 'does not match the expected API version (policy/v1)';
    assert.equal(refused.object.message, `the API version in the data (policy/v2) ${expected}`);
  });
});
