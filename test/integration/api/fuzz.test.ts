// Broken requests by the thousand, from a seed: whatever comes in, the answer is the client's mistake and never the server's.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { seededRandom } from '#base/seeded.ts';
import type { ApiRequest } from '#client/transport.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { minimal } from '../../support/minimal.ts';
import { protobuf, toProtobuf, type Wire, wireTo } from '../../support/wire.ts';

const seed = Number(process.env['TUTTI_FUZZ_SEED'] ?? 1);
const rounds = Number(process.env['TUTTI_FUZZ_ROUNDS'] ?? 400);

const random = seededRandom(seed);
const below = (n: number): number => Math.floor(random.next() * n);
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

/** Bytes with some of them changed, cut, doubled or put elsewhere. */
function mutated(bytes: Uint8Array): Uint8Array {
  let out = Buffer.from(bytes);
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(out.length + 1);
    const to = Math.min(out.length, at + below(24));
    switch (below(5)) {
      case 0:
        if (out.length > 0) out[Math.min(at, out.length - 1)] = below(256);
        break;
      case 1:
        out = Buffer.concat([out.subarray(0, at), out.subarray(to)]);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, to), out.subarray(at)]);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), Buffer.from(pick(nasty)), out.subarray(at)]);
        break;
      default:
        out = out.subarray(0, at);
    }
  }
  return out;
}

const nasty: readonly string[] = [
  '{',
  '}',
  '[',
  ']]',
  '"',
  '\\u0000',
  '\ud800',
  '\u0000',
  'null',
  '-1',
  '1e999',
  '99999999999999999999',
  '0x1F',
  '"__proto__":{"polluted":true},',
  '"constructor":{"prototype":{"polluted":true}},',
  '[[[[[[[[[[[[[[[[[[[[',
  '{"a":'.repeat(2_000),
  '&a [*a,*a]',
  '? ',
  '!!js/function x',
  '%',
  '../',
];

const ids = [
  '/v1/pods',
  '/v1/services',
  '/v1/configmaps',
  'apps/v1/deployments',
  'autoscaling/v2/horizontalpodautoscalers',
  'batch/v1/cronjobs',
  'networking.k8s.io/v1/ingresses',
];

