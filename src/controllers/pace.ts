// How often an owner of many pods looks at all of them. Every pod tells of each of its changes; looking at all pods each time
// would cost their number squared. So the more pods there are, the longer an owner waits before it looks again.
import type { KubeObject } from '#api/object.ts';
import type { Clock } from '#base/clock.ts';
import type { ControllerHandle } from '#client/controller.ts';

/** Owners of so few pods look at once. */
const few = 100;
/** Milliseconds to wait per pod: about ten times what looking at it costs. */
const perPod = 0.05;

export class Pace {
  readonly #clock: Clock;
  readonly #due = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The owner looks at its pods now. */
  looked(key: string, pods: number): void {
    if (pods <= few) this.#due.delete(key);
    else this.#due.set(key, this.#clock.monotonic() + pods * perPod);
  }

  /** Milliseconds until the owner should look again because a pod has changed. */
  wait(key: string): number {
    const due = this.#due.get(key);
    return due === undefined ? 0 : Math.max(0, due - this.#clock.monotonic());
  }

  /** Has the owner look at its pods, at once or when it is time. */
  enqueue(handle: Pick<ControllerHandle, 'enqueue' | 'enqueueAfter'>, key: string): void {
    const wait = this.wait(key);
    if (wait > 0) handle.enqueueAfter(key, wait);
    else handle.enqueue(key);
  }

  /** Forgets an owner that is gone. */
  delete(key: string): void {
    this.#due.delete(key);
  }
}

/** True when an owner's change was of its status or metadata only, and it is not being deleted since. */
export function isSameWish(next: KubeObject, previous: KubeObject): boolean {
  return (
    next.metadata.generation === previous.metadata.generation && next.metadata.deletionTimestamp === previous.metadata.deletionTimestamp
  );
}
