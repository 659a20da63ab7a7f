import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allRows } from '../resources/all.ts';
import { documentV2, documentV3, rowsByDocument } from './documents.ts';
import { encodeDocument } from './gnostic.ts';
import { groupName, pathsOf } from './operations.ts';
import { v2Form } from './plug.ts';

const rows = allRows.filter((row) => row.stage === 'GA');
const v2 = documentV2(rows) as Record<string, Record<string, unknown>>;

function references(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(value)) for (const entry of value) references(entry, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) {
      if (key === '$ref' && typeof entry === 'string') found.add(entry);
      else references(entry, found);
    }
  }
  return found;
}

test('every reference leads somewhere', () => {
  for (const reference of references(v2)) {
    const [, section = '', name = ''] = reference.split('/');
    assert.ok(v2[section]?.[name], reference);
  }
  for (const [name, group] of rowsByDocument(rows)) {
    const document = documentV3(group) as { components: { schemas: Record<string, unknown> } };
    for (const reference of references(document)) {
      assert.ok(document.components.schemas[reference.replace('#/components/schemas/', '')], `${name} ${reference}`);
    }
  }
});

test('fields that are always written say their zero value in v3', () => {
  const core = rowsByDocument(rows).get('api/v1') ?? [];
  const { schemas } = (
    documentV3(core) as { components: { schemas: Record<string, { properties: Record<string, { default?: unknown }> }> } }
  ).components;
  const presets = (kind: string, ...names: string[]) =>
    names.map((name) => schemas[`io.k8s.api.core.v1.${kind}`]?.properties[name]?.default);
  assert.deepEqual(presets('Container', 'name', 'image', 'resources'), ['', undefined, {}]);
  assert.deepEqual(presets('ContainerPort', 'containerPort', 'protocol', 'hostPort'), [0, 'TCP', undefined]);
});

test('operations have names of their own', () => {
  const ids = rows.flatMap(pathsOf).flatMap((item) => item.operations.map((operation) => operation.id));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of [
    'listCoreV1NamespacedPod',
    'listCoreV1PodForAllNamespaces',
    'createAppsV1NamespacedDeployment',
    'readAppsV1NamespacedDeploymentScale',
    'replaceCoreV1NamespaceFinalize',
    'connectCoreV1GetNamespacedPodExec',
    'deleteCoreV1CollectionNode',
    'createAuthorizationV1SubjectAccessReview',
    'readRbacAuthorizationV1ClusterRole',
    'createCoreV1NamespacedPodEviction',
  ]) {
    assert.ok(ids.includes(id), id);
  }
  assert.equal(groupName('flowcontrol.apiserver.k8s.io'), 'FlowcontrolApiserver');
});

test('clients find out that fields are validated and dry runs are possible', () => {
  for (const [, group] of rowsByDocument(rows)) {
    for (const item of group.flatMap(pathsOf)) {
      for (const operation of item.operations.filter(({ action }) => ['post', 'put', 'patch'].includes(action))) {
        const names = operation.parameters.map(({ name }) => name);
        assert.ok(names.includes('fieldValidation') && names.includes('dryRun'), operation.id);
      }
    }
  }
});

test('kinds carry their group, version and kind', () => {
  const definitions = v2['definitions'] as Record<string, { 'x-kubernetes-group-version-kind'?: object[] }>;
  for (const row of rows.filter((entry) => entry.verbs.includes('get'))) {
    const wanted = { group: row.group, kind: row.kind, version: row.version };
    const found = Object.values(definitions).some((schema) =>
      schema['x-kubernetes-group-version-kind']?.some((gvk) => JSON.stringify(gvk) === JSON.stringify(wanted)),
    );
    assert.ok(found, JSON.stringify(wanted));
  }
});

test('the protobuf form is well-formed and holds the same names', () => {
  const bytes = Buffer.from(encodeDocument(v2));
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const fields = new Map<number, number>();
  while (at < bytes.length) {
    const tag = varint();
    assert.equal(tag & 7, 2);
    fields.set(tag >> 3, varint());
    at += fields.get(tag >> 3) ?? 0;
  }
  assert.equal(at, bytes.length);
  assert.deepEqual([...fields.keys()], [1, 2, 8, 9, 10, 12, 13]);
  for (const name of Object.keys(v2['definitions'] ?? {})) assert.ok(bytes.includes(name), name);
});

test('the form is chosen by Accept', () => {
  const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  assert.deepEqual(v2Form(protobuf), { protobuf: true, type: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' });
  assert.deepEqual(v2Form(undefined), { protobuf: false, type: 'application/json' });
  assert.deepEqual(v2Form(`application/json, ${protobuf}`), { protobuf: false, type: 'application/json' });
  assert.equal(v2Form('text/html'), undefined);
});
