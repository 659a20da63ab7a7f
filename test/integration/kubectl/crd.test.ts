// Stock kubectl and helm with custom resources: create and apply with validation, explain, tables, names, charts with crds/.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import { admin } from '../../support/api.ts';
import { certificateDefinition, routeDefinition, workloadDefinition } from '../../support/bigdefinitions.ts';
import { anything, establish, versionOf } from '../../support/definitions.ts';
import { helmPath, runCommand } from '../../support/kubectl.ts';
import { type KubectlBench, startKubectlBench, table } from '../../support/kubectlbench.ts';
import { until } from '../../support/until.ts';

const bars = (members: object) => ({
  type: 'array',
  description: 'List of bars.',
  items: { type: 'object', required: ['name'], properties: members },
});
const fooSchema = {
  description: 'Foo for tests',
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      description: 'Specification of Foo',
      properties: {
        bars: bars({
          name: { type: 'string', description: 'Name of the bar.' },
          feeling: { type: 'string', enum: ['Great', 'Down'] },
          bazs: { type: 'array', description: 'List of bazs.', items: { type: 'string' } },
        }),
      },
    },
    status: { type: 'object', description: 'Status of Foo', properties: { quxType: { type: 'string', pattern: 'in-tree|out-of-tree' } } },
  },
};
const waldo = (more: object) => ({
  type: 'object',
  properties: { spec: { type: 'object', description: 'Specification of Waldo', ...more, properties: { dummy: { type: 'object' } } } },
});

let bench: KubectlBench;
before(async () => {
  bench = await startKubectlBench();
});
after(() => bench[Symbol.asyncDispose]());

let count = 0;
async function setUp(schema: object, ...versions: string[]): Promise<CustomResourceDefinition> {
  const kind = `Foo${++count}`;
  const names = versions.length > 0 ? versions : ['v1'];
  return establish(bench.client, {
    group: 'publish.example.com',
    plural: `${kind.toLowerCase()}s`,
    kind,
    versions: names.map((name, index) => versionOf(name, schema, { storage: index === 0 })),
  });
}
type Definitions = Readonly<Record<string, { readonly properties?: object }>>;
async function definitions(): Promise<Definitions> {
  const { body } = await bench.https.api.api
    .transport(admin)
    .send({ method: 'GET', path: '/openapi/v2', headers: { accept: 'application/json' } });
  return (JSON.parse(Buffer.from((body as { bytes: Uint8Array }).bytes).toString('utf8')) as { definitions: Definitions }).definitions;
}
/** The published definition of a version, without what every kind has. */
async function published(crd: CustomResourceDefinition, version = 'v1'): Promise<unknown> {
  const found = (await definitions())[`com.example.publish.${version}.${crd.spec.names.kind}`];
  if (!found) return undefined;
  const { 'x-kubernetes-group-version-kind': _, ...rest } = found as Record<string, unknown>;
  if (!found.properties) return rest;
  const { apiVersion: __, kind: ___, metadata: ____, ...properties } = found.properties as Record<string, unknown>;
  return { ...rest, ...(Object.keys(properties).length > 0 ? { properties } : {}) };
}
const object = ({ spec }: CustomResourceDefinition, more: object, name = 'test'): string =>
  JSON.stringify({ kind: spec.names.kind, apiVersion: `${spec.group}/${spec.versions[0]?.name}`, metadata: { name }, ...more });

