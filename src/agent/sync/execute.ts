// Carries out a plan: kills, a sandbox, starts. Short and idempotent; what fails is noted and tried again later.
import type { Pod } from '#api/core/v1/pod.ts';
import { messageOf } from '#base/errors.ts';
import { formatDuration } from '#format/duration.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { SandboxConfig } from '../runtime.ts';
import type { WaitingReason } from '../status/input.ts';
import { type AgentContext, containerPath, StartError } from './context.ts';
import { containerHash } from './labels.ts';
import type { PodPlan } from './plan.ts';
import type { Kill, Start } from './planning.ts';
import { grpcText } from './pull.ts';
import { findContainer, gracePeriod, isSidecar, podText, uidOf } from './spec.ts';
import { makeSandboxConfig, startContainer, startSandbox } from './start.ts';
import type { PodState } from './state.ts';
import { stopContainer, stopPod } from './stop.ts';

export interface Execution {
  readonly plan: PodPlan;
  readonly state: () => PodState;
  readonly cgroupParent: string;
  /** Why containers are not running, by name: for the status. */
  readonly waiting: Map<string, WaitingReason>;
  readonly publish: () => Promise<void>;
  /** A container is about to be started as it is specified now. */
  readonly starting: (container: Container) => void;
  readonly signal: AbortSignal;
}

export interface Executed {
  /** Something changed: plan again now. */
  readonly again: boolean;
  /** Plan again after so many milliseconds. */
  readonly wakeIn?: number;
}

const sandboxRetry = 5000;
const startRetry = 5000;
/** Instances of a container that stay for their logs and exit codes, besides the newest. */
const keepDead = 1;

async function recreate(context: AgentContext, pod: Pod, run: Execution): Promise<Executed> {
  const { plan } = run;
  if (plan.killPod) {
    context.recorder.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    await stopPod(context, { pod, state: run.state() }, { grace: gracePeriod(pod), signal: run.signal });
    run.signal.throwIfAborted();
  }
  try {
    const config = await makeSandboxConfig(context, pod, { attempt: plan.createSandbox ?? 0, cgroupParent: run.cgroupParent });
    await startSandbox(context, pod, { config, signal: run.signal });
  } catch (error) {
    if (run.signal.aborted) throw error;
    const message = `Failed to create pod sandbox: ${grpcText(error)}`;
    context.recorder.event(pod, 'Warning', 'FailedCreatePodSandBox', message);
    context.world.log.warn('cannot create a sandbox', { pod: podText(pod), error: messageOf(error) });
    return { again: false, wakeIn: sandboxRetry };
  }
  await removeOldSandboxes(context, run.state());
  await run.publish();
  return { again: true };
}

/** Dead sandboxes are of no use once there is a new one, except for the containers' logs in them. */
async function removeOldSandboxes(context: AgentContext, state: PodState): Promise<void> {
  const inUse = new Set(state.containers.map((container) => container.sandboxId));
  for (const sandbox of state.sandboxes.slice(1)) {
    if (sandbox.ready || inUse.has(sandbox.id)) continue;
    await context.runtime.removeSandbox(sandbox.id);
  }
  if (state.sandboxes.length > 1) await context.cache.refresh({ uid: state.uid, name: state.name, namespace: state.namespace });
}

async function kill(context: AgentContext, pod: Pod, run: Execution, target: Kill): Promise<void> {
  const container = findContainer(pod, target.instance.name)?.container as Container | undefined;
  const probe =
    target.reason === 'LivenessProbe' ? container?.livenessProbe : target.reason === 'StartupProbe' ? container?.startupProbe : undefined;
  const grace = Number(probe?.terminationGracePeriodSeconds ?? gracePeriod(pod));
  await stopContainer(
    context,
    { pod, state: run.state(), instance: target.instance },
    { grace, message: target.message, signal: run.signal },
  );
}

/** Milliseconds that a restart must still wait; notes the restart when it need not. */
function restartWait(context: AgentContext, pod: Pod, run: Execution, start: Start): { wait: number; delay: number } {
  const dead = run.state().containers.find((instance) => instance.name === start.container.name && instance.state === 'exited');
  if (!dead) return { wait: 0, delay: 0 };
  const key = `${uidOf(pod)}/${start.container.name}/${containerHash(start.container)}`;
  const now = context.world.clock.now();
  const wait = context.restarts.remaining(key, dead.finishedAt, now);
  if (wait === 0) context.restarts.next(key, dead.finishedAt, now);
  return { wait, delay: context.restarts.delay(key) };
}

