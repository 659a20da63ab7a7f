// What moved: the usage of pods, looked at again and again for as long as somebody listens, told only when it has changed.
import type { Clock } from '#base/clock.ts';
import type { PodMetrics } from '#api/metrics/v1beta1/podmetrics.ts';
import { quantityFloat } from '#format/quantity.ts';

/** Milliseconds between two looks; more where many pods are looked at. */
const interval = 500;
const perPod = 2;
/** The share by which an amount must differ from what was told last. */
const threshold = 0.05;

type Amounts = ReadonlyMap<string, number>;

const amountsOf = ({ containers }: PodMetrics): Amounts =>
  new Map(
    containers.flatMap(({ name, usage }) =>
      Object.entries(usage).map(([resource, amount]): [string, number] => [`${name}/${resource}`, quantityFloat(amount)]),
    ),
  );

/** True when an amount is new, gone, or different enough. */
export function hasMoved(before: Amounts | undefined, now: Amounts): boolean {
  if (before === undefined || before.size !== now.size) return true;
  return [...now].some(([key, amount]) => {
    const old = before.get(key);
    return old === undefined || Math.abs(amount - old) > threshold * Math.max(old, Number.MIN_VALUE);
  });
}

/**
 * The pods whose usage has moved since they were told last, as soon as it is noticed: within half a second, more with more
 * than 250 pods. What is there at the beginning is not told. Ends when the signal aborts.
 */
export async function* podMoves(read: () => Promise<readonly PodMetrics[]>, clock: Clock, signal: AbortSignal): AsyncGenerator<PodMetrics> {
  let told: ReadonlyMap<string, Amounts> | undefined;
  while (!signal.aborted) {
    const pods = await read();
    const next = new Map<string, Amounts>();
    for (const pod of pods) {
      const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
      const [before, now] = [told?.get(key), amountsOf(pod)];
      const moved = hasMoved(before, now);
      next.set(key, moved || before === undefined ? now : before);
      if (moved && told !== undefined) yield pod;
    }
    told = next;
    await clock.sleep(Math.max(interval, perPod * pods.length), signal).catch(() => undefined);
  }
}
