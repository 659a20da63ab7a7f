// x-kubernetes-validations: rules of custom resources, when they are written and when they judge.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CustomResourceDefinitions } from '#api/refs.ts';
import type { Unstructured } from '#api/object.ts';
import type { StatusError } from '#api/status.ts';
import type { ResourceClient } from '#client/client.ts';
import type { AdmissionPlugin } from '#apiserver/admission/plugin.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { customRef, definition, establish, versionOf } from '../../support/definitions.ts';

const rules = (...all: (string | object)[]) => ({
  'x-kubernetes-validations': all.map((rule) => (typeof rule === 'string' ? { rule } : rule)),
});
const int = { type: 'integer' };
const text = { type: 'string', maxLength: 100 };
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const list = (items: object, more: object = {}) => ({ type: 'array', maxItems: 10, items, ...more });
const root = (spec: object, more: object = {}) => object({ spec, status: object({ n: int }) }, more);

let api: TestApi;
const warnings: string[] = [];
before(async () => {
  const recorder: AdmissionPlugin = {
    name: 'Recorder',
    handles: (row) => row.custom !== undefined,
    validate({ ctx }) {
      warnings.push(...ctx.warnings.splice(0));
    },
  };
  api = await startTestApi({ admission: [recorder] });
});
after(async () => {
  await api[Symbol.asyncDispose]();
});

let count = 0;
/** A kind of its own with this schema. */
async function kindOf(schema: object, more: object = {}): Promise<ResourceClient<Unstructured>> {
  const plural = `things${++count}`;
  const crd = await establish(api.client, { plural, kind: `Thing${count}`, versions: [versionOf('v1', schema, more)] });
  return api.client.resource(customRef(crd));
}
const made = (things: ResourceClient<Unstructured>, spec: unknown, name = 'a'): Promise<Unstructured> =>
  things.create({ metadata: { name, namespace: 'default' }, spec });