describe('kubectl with custom resources', () => {
  // Conformance: [sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema [Conformance]
  it('validates, and explains what is described', async () => {
    const crd = await setUp(fooSchema);
    assert.deepEqual(await published(crd), fooSchema);
    const { k } = bench;
    const { plural } = crd.spec.names;
    const good = object(crd, { spec: { bars: [{ name: 'test-bar' }] } });
    for (const verb of ['create', 'apply']) {
      await k.pipe(good, verb, '-f', '-');
      await k.ok('delete', plural, 'test');
      const refused = async (text: string, why: RegExp) => {
        const result = await k.with({ input: text })(verb, '-f', '-');
        assert.equal(result.code, 1);
        assert.match(result.stderr, why);
      };
      await refused(object(crd, { spec: { foo: true } }), /unknown field "spec.foo"/);
      await refused(object(crd, { spec: { bars: [{ feeling: 'Down' }] } }), /spec.bars\[0\].name: Required value/);
      await refused(
        object(crd, { spec: { bars: [{ name: 'x', feeling: 'Odd' }] } }),
        /Unsupported value: "Odd": supported values: "Great", "Down"/,
      );
    }
    assert.match(
      await k.ok('explain', plural),
      /DESCRIPTION:.*Foo for tests.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*Specification of Foo/s,
    );
    assert.match(
      await k.ok('explain', `${plural}.metadata`),
      /DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>.*CreationTimestamp is a timestamp/s,
    );
    assert.match(await k.ok('explain', `${plural}.spec`), /DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of bars/s);
    assert.match(
      await k.ok('explain', `${plural}.spec.bars`),
      /bars.*<\[\]Object>.*DESCRIPTION:.*List of bars.*FIELDS:.*bazs.*<\[\]string>.*List of bazs.*name.*<string>.*Name of the bar/s,
    );
    assert.match(await k.ok('explain', '--recursive', plural), /bazs\s+<\[\]string>.*quxType\s+<string>/s);
    const missing = await k('explain', `${plural}.spec.bars2`);
    assert.match(missing.stderr, /field "bars2" does not exist/);
  });

  // Conformance: [sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema [Conformance]
  // Conformance: [sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root [Conformance]
  // Conformance: [sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object [Conformance]
  it('takes everything where unknown fields are preserved', async () => {
    const cases: readonly (readonly [object, object, unknown, RegExp])[] = [
      [anything, { a: { b: [{ c: 'd' }] } }, { type: 'object' }, /DESCRIPTION:.*<empty>/s],
      [{ ...waldo({}), 'x-kubernetes-preserve-unknown-fields': true }, { a: { b: [{ c: 'd' }] } }, { type: 'object' }, /KIND:.*Foo/s],
      [
        waldo({ 'x-kubernetes-preserve-unknown-fields': true }),
        { spec: { a: null, b: [{ c: 'd' }] } },
        { type: 'object', properties: { spec: { description: 'Specification of Waldo', 'x-kubernetes-preserve-unknown-fields': true } } },
        /KIND:.*Foo/s,
      ],
    ];
    for (const [schema, content, wanted, explained] of cases) {
      const crd = await setUp(schema);
      const { plural } = crd.spec.names;
      assert.deepEqual(await published(crd), wanted);
      await bench.k.pipe(object(crd, content), 'create', '-f', '-');
      await bench.k.ok('delete', plural, 'test');
      await bench.k.pipe(object(crd, content), 'apply', '-f', '-');
      await bench.k.ok('delete', plural, 'test');
      assert.match(await bench.k.ok('explain', plural), explained);
    }
  });

  // Conformance: [sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served [Conformance]
  it('publishes versions as they come, change and go', async () => {
    const crd = await setUp(fooSchema, 'v2', 'v3');
    const all = bench.client.resource(CustomResourceDefinitions);
    for (const version of ['v2', 'v3']) assert.deepEqual(await published(crd, version), fooSchema);
    await all.patch(crd.metadata.name, [{ op: 'replace', path: '/spec/versions/1/name', value: 'v4' }], { type: 'json' });
    await until('v4 is published', () => published(crd, 'v4'));
    assert.equal(await published(crd, 'v3'), undefined);
    await all.patch(crd.metadata.name, [{ op: 'replace', path: '/spec/versions/1/served', value: false }], { type: 'json' });
    await until('v4 is gone', async () => (await published(crd, 'v4')) === undefined);
    assert.deepEqual(await published(crd, 'v2'), fooSchema);
    await all.delete(crd.metadata.name);
    await until('v2 is gone', async () => (await published(crd, 'v2')) === undefined);
  });

  // Conformance: [sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions [Conformance]
  // Conformance: [sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds [Conformance]
  it('publishes definitions side by side: in one group, in its versions, in other groups', async () => {
    const waldoSchema = waldo({});
    for (const [one, two] of [
      ['v4', 'v5'],
      ['v6', 'v6'],
    ] as const) {
      const [foo, other] = [await setUp(fooSchema, one), await setUp(waldoSchema, two)];
      assert.deepEqual(await published(other, two), waldoSchema);
      assert.deepEqual(await published(foo, one), fooSchema);
      for (const crd of [foo, other]) await bench.client.resource(CustomResourceDefinitions).delete(crd.metadata.name);
      await until('both are gone', async () => (await published(foo, one)) === undefined && (await published(other, two)) === undefined);
    }
    const elsewhere = { group: 'other.example.com', plural: 'waldos', kind: 'Waldo', versions: [versionOf('v1beta1', waldoSchema)] };
    const [foo] = [await setUp(fooSchema), await establish(bench.client, elsewhere)];
    assert.deepEqual(await published(foo), fooSchema);
    assert.ok((await definitions())['com.example.other.v1beta1.Waldo']);
  });

  it('prints columns, finds short names and categories', async () => {
    await establish(bench.client, {
      group: 'columns.example.com',
      plural: 'trains',
      kind: 'Train',
      names: { shortNames: ['tr'], categories: ['rails'] },
      versions: [
        versionOf('v1', anything, {
          subresources: { status: {}, scale: { specReplicasPath: '.spec.cars', statusReplicasPath: '.status.cars' } },
          additionalPrinterColumns: [
            { name: 'Cars', type: 'integer', jsonPath: '.spec.cars' },
            { name: 'Late', type: 'boolean', jsonPath: '.spec.late' },
            { name: 'Stops', type: 'string', jsonPath: '.spec.stops[*]', priority: 1 },
            { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
        }),
      ],
    });
    const train = {
      apiVersion: 'columns.example.com/v1',
      kind: 'Train',
      metadata: { name: 'ice' },
      spec: { cars: 7, late: true, stops: ['a', 'b'] },
    };
    await bench.k.pipe(JSON.stringify(train), 'apply', '--server-side', '-f', '-');
    const rows = table(await bench.k.ok('get', 'tr'));
    assert.deepEqual(rows[0], ['NAME', 'CARS', 'LATE', 'READY', 'AGE']);
    assert.match(rows[1]?.join(' ') ?? '', /^ice 7 true \d[\dms]*$/);
    assert.match(await bench.k.ok('get', 'tr', '-o', 'wide'), /STOPS/);
    assert.equal(await bench.k.ok('get', 'rails', '-o', 'name'), 'train.columns.example.com/ice\n');
    await bench.k.ok('scale', 'train', 'ice', '--replicas=9');
    assert.equal(await bench.k.ok('get', 'train.v1.columns.example.com', 'ice', '-o', 'jsonpath={.spec.cars}'), '9');
    await bench.k.ok(
      'patch',
      'tr',
      'ice',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}',
    );
    await bench.k.ok('label', 'tr', 'ice', 'a=b');
    await bench.k.ok('annotate', 'tr', 'ice', 'a=b');
    assert.match(await bench.k.ok('describe', 'tr', 'ice'), /Kind:\s+Train/);
    assert.match((await bench.k.ok('get', 'tr')).split('\n')[1] ?? '', /True/);
    await bench.k.ok('wait', '--for=condition=Ready', 'train/ice', '--timeout=60s');
    assert.match(await bench.k.ok('api-resources', '--categories=rails'), /trains\s+tr\s+columns.example.com\/v1\s+true\s+Train/);
    assert.match(await bench.k.ok('get', 'crd', 'trains.columns.example.com'), /CREATED AT/);
  });
});

describe('definitions of the size of well-known projects', () => {
  it('are applied, explained, and their deprecated versions warned of', async () => {
    const { k } = bench;
    for (const crd of [routeDefinition(), certificateDefinition(), workloadDefinition(0, 3)]) {
      const { metadata } = crd as CustomResourceDefinition;
      const file = join(bench.https.dir, `${metadata.name}.json`);
      writeFileSync(file, JSON.stringify(crd));
      await k.ok('apply', '--server-side', '-f', file);
      assert.match(await k.ok('apply', '--server-side', '-f', file), /serverside-applied/);
      await k.ok('wait', '--for=condition=Established', `crd/${metadata.name}`, '--timeout=60s');
    }
    const certificates = (await definitions())['com.example.certificates.v1.Certificate0'] as Record<string, unknown>;
    assert.deepEqual(certificates['x-kubernetes-selectable-fields'], [{ fieldPath: 'spec.secretName' }]);
    assert.match(await k.ok('explain', '--recursive', 'routes0'), /requestHeaderModifier\s+<Object>.*weight\s+<integer>/s);
    assert.match(await k.ok('explain', 'workloads0.spec.template2.spec.containers.resources'), /limits\s+<map\[string\]Object>/);
    const route = { apiVersion: 'routes.example.com/v1beta1', kind: 'Route0', metadata: { name: 'r' }, spec: {} };
    const applied = await k.with({ input: JSON.stringify(route) })('apply', '-f', '-');
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stderr, /^Warning: routes.example.com\/v1beta1 Route0 is deprecated$/m);
    await k.ok('delete', 'crd', 'routes0.routes.example.com', 'certificates0.certificates.example.com', 'workloads0.workloads.example.com');
  });
});

