// Definitions and custom resources nobody would write: never a 500, never a hang. And those that everybody installs: definitions of
// the size and shape of well-known projects', whose objects are completed, pruned, checked and converted.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Unstructured } from '#api/object.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { certificateDefinition, routeDefinition, workloadDefinition } from '../../support/bigdefinitions.ts';
import { customRef, definition, hasCondition, versionOf } from '../../support/definitions.ts';
import { raw } from '../../support/raw.ts';
import { until } from '../../support/until.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(async () => {
  await api[Symbol.asyncDispose]();
});

async function install(crd: never) {
  const definitions = api.client.resource(CustomResourceDefinitions);
  const { metadata } = await definitions.create(crd);
  return until('it is established', async () => {
    const now = await definitions.get(metadata.name);
    return hasCondition(now, 'Established') ? now : undefined;
  });
}

describe('definitions as they are published', () => {
  it('route: defaults inside lists, choices, rules, two versions', async () => {
    const crd = await install(routeDefinition());
    const routes = api.client.resource(customRef(crd, 'v1'));
    const made = await routes.create({
      metadata: { name: 'r', namespace: 'default' },
      spec: { parentRefs: [{ name: 'g' }], odd: 1 },
    } as never);
    assert.deepEqual(made['spec'], {
      parentRefs: [{ name: 'g', group: 'gateway.networking.k8s.io', kind: 'Gateway', weight: 1 }],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }],
    });
    const bad = { rules: [{ filters: [{ type: 'Other' }], matches: [{ method: 'GOT' }] }], hostnames: ['No'] };
    await assert.rejects(routes.create({ metadata: { name: 'bad', namespace: 'default' }, spec: bad } as never), (error: Error) => {
      for (const part of [
        'spec.rules[0].filters[0].type: Unsupported value: "Other"',
        'spec.rules[0].matches[0].method: Unsupported value: "GOT"',
      ]) {
        assert.ok(error.message.includes(part), error.message);
      }
      return /spec\.hostnames\[0\] in body should match/.test(error.message);
    });
    const beta = await api.client.resource(customRef(crd, 'v1beta1')).get('r', { namespace: 'default' });
    assert.equal(beta.apiVersion, 'routes.example.com/v1beta1');
    const answer = await raw(api, 'GET', '/apis/routes.example.com/v1beta1/routes0');
    assert.equal(answer.code, 200);
  });

  it('certificate: one of several, selectable fields, conditions by type', async () => {
    const crd = await install(certificateDefinition());
    const certificates = api.client.resource(customRef(crd));
    const spec = { issuerRef: { name: 'i' }, secretName: 's', commonName: 'c', privateKey: {} };
    const made = await certificates.create({ metadata: { name: 'c', namespace: 'default' }, spec } as never);
    assert.deepEqual((made['spec'] as { privateKey: object }).privateKey, { rotationPolicy: 'Always' });
    await assert.rejects(
      certificates.create({ metadata: { name: 'd', namespace: 'default' }, spec: { ...spec, dnsNames: ['x'] } } as never),
      /must validate one and only one schema \(oneOf\)\. Found 2 valid alternatives/,
    );
    assert.equal((await certificates.list({ fieldSelector: 'spec.secretName=s' })).items.length, 1);
    const type = { apiVersion: made.apiVersion as string, kind: made.kind as string };
    const condition = (name: string) => ({
      ...type,
      status: { conditions: [{ type: name, status: 'True', reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
    });
    for (const name of ['Ready', 'Issuing']) {
      await certificates.patch('c', condition(name), { type: 'apply', fieldManager: name, namespace: 'default', subresource: 'status' });
    }
    const { conditions } = (await certificates.get('c', { namespace: 'default' }))['status'] as { conditions: { type: string }[] };
    assert.deepEqual(conditions.map((one) => one.type).toSorted(), ['Issuing', 'Ready']);
  });

  it('workload: a megabyte of schema with pod templates', async () => {
    const crd = await install(workloadDefinition(0, 3));
    assert.ok(JSON.stringify(crd).length > 1e6);
    const workloads = api.client.resource(customRef(crd));
    const container = {
      name: 'c',
      image: 'i',
      resources: { limits: { cpu: 1, memory: '1Gi' } },
      ports: [{ containerPort: 80, protocol: 'TCP' }],
    };
    const spec = {
      template0: { spec: { containers: [container] } },
      extra: { apiVersion: 'v1', kind: 'X', metadata: { odd: 1, name: 'x' }, any: [] },
    };
    const made = (await workloads.create({ metadata: { name: 'w', namespace: 'default' }, spec } as never)) as Unstructured & {
      spec: Record<string, unknown>;
    };
    assert.equal(made.spec['replicas'], 1);
    assert.deepEqual(made.spec['extra'], { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, any: [] });
    await assert.rejects(
      workloads.create({
        metadata: { name: 'v', namespace: 'default' },
        spec: { template0: { spec: { containers: [container, container] } } },
      } as never),
      /spec\.template0\.spec\.containers\[1\]: Duplicate value: \{"name":"c"\}/,
    );
  });
});

const names = fc.constantFrom('a', 'b', 'spec', 'metadata', '__proto__', 'constructor', 'items', '');
const words = fc.constantFrom('object', 'array', 'string', 'integer', 'number', 'boolean', 'null', 'odd', '');
const { schema: schemas } = fc.letrec<{ schema: object; node: object }>((tie) => ({
  schema: fc.oneof({ maxDepth: 4, depthSize: 'small' }, fc.record({ type: words }, { requiredKeys: [] }), tie('node')),
  node: fc.record(
    {
      type: fc.oneof({ weight: 9, arbitrary: words }, { weight: 1, arbitrary: fc.jsonValue() as never }),
      properties: fc.dictionary(names, tie('schema'), { maxKeys: 3 }),
      additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
      items: fc.oneof(tie('schema'), fc.array(tie('schema'), { maxLength: 2 })),
      default: fc.jsonValue({ maxDepth: 2 }),
      enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
      pattern: fc.constantFrom('^a+$', '(a+)+$', '(', '[', '\\d{1000}', '(?=x)', ''),
      format: fc.constantFrom('date', 'date-time', 'ipv4', 'uuid', 'odd', 'int32', 'cidr'),
      required: fc.array(names, { maxLength: 2 }),
      nullable: fc.boolean(),
      minimum: fc.double({ noNaN: true, noDefaultInfinity: true }),
      multipleOf: fc.constantFrom(0, -1, 0.1, 3),
      maxLength: fc.integer({ min: -1, max: 3 }),
      minItems: fc.integer({ min: -1, max: 3 }),
      allOf: fc.array(tie('schema'), { maxLength: 2 }),
      anyOf: fc.array(tie('schema'), { maxLength: 2 }),
      not: tie('schema'),
      'x-kubernetes-list-type': fc.constantFrom('map', 'set', 'atomic', 'odd'),
      'x-kubernetes-list-map-keys': fc.array(names, { maxLength: 2 }),
      'x-kubernetes-map-type': fc.constantFrom('granular', 'atomic', 'odd'),
      'x-kubernetes-preserve-unknown-fields': fc.boolean(),
      'x-kubernetes-embedded-resource': fc.boolean(),
      'x-kubernetes-int-or-string': fc.boolean(),
    },
    { requiredKeys: [] },
  ),
}));
const free = { 'x-kubernetes-preserve-unknown-fields': true };

// Half of what is tried should be accepted: fields that say what they are, and little else.
const { plain } = fc.letrec<{ plain: object }>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'number', 'boolean'),
        nullable: fc.boolean(),
        enum: fc.array(fc.constantFrom('a', 1, true, null), { minLength: 1, maxLength: 2 }),
        maxLength: fc.nat(3),
        minimum: fc.integer(),
        format: fc.constantFrom('date', 'ipv4', 'uuid', 'byte'),
        pattern: fc.constantFrom('^a+$', '(a+)+$'),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('array'), items: tie('plain'), minItems: fc.nat(2) }, { requiredKeys: ['type', 'items'] }),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(names, tie('plain'), { maxKeys: 3 }),
        required: fc.array(names, { maxLength: 1 }),
      },
      { requiredKeys: ['type', 'properties'] },
    ),
    fc.record({ type: fc.constant('object'), additionalProperties: tie('plain') }),
    fc.record({ 'x-kubernetes-preserve-unknown-fields': fc.constant(true) }),
    fc.record({ 'x-kubernetes-int-or-string': fc.constant(true) }),
  ),
}));

