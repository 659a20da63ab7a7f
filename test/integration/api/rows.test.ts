// Every served row, through every verb that it has, over the loopback.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { allRows } from '#apiserver/resources/all.ts';
import type { ResourceRow } from '#apiserver/resources/row.ts';
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { minimal } from '../../support/minimal.ts';

const rows = allRows.filter((row) => row.stage === 'GA' && row.verbs.includes('create') && row.verbs.includes('get'));
const idOf = (row: ResourceRow): string => `${row.group}/${row.version}/${row.resource}`;

describe('rows', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  for (const row of rows) {
    it(idOf(row), async () => {
      const body = minimal[idOf(row)] as Partial<KubeObject> | undefined;
      assert.ok(body, 'a minimal object is known');
      const ref = row as unknown as ResourceRef<KubeObject>;
      const resource = api.client.resource<KubeObject>(ref);
      const name = body.metadata?.name ?? `smoke-${row.singular}`;
      const ns = row.namespaced ? { namespace: 'default' } : {};
      const metadata = { name, ...ns };

      const made = await resource.create({ ...body, metadata });
      assert.equal(made.kind, row.kind);
      assert.equal(made.apiVersion, apiVersionOf(row));
      assert.ok(made.metadata.uid);
      assert.deepEqual(await resource.get(name, ns), made);
      const list = await resource.list(ns);
      assert.ok(list.items.some((item) => item.metadata.name === name));

      const patched = await resource.patch(name, { metadata: { labels: { touched: 'yes' } } }, { ...ns, type: 'merge' });
      assert.equal(patched.metadata.labels?.['touched'], 'yes');
      assert.notEqual(patched.metadata.resourceVersion, made.metadata.resourceVersion);
      const same = await resource.update(patched);
      assert.equal(same.metadata.resourceVersion, patched.metadata.resourceVersion);
      const dry = await resource.patch(name, { metadata: { labels: { dry: 'yes' } } }, { ...ns, type: 'merge', dryRun: true });
      assert.equal(dry.metadata.labels?.['dry'], 'yes');
      if (row.subresources.some((sub) => sub.name === 'status')) {
        const current = await resource.get(name, { ...ns, subresource: 'status' });
        assert.equal(current.metadata.labels?.['dry'], undefined);
        await resource.updateStatus(current);
      }

      const events: string[] = [];
      const abort = new AbortController();
      const resourceVersion = made.metadata.resourceVersion as string;
      const watching = (async () => {
        for await (const event of resource.watch({
          ...ns,
          fieldSelector: `metadata.name=${name}`,
          resourceVersion,
          signal: abort.signal,
        })) {
          events.push(event.type);
          if (event.type === 'DELETED') abort.abort();
        }
      })();
      const cleared = await resource.patch(name, { metadata: { finalizers: null } }, { ...ns, type: 'merge' });
      await resource.delete(name, { ...ns, options: { gracePeriodSeconds: 0, propagationPolicy: 'Background' } });
      if (row.resource === 'namespaces')
        await resource.update({ ...cleared, metadata: { name }, spec: {} } as KubeObject, { subresource: 'finalize' });
      await watching;
      assert.equal(events[0], 'MODIFIED');
      assert.equal(events.at(-1), 'DELETED');
      await assert.rejects(resource.get(name, ns), isNotFound);
    });
  }
});
