import assert from 'node:assert/strict';
import { test } from 'node:test';
import { structs } from '#api/structs.ts';
import { describedTypes, descriptionsOf } from './all.ts';

const common = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

test('words are about types and fields that exist', () => {
  for (const name of describedTypes) {
    const struct = structs.get(name);
    assert.ok(struct, name);
    for (const field of Object.keys(descriptionsOf(name)?.fields ?? {})) {
      assert.ok(field in struct.fields || common.includes(field), `${name}.${field}`);
    }
  }
});
