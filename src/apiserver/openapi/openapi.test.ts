import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusError } from '#api/status.ts';
import { allRows } from '../resources/all.ts';
import { documentV2, documentV3, rowsByDocument } from './documents.ts';
import { groupName, pathsOf } from './operations.ts';
import { documentForm } from './plug.ts';

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

test('the form is chosen by Accept', () => {
  const json = { protobuf: false, type: 'application/json' };
  for (const version of ['v2', 'v3'] as const) {
    const proper = `application/com.github.proto-openapi.spec.${version}.v1.0+protobuf`;
    const asked = `application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`;
    assert.deepEqual(documentForm(asked, version), { protobuf: true, type: proper });
    assert.deepEqual(documentForm(`application/json;q=0.5, ${proper}`, version), { protobuf: true, type: proper });
    assert.deepEqual(documentForm(undefined, version), json);
    assert.deepEqual(documentForm(`application/json, ${asked}`, version), json);
    for (const other of ['text/html', proper.replace(version, 'v1')])
      assert.throws(
        () => documentForm(other, version),
        (error: StatusError) => error.code === 406,
      );
  }
});
