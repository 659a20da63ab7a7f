// The sample objects of Kubernetes' own API, in both forms: decoding gives the JSON, encoding gives the bytes.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { decodeProtobuf, encodeEnveloped, openEnvelope, structOfKind } from '#api/walk/protobuf.ts';
import { ProtobufError } from '#format/protowire.ts';

const folder = resolve(import.meta.dirname, '../../../shared/facts/testdata');
if (!existsSync(folder)) {
  test('protobuf samples', { skip: process.env['CI'] ? false : 'the tables of the Kubernetes API are not here' }, () =>
    assert.fail('the tables are missing'),
  );
} else {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.pb'))) {
    test(name, () => {
      const bytes = readFileSync(`${folder}/${name}`);
      const json = JSON.parse(readFileSync(`${folder}/${name.replace(/\.pb$/, '.json')}`, 'utf8'));
      const { apiVersion, kind, raw } = openEnvelope(bytes);
      // The sample of an event has no type of its own in the envelope.
      const struct = structOfKind(apiVersion, kind || 'WatchEvent');
      assert.ok(struct, `${apiVersion} ${kind}`);
      const object = { ...(kind ? { kind, apiVersion } : {}), ...decodeProtobuf(struct, raw) };
      assert.deepEqual(object, json);
      assert.equal(Buffer.from(encodeEnveloped(struct, apiVersion, kind, json)).toString('hex'), bytes.toString('hex'));
    });
  }
}

test('what is not protobuf is refused, at every length', () => {
  const struct = structOfKind('v1', 'Pod');
  assert.ok(struct);
  const good = encodeEnveloped(struct, 'v1', 'Pod', { metadata: { name: 'a' }, spec: { containers: [{ name: 'c' }] } });
  assert.throws(() => openEnvelope(Buffer.from('{}')), ProtobufError);
  for (let length = 5; length < good.length; length++) {
    try {
      decodeProtobuf(struct, openEnvelope(good.subarray(0, length)).raw);
    } catch (error) {
      assert.ok(error instanceof ProtobufError, String(error));
    }
  }
});
