// Deleting a collection: however many objects go, others have their turn in between.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ConfigMaps } from '#api/refs.ts';
import { createWorld } from '#host/world.ts';
import { startTestApi } from '../../support/api.ts';
import { raw } from '../../support/raw.ts';

it('objects of a collection are deleted in slices of time', async () => {
  const real = createWorld({ logLevel: 'warn' });
  let time = 0;
  let turns = 0;
  const clock = {
    ...real.clock,
    // Whoever looks at the clock has used up a slice.
    monotonic: () => (time += 10),
    sleep(ms: number, signal?: AbortSignal) {
      if (ms === 0) turns++;
      return real.clock.sleep(ms, signal);
    },
  };
  await using api = await startTestApi({ world: { ...real, clock } });
  const maps = api.client.resource(ConfigMaps);
  const count = 100;
  await Promise.all(Array.from({ length: count }, (_, i) => maps.create({ metadata: { name: `m-${i}`, namespace: 'default' } })));
  turns = 0;
  const deleted = await raw(api, 'DELETE', '/api/v1/namespaces/default/configmaps');
  assert.equal(deleted.object.items?.length, count);
  assert.equal((await maps.list({ namespace: 'default' })).items.length, 0);
  assert.ok(turns >= count / 2, `${turns} turns for others`);
});
