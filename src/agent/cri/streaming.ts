// Commands in containers, and the URLs of the runtime's streaming server.
import type { ExecResult, Runtime } from '../runtime.ts';
import type { Call } from './call.ts';

type StreamingCalls = Pick<Runtime, 'execSync' | 'execUrl' | 'attachUrl' | 'portForwardUrl'>;

/** The exec, attach and port-forward part of a runtime. */
export function streamingCalls(call: Call): StreamingCalls {
  return {
    async execSync(containerId, command, timeoutSeconds) {
      // The runtime needs some seconds after its own time-out to kill the command, so ours is longer.
      const timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 + 30_000 : undefined;
      return await call<ExecResult>('ExecSync', { containerId, cmd: command, timeout: Math.ceil(timeoutSeconds) }, { timeoutMs });
    },
    async execUrl({ command, ...request }) {
      return (await call<{ url: string }>('Exec', { ...request, cmd: command })).url;
    },
    async attachUrl(request) {
      return (await call<{ url: string }>('Attach', request)).url;
    },
    async portForwardUrl(podSandboxId, port) {
      return (await call<{ url: string }>('PortForward', { podSandboxId, port })).url;
    },
  };
}
