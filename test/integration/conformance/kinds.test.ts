// Conformance of APIs without containers: for each kind what the suite's "should support … API operations" and "CRUD Tests" do,
// while all controllers run: discovery, the whole life of an object with watches in between, every form of patch, status,
// and deletion of a collection by label.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { apiVersionOf, type Draft, type Unstructured } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import { isAlreadyExists } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { minimal } from '../../support/minimal.ts';
import { type At, assertNewer, at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';
import { type Kind, kinds } from './kinds.ts';

const namespace = 'default';
const limit = 120_000;
let suite: Suite;
before(async () => {
  suite = await startSuite(0);
});
after(async () => suite?.[Symbol.asyncDispose]());

type Any = Unstructured & { status?: object; spec?: object };

/** How a kind is reached by a client, and objects of it that share a label. */
interface Subject {
  readonly ref: ResourceRef<Any>;
  readonly selector: string;
  on(client: Client): At<Any>;
  everywhere(client: Client): At<Any>;
  object(name: string): Draft<Any>;
}

function subjectOf({ id, kind, cluster = false, make }: Kind, test: string): Subject {
  const [group = '', version = '', resource = ''] = id.split('/');
  const ref = { group, version, resource, kind, namespaced: !cluster } as ResourceRef<Any>;
  const label = `${test}-${group.split('.')[0]?.slice(0, 8) || 'core'}-${resource}`;
  const about = id.endsWith('/events') ? { [group === '' ? 'involvedObject' : 'regarding']: { kind: 'Pod', name: 'x', namespace } } : {};
  return {
    ref,
    selector: `kind-tests=${label}`,
    on: (client) => at(client, ref, cluster ? undefined : namespace),
    everywhere: (client) => at(client, ref),
    object: (name) => ({
      ...(make ? make(name) : (minimal[id] as object)),
      ...about,
      metadata: { name, labels: { 'kind-tests': label } },
    }),
  };
}

const annotated = (key: string) => (object: Any) => object.metadata.annotations?.[key] === 'true';
const annotate =
  (key: string) =>
  (object: Any): Any => ({ ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [key]: 'true' } } });
/** What is left may only wait for a finalizer. */
const leaving = ({ metadata }: Any): boolean => metadata.deletionTimestamp !== undefined && (metadata.finalizers?.length ?? 0) > 0;

/** Waits until the object is gone; tells what holds it when it does not go. */
async function gone(objects: At<Any>, name: string): Promise<void> {
  let last: Any | undefined;
  const look = async (): Promise<boolean> => {
    last = await objects.find(name);
    return last === undefined;
  };
  await until(`${name} is gone`, look, limit).catch((error: unknown) => {
    throw new Error(JSON.stringify(last), { cause: error });
  });
}

async function discovered({ group, version, resource, kind, namespaced }: ResourceRef<Any>): Promise<void> {
  const read = async (url: string) => {
    const answer = await suite.wire('GET', url);
    assert.equal(answer.code, 200, url);
    return answer.json;
  };
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  if (group === '') assert.ok((await read('/api')).versions.includes(version));
  else {
    const { groups } = await read('/apis');
    const versions = groups.find((one: { name: string }) => one.name === group)?.versions;
    assert.ok(versions.some((one: { version: string }) => one.version === version));
    assert.deepEqual((await read(`/apis/${group}`)).versions, versions);
  }
  const found = (await read(root)).resources.find((one: { name: string }) => one.name === resource);
  assert.deepEqual([found.kind, found.namespaced], [kind, namespaced]);
}

/** Patches, updates and reads the status; the spec stays as it is, and the metadata of kinds that are strict about it. */
async function statusOf(subject: Subject, name: string, { status = {}, strict = false }: Kind): Promise<void> {
  const typed = subject.on(suite.client);
  const before = await typed.get(name);
  const patch = { metadata: { annotations: { patchedstatus: 'true' } }, status };
  const patched = await typed.patch(name, 'merge', patch, 'status');
  assert.equal(annotated('patchedstatus')(patched), !strict);
  for (const [field, value] of Object.entries(status))
    if (value !== null) assert.partialDeepStrictEqual((patched.status as Record<string, unknown>)[field], value, field);
  const updated = await typed.change(name, (object) => ({ ...annotate('updatedstatus')(object), spec: undefined }) as never, 'status');
  assert.equal(annotated('updatedstatus')(updated), !strict);
  assert.deepEqual(updated.spec, before.spec, 'the spec is not touched');
  const read = await subject.on(suite.dynamic).get(name, 'status');
  // Controllers may have added conditions of their own meanwhile; those that a client wrote stay.
  const types = (object: { status?: { conditions?: { type: string }[] } }) => object.status?.conditions?.map((one) => one.type) ?? [];
  for (const type of types({ status })) assert.ok(types(read as never).includes(type), type);
}

