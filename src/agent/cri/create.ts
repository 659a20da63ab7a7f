// The runtime over CRI: every call on one channel.
import type { GrpcChannel } from '#base/grpc.ts';
import type { Runtime, RuntimeCondition, RuntimeHandler, RuntimeVersion } from '../runtime.ts';
import { caller, requestTimeoutMs } from './call.ts';
import { containerCalls } from './containers.ts';
import { taskEvents } from './events.ts';
import { imageCalls } from './images.ts';
import { sandboxCalls } from './sandboxes.ts';
import { streamingCalls } from './streaming.ts';

interface WireStatus {
  readonly status?: { readonly conditions: readonly RuntimeCondition[] };
  readonly runtimeHandlers: readonly RuntimeHandler[];
  readonly features?: { readonly supplementalGroupsPolicy: boolean };
}

/**
 * The runtime behind a channel to containerd's socket. The caller closes the channel. Calls may take `timeoutMs`; starting and
 * stopping pods have more, and pulls of images as long as they need.
 */
export function createCriRuntime(channel: GrpcChannel, timeoutMs = requestTimeoutMs): Runtime {
  const call = caller(channel, timeoutMs);
  return {
    version: async () => await call<RuntimeVersion>('Version', { version: 'v1' }),
    async status() {
      const answer = await call<WireStatus>('Status', {});
      return {
        conditions: answer.status?.conditions ?? [],
        handlers: answer.runtimeHandlers,
        supplementalGroupsPolicy: answer.features?.supplementalGroupsPolicy ?? false,
      };
    },
    ...sandboxCalls(call, timeoutMs),
    ...containerCalls(call, timeoutMs),
    ...streamingCalls(call),
    ...imageCalls(call),
    events: (signal) => taskEvents(channel, signal),
  };
}
