// A bounded queue between a producer that doesn't wait and consumers that do.

/**
 * What happens to an item that comes when the queue is full: `oldest` makes room by dropping the oldest item, `newest`
 * drops the item itself, `fail` ends the queue: consumers get what is queued, then an error (a watch that lagged).
 */
export type Overflow = 'oldest' | 'newest' | 'fail';

export interface AsyncQueueOptions {
  /** Most items that wait; default unbounded by this queue: the producer has the bound. */
  readonly capacity?: number;
  readonly overflow?: Overflow;
}

export class OverflowError extends Error {
  constructor() {
    super('queue overflow: the reader is too slow');
  }
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #overflow: Overflow;
  #items: T[] = [];
  #head = 0;
  #waiters: Waiter<T>[] = [];
  #ended = false;
  #error: unknown;

  constructor(options: AsyncQueueOptions = {}) {
    this.#capacity = options.capacity ?? Number.POSITIVE_INFINITY;
    this.#overflow = options.overflow ?? 'fail';
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Appends; false when the item (or the queue) was dropped. */
  push(item: T): boolean {
    if (this.#ended) return false;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: item });
      return true;
    }
    if (this.size >= this.#capacity) {
      if (this.#overflow === 'newest') return false;
      if (this.#overflow === 'fail') {
        this.fail(new OverflowError());
        return false;
      }
      this.#take();
    }
    this.#items.push(item);
    return true;
  }

  /** No more items: readers get what is queued, then the end. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  /** As `end`, but readers get the error last. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    const [first, ...others] = this.#waiters.splice(0);
    if (first === undefined) return;
    this.#error = undefined;
    first.reject(error);
    for (const waiter of others) waiter.resolve({ done: true, value: undefined });
  }

  /** Drops what is queued and ends. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.end();
  }

  /** The next item without waiting. */
  tryTake(): T | undefined {
    return this.size > 0 ? this.#take() : undefined;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.size > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Leaving the loop early drops the rest. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.next(),
      return: () => {
        this.clear();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #take(): T {
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined as T;
    this.#head++;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
