// The load balancer's pool, against the real API server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '#api/core/v1/service.ts';
import { Services } from '#api/refs.ts';
import { startServiceLbController } from '#controllers/servicelb/controller.ts';
import { withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';

test('Services get addresses of the pool, each another one; who comes too late gets the next that is free', async () => {
  await using bench = await withControllers((deps) => [startServiceLbController({ ...deps, pool: ['203.0.113.0/31'] })]);
  const services = bench.client.resource(Services);
  const make = (name: string, spec: object = {}): Promise<Service> =>
    services.create({ metadata: { name, namespace }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } });
  const addressOf = async (name: string): Promise<string | undefined> =>
    (await services.get(name, { namespace })).status.loadBalancer?.ingress?.[0]?.ip;
  await Promise.all(['a', 'b', 'c'].map((name) => make(name)));
  await make('elsewhere', { loadBalancerClass: 'example.com/other' });
  const given = async () => (await Promise.all(['a', 'b', 'c'].map(addressOf))).filter((ip) => ip !== undefined);
  await until('two have an address', async () => (await given()).length === 2);
  assert.deepEqual((await given()).toSorted(), ['203.0.113.0', '203.0.113.1']);
  const [first = ''] = (await Promise.all(['a', 'b', 'c'].map(async (name) => ((await addressOf(name)) ? [name] : [])))).flat();
  const kept = await addressOf(first);
  const [late = ''] = (await Promise.all(['a', 'b', 'c'].map(async (name) => ((await addressOf(name)) ? [] : [name])))).flat();
  await services.delete(first, { namespace });
  await until('the third has it', async () => (await addressOf(late)) === kept);
  // A Service that is no balancer any more gives its address back.
  await services.patch(late, { spec: { type: 'ClusterIP' } }, { type: 'merge', namespace });
  await make('next');
  await until('the next has it', async () => (await addressOf('next')) === kept);
  assert.equal(await addressOf('elsewhere'), undefined);
});
