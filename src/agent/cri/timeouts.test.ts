import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrpcCallOptions, GrpcChannel } from '#base/grpc.ts';
import type { SandboxConfig } from '../runtime.ts';
import { createCriRuntime } from './create.ts';

test('how long calls may take: as configured, twice that for a sandbox, longer by its own time for a stop, no limit for a pull', async () => {
  const seen: (readonly [string, number | undefined])[] = [];
  const unary = (path: string, _bytes: Uint8Array, { timeoutMs }: GrpcCallOptions): Promise<Uint8Array> => {
    seen.push([path.slice(path.lastIndexOf('/') + 1), timeoutMs]);
    return Promise.resolve(new Uint8Array());
  };
  const channel = { unary } as unknown as GrpcChannel;
  const runtime = createCriRuntime(channel, 7_000);
  await runtime.version();
  await runtime.runSandbox({ metadata: { name: 'p', uid: 'u', namespace: 'd', attempt: 0 } } as SandboxConfig);
  await runtime.stopContainer('c', 30);
  await runtime.pullImage('busybox');
  await createCriRuntime(channel).version();
  assert.deepEqual(seen, [
    ['Version', 7_000],
    ['RunPodSandbox', 14_000],
    ['StopContainer', 37_000],
    ['PullImage', undefined],
    ['Version', 120_000],
  ]);
});
