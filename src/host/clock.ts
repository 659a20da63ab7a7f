// The machine's clock and timers.
import { type Clock, sleeper, type Timer } from '#base/clock.ts';

// setTimeout's range; a longer wait would fire at once.
const longest = 2 ** 31 - 1;

/** At once means: after what has arrived in the meantime, and not a millisecond later. */
function soon(fn: () => void): Timer {
  const handle = setImmediate(fn);
  return { cancel: () => clearImmediate(handle) };
}

function after(ms: number, fn: () => void): Timer {
  if (ms <= 0) return soon(fn);
  let left = Math.max(0, ms);
  let handle: NodeJS.Timeout;
  const arm = (): void => {
    const step = Math.min(left, longest);
    left -= step;
    handle = setTimeout(left > 0 ? arm : fn, step);
  };
  arm();
  return { cancel: () => clearTimeout(handle) };
}

/** The real clock. Timers keep the process alive until cancelled. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after,
  every(ms, fn) {
    const handle = setInterval(fn, Math.min(Math.max(1, ms), longest));
    return { cancel: () => clearInterval(handle) };
  },
  sleep: sleeper(after),
};