async function prune(context: AgentContext, state: PodState, name: string): Promise<void> {
  const dead = state.containers.filter((instance) => instance.name === name && instance.state === 'exited');
  for (const instance of dead.slice(keepDead)) {
    await context.runtime.removeContainer(instance.id);
    if (instance.logPath) await context.world.fs.remove(instance.logPath);
    await context.cache.refreshContainer(state.uid, instance.id);
  }
}

/** How long until a start that failed is tried again. */
function retryAfter(context: AgentContext, pod: Pod, start: Start, reason: string): number {
  if (reason !== 'ImagePullBackOff' && reason !== 'ErrImagePull') return startRetry;
  const image = start.container.image ?? '';
  const now = context.world.clock.now();
  const waits = [image, `${image}:latest`].map((name) => context.pulls.remainingSinceUpdate(`${uidOf(pod)}_${name}`, now));
  const wait = Math.max(...waits);
  // Soon after the failure it is reported as back-off, as kubelet's next sync does.
  return reason === 'ErrImagePull' ? Math.min(wait, 1500) : Math.max(wait, 100);
}

type Tried = { readonly started: boolean; readonly wakeIn?: number };

async function tryStart(context: AgentContext, pod: Pod, run: Execution, about: { start: Start; config: SandboxConfig }): Promise<Tried> {
  const { start, config } = about;
  const { name } = start.container;
  const { wait, delay } = restartWait(context, pod, run, start);
  if (wait > 0) {
    const message = `back-off ${formatDuration(delay)} restarting failed container=${name} pod=${podText(pod)}`;
    if (run.waiting.get(name)?.reason !== 'CrashLoopBackOff') {
      context.recorder.event(pod, 'Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${podText(pod)}`, {
        fieldPath: containerPath(start.kind, name),
      });
    }
    run.waiting.set(name, { reason: 'CrashLoopBackOff', message });
    return { started: false, wakeIn: wait };
  }
  const state = run.state();
  const sandbox = state.sandboxes[0];
  const ips = pod.spec.hostNetwork ? context.options.nodeIps : (sandbox?.ips ?? []);
  try {
    if (start.kind !== 'ephemeral') run.starting(start.container as Container);
    await startContainer(context, pod, {
      start,
      state,
      sandbox: { id: run.plan.sandboxId ?? '', config, ips },
      signal: run.signal,
    });
    run.waiting.delete(name);
    return { started: true };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    run.waiting.set(name, { reason: error.reason, message: error.message });
    return { started: false, wakeIn: retryAfter(context, pod, start, error.reason) };
  } finally {
    await prune(context, run.state(), name).catch(() => undefined);
  }
}

const earliest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

/** Carries out one plan. */
export async function runPlan(context: AgentContext, pod: Pod, run: Execution): Promise<Executed> {
  const { plan } = run;
  if (plan.createSandbox !== undefined) return recreate(context, pod, run);
  await Promise.all(plan.kill.map((target) => kill(context, pod, run, target)));
  if (plan.kill.length > 0) return { again: true };
  if (plan.start.length === 0) return { again: false };
  const sandbox = run.state().sandboxes[0];
  const config = await makeSandboxConfig(context, pod, { attempt: sandbox?.attempt ?? 0, cgroupParent: run.cgroupParent });
  if (!pod.spec.hostNetwork) await context.beforeStart(pod, sandbox?.ips ?? [], run.signal);
  let again = false;
  let wakeIn: number | undefined;
  for (const start of plan.start) {
    run.signal.throwIfAborted();
    const tried = await tryStart(context, pod, run, { start, config });
    again ||= tried.started;
    wakeIn = earliest(wakeIn, tried.wakeIn);
    await run.publish();
    // Init containers wait for each other; the others don't.
    if (!tried.started && start.kind === 'init' && !isSidecar(start.container)) break;
  }
  return { again, ...(wakeIn === undefined ? {} : { wakeIn }) };
}
