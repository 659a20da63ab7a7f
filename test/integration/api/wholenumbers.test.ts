// Whole numbers that JavaScript's numbers cannot hold, in custom resources: no digit is lost on any way in or out.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Unstructured } from '#api/object.ts';
import type { ResourceClient } from '#client/client.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { customRef, establish, versionOf } from '../../support/definitions.ts';
import { raw } from '../../support/raw.ts';

const odd = '9007199254740993';
const most = '9223372036854775807';
const least = '-9223372036854775808';
/** Nobody can say these numbers in source text but as text. */
const definitionText = `{
  "type": "object",
  "properties": {"spec": {
    "type": "object",
    "properties": {
      "id": {"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807},
      "preset": {"type": "integer", "default": ${odd}},
      "choice": {"type": "integer", "enum": [1, ${most}]},
      "even": {"type": "integer", "multipleOf": 2},
      "set": {"type": "array", "maxItems": 9, "x-kubernetes-list-type": "set", "items": {"type": "integer"}},
      "list": {
        "type": "array", "maxItems": 9, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
        "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}
      },
      "either": {"x-kubernetes-int-or-string": true},
      "small": {"type": "integer", "format": "int32"},
      "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
    },
    "x-kubernetes-validations": [
      {"rule": "!has(self.id) || self.id % 2 == 1", "message": "must be odd"},
      {"rule": "!has(self.id) || !has(oldSelf.id) || self.id >= oldSelf.id", "message": "must not shrink"}
    ]
  }}
}`;