async function operations(one: Kind): Promise<void> {
  const subject = subjectOf(one, 'operations');
  const typed = subject.on(suite.client);
  const labelSelector = subject.selector;
  const [a, b, c] = one.names ?? [1, 2, 3].map((n) => `e2e-operations-${subject.ref.resource}-${n}`);
  assert.ok(a && b && c);
  await discovered(subject.ref);
  const made = await typed.create(subject.object(a));
  await assert.rejects(typed.create(subject.object(a)), isAlreadyExists);
  await typed.create(subject.object(b));
  const watches = [await typed.watch({ labelSelector }), await subject.everywhere(suite.client).watch({ labelSelector })];
  await typed.create(subject.object(c));
  assert.equal((await typed.get(a)).metadata.uid, made.metadata.uid);
  assert.equal((await typed.list({ labelSelector })).items.length, 3);
  assert.equal((await subject.everywhere(suite.client).list({ labelSelector })).items.length, 3);

  const patched = await typed.patch(a, 'merge', { metadata: { annotations: { patched: 'true' } } });
  assert.ok(annotated('patched')(patched));
  assertNewer(patched, made);
  const updated = await typed.change(a, annotate('updated'));
  assert.ok(annotated('updated')(updated) && annotated('patched')(updated));
  for (const watch of watches) {
    await watch.next('ADDED', ({ metadata }) => metadata.name === c);
    await watch.next('MODIFIED', annotated('patched'));
    if (patched.metadata.generation === updated.metadata.generation) await watch.next('MODIFIED', annotated('updated'));
  }
  if (one.status !== undefined) await statusOf(subject, a, one);

  await typed.remove(a, { gracePeriodSeconds: 0 });
  const deleted = await typed.find(a);
  assert.ok(deleted === undefined || leaving(deleted));
  const rest = (await typed.list({ labelSelector })).items;
  assert.ok(rest.length === 2 || (rest.length === 3 && rest.some(leaving)));
  await typed.removeAll(labelSelector);
  assert.ok((await typed.list({ labelSelector })).items.every(leaving));
  await until('all are gone', async () => (await typed.list({ labelSelector })).items.length === 0, limit);
  for (const watch of watches) {
    await watch.next('DELETED', ({ metadata }) => metadata.name === a);
    watch.stop();
  }
}

/** One object again and again, changed in each of the ways that there are, as a watch sees it. */
async function crud(one: Kind): Promise<void> {
  const subject = subjectOf(one, 'crud');
  const { ref, selector } = subject;
  const objects = subject.on(suite.dynamic);
  const name = one.names?.[0] ?? `e2e-crud-${ref.resource}`;
  const watch = await objects.watch({ labelSelector: selector });
  const label = { metadata: { labels: { 'crud-label': 'test' } } };
  const labelled = (object: Any) => object.metadata.labels?.['crud-label'] === 'test';
  let newest: Any | undefined;
  const seen = async (type: 'ADDED' | 'MODIFIED' | 'DELETED', check?: (object: Any) => unknown): Promise<void> => {
    const object = await watch.next(type, check);
    assert.equal(object.metadata.name, name);
    if (newest !== undefined) assertNewer(object, newest);
    newest = object;
  };
  const create = async (): Promise<Any> => {
    const made = await objects.create(subject.object(name));
    assert.equal(made.metadata.name, name);
    await seen('ADDED');
    return made;
  };
  const update = async (): Promise<Any> => {
    const updated = await objects.change(name, (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...label.metadata.labels } },
    }));
    await seen('MODIFIED', labelled);
    return updated;
  };
  const remove = async (): Promise<void> => {
    await objects.remove(name);
    await gone(objects, name);
    await seen('DELETED');
  };
  /** What merge, strategic and apply patches send: complete, as the suite makes them. */
  const complete = (object: Any, change: { metadata?: object }) => ({
    ...change,
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    metadata: { ...change.metadata, name, uid: object.metadata.uid, ...(ref.namespaced ? { namespace } : {}) },
  });

  assertNewer(
    await create().then(update),
    await objects.get(name).then((object) => ({ ...object, metadata: { ...object.metadata, resourceVersion: '1' } })),
  );
  for (const type of ['strategic', 'apply', 'merge', 'json'] as const) {
    await remove();
    const made = await create();
    const body = type === 'json' ? [{ op: 'add', path: '/metadata/labels/crud-label', value: 'test' }] : complete(made, label);
    assertNewer(await objects.patch(name, type, body), made);
    await seen('MODIFIED', labelled);
  }
  if (one.status !== undefined) {
    for (const type of ['strategic', 'apply', 'merge', 'json'] as const) {
      await remove();
      await create();
      const updated = await update();
      const body =
        type === 'json'
          ? Object.entries(one.status).map(([field, value]) => ({ op: 'add', path: `/status/${field}`, value }))
          : complete(updated, { status: one.status } as object);
      const patched = await objects.patch(name, type, body, 'status');
      for (const [field, value] of Object.entries(one.status))
        if (value !== null) assert.partialDeepStrictEqual((patched.status as Record<string, unknown>)[field], value, `${type} ${field}`);
      await seen('MODIFIED');
    }
  }
  assert.equal((await objects.list({ labelSelector: selector })).items.length, 1);
  assert.equal((await subject.everywhere(suite.dynamic).list({ labelSelector: selector })).items.length, 1);
  await objects.removeAll(selector);
  await gone(objects, name);
  await seen('DELETED');
  watch.stop();
}

describe('kinds', { concurrency: 6 }, () => {
  for (const one of kinds) {
    it(one.id, async () => {
      await operations(one);
      await crud(one);
    });
  }
});