async function refusal(promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => assert.fail('was let through'),
    (thrown: StatusError) => thrown,
  );
  assert.equal(error.code, 422, error.message);
  return (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message?.split('\n')[0]}`);
}
const refusedDefinition = (schema: object): Promise<string[]> =>
  refusal(
    api.client
      .resource(CustomResourceDefinitions)
      .create(definition({ plural: 'refused', kind: 'Refused', versions: [versionOf('v1', schema)] })),
  );

describe('rules of custom resources', () => {
  it('judge creation and update, in the words of Kubernetes', async () => {
    const things = await kindOf(
      root(
        object(
          { min: int, max: int, names: list(text), mode: text, 'dash-ed': text },
          rules(
            'self.min <= self.max',
            { rule: "!has(self.names) || self.names.all(n, n.startsWith('x'))", message: 'names start with x' },
            {
              rule: "!has(self.mode) || self.mode in ['a', 'b']",
              messageExpression: "'mode ' + self.mode + ' is unknown'",
              fieldPath: '.mode',
            },
            { rule: '!has(self.__dash__ed)'.replace('__dash__ed', 'dash__dash__ed'), reason: 'FieldValueForbidden', message: 'not this' },
          ),
        ),
        rules("self.metadata.name.size() < 10 && self.kind.startsWith('Thing')"),
      ),
    );
    const good = await made(things, { min: 1, max: 2, names: ['xa'] });
    assert.deepEqual(await refusal(made(things, { min: 3, max: 2, names: ['xa', 'b'], mode: 'c', 'dash-ed': '' }, 'b')), [
      'spec: Invalid value: "object": failed rule: self.min <= self.max',
      'spec: Invalid value: "object": names start with x',
      'spec.mode: Invalid value: "object": mode c is unknown',
      'spec: Forbidden: not this',
    ]);
    assert.deepEqual(await refusal(made(things, { min: 1, max: 2 }, 'much-too-long')), [
      `<nil>: Invalid value: "object": failed rule: self.metadata.name.size() < 10 && self.kind.startsWith('Thing')`,
    ]);
    assert.deepEqual(await refusal(things.update({ ...good, spec: { min: 5, max: 4 } })), [
      'spec: Invalid value: "object": failed rule: self.min <= self.max',
    ]);
    // Rules do not see what has not the shape that they rely on.
    assert.deepEqual(await refusal(made(things, { min: 'one', max: 2 }, 'c')), [
      'spec.min: Invalid value: "string": spec.min in body must be of type integer: "string"',
      '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ]);
    // What is absent is an error of the rule, not of the server.
    assert.deepEqual(await refusal(made(things, { min: 1 }, 'c')), [
      'spec: Invalid value: "object": no such key: max evaluating rule: self.min <= self.max',
    ]);
  });

  it('compare with the state before', async () => {
    const things = await kindOf(
      root(
        object({
          size: { ...int, ...rules({ rule: 'self >= oldSelf', message: 'may only grow' }) },
          once: { ...text, ...rules({ rule: 'self == oldSelf', message: 'immutable' }) },
          first: {
            ...text,
            ...rules({ rule: "oldSelf.hasValue() || self == 'start'", optionalOldSelf: true, message: 'must begin with start' }),
          },
          ports: list(
            object({ name: text, port: { ...int, ...rules({ rule: 'self == oldSelf', message: 'ports stay' }) } }, { required: ['name'] }),
            {
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['name'],
            },
          ),
        }),
      ),
    );
    const thing = await made(things, { size: 1, once: 'x', first: 'start', ports: [{ name: 'a', port: 1 }] });
    const update = (spec: object) => things.update({ ...thing, spec }, { dryRun: true });
    await update({
      size: 2,
      once: 'x',
      first: 'any',
      ports: [
        { name: 'b', port: 7 },
        { name: 'a', port: 1 },
      ],
    });
    assert.deepEqual(
      await refusal(
        update({
          size: 0,
          once: 'y',
          ports: [
            { name: 'b', port: 7 },
            { name: 'a', port: 2 },
          ],
        }),
      ),
      [
        'spec.size: Invalid value: "integer": may only grow',
        'spec.once: Invalid value: "string": immutable',
        'spec.ports[1].port: Invalid value: "integer": ports stay',
      ],
    );
    assert.deepEqual(await refusal(made(things, { first: 'other' }, 'b')), ['spec.first: Invalid value: "string": must begin with start']);
  });

  it('tolerate what an update leaves as it was', async () => {
    const definitions = api.client.resource(CustomResourceDefinitions);
    const schema = (rule: object) => root(object({ name: { ...text, ...rule }, other: int }));
    const things = await kindOf(schema({}));
    const thing = await made(things, { name: 'BAD', other: 1 });
    const name = `things${count}.stable.example.com`;
    const crd = await definitions.get(name);
    await definitions.update({
      ...crd,
      spec: {
        ...crd.spec,
        versions: [versionOf('v1', schema(rules({ rule: 'self == self.lowerAscii()', message: 'lower case' })))] as never,
      },
    });
    // The new schema is in use once a new object is refused.
    let refused = false;
    for (let attempt = 0; attempt < 500 && !refused; attempt++) {
      refused = await made(things, { name: 'BAD' }, `probe-${attempt}`).then(
        () => false,
        () => true,
      );
    }
    warnings.length = 0;
    const next = await things.update({ ...thing, spec: { name: 'BAD', other: 2 } });
    assert.deepEqual(warnings, ['spec.name: Invalid value: "string": lower case']);
    assert.deepEqual(await refusal(things.update({ ...next, spec: { name: 'WORSE', other: 2 } })), [
      'spec.name: Invalid value: "string": lower case',
    ]);
  });

  it('read values by the types of the schema', async () => {
    const things = await kindOf(
      root(
        object(
          {
            number: { type: 'number' },
            port: { 'x-kubernetes-int-or-string': true },
            since: { type: 'string', format: 'date-time' },
            ttl: { type: 'string', format: 'duration' },
            bytes: { type: 'string', format: 'byte', maxLength: 100 },
            set: list(text, { 'x-kubernetes-list-type': 'set' }),
            labels: { type: 'object', maxProperties: 10, additionalProperties: text },
            maybe: { ...text, nullable: true },
            memory: text,
            address: text,
          },
          rules(
            'self.number == 2.0 && type(self.number) == double',
            "type(self.port) == int ? self.port < 70000 : self.port.matches('^[a-z]+$')",
            "self.since > timestamp('2020-01-01T00:00:00Z') && self.ttl <= duration('1h')",
            "self.bytes == b'hi' && self.set == ['b', 'a'] && self.set + ['a'] == ['a', 'b']",
            "self.labels.all(k, self.labels[k] != '') && 'a' in self.labels",
            '!has(self.maybe) || dyn(self.maybe) == null',
            "quantity(self.memory).isGreaterThan(quantity('1Mi')) && isIP(self.address) && cidr('10.0.0.0/8').containsIP(self.address)",
          ),
        ),
      ),
    );
    const spec = {
      number: 2,
      port: 80,
      since: '2024-05-01T00:00:00Z',
      ttl: '30m',
      bytes: 'aGk=',
      set: ['a', 'b'],
      labels: { a: 'x' },
      maybe: null,
      memory: '1Gi',
      address: '10.1.2.3',
    };
    await made(things, spec);
    await made(things, { ...spec, port: 'http' }, 'b');
    assert.deepEqual(await refusal(made(things, { ...spec, port: 'HTTP', maybe: 'x' }, 'c')), [
      `spec: Invalid value: "object": failed rule: type(self.port) == int ? self.port < 70000 : self.port.matches('^[a-z]+$')`,
      'spec: Invalid value: "object": failed rule: !has(self.maybe) || dyn(self.maybe) == null',
    ]);
  });

  it('judge writes to the status as well', async () => {
    const things = await kindOf(root(object({}), rules('!has(self.status) || !has(self.status.n) || self.status.n > 0')), {
      subresources: { status: {} },
    });
    const thing = await made(things, {});
    assert.deepEqual(await refusal(things.updateStatus({ ...thing, status: { n: 0 } } as Unstructured)), [
      '<nil>: Invalid value: "object": failed rule: !has(self.status) || !has(self.status.n) || self.status.n > 0',
    ]);
    await things.updateStatus({ ...thing, status: { n: 1 } } as Unstructured);
  });

  it('are cut off when they cost too much', async () => {
    const items = list(int, { maxItems: 180 });
    const rule = 'self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))';
    const refused = await refusedDefinition(root(object({ l: { ...items, maxItems: 10000 } }, rules(rule))));
    assert.match(
      refused[0] ?? '',
      /^spec\.versions\[0\]\.schema\.openAPIV3Schema\.properties\[spec\]\.x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x \(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared\)$/,
    );
    const runs = list({ type: 'integer' }, { maxItems: 90 });
    const things = await kindOf(root(object({ l: runs }, rules(rule))));
    await made(things, { l: [1, 2, 3] });
    assert.deepEqual(await refusal(made(things, { l: Array.from({ length: 90 }, (_, index) => index) }, 'b')), [
      `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`,
    ]);
  });

  it('are refused when they are wrong', async () => {
    const at = 'spec.versions[0].schema.openAPIV3Schema.properties[spec]';
    const refused = async (properties: object, ...all: (string | object)[]): Promise<string[]> => {
      const found = await refusedDefinition(root(object(properties, rules(...all))));
      return found.map((one) => one.replace(`${at}.`, '').replace(/Invalid value: \{.*?\}: /, ''));
    };
    assert.deepEqual(await refused({ a: int }, 'self.b == 1', "self.a == 'x'", '1', { rule: 'self.a', messageExpression: '1' }, ' '), [
      "x-kubernetes-validations[0].rule: compilation failed: ERROR: <input>:1:5: undefined field 'b'",
      "x-kubernetes-validations[1].rule: compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'",
      'x-kubernetes-validations[2].rule: cel expression must evaluate to a bool',
      'x-kubernetes-validations[3].rule: cel expression must evaluate to a bool',
      'x-kubernetes-validations[3].messageExpression: messageExpression must evaluate to a string',
      'x-kubernetes-validations[4].rule: Required value: rule is not specified',
    ]);
    assert.deepEqual(
      await refused(
        { a: int, m: { type: 'object', additionalProperties: int } },
        { rule: 'self.a > 0', fieldPath: '.c' },
        { rule: 'self.a > 0 && true', fieldPath: 'a' },
        { rule: 'self.a > 2', message: ' ' },
        { rule: 'self.a > 3', optionalOldSelf: true },
        { rule: 'self.a >\n4' },
      ),
      [
        'x-kubernetes-validations[0].fieldPath: Invalid value: ".c": fieldPath must be a valid path: does not refer to a valid field',
        'x-kubernetes-validations[1].fieldPath: Invalid value: "a": fieldPath must be a valid path: expected [ or . but got: a',
        'x-kubernetes-validations[2].message: Invalid value: " ": message must be non-empty if specified',
        'x-kubernetes-validations[3].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule',
        'x-kubernetes-validations[4].message: Required value: message must be specified if rule contains line breaks',
      ],
    );
    assert.deepEqual(await refused({ a: int }, { rule: 'self.a > 1', reason: 'Nope' }), [
      'x-kubernetes-validations[0].reason: Unsupported value: "Nope": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
    ]);
    const uncorrelated = await refused({ l: list({ ...int, ...rules('self >= oldSelf') }) });
    assert.deepEqual(uncorrelated, [
      `properties[l].items.x-kubernetes-validations[0].rule: Invalid value: "self >= oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${at}.properties[l]`,
    ]);
  });

  it('of the kind that published operators write are within the limits', async () => {
    const name = { type: 'string', minLength: 1, maxLength: 253 };
    const header = object({ name, value: { type: 'string', maxLength: 4096 } }, { required: ['name', 'value'] });
    const filter = object(
      {
        type: { type: 'string', enum: ['Set', 'Redirect', 'Rewrite'] },
        set: list(header, { maxItems: 16 }),
        redirect: object({ port: int }),
      },
      {
        ...rules(
          { rule: "!(has(self.set) && self.type != 'Set')", message: 'set only with type Set' },
          { rule: "!(!has(self.redirect) && self.type == 'Redirect')", message: 'redirect must be specified' },
        ),
      },
    );
    const path = object(
      { type: { type: 'string', enum: ['Exact', 'Prefix'], default: 'Prefix' }, value: { type: 'string', maxLength: 1024, default: '/' } },
      {
        ...rules(
          { rule: "self.type in ['Exact', 'Prefix'] ? self.value.startsWith('/') : true", message: 'must be absolute' },
          { rule: "self.type in ['Exact', 'Prefix'] ? !self.value.contains('//') : true", message: 'must not contain //' },
          {
            rule: `self.type == 'Prefix' ? self.value.matches(r"""^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$""") : true`,
            message: 'odd characters',
          },
        ),
      },
    );
    const backend = object(
      { kind: { ...name, default: 'Service' }, name, port: { ...int, minimum: 1, maximum: 65535 } },
      {
        ...rules({ rule: "(size(self.kind) > 0 && self.kind == 'Service') ? has(self.port) : true", message: 'must have a port' }),
      },
    );
    const route = object(
      {
        matches: list(
          object({
            path,
            headers: list(header, { maxItems: 16, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
          }),
          { maxItems: 64 },
        ),
        filters: list(filter, {
          maxItems: 16,
          ...rules(
            {
              rule: "!(self.exists(f, f.type == 'Redirect') && self.exists(f, f.type == 'Rewrite'))",
              message: 'either redirect or rewrite',
            },
            { rule: "self.filter(f, f.type == 'Redirect').size() <= 1", message: 'redirect only once' },
          ),
        }),
        backends: list(backend, { maxItems: 16 }),
      },
      rules({
        rule: '(has(self.backends) && self.backends.size() > 0) ? (!has(self.filters) || self.filters.all(f, !has(f.redirect))) : true',
        message: 'a redirect has no backends',
      }),
    );
    const sum = Array.from({ length: 16 }, (_, at) => `(self.size() > ${at} ? self[${at}].matches.size() : 0)`).join(' + ');
    const listener = object(
      { name, port: int, protocol: name, hostname: { ...name, minLength: 0 }, tls: object({ mode: name }) },
      { required: ['name', 'port', 'protocol'] },
    );
    const listeners = list(listener, {
      maxItems: 64,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      ...rules(
        {
          rule: "self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)",
          message: 'tls must not be specified for plain protocols',
        },
        { rule: 'self.all(l1, self.exists_one(l2, l1.name == l2.name))', message: 'names must be unique' },
        {
          rule: 'self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && (has(l1.hostname) && has(l2.hostname) ? l1.hostname == l2.hostname : !has(l1.hostname) && !has(l2.hostname))))',
          message: 'port, protocol and hostname must be unique',
        },
      ),
    });
    const gateways = await kindOf(
      root(
        object({
          listeners,
          className: { ...name, ...rules({ rule: 'self == oldSelf', message: 'is immutable' }) },
          port: {
            'x-kubernetes-int-or-string': true,
            ...rules("type(self) == int ? self > 0 && self < 65536 : self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')"),
          },
          routes: list(route, { maxItems: 16, ...rules({ rule: `${sum} <= 128`, message: 'at most 128 matches' }) }),
        }),
      ),
    );
    const plain = { name: 'a', port: 80, protocol: 'HTTP' };
    const rule = {
      matches: [{ path: { value: '/x' } }],
      filters: [{ type: 'Set', set: [{ name: 'a', value: 'b' }] }],
      backends: [{ name: 's', port: 80 }],
    };
    await made(gateways, { className: 'c', port: 'http', listeners: [plain, { ...plain, name: 'b', port: 81 }], routes: [rule] });
    assert.deepEqual(
      await refusal(
        made(
          gateways,
          {
            port: 0,
            listeners: [plain, { ...plain, name: 'b', tls: { mode: 'x' } }],
            routes: [
              {
                matches: [{ path: { value: 'x//y' } }],
                filters: [{ type: 'Redirect' }, { type: 'Rewrite', redirect: { port: 1 } }],
                backends: [{ name: 's' }],
              },
            ],
          },
          'b',
        ),
      ),
      [
        'spec.port: Invalid value: "": failed rule: type(self) == int ? self > 0 && self < 65536 : self.matches(\'^[a-z]([-a-z0-9]*[a-z0-9])?$\')',
        'spec.listeners: Invalid value: "array": tls must not be specified for plain protocols',
        'spec.listeners: Invalid value: "array": port, protocol and hostname must be unique',
        'spec.routes[0]: Invalid value: "object": a redirect has no backends',
        'spec.routes[0].matches[0].path: Invalid value: "object": must be absolute',
        'spec.routes[0].matches[0].path: Invalid value: "object": must not contain //',
        'spec.routes[0].filters: Invalid value: "array": either redirect or rewrite',
        'spec.routes[0].filters[0]: Invalid value: "object": redirect must be specified',
        'spec.routes[0].backends[0]: Invalid value: "object": must have a port',
      ],
    );
  });
});
