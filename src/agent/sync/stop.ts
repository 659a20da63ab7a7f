// Stopping things: preStop hooks, the stop signal with its grace, sidecars after everybody else.
import { messageOf } from '#base/errors.ts';
import { goQuote } from '#format/goquote.ts';
import type { LifecycleHandler } from '#api/core/v1/probe.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type AgentContext, containerPath } from './context.ts';
import { runHook } from './hooks.ts';
import { annotation } from './labels.ts';
import { grpcText } from './pull.ts';
import { findContainer, initContainers, isSidecar } from './spec.ts';
import { type PodState, type RuntimeContainer, running } from './state.ts';

/** However long a preStop hook took, the container itself gets this many seconds. */
const minimumGrace = 2;

export interface StopOptions {
  /** Seconds for the whole container, hook included. */
  readonly grace: number;
  readonly message?: string;
  /** Aborted when the grace is shortened: hooks are left behind. */
  readonly signal?: AbortSignal;
}

function preStopOf(pod: Pod | undefined, instance: RuntimeContainer): LifecycleHandler | undefined {
  const handler = pod && findContainer(pod, instance.name)?.container.lifecycle?.preStop;
  if (handler) return handler;
  const stored = instance.annotations[annotation.preStopHandler];
  if (!stored) return undefined;
  try {
    return JSON.parse(stored) as LifecycleHandler;
  } catch {
    return undefined;
  }
}

async function preStop(
  context: AgentContext,
  handler: LifecycleHandler,
  about: { pod: Pod; instance: RuntimeContainer; ip: string; options: StopOptions },
): Promise<void> {
  const { pod, instance, options } = about;
  const found = findContainer(pod, instance.name);
  const container = found?.container ?? { name: instance.name };
  const timeout = new AbortController();
  const abort = (): void => timeout.abort(new Error('the grace period ended'));
  options.signal?.addEventListener('abort', abort, { once: true });
  const timer = context.world.clock.after(options.grace * 1000, abort);
  const ended = new Promise<void>((resolve) => timeout.signal.addEventListener('abort', () => resolve(), { once: true }));
  const target = { pod, container, containerId: instance.id, ip: about.ip };
  const hook = runHook(context, handler, target, { seconds: options.grace, signal: timeout.signal }).catch((error: unknown) => {
    if (timeout.signal.aborted) return;
    context.world.log.warn('preStop hook failed', { pod: pod.metadata.name, container: instance.name, error: messageOf(error) });
    const fieldPath = containerPath(found?.kind ?? 'regular', instance.name);
    context.recorder.event(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', { fieldPath });
  });
  await Promise.race([hook, ended]);
  timer.cancel();
  options.signal?.removeEventListener('abort', abort);
}

/** Ends one container. */
export async function stopContainer(
  context: AgentContext,
  about: { pod: Pod | undefined; state: PodState; instance: RuntimeContainer },
  options: StopOptions,
): Promise<void> {
  const { pod, instance } = about;
  if (pod) {
    const fieldPath = containerPath(findContainer(pod, instance.name)?.kind ?? 'regular', instance.name);
    context.recorder.event(pod, 'Normal', 'Killing', options.message ?? `Stopping container ${instance.name}`, { fieldPath });
  }
  const began = context.world.clock.monotonic();
  const handler = preStopOf(pod, instance);
  const drained = drain(context, pod, { state: about.state, options });
  if (handler && pod && options.grace > 0 && instance.state === 'running') {
    const ip = (pod.spec.hostNetwork ? context.options.nodeIps[0] : about.state.sandboxes[0]?.ips[0]) ?? '';
    await preStop(context, handler, { pod, instance, ip, options });
  }
  await drained;
  const spent = Math.floor((context.world.clock.monotonic() - began) / 1000);
  const left = options.grace === 0 ? 0 : Math.max(minimumGrace, options.grace - spent);
  await context.runtime.stopContainer(instance.id, options.signal?.aborted ? Math.min(left, minimumGrace) : left);
  await context.cache.refreshContainer(about.state.uid, instance.id);
}

const longestDrain = 10_000;

/** Waits until new connections go elsewhere: the stop signal must not race with the proxies. */
async function drain(context: AgentContext, pod: Pod | undefined, about: { state: PodState; options: StopOptions }): Promise<void> {
  const ip = about.state.sandboxes[0]?.ips[0];
  if (!pod?.metadata.deletionTimestamp || pod.spec.hostNetwork || !ip || about.options.signal?.aborted) return;
  const late = new AbortController();
  const abort = (): void => late.abort(new Error('waited long enough'));
  about.options.signal?.addEventListener('abort', abort, { once: true });
  const timer = context.world.clock.after(Math.min((about.options.grace * 1000) / 2, longestDrain), abort);
  await context.beforeStop(ip, late.signal).catch(() => undefined);
  timer.cancel();
  about.options.signal?.removeEventListener('abort', abort);
}

/** Ends every container of a pod, then its sandboxes. Sidecars end last, in the reverse order of their start. */
export async function stopPod(
  context: AgentContext,
  about: { pod: Pod | undefined; state: PodState },
  options: StopOptions,
): Promise<void> {
  const { pod, state } = about;
  const began = context.world.clock.monotonic();
  const left = (): number => {
    if (options.grace === 0) return 0;
    return Math.max(minimumGrace, options.grace - Math.floor((context.world.clock.monotonic() - began) / 1000));
  };
  const sidecars = pod
    ? initContainers(pod)
        .filter(isSidecar)
        .map((container) => container.name)
    : [];
  const alive = running(state);
  const stop = (instance: RuntimeContainer, grace: number): Promise<void> =>
    stopContainer(context, { pod, state, instance }, { ...options, grace });
  await Promise.all(alive.filter((instance) => !sidecars.includes(instance.name)).map((instance) => stop(instance, options.grace)));
  for (const name of sidecars.toReversed()) {
    for (const instance of alive.filter((candidate) => candidate.name === name)) await stop(instance, left());
  }
  for (const sandbox of state.sandboxes) {
    try {
      await context.runtime.stopSandbox(sandbox.id);
    } catch (error) {
      const why = goQuote(grpcText(error));
      throw new Error(`failed to "KillPodSandbox" for ${goQuote(state.uid)} with KillPodSandboxError: ${why}`, { cause: error });
    }
  }
}