describe('helm', () => {
  it('installs a chart with crds/ and objects of them', async () => {
    const chart = join(bench.https.dir, 'rails');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    mkdirSync(join(chart, 'crds'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: rails\nversion: 1.0.0\n');
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'stations.rails.example.com' },
      spec: {
        group: 'rails.example.com',
        scope: 'Namespaced',
        names: { plural: 'stations', kind: 'Station' },
        versions: [
          versionOf('v1', {
            type: 'object',
            properties: { spec: { type: 'object', properties: { size: { type: 'integer', default: 3 } } } },
          }),
        ],
      },
    };
    writeFileSync(join(chart, 'crds/station.yaml'), JSON.stringify(crd));
    writeFileSync(
      join(chart, 'templates/all.yaml'),
      'apiVersion: rails.example.com/v1\nkind: Station\nmetadata: {name: "{{ .Release.Name }}"}\nspec: {}\n',
    );
    const env = { HOME: bench.https.dir, KUBECONFIG: bench.https.kubeconfig };
    const installed = await runCommand(helmPath(), ['install', 'main', chart], { env });
    assert.equal(installed.code, 0, installed.stderr);
    assert.equal(await bench.k.ok('get', 'station', 'main', '-o', 'jsonpath={.spec.size}'), '3');
    const removed = await runCommand(helmPath(), ['uninstall', 'main'], { env });
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal((await bench.k('get', 'stations')).stderr, 'No resources found in default namespace.\n');
  });
});
