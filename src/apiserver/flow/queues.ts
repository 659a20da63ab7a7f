// The queues of one priority level. Requests wait in queues by flow; queues are served by virtual time, so that each one
// that has something waiting gets the same share of seats, whatever the others ask for (start-time fair queuing).
import { deal, hashOf } from './hand.ts';

export interface Waiting {
  readonly seats: number;
  /** Called when the request may run. */
  start(): void;
}

interface Queue {
  readonly waiting: Waiting[];
  /** Virtual time at which its next request is due. */
  due: number;
}

export interface QueueOptions {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

export class FairQueues {
  readonly #options: QueueOptions;
  readonly #queues: Queue[];
  #now = 0;
  #size = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#queues = Array.from({ length: options.queues }, () => ({ waiting: [], due: 0 }));
  }

  get size(): number {
    return this.#size;
  }

  /** Takes a request in; undefined when the queues of its flow are full. The returned function takes it out again. */
  add(flow: string, request: Waiting): (() => void) | undefined {
    const hand = deal(hashOf(flow), this.#queues.length, this.#options.handSize);
    let queue: Queue | undefined;
    for (const card of hand) {
      const candidate = this.#queues[card] as Queue;
      if (!queue || candidate.waiting.length < queue.waiting.length) queue = candidate;
    }
    if (!queue || queue.waiting.length >= this.#options.queueLengthLimit) return undefined;
    // A queue that was idle has no claim to the time that has passed.
    if (queue.waiting.length === 0) queue.due = Math.max(queue.due, this.#now);
    const { waiting } = queue;
    waiting.push(request);
    this.#size++;
    return () => {
      const at = waiting.indexOf(request);
      if (at < 0) return;
      waiting.splice(at, 1);
      this.#size--;
    };
  }

  #next(): Queue | undefined {
    let best: Queue | undefined;
    for (const queue of this.#queues) if (queue.waiting.length > 0 && (!best || queue.due < best.due)) best = queue;
    return best;
  }

  /** The request whose turn it is, without taking it. */
  peek(): Waiting | undefined {
    return this.#size === 0 ? undefined : this.#next()?.waiting[0];
  }

  /** Takes the request whose turn it is. */
  take(): Waiting | undefined {
    const queue = this.#size === 0 ? undefined : this.#next();
    const request = queue?.waiting.shift();
    if (!queue || !request) return undefined;
    this.#size--;
    this.#now = queue.due;
    queue.due += request.seats;
    return request;
  }
}
