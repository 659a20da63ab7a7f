import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { AgentContext } from './context.ts';
import { PodGround } from './ground.ts';

const pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [] }, status: {} } as Pod;
const { signal } = new AbortController();

/** The ground of a pod whose directory or volumes cannot be made as often as is told. */
function groundOf(failures: { mkdir?: number; setUp?: number }): { ground: PodGround; done: string[] } {
  const left = { mkdir: 0, setUp: 0, ...failures };
  const done: string[] = [];
  const attempt = async (what: 'mkdir' | 'setUp'): Promise<void> => {
    if (left[what]-- > 0) throw new Error('ENOSPC: no space left on device');
    done.push(what);
  };
  const context = {
    world: { fs: { mkdir: () => attempt('mkdir') } },
    options: { dataDir: '/nowhere' },
    volumes: { setUp: () => attempt('setUp').then(() => ({ problems: [] })) },
  } as unknown as AgentContext;
  return { ground: new PodGround(context, 'u', () => undefined), done };
}

test('ground: what could not be made for want of room is made the next time', async () => {
  for (const failing of ['mkdir', 'setUp'] as const) {
    const { ground, done } = groundOf({ [failing]: 2 });
    for (let n = 0; n < 2; n++) await assert.rejects(ground.mount(pod, signal), /no space left/);
    done.length = 0;
    assert.equal(await ground.mount(pod, signal), undefined);
    assert.deepEqual(done, ['mkdir', 'setUp'], failing);
  }
});

test('ground: what is there is left alone until something changes', async () => {
  const { ground, done } = groundOf({});
  for (let n = 0; n < 2; n++) await ground.mount(pod, signal);
  assert.deepEqual(done, ['mkdir', 'setUp']);
  ground.volumesChanged({ news: true });
  await ground.mount(pod, signal);
  assert.deepEqual(done, ['mkdir', 'setUp', 'mkdir', 'setUp']);
});
