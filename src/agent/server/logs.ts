// GET /containerLogs: which instance's log, with which options.
import type { Pod } from '#api/core/v1/pod.ts';
import { goQuote } from '#format/goquote.ts';
import { readLines, type Follow, type ReadOptions } from '../logs/read.ts';
import type { AgentContext } from '../sync/context.ts';
import { allContainers, uidOf } from '../sync/spec.ts';
import type { PodState, RuntimeContainer } from '../sync/state.ts';
import { HttpProblem, type Route } from './route.ts';

/** Options of the query: `PodLogOptions` as kubectl sends them. */
export function logOptions(
  query: URLSearchParams,
  now: number,
): ReadOptions & { follow?: never } & { previous: boolean; following: boolean } {
  const flag = (name: string): boolean => ['true', '1'].includes(query.get(name) ?? '');
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) throw new HttpProblem(422, `invalid ${name}: ${text}`);
    return value;
  };
  const sinceSeconds = number('sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  const since = sinceSeconds !== undefined ? now - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined;
  if (since !== undefined && Number.isNaN(since)) throw new HttpProblem(422, `invalid sinceTime: ${sinceTime}`);
  const tailLines = number('tailLines', 0);
  const limitBytes = number('limitBytes', 1);
  const stream = query.get('stream');
  return {
    timestamps: flag('timestamps'),
    previous: flag('previous'),
    following: flag('follow'),
    ...(since === undefined ? {} : { since }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(stream === 'Stdout' ? { stream: 'stdout' } : stream === 'Stderr' ? { stream: 'stderr' } : {}),
  };
}

const waitingTexts: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** The instance whose log is meant; rejects with kubelet's reason when there is none. */
export function logInstance(
  pod: Pod,
  state: PodState,
  about: { container: string; previous: boolean; waiting: string | undefined },
): RuntimeContainer {
  const { container, previous } = about;
  const name = pod.metadata.name;
  if (!allContainers(pod).some((entry) => entry.container.name === container)) {
    throw new HttpProblem(404, `container ${goQuote(container)} not found in pod ${goQuote(name)}`);
  }
  const instances = state.containers.filter((instance) => instance.name === container && instance.state !== 'created');
  const [newest, before] = instances;
  if (previous) {
    const found = newest?.state === 'exited' && about.waiting ? newest : before;
    if (!found) throw new HttpProblem(400, `previous terminated container ${goQuote(container)} in pod ${goQuote(name)} not found`);
    return found;
  }
  if (!newest) {
    const reason = about.waiting ?? 'ContainerCreating';
    throw new HttpProblem(
      400,
      `container ${goQuote(container)} in pod ${goQuote(name)} is waiting to start: ${waitingTexts[reason] ?? reason}`,
    );
  }
  return newest;
}

/** Streams the log. */
export const containerLogs: Route = async ({ context, worker, query, request, reply, container }) => {
  const { pod } = worker;
  if (!pod) throw new HttpProblem(404, 'pod does not exist');
  const { previous, following, ...options } = logOptions(query, context.world.clock.now());
  const status = context.statuses.get(uidOf(pod));
  const waiting = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find((candidate) => candidate.name === container)?.state?.waiting?.reason;
  const instance = logInstance(pod, worker.state, { container, previous, waiting });
  const writer = reply.stream(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache', 'transfer-encoding': undefined });
  const follow = following
    ? followOf(context, request.signal, () => worker.state.containers.find((other) => other.id === instance.id))
    : undefined;
  try {
    for await (const chunk of readLines(context.world.fs, instance.logPath, { ...options, ...(follow ? { follow } : {}) })) {
      if (request.signal.aborted) return;
      if (!writer.write(chunk)) await writer.drained();
    }
    writer.end();
  } catch (error) {
    writer.destroy();
    throw error;
  }
};

/** Follows until the instance has ended and everything is read, or the reader goes away. */
function followOf(context: AgentContext, signal: AbortSignal, instance: () => RuntimeContainer | undefined): Follow {
  const { clock } = context.world;
  return {
    signal,
    ended: () => instance()?.state !== 'running',
    async wait(ms, watch) {
      const early = new AbortController();
      const stop = watch(() => early.abort());
      await clock.sleep(ms, AbortSignal.any([signal, early.signal])).catch(() => undefined);
      stop();
    },
  };
}
