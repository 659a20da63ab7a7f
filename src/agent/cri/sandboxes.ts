// Pod sandboxes: run, stop, remove, status, list.
import { isRuntimeNotFound, RuntimeError, type Runtime, type Sandbox, type SandboxStatus } from '../runtime.ts';
import type { Call } from './call.ts';

type SandboxCalls = Pick<Runtime, 'runSandbox' | 'stopSandbox' | 'removeSandbox' | 'sandboxStatus' | 'listSandboxes'>;

/** The sandbox part of a runtime. */
export function sandboxCalls(call: Call, timeoutMs: number): SandboxCalls {
  return {
    async runSandbox(config, runtimeHandler = '', signal) {
      // A sandbox needs its network and perhaps a pull of the pause image: Kubernetes gives it twice the usual time.
      const options = { timeoutMs: 2 * timeoutMs, ...(signal ? { signal } : {}) };
      const answer = await call<{ podSandboxId: string }>('RunPodSandbox', { config, runtimeHandler }, options);
      return answer.podSandboxId;
    },
    async stopSandbox(podSandboxId) {
      try {
        await call('StopPodSandbox', { podSandboxId });
      } catch (error) {
        if (!isRuntimeNotFound(error)) throw error;
      }
    },
    async removeSandbox(podSandboxId) {
      try {
        await call('RemovePodSandbox', { podSandboxId });
      } catch (error) {
        if (!isRuntimeNotFound(error)) throw error;
      }
    },
    async sandboxStatus(podSandboxId) {
      const { status } = await call<{ status?: SandboxStatus }>('PodSandboxStatus', { podSandboxId });
      if (!status) throw new RuntimeError('internal', `the runtime sent no status for sandbox ${podSandboxId}`);
      return status;
    },
    async listSandboxes(filter) {
      const { state, ...rest } = filter ?? {};
      const answer = await call<{ items: readonly Sandbox[] }>('ListPodSandbox', {
        filter: { ...rest, ...(state ? { state: { state } } : {}) },
      });
      return answer.items;
    },
  };
}
