// The sample objects of Kubernetes' own API: they decode without a finding and come out as they went in.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, normalize } from '#api/rules.ts';
import { structOfKind } from '#api/walk/protobuf.ts';
import { withFacts } from './facts.ts';

withFacts('samples', (_load, folder) => {
  for (const name of readdirSync(`${folder}/testdata`).filter((file) => file.endsWith('.json'))) {
    test(name, () => {
      const json = JSON.parse(readFileSync(`${folder}/testdata/${name}`, 'utf8'));
      const struct = structOfKind(json.apiVersion ?? 'v1', json.kind ?? 'WatchEvent');
      assert.ok(struct, `${json.apiVersion} ${json.kind}`);
      const { object, unknown } = decode<object>(struct, json, { defaults: false });
      assert.deepEqual(unknown, []);
      assert.deepEqual(object, json);
      assert.deepEqual(normalize(struct, object), object);
      // Defaulting twice changes nothing more.
      const once = decode<object>(struct, json).object;
      assert.deepEqual(decode<object>(struct, once).object, once);
    });
  }
});
