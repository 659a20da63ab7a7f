// Lifecycle hooks: exec, httpGet, tcpSocket (deprecated, a no-op in kubelet) and sleep.
import { messageOf } from '#base/errors.ts';
import type { LifecycleHandler } from '#api/core/v1/probe.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { AnyContainer } from '../parts.ts';
import { httpTarget, portNumber } from '../probes/target.ts';
import type { AgentContext } from './context.ts';

/** A hook that failed; `message` is kubelet's. */
export class HookError extends Error {}

export interface HookTarget {
  readonly pod: Pod;
  readonly container: AnyContainer;
  readonly containerId: string;
  readonly ip: string;
}

async function httpHook(context: AgentContext, handler: NonNullable<LifecycleHandler['httpGet']>, target: HookTarget): Promise<void> {
  const { url, headers } = httpTarget(handler, { ip: target.ip, port: portNumber(handler.port, target.container as Container) });
  const answer = await context.world.net.fetch(url, {
    headers: { 'user-agent': 'kube-lifecycle/1.35', accept: '*/*', ...headers },
    tls: { insecure: true },
    timeout: 30_000,
  });
  await answer.bytes();
  if (answer.status < 200 || answer.status >= 400) throw new HookError(`HTTP probe failed with statuscode: ${answer.status}`);
}

/** Runs a hook to its end. Rejects with HookError. `seconds` bounds an exec (0: no bound). */
export async function runHook(
  context: AgentContext,
  handler: LifecycleHandler,
  target: HookTarget,
  limit: { seconds: number; signal?: AbortSignal },
): Promise<void> {
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    const where = `Exec lifecycle hook (${JSON.stringify(command).replaceAll(',', ' ').replaceAll('"', '')}) for Container "${target.container.name}" in Pod "${target.pod.metadata.name}_${target.pod.metadata.namespace}(${target.pod.metadata.uid})" failed`;
    let result: Awaited<ReturnType<typeof context.runtime.execSync>>;
    try {
      result = await context.runtime.execSync(target.containerId, command, limit.seconds);
    } catch (error) {
      throw new HookError(`${where} - error: ${messageOf(error)}`, { cause: error });
    }
    if (result.exitCode !== 0) {
      const output = Buffer.concat([result.stdout, result.stderr]).toString('utf8');
      const cause = `command '${command.join(' ')}' exited with ${result.exitCode}: ${Buffer.from(result.stderr).toString('utf8')}`;
      throw new HookError(`${where} - error: ${cause}, message: ${JSON.stringify(output)}`);
    }
    return;
  }
  if (handler.httpGet) {
    try {
      await httpHook(context, handler.httpGet, target);
    } catch (error) {
      const path = handler.httpGet.path ?? '/';
      throw new HookError(`HTTP lifecycle hook (${path}) for Container "${target.container.name}" failed - error: ${messageOf(error)}`, {
        cause: error,
      });
    }
    return;
  }
  if (handler.sleep) await context.world.clock.sleep(handler.sleep.seconds * 1000, limit.signal);
}
