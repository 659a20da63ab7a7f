// Devices of containers that start again: their plugin is asked once, whatever becomes of it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DeviceManager } from '#agent/devices/manager.ts';
import { noHint } from '#agent/numa/hints.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { createWorld } from '#host/world.ts';
import { startPlugin } from '../../support/deviceplugin.ts';
import { until } from '../../support/until.ts';

const resource = 'example.com/gadget';
const container = (name: string): Container => ({ name, resources: { limits: { [resource]: '1' } } }) as Container;
const pod = { metadata: { uid: 'u' }, spec: { containers: [container('c'), container('idle')] } } as unknown as Pod;
const working = (manager: DeviceManager): string | undefined => manager.resources().allocatable[resource];

test('a container that starts again has what it had, also while the plugin is away', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-devices-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const world = createWorld({ logLevel: 'silent' });
  const live = async (): Promise<DeviceManager> => {
    const manager = new DeviceManager(world, { dir, layout: [], changed: () => undefined });
    t.after(() => manager[Symbol.dispose]());
    await manager.start();
    return manager;
  };
  const first = await live();
  const plugin = await startPlugin(dir, resource);
  t.after(() => plugin.close());
  plugin.tell(['a', 'b'].map((id) => ({ id, health: 'Healthy' })));
  await until('the devices are there', () => working(first) === '2');
  for (const one of pod.spec.containers) await first.allocate(pod, one, noHint);

  const given = await first.use(pod, 'c');
  assert.deepEqual(given.envs, { GADGETS: 'b' });
  assert.deepEqual(await first.use(pod, 'c'), given);
  assert.deepEqual([plugin.allocated, plugin.prepared], [[['b']], [['b'], ['b']]]);

  // A plugin that must prepare devices is waited for.
  plugin.close();
  await until('the plugin is gone', () => working(first) === '0');
  await assert.rejects(first.use(pod, 'c'), /^Error: the device plugin for example.com\/gadget is gone/);
  first[Symbol.dispose]();

  // Whether it must is not known any more after a restart; who was not told before what to use waits.
  const second = await live();
  assert.deepEqual(await second.use(pod, 'c'), given);
  await assert.rejects(second.use(pod, 'idle'), /^Error: no device plugin for example.com\/gadget is registered$/);
  assert.deepEqual(plugin.allocated, [['b']]);

  const back = await startPlugin(dir, resource);
  t.after(() => back.close());
  back.tell(['a', 'b'].map((id) => ({ id, health: 'Healthy' })));
  await until('the devices are back', () => working(second) === '2');
  assert.deepEqual(await second.use(pod, 'c'), given);
  assert.deepEqual((await second.use(pod, 'idle')).envs, { GADGETS: 'a' });
  assert.deepEqual([back.allocated, back.prepared], [[['a']], [['b'], ['a']]]);
  await second.forget('u');
  assert.deepEqual((await second.use(pod, 'c')).envs, {});
});
