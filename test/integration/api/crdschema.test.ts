// Schemas of custom resources at work: field validation, pruning, defaults, apply, selectable fields, errors of definitions.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { Unstructured } from '#api/object.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { anything, customRef, definition, establish, versionOf } from '../../support/definitions.ts';
import { raw } from '../../support/raw.ts';
import { until } from '../../support/until.ts';

const ports = {
  type: 'array',
  'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
  'x-kubernetes-list-type': 'map',
  items: {
    properties: {
      containerPort: { format: 'int32', type: 'integer' },
      hostPort: { format: 'int32', type: 'integer' },
      name: { type: 'string' },
      protocol: { type: 'string' },
    },
    required: ['containerPort', 'protocol'],
    type: 'object',
  },
};
const cronSpec = { type: 'string', pattern: String.raw`^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$` };
const noxuSchema = (more: object = {}, members: object = {}) => ({
  type: 'object',
  properties: { spec: { type: 'object', ...more, properties: { foo: { type: 'string' }, cronSpec, ports, ...members } } },
});

describe('schemas of custom resources', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  const group = 'mygroup.example.com';
  let count = 0;
  async function noxu(schema: object): Promise<CustomResourceDefinition> {
    const plural = `noxus${count++}`;
    return establish(api.client, { group, plural, kind: `Noxu${count}`, scope: 'Cluster', versions: [versionOf('v1beta1', schema)] });
  }
  async function applied(crd: CustomResourceDefinition, text: string) {
    const { plural, kind } = crd.spec.names;
    const body = `\napiVersion: ${group}/v1beta1\nkind: ${kind}\n${text}`;
    return raw(api, 'PATCH', `/apis/${group}/v1beta1/${plural}/mytest?fieldManager=mgr&fieldValidation=Strict`, body, {
      'content-type': 'application/apply-patch+yaml',
    });
  }
  const good = '  foo: foo1\n  cronSpec: "* * * * */5"\n  ports:\n  - name: x\n    containerPort: 80\n    protocol: TCP';
  const head = 'metadata:\n  name: mytest\n  finalizers:\n  - test-finalizer\n';

  // Conformance: [sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema [Conformance]
  // Conformance: [sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]
  it('applies what fits, and everything where nothing is described', async () => {
    const answer = await applied(await noxu(noxuSchema()), `${head}spec:\n${good}`);
    assert.equal(answer.code, 201, answer.text);
    const free = await applied(await noxu(anything), `${head}spec:\n  unknown: uk1\n${good}`);
    assert.equal(free.code, 201, free.text);
  });

  // Conformance: [sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]
  it('refuses to apply what is not described', async () => {
    const extra = await applied(await noxu(noxuSchema()), `${head}unknownField: unknown\nspec:\n${good}`);
    assert.match(extra.object.message ?? '', /\.unknownField: field not declared in schema/);
    const template = {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { metadata: { type: 'object', properties: { name: { type: 'string' } } }, spec: { type: 'object' } },
    };
    const crd = await noxu(noxuSchema({ 'x-kubernetes-preserve-unknown-fields': true }, { template }));
    const meta = await applied(
      crd,
      `metadata:\n  name: mytest\n  unknownMeta: unknown\nspec:\n  template:\n    apiversion: foo/v1\n    kind: Sub\n    metadata:\n      unknownSubMeta: unknown\n      name: subobject\n      namespace: ns\n${good}`,
    );
    assert.match(meta.object.message ?? '', /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema/);
    assert.match(meta.object.message ?? '', /\.metadata\.unknownMeta: field not declared in schema/);
  });

  // Conformance: [sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields [Conformance]
  it('finds keys said twice, also where unknown fields are preserved', async () => {
    const crd = await noxu(noxuSchema({ 'x-kubernetes-preserve-unknown-fields': true }));
    const answer = await applied(crd, `${head}spec:\n  unknown: uk1\n  foo: foo1\n${good}`);
    assert.match(answer.object.message ?? '', /line 11: key "foo" already set in map/);
  });

  it('refuses, warns of, or ignores unknown fields', async () => {
    const crd = await noxu(noxuSchema());
    const { plural, kind } = crd.spec.names;
    const url = `/apis/${group}/v1beta1/${plural}`;
    const body = `{"apiVersion":"${group}/v1beta1","kind":"${kind}","metadata":{"name":"f","unknownMeta":1},"spec":{"foo":"a","foo":"b","unknown":1}}`;
    const strict = await raw(api, 'POST', `${url}?fieldValidation=Strict`, body);
    assert.equal(strict.code, 400);
    assert.equal(
      strict.object.message,
      `${kind} in version "v1beta1" cannot be handled as a ${kind}: strict decoding error: duplicate field "spec.foo", unknown field "metadata.unknownMeta", unknown field "spec.unknown"`,
    );
    const ignored = await raw(api, 'POST', `${url}?fieldValidation=Ignore`, body);
    assert.deepEqual((ignored.object as unknown as Unstructured)['spec'], { foo: 'b' });
    const patch = await raw(api, 'PATCH', `${url}/f?fieldValidation=Strict`, '{"spec":{"other":1}}', {
      'content-type': 'application/merge-patch+json',
    });
    assert.match(patch.object.message ?? '', /strict decoding error: unknown field "spec.other"/);
  });

  it('tells what is invalid', async () => {
    const crd = await noxu(noxuSchema());
    const objects = api.client.resource(customRef(crd));
    const name = `${crd.spec.names.kind}.${group} "bad" is invalid`;
    await assert.rejects(objects.create({ metadata: { name: 'bad' }, spec: { cronSpec: '* * * *', foo: 1 } }), (error: StatusError) => {
      assert.equal(
        error.message,
        `${name}: [spec.foo: Invalid value: "integer": spec.foo in body must be of type string: "integer", spec.cronSpec: Invalid value: "* * * *": spec.cronSpec in body should match '${cronSpec.pattern}']`,
      );
      return error.code === 422;
    });
    await assert.rejects(
      objects.create({
        metadata: { name: 'bad' },
        spec: {
          ports: [
            { containerPort: 1, protocol: 'TCP' },
            { containerPort: 1, protocol: 'TCP' },
          ],
        },
      }),
      (error: StatusError) => error.message === `${name}: spec.ports[1]: Duplicate value: {"containerPort":1,"protocol":"TCP"}`,
    );
    const pb = await raw(api, 'POST', `/apis/${group}/v1beta1/${crd.spec.names.plural}`, 'k8s', {
      'content-type': 'application/vnd.kubernetes.protobuf',
    });
    assert.deepEqual(
      [pb.code, pb.object.message],
      [415, 'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml'],
    );
  });

  it('keeps owners apart by the list types of the schema', async () => {
    const crd = await noxu(noxuSchema());
    const objects = api.client.resource(customRef(crd));
    const { apiVersion, kind } = { apiVersion: `${group}/v1beta1`, kind: crd.spec.names.kind };
    const config = (port: number) => ({ apiVersion, kind, spec: { ports: [{ containerPort: port, protocol: 'TCP' }] } });
    await objects.patch('o', config(80), { type: 'apply', fieldManager: 'a' });
    const both = await objects.patch('o', config(81), { type: 'apply', fieldManager: 'b' });
    assert.equal((both['spec'] as { ports: unknown[] }).ports.length, 2);
    assert.deepEqual(both.metadata.managedFields?.[0]?.fieldsV1, {
      'f:spec': { 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } } },
    });
    const less = await objects.patch('o', { apiVersion, kind }, { type: 'apply', fieldManager: 'a' });
    assert.deepEqual((less['spec'] as { ports: unknown[] }).ports, [{ containerPort: 81, protocol: 'TCP' }]);
    const again = { apiVersion, kind, spec: { ports: [{ containerPort: 81, protocol: 'TCP', name: 'x' }] } };
    await objects.patch('o', again, { type: 'apply', fieldManager: 'b' });
    const other = { apiVersion, kind, spec: { ports: [{ containerPort: 81, protocol: 'TCP', name: 'y' }] } };
    await assert.rejects(objects.patch('o', other, { type: 'apply', fieldManager: 'c' }), (error: StatusError) => error.code === 409);
  });

  it('presets fields of requests and of what was stored before', async () => {
    const schema = { type: 'object', properties: { spec: anything, a: { type: 'string' } } };
    const crd = await noxu(schema);
    const objects = api.client.resource(customRef(crd));
    await objects.create({ metadata: { name: 'before' }, a: 'x' });
    const definitions = api.client.resource(CustomResourceDefinitions);
    const properties = { ...schema.properties, a: { type: 'string', default: 'A' }, b: { type: 'string', default: 'B' } };
    const patch = [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema/properties', value: properties }];
    await definitions.patch(crd.metadata.name, patch, { type: 'json' });
    const seen = await until('the default is seen', async () => {
      const object = await objects.get('before');
      return object['b'] === undefined ? undefined : object;
    });
    assert.deepEqual([seen['a'], seen['b']], ['x', 'B']);
    const made = await objects.create({ metadata: { name: 'after' } });
    assert.deepEqual([made['a'], made['b']], ['A', 'B']);
    assert.equal((await objects.list()).items[1]?.['b'], 'B');
    const without = { ...schema.properties, b: { type: 'string' } };
    await definitions.patch(crd.metadata.name, [{ ...patch[0], value: without }], { type: 'json' });
    assert.equal((await objects.get('before'))['b'], undefined);
  });

  it('lists and watches by selectable fields', async () => {
    const schema = { type: 'object', properties: { color: { type: 'string' }, quantity: { type: 'integer' } } };
    const crd = await establish(api.client, {
      group,
      plural: 'shirts',
      kind: 'Shirt',
      versions: [versionOf('v1', schema, { selectableFields: [{ jsonPath: '.color' }, { jsonPath: '.quantity' }] })],
    });
    const shirts = api.client.resource(customRef(crd));
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const event of shirts.watch({ signal: stop.signal, namespace: 'default', fieldSelector: 'color=blue' })) {
        seen.push(`${event.type} ${event.object.metadata.name}`);
        if (seen.length === 3) stop.abort();
      }
    })();
    const blue = await shirts.create({ metadata: { name: 'a', namespace: 'default' }, color: 'blue', quantity: 2 });
    await shirts.create({ metadata: { name: 'b', namespace: 'default' }, color: 'green', quantity: 2 });
    await shirts.create({ metadata: { name: 'c', namespace: 'default' }, color: 'blue', quantity: 3 });
    const names = async (fieldSelector: string) => (await shirts.list({ fieldSelector })).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(await names('color=blue'), ['a', 'c']);
    assert.deepEqual(await names('color=blue,quantity=3'), ['c']);
    assert.deepEqual(await names('color!=blue'), ['b']);
    await assert.rejects(names('size=1'), (error: StatusError) => error.message === 'field label not supported: size');
    await shirts.update({ ...blue, color: 'red' });
    await watching;
    assert.deepEqual(seen, ['ADDED a', 'ADDED c', 'DELETED a']);
  });

  it('refuses definitions that make no sense', async () => {
    const definitions = api.client.resource(CustomResourceDefinitions);
    const errors = async (wanted: object): Promise<string> =>
      definitions.create(definition({ group, plural: 'bads', kind: 'Bad', ...wanted })).then(
        () => '',
        (error: StatusError) =>
          error.message.replace('CustomResourceDefinition.apiextensions.k8s.io "bads.mygroup.example.com" is invalid: ', ''),
      );
    assert.equal(
      await errors({ versions: [versionOf('v1', { type: 'object', properties: { a: {} } })] }),
      'spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
    );
    assert.equal(
      await errors({ versions: [versionOf('v1'), versionOf('v2', { type: 'object', properties: { a: {} } }, { storage: false })] }),
      'spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
    );
    assert.equal(
      await errors({ versions: [versionOf('v1', anything, { additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'a' }] })] }),
      '[spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean, date, integer, number, string, spec.additionalPrinterColumns[0].jsonPath: Invalid value: "a": must be a simple json path starting with .]',
    );
    assert.match(await errors({ group: 'x.k8s.io' }), /api-approved.kubernetes.io/);
  });
});
