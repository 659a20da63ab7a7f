// The events of one watch on their way: each takes its time, none overtakes another. A bad line may say things twice, and
// repeat an older event of the same object after a newer one.
import type { Clock } from '#base/clock.ts';
import type { WatchEvent } from '#client/transport.ts';

export interface WatchStreamOptions {
  readonly time: Clock;
  /** Milliseconds that the next event takes. */
  delay(): number;
  /** True when something that was said before is said again now. */
  repeats(): boolean;
  /** Milliseconds until a stream that got nothing through counts as broken. */
  deadAfter(): number;
  /** While the reader's process is stopped: resolves when it goes on. */
  held(): Promise<void> | undefined;
  /** Called once, when nothing comes any more. */
  ended(): void;
}

const remembered = 4;

type Result = IteratorResult<WatchEvent, undefined>;

interface Waiter {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

const broken = (): Error => Object.assign(new Error('the connection failed: ETIMEDOUT'), { code: 'ETIMEDOUT' });

export class WatchStream implements AsyncIterableIterator<WatchEvent, undefined> {
  readonly #options: WatchStreamOptions;
  readonly #source: AsyncIterator<WatchEvent>;
  #line: { readonly event: WatchEvent | undefined; readonly due: number }[] = [];
  #lastDue = 0;
  /** The newest events. */
  readonly #said: WatchEvent[] = [];
  #repeated = 0;
  #waiter: Waiter | undefined;
  #armed = false;
  #stalled: { cancel(): void } | undefined;
  #error: unknown;
  #over = false;

  constructor(source: AsyncIterable<WatchEvent>, options: WatchStreamOptions) {
    this.#options = options;
    this.#source = source[Symbol.asyncIterator]();
    void this.#pump();
  }

  next(): Promise<Result> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#deliver();
    });
  }

  return(): Promise<Result> {
    this.abandon();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Nothing comes through; if that lasts, the reader finds out. */
  stall(): void {
    if (this.#over) return;
    this.#stalled ??= this.#options.time.after(this.#options.deadAfter(), () => this.fail(broken()));
  }

  resume(): void {
    this.#stalled?.cancel();
    this.#stalled = undefined;
    this.#deliver();
  }

  /** Breaks it: what was on its way is lost. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#close();
    this.#error = error;
    const held = this.#options.held();
    if (held === undefined) this.#refuse();
    else void held.then(() => this.#refuse());
  }

  /** Nobody reads any more; who waits for an event waits for ever. */
  abandon(): void {
    if (!this.#over) this.#close();
  }

  async #pump(): Promise<void> {
    const { time, delay } = this.#options;
    try {
      for (;;) {
        const { done, value } = await this.#source.next();
        if (this.#over) return;
        this.#lastDue = Math.max(this.#lastDue, time.monotonic() + delay());
        this.#line.push({ event: done ? undefined : value, due: this.#lastDue });
        if (!done) this.#repeat(value);
        this.#deliver();
        if (done) return;
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** Puts the event, or an earlier one, into the line once more. */
  #repeat(event: WatchEvent): void {
    this.#said.push(event);
    if (this.#said.length > remembered) this.#said.shift();
    if (!this.#options.repeats()) return;
    const again = this.#said.at(-1 - (this.#repeated++ % remembered)) ?? event;
    this.#line.push({ event: again, due: this.#lastDue });
  }

  #deliver(): void {
    const first = this.#line[0];
    if (this.#over || this.#waiter === undefined || first === undefined || this.#stalled !== undefined) return;
    const held = this.#options.held();
    if (held !== undefined) return void held.then(() => this.#deliver());
    const wait = first.due - this.#options.time.monotonic();
    if (wait > 0) {
      if (this.#armed) return;
      this.#armed = true;
      this.#options.time.after(wait, () => {
        this.#armed = false;
        this.#deliver();
      });
      return;
    }
    this.#line.shift();
    const { resolve } = this.#waiter;
    this.#waiter = undefined;
    if (first.event !== undefined) resolve({ done: false, value: first.event });
    else {
      this.#close();
      resolve({ done: true, value: undefined });
    }
  }

  #refuse(): void {
    this.#waiter?.reject(this.#error);
    this.#waiter = undefined;
  }

  #close(): void {
    this.#over = true;
    this.#line = [];
    this.#stalled?.cancel();
    void this.#source.return?.()?.catch(() => undefined);
    this.#options.ended();
  }
}