describe('definitions that nobody would write', () => {
  const codes = new Map<number, number>();
  let count = 0;

  async function attempt(schema: object, values: readonly unknown[]): Promise<void> {
    const plural = `fuzz${count++}`;
    const crd = definition({ group: 'fuzz.example.com', plural, kind: `Fuzz${count}`, versions: [versionOf('v1', schema)] });
    const made = await raw(api, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
    codes.set(made.code, (codes.get(made.code) ?? 0) + 1);
    assert.ok(made.code < 500, `${made.text}\n${JSON.stringify(schema)}`);
    if (made.code !== 201) return;
    const url = `/apis/fuzz.example.com/v1/namespaces/default/${plural}`;
    await until('it is served', async () => (await raw(api, 'GET', url)).code === 200);
    for (const [index, value] of values.entries()) {
      const body = {
        apiVersion: 'fuzz.example.com/v1',
        kind: `Fuzz${count}`,
        metadata: { name: `n${index}` },
        ...(typeof value === 'object' ? value : { spec: value }),
      };
      const created = await raw(api, 'POST', `${url}?fieldValidation=Warn`, body);
      const applied = await raw(api, 'PATCH', `${url}/n${index}?fieldManager=f&force=true`, body, {
        'content-type': 'application/apply-patch+yaml',
      });
      const merged = await raw(api, 'PATCH', `${url}/n${index}`, { spec: value }, { 'content-type': 'application/merge-patch+json' });
      for (const answer of [created, applied, merged])
        assert.ok(answer.code < 500, `${answer.text}\n${JSON.stringify(schema)}\n${JSON.stringify(body)}`);
    }
    const table = await raw(api, 'GET', url);
    assert.equal(table.code, 200);
    await raw(api, 'DELETE', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.fuzz.example.com`);
  }

  it('are refused or served, with whatever objects', async () => {
    const seed = Number(process.env['TUTTI_FUZZ_SEED'] ?? 20_261);
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.dictionary(names, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }));
    const wild = fc.tuple(schemas, fc.array(value, { maxLength: 2 }));
    const tame = fc.tuple(
      fc
        .dictionary(names, plain, { maxKeys: 3 })
        .map((properties) => ({ type: 'object', properties: { ...properties, spec: properties['spec'] ?? free } })),
      fc.array(value, { maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(wild, async ([schema, values]) => attempt(schema, values)),
      { seed, numRuns: 150, endOnFailure: true },
    );
    await fc.assert(
      fc.asyncProperty(tame, async ([schema, values]) => attempt(schema, values)),
      { seed, numRuns: 100, endOnFailure: true },
    );
    assert.ok((codes.get(201) ?? 0) > 20 && (codes.get(422) ?? 0) > 20, JSON.stringify([...codes]));
  });
});
