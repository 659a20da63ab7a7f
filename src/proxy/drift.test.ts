import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Guarded, touchedTables } from './drift.ts';

const guarded = (family: Guarded['family'], table: string): Guarded => ({ family, table, chain: 'c', repair: () => undefined });

test('messages about rules of our tables are told from others', () => {
  const [services, policies, other] = [guarded('ip', 'tutti'), guarded('inet', 'tutti'), guarded('ip6', 'tutti')];
  const text = 'delete rule ip tutti services handle 31\ndelete rule inet tutti ingress handle 4\ndelete rule ip6 filter x handle 1\n';
  assert.deepEqual([...touchedTables(text, [services, policies, other])], [services, policies]);
  assert.equal(touchedTables('add rule ip tutti services\n', [services]).size, 0);
});
