// Pod ranges for nodes, when there are fewer ranges than nodes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Nodes } from '#api/refs.ts';
import { startNodeIpamController } from '#controllers/nodeipam/controller.ts';
import { withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

test('nodes without a range wait for one to come back, and get it in turn', async () => {
  await using bench = await withControllers((deps) => [startNodeIpamController({ ...deps, podCidr: '10.4.0.0/23' })]);
  const nodes = bench.client.resource(Nodes);
  const rangeOf = async (name: string) => (await nodes.get(name)).spec.podCIDR;
  for (const name of ['a', 'b', 'c', 'd']) {
    await nodes.create({ metadata: { name } });
    if (name < 'c') await until(`${name} has a range`, () => rangeOf(name));
  }
  assert.equal(await rangeOf('b'), '10.4.1.0/24');
  await nodes.delete('a');
  assert.equal(await until('c has a range', () => rangeOf('c')), '10.4.0.0/24');
  assert.equal(await rangeOf('d'), undefined);
  await nodes.delete('d');
  await nodes.delete('b');
  await nodes.create({ metadata: { name: 'e' } });
  assert.equal(await until('e has a range', () => rangeOf('e')), '10.4.1.0/24');
});
