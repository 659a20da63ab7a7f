// Containers: create, start, stop, remove, status, list, resize, log rotation.
import { isRuntimeNotFound, RuntimeError, type Container, type ContainerStatus, type Runtime } from '../runtime.ts';
import type { Call } from './call.ts';

type ContainerCalls = Pick<
  Runtime,
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'containerStatus'
  | 'listContainers'
  | 'writableBytes'
  | 'updateResources'
  | 'reopenLog'
>;

/** The container part of a runtime. */
export function containerCalls(call: Call, timeoutMs: number): ContainerCalls {
  return {
    async createContainer(podSandboxId, config, sandboxConfig) {
      const answer = await call<{ containerId: string }>('CreateContainer', { podSandboxId, config, sandboxConfig });
      return answer.containerId;
    },
    async startContainer(containerId) {
      await call('StartContainer', { containerId });
    },
    async stopContainer(containerId, timeoutSeconds) {
      try {
        const timeout = Math.max(0, Math.round(timeoutSeconds));
        await call('StopContainer', { containerId, timeout }, { timeoutMs: timeout * 1000 + timeoutMs });
      } catch (error) {
        if (!isRuntimeNotFound(error)) throw error;
      }
    },
    async removeContainer(containerId) {
      try {
        await call('RemoveContainer', { containerId });
      } catch (error) {
        if (!isRuntimeNotFound(error)) throw error;
      }
    },
    async containerStatus(containerId) {
      const { status } = await call<{ status?: ContainerStatus }>('ContainerStatus', { containerId });
      if (!status) throw new RuntimeError('internal', `the runtime sent no status for container ${containerId}`);
      return status;
    },
    async listContainers(filter) {
      const { state, ...rest } = filter ?? {};
      const answer = await call<{ containers: readonly Container[] }>('ListContainers', {
        filter: { ...rest, ...(state ? { state: { state } } : {}) },
      });
      return answer.containers;
    },
    async writableBytes(containerId) {
      const { stats } = await call<{ stats?: { writableLayer?: { usedBytes?: number } } }>('ContainerStats', { containerId });
      return stats?.writableLayer?.usedBytes ?? 0;
    },
    async updateResources(containerId, linux) {
      await call('UpdateContainerResources', { containerId, linux });
    },
    async reopenLog(containerId) {
      await call('ReopenContainerLog', { containerId });
    },
  };
}
