// A priority level at work: how many seats it has, how many are taken, who waits for one.
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/prioritylevelconfiguration.ts';
import type { Clock } from '#base/clock.ts';
import { FairQueues } from './queues.ts';

/** Whether more seats than its own may be taken now: what others lend and do not use. */
export type Lenders = (level: Level, seats: number) => boolean;

export interface Limits {
  /** Seats that the level has for itself. */
  readonly nominal: number;
  /** Of these, how many it lends while it does not use them. */
  readonly lendable: number;
  /** Most that it may have, borrowed ones included. */
  readonly most: number;
}

/** The refusal of a request that found no seat in time. */
export class NoSeat extends Error {
  readonly reason: 'queue-full' | 'concurrency-limit' | 'time-out';
  constructor(reason: NoSeat['reason']) {
    super(reason);
    this.reason = reason;
  }
}

export class Level {
  readonly name: string;
  uid = '';
  exempt = false;
  limits: Limits = { nominal: 0, lendable: 0, most: 0 };
  running = 0;
  dispatched = 0;
  rejected = 0;
  #queues: FairQueues | undefined;
  #shape = '';
  readonly #lenders: Lenders;
  readonly #clock: Clock;

  constructor(name: string, clock: Clock, lenders: Lenders) {
    this.name = name;
    this.#clock = clock;
    this.#lenders = lenders;
  }

  get waiting(): number {
    return this.#queues?.size ?? 0;
  }

  /** Takes over a configuration. Those who wait in queues of another shape are let through: their number is bounded. */
  configure({ metadata, spec }: PriorityLevelConfiguration, limits: Limits): void {
    this.uid = metadata.uid ?? '';
    this.exempt = spec.type === 'Exempt';
    this.limits = limits;
    const { type, queuing } = spec.limited?.limitResponse ?? { type: 'Reject' };
    const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing ?? {};
    const shape = type === 'Queue' && !this.exempt ? `${queues}/${handSize}/${queueLengthLimit}` : '';
    if (shape === this.#shape) return;
    this.#shape = shape;
    const before = this.#queues;
    this.#queues = shape === '' ? undefined : new FairQueues({ queues, handSize, queueLengthLimit });
    for (let request = before?.take(); request; request = before?.take()) this.#run(request);
  }

  /** True when a request of this width may run at once. A request wider than the level runs alone. */
  #fits(seats: number): boolean {
    const { nominal, most } = this.limits;
    const after = this.running + seats;
    if (after <= nominal || this.running === 0) return true;
    return after <= most && this.#lenders(this, seats);
  }

  #run(request: { readonly seats: number; start(): void }): void {
    this.running += request.seats;
    this.dispatched++;
    request.start();
  }

  /** Takes seats at once, if nobody is before the request and there are enough. */
  take(seats: number): boolean {
    if (!this.exempt && (this.waiting > 0 || !this.#fits(seats))) return false;
    this.running += seats;
    this.dispatched++;
    return true;
  }

  /** Waits for seats, in the queue of a flow. Rejects with NoSeat when the queue is full or the time is over. */
  wait(flow: string, seats: number, options: { readonly limit: number; readonly signal: AbortSignal }): Promise<void> {
    const queues = this.#queues;
    if (!queues) return this.#refuse('concurrency-limit');
    return new Promise((resolve, reject) => {
      const leave = queues.add(flow, { seats, start: () => settle(resolve) });
      if (!leave) {
        this.rejected++;
        reject(new NoSeat('queue-full'));
        return;
      }
      const giveUp = (): void => {
        leave();
        this.rejected++;
        settle(() => reject(new NoSeat('time-out')));
      };
      const timer = this.#clock.after(options.limit, giveUp);
      options.signal.addEventListener('abort', giveUp, { once: true });
      const settle = (done: () => void): void => {
        timer.cancel();
        options.signal.removeEventListener('abort', giveUp);
        done();
      };
    });
  }

  #refuse(reason: NoSeat['reason']): Promise<never> {
    this.rejected++;
    return Promise.reject(new NoSeat(reason));
  }

  /** Gives seats back. */
  release(seats: number): void {
    this.running -= seats;
  }

  /** Lets those run whose turn it is, as long as there are seats. */
  dispatch(): void {
    for (let next = this.#queues?.peek(); next && this.#fits(next.seats); next = this.#queues?.peek()) {
      const request = this.#queues?.take();
      if (!request) return;
      this.#run(request);
    }
  }
}
