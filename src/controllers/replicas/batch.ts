// Doing something many times, carefully: first one, then twice as many each time it goes well, so that an owner whose
// pods are all refused asks once and not a thousand times.

/** Runs `task` up to `count` times; stops after the first batch in which one fails. Gives how many succeeded and the first error. */
export async function slowStart(count: number, task: () => Promise<void>): Promise<{ done: number; error?: unknown }> {
  let done = 0;
  for (let size = 1, left = count; left > 0; size *= 2) {
    const now = Math.min(size, left);
    const results = await Promise.allSettled(Array.from({ length: now }, task));
    done += results.filter((result) => result.status === 'fulfilled').length;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) return { done, error: failed.reason };
    left -= now;
  }
  return { done };
}