describe('whole numbers beyond 2^53', () => {
  let api: TestApi;
  let things: ResourceClient<Unstructured>;
  const url = '/apis/numbers.example.com/v1/namespaces/default/things';
  before(async () => {
    api = await startTestApi();
    const made = await raw(
      api,
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      `{"metadata":{"name":"things.numbers.example.com"},"spec":{"group":"numbers.example.com","scope":"Namespaced",
        "names":{"plural":"things","kind":"Thing"},
        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":${definitionText}},
          "additionalPrinterColumns":[{"name":"Id","type":"integer","jsonPath":".spec.id"},{"name":"Free","type":"string","jsonPath":".spec.free.a"}]}]}}`,
    );
    assert.equal(made.code, 201, made.text);
    assert.ok(made.text.includes(`"default":${odd}`) && made.text.includes(`[1,${most}]`));
    const other = await establish(api.client, {
      group: 'numbers.example.com',
      plural: 'others',
      kind: 'Other',
      versions: [versionOf('v1')],
    });
    things = api.client.resource({ ...customRef(other), resource: 'things', kind: 'Thing' });
  });
  after(() => api[Symbol.asyncDispose]());

  const body = (name: string, spec: string, more = '') =>
    `{"apiVersion":"numbers.example.com/v1","kind":"Thing","metadata":{"name":"${name}"${more}},"spec":${spec}}`;
  /** The spec in an answer, as text. */
  function specOf({ text, code }: { text: string; code: number }): string {
    assert.ok(code < 300, text);
    const spec = /"spec":(\{.*\})\}$/s.exec(text.trim());
    assert.ok(spec, text);
    return spec[1] as string;
  }
  const full = `{"id":${odd},"set":[${most},1],"list":[{"id":${odd},"text":"a"},{"id":9007199254740992}],"either":5,"free":{"a":${least},"b":[${most}],"c":1.5}}`;

  it('come through creation, reading, lists, watches and Tables', async () => {
    assert.equal(specOf(await raw(api, 'POST', url, body('a', full))), full.replace(/\}$/, `,"preset":${odd}}`));
    const got = await raw(api, 'GET', `${url}/a`);
    assert.equal(specOf(got), full.replace(/\}$/, `,"preset":${odd}}`));
    const all = await raw(api, 'GET', url);
    assert.ok(all.text.includes(`"free":{"a":${least},"b":[${most}],"c":1.5}`), all.text);
    for await (const event of things.watch({ namespace: 'default', signal: new AbortController().signal })) {
      assert.ok(JSON.stringify(event).includes(`"id":${odd},"set":[${most},1]`));
      break;
    }
    const table = await raw(api, 'GET', `${url}/a`, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    assert.match(table.text, new RegExp(`"cells":\\["a",${odd},"${least}"\\]`));
    const yaml = await raw(api, 'GET', `${url}/a`, undefined, { accept: 'application/yaml' });
    assert.match(yaml.text, new RegExp(`^ {2}id: ${odd}$`, 'm'));
    assert.match(yaml.text, new RegExp(`^ {4}a: ${least}$`, 'm'));
  });

  it('come through YAML', async () => {
    const text = `apiVersion: numbers.example.com/v1\nkind: Thing\nmetadata: {name: yaml}\nspec:\n  id: ${most}\n  free: {a: 0x7fffffffffffffff, b: 18446744073709551615}\n`;
    const made = await raw(api, 'POST', url, text, { 'content-type': 'application/yaml' });
    assert.equal(specOf(made), `{"id":${most},"free":{"a":${most},"b":18446744073709552000},"preset":${odd}}`);
  });

  it('come through every way of changing an object', async () => {
    const patch = (type: string, change: string) => raw(api, 'PATCH', `${url}/p`, change, { 'content-type': `application/${type}` });
    await raw(api, 'POST', url, body('p', full));
    const { text } = await raw(api, 'GET', `${url}/p`);
    assert.ok(
      specOf(await raw(api, 'PUT', `${url}/p`, text.replace(`"id":${odd},"set"`, '"id":9007199254740995,"set"'))).includes(
        '"id":9007199254740995,',
      ),
    );
    const merged = specOf(await patch('merge-patch+json', `{"spec":{"free":{"a":null,"d":${most}},"set":null}}`));
    assert.ok(merged.includes(`"free":{"b":[${most}],"c":1.5,"d":${most}}`), merged);
    const operations = `[{"op":"test","path":"/spec/free/d","value":${most}},{"op":"copy","from":"/spec/free/d","path":"/spec/free/e"},{"op":"replace","path":"/spec/id","value":9007199254740997}]`;
    const patched = specOf(await patch('json-patch+json', operations));
    assert.ok(patched.includes(`"e":${most}`) && patched.includes('"id":9007199254740997,'), patched);
    const untrue = await patch('json-patch+json', operations.replace(most, '9223372036854775806'));
    assert.equal(untrue.code, 422);
    assert.deepEqual([untrue.code, (await raw(api, 'GET', `${url}/p`)).text.includes('"id":9007199254740997,')], [422, true]);
  });

  it('tell items of lists apart for apply', async () => {
    const apply = (manager: string, spec: string, force = '') =>
      raw(api, 'PATCH', `${url}/applied?fieldManager=${manager}${force}`, body('applied', spec), {
        'content-type': 'application/apply-patch+yaml',
      });
    specOf(await apply('one', `{"id":${odd},"set":[9007199254740992,${odd}],"list":[{"id":${odd},"text":"a"}]}`));
    const two = await apply('two', `{"set":[9007199254740994,${odd}],"list":[{"id":9007199254740992,"text":"b"}]}`);
    assert.ok(two.text.includes(`k:{\\"id\\":${odd}}`) && two.text.includes('k:{\\"id\\":9007199254740992}'), two.text);
    assert.ok(two.text.includes(`v:${odd}`) && two.text.includes('v:9007199254740994'));
    assert.ok(specOf(two).includes(`"list":[{"id":${odd},"text":"a"},{"id":9007199254740992,"text":"b"}]`), two.text);
    const conflict = await apply('two', `{"id":9007199254740995}`);
    assert.equal(conflict.code, 409);
    assert.ok(specOf(await apply('two', `{"id":9007199254740995}`, '&force=true')).includes('"id":9007199254740995'));
    // What two leaves out goes, what one set stays.
    const rest = specOf(await apply('two', `{"id":9007199254740995}`));
    assert.ok(rest.includes(`"list":[{"id":${odd},"text":"a"}]`) && rest.includes(`"set":[9007199254740992,${odd}]`), rest);
    const same = await raw(api, 'GET', `${url}/applied`);
    assert.equal((await apply('two', `{"id":9007199254740995}`)).object.metadata.resourceVersion, same.object.metadata.resourceVersion);
  });

  it('are judged by every digit', async () => {
    const refused = async (spec: string, message: RegExp) => {
      const { code, object } = await raw(api, 'POST', url, body('bad', spec));
      assert.equal(code, 422);
      assert.match(object.message ?? '', message);
    };
    await refused('{"id":9007199254740994}', /must be odd/);
    await refused(
      `{"choice":9223372036854775806}`,
      /spec.choice: Unsupported value: 9223372036854775806: supported values: "1", "9223372036854775807"/,
    );
    await refused(`{"even":${odd}}`, new RegExp(`spec.even: Invalid value: ${odd}: .* should be a multiple of 2`));
    await refused(`{"small":${odd}}`, new RegExp(`spec.small: Invalid value: ${odd}: `));
    await refused(`{"set":[${odd},9007199254740992,${odd}]}`, new RegExp(`spec.set\\[2\\]: Duplicate value: ${odd}`));
    await refused('{"id":9223372036854775808}', /must be odd/);
    await refused(
      `{"list":[{"id":${odd},"text":${odd}}]}`,
      /spec.list\[0\].text: Invalid value: "integer": .* must be of type string: "integer"/,
    );
    specOf(await raw(api, 'POST', url, body('grows', `{"id":9007199254740995,"choice":${most}}`)));
    const shrunk = await raw(api, 'PATCH', `${url}/grows`, `{"spec":{"id":${odd}}}`, { 'content-type': 'application/merge-patch+json' });
    assert.match(shrunk.object.message ?? '', /must not shrink/);
  });

  it('stay plain where fields are typed', async () => {
    const pod = (seconds: string) =>
      `{"metadata":{"name":"p"},"spec":{"terminationGracePeriodSeconds":${seconds},"containers":[{"name":"c","image":"i"}]}}`;
    const pods = '/api/v1/namespaces/default/pods?dryRun=All';
    assert.equal((await raw(api, 'POST', pods, pod(odd))).code, 201);
    assert.match((await raw(api, 'POST', pods, pod('9223372036854775809000'))).object.message ?? '', /cannot unmarshal number/);
    const service = `{"metadata":{"name":"s"},"spec":{"ports":[{"port":${odd}}]}}`;
    const { object } = await raw(api, 'POST', '/api/v1/namespaces/default/services', service);
    assert.match(object.message ?? '', new RegExp(`cannot unmarshal number ${odd} into Go struct field ServicePort.* of type int32`));
  });
});