describe('fuzz', () => {
  let https: HttpsApi;
  let wire: Wire;
  before(async () => {
    https = await startHttpsApi();
    wire = await wireTo(https);
    const body = { metadata: { name: 'target', labels: { a: 'b' } }, data: { k: 'v' } };
    assert.equal((await wire('POST', '/api/v1/namespaces/default/configmaps', { body })).code, 201);
  });
  after(async () => {
    assert.equal((await wire('GET', '/api/v1/namespaces/default/configmaps/target')).code, 200, 'the server lives on');
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    await https[Symbol.asyncDispose]();
  });

  /** Sends, and fails with what it takes to send it again when the server calls the mistake its own. */
  async function send(method: ApiRequest['method'], url: string, body?: Uint8Array, type?: string): Promise<void> {
    const told = `seed ${seed}: ${method} ${url} ${type ?? ''} ${body ? Buffer.from(body).toString('base64').slice(0, 2_000) : ''}`;
    const headers: Record<string, string> = type ? { 'content-type': type } : {};
    const answer = await wire(method, url, { ...(body ? { body } : {}), headers }).catch((error: unknown) => {
      throw new Error(told, { cause: error });
    });
    assert.ok(answer.code < 500, `${answer.code} ${JSON.stringify(answer.json)}\n${told}`);
    if (answer.code >= 400) assert.equal(answer.json?.kind, 'Status', told);
  }

  const objects = ids.map((id) => {
    const [group = '', version = '', resource = ''] = id.split('/');
    const kinds: Record<string, string> = {
      pods: 'Pod',
      services: 'Service',
      configmaps: 'ConfigMap',
      deployments: 'Deployment',
      horizontalpodautoscalers: 'HorizontalPodAutoscaler',
      cronjobs: 'CronJob',
      ingresses: 'Ingress',
    };
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const url = `${group === '' ? '/api/v1' : `/apis/${apiVersion}`}/namespaces/default/${resource}`;
    return { url, body: { ...(minimal[id] as object), apiVersion, kind: kinds[resource] as string, metadata: { name: 'fuzzed' } } };
  });

  it('bodies in JSON, YAML and protobuf', async () => {
    for (let i = 0; i < rounds; i++) {
      const { url, body } = pick(objects);
      const form = pick(['application/json', 'application/yaml', protobuf]);
      const bytes = form === protobuf ? toProtobuf(body) : Buffer.from(JSON.stringify(body));
      await send('POST', `${url}?dryRun=All&fieldValidation=${pick(['Strict', 'Warn', 'Ignore'])}`, mutated(bytes), form);
    }
  });

  it('patches of all kinds', async () => {
    const patches: readonly (readonly [string, object])[] = [
      [
        'application/json-patch+json',
        [
          { op: 'replace', path: '/data/k', value: 'w' },
          { op: 'move', from: '/data', path: '/metadata/labels' },
        ],
      ],
      ['application/merge-patch+json', { metadata: { labels: { a: null, c: 'd' } }, data: { k: 'w' } }],
      ['application/strategic-merge-patch+json', { $patch: 'replace', metadata: { finalizers: ['x/y'], $retainKeys: ['name'] } }],
      ['application/apply-patch+yaml', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'target' }, data: { k: 'x' } }],
    ];
    for (let i = 0; i < rounds; i++) {
      const [type, patch] = pick(patches);
      const url = '/api/v1/namespaces/default/configmaps/target?dryRun=All&fieldManager=fuzz&force=true';
      const query = type.startsWith('application/apply') ? url : url.replace('&force=true', '');
      await send('PATCH', query, mutated(Buffer.from(JSON.stringify(patch))), type);
    }
  });

  it('headers', async () => {
    const values: Readonly<Record<string, string>> = {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/vnd.kubernetes.protobuf;q=0.5,*/*;q=0.1',
      'accept-encoding': 'gzip;q=1.0, identity;q=0',
      authorization: `Bearer ${['{"alg":"RS256"}', '{"iss":"https://kubernetes.default.svc"}', 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.')}`,
      'content-type': 'application/json; charset=utf-8',
      'if-none-match': 'W/"abc", "def", *',
      'impersonate-user': 'system:serviceaccount:default:default',
      'impersonate-group': 'system:authenticated',
      'user-agent': 'kubectl/v1.35.0 (linux/amd64) kubernetes/abc',
      warning: '299 - "x"',
    };
    const urls = ['/api/v1/namespaces/default/configmaps?limit=2', '/openapi/v3', '/apis', '/api/v1/namespaces/default/configmaps/target'];
    for (let i = 0; i < rounds; i++) {
      const name = pick(Object.keys(values));
      // What no client of HTTP can send in a header is left out.
      const value = Buffer.from(mutated(Buffer.from(values[name] as string)))
        .toString('latin1')
        .replaceAll(/[^ -~]/g, '')
        .trim()
        .slice(0, 4_000);
      const url = pick(urls);
      const answer = await wire('GET', url, { headers: { [name]: value } });
      assert.ok(answer.code < 500, `seed ${seed}: ${answer.code} GET ${url} ${name}: ${value}`);
    }
  });

  it('selectors, tokens, versions and paths', async () => {
    const { json } = await wire('GET', '/api/v1/namespaces/kube-system/configmaps?limit=1');
    const token =
      (json.metadata.continue as string | undefined) ?? Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"a\\u0000"}').toString('base64');
    const values = ['a=b,c in (d,e),!f', 'metadata.name=x,status.phase!=y', token, '12', 'NotOlderThan', '-5', 'true'];
    const names = [
      'labelSelector',
      'fieldSelector',
      'continue',
      'resourceVersion',
      'resourceVersionMatch',
      'limit',
      'timeoutSeconds',
      'sendInitialEvents',
    ];
    for (let i = 0; i < rounds; i++) {
      const query = Array.from({ length: 1 + below(3) }, () => {
        const value = below(3) === 0 ? pick(values) : Buffer.from(mutated(Buffer.from(pick(values)))).toString('latin1');
        return `${pick(names)}=${encodeURIComponent(value)}`;
      });
      // A version that is yet to come is waited for: far ones would only make the test slow.
      const text = query.filter((part) => !/resourceVersion=\d{2,}/.test(part)).join('&');
      await send('GET', `/api/v1/namespaces/default/configmaps?${text}`);
    }
    const paths = [
      '/api/v1/namespaces/default/configmaps/target',
      '/apis/apps/v1/namespaces/default/deployments',
      '/openapi/v3/apis/apps/v1',
    ];
    for (let i = 0; i < rounds / 4; i++) {
      const path = Buffer.from(mutated(Buffer.from(pick(paths))))
        .toString('latin1')
        .replaceAll(/[^!-~]/g, '%');
      const answer = await wire('GET', path.startsWith('/') ? path.replaceAll(/[#?]/g, '.') : `/${path.replaceAll(/[#?]/g, '.')}`);
      assert.ok(answer.code < 500, `seed ${seed}: ${answer.code} ${path}`);
    }
  });
});
