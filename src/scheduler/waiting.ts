// Pods that have a node but are held back by a plugin's permit. They keep their room until they are let go or given up.
import type { Clock, Timer } from '#base/clock.ts';
import type { Assumed } from './binder.ts';
import type { Rejection } from './framework.ts';

interface Held {
  readonly assumed: Assumed;
  readonly timer: Timer;
}

export interface WaitingHandlers {
  allowed(assumed: Assumed): void;
  rejected(assumed: Assumed, rejection: Rejection): void;
}

export class WaitingPods {
  readonly #clock: Clock;
  readonly #handlers: WaitingHandlers;
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock, handlers: WaitingHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** Holds a pod for at most `timeout` milliseconds. */
  hold(assumed: Assumed, plugin: string, timeout: number): void {
    const { uid } = assumed.info;
    const reason = `pod rejected while waiting on permit: timed out after ${timeout / 1000}s`;
    const timer = this.#clock.after(timeout, () => this.reject(uid, { code: 'unschedulable', plugin, reasons: [reason] }));
    this.#held.set(uid, { assumed, timer });
  }

  has(uid: string): boolean {
    return this.#held.has(uid);
  }

  allow(uid: string): void {
    const held = this.#take(uid);
    if (held !== undefined) this.#handlers.allowed(held.assumed);
  }

  reject(uid: string, rejection: Rejection): void {
    const held = this.#take(uid);
    if (held !== undefined) this.#handlers.rejected(held.assumed, rejection);
  }

  /** Forgets a pod that is gone; what it had is given back by whoever noticed. */
  drop(uid: string): Assumed | undefined {
    return this.#take(uid)?.assumed;
  }

  close(): void {
    for (const { timer } of this.#held.values()) timer.cancel();
    this.#held.clear();
  }

  #take(uid: string): Held | undefined {
    const held = this.#held.get(uid);
    if (held === undefined) return undefined;
    this.#held.delete(uid);
    held.timer.cancel();
    return held;
  }
}
