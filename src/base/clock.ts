// Time as an argument. Nothing outside host/ and cmd/ may read the machine's clock or start a timer (DESIGN law 1).

/** A running timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic time in milliseconds, for durations. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds (0 or more). */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` every `ms` milliseconds until cancelled. */
  every(ms: number, fn: () => void): Timer;
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** `sleep` of a clock by its own `after`. */
export function sleeper(after: Clock['after']): Clock['sleep'] {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const aborted = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = after(ms, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      signal?.addEventListener('abort', aborted, { once: true });
    });
}

/** The last time that has a year of four digits. */
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59);
let lastSecond = Number.NaN;
let lastText = '';

/** RFC 3339 with second precision, as `meta.v1.Time` is written; later than the year 9999 is its end. */
export function rfc3339(ms: number): string {
  // Most are asked for within the same second: a write alone needs several.
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(Math.min(ms, lastInstant)).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** RFC 3339 with microseconds, as `meta.v1.MicroTime` is written. */
export function rfc3339Micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
