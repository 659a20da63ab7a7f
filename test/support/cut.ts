// A road to the API server that can be cut and mended: what a component does while it cannot reach anybody.
import type { ApiResponse, Transport, WatchEvent } from '#client/transport.ts';

export interface CutTransport extends Transport {
  /** Breaks every stream that is open, and refuses all that is asked until `mend`. */
  cut(): void;
  mend(): void;
}

const broken = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** Wraps a transport. */
export function cuttable(inner: Transport): CutTransport {
  let line = new AbortController();
  let open = true;

  async function* untilCut<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    const ended = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(broken()), { once: true }));
    ended.catch(() => undefined);
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), ended]);
        if (next.done) return;
        yield next.value;
      }
    } finally {
      void iterator.return?.().catch(() => undefined);
    }
  }

  function guard(response: ApiResponse, signal: AbortSignal): ApiResponse {
    const { body } = response;
    if ('events' in body) return { ...response, body: { events: untilCut<WatchEvent>(body.events, signal) } };
    if ('stream' in body) return { ...response, body: { stream: untilCut(body.stream, signal) } };
    return response;
  }

  return {
    async send(request) {
      if (!open) throw broken();
      const { signal } = line;
      const response = await inner.send(request);
      if (signal.aborted) throw broken();
      return guard(response, signal);
    },
    cut() {
      open = false;
      line.abort();
    },
    mend() {
      open = true;
      line = new AbortController();
    },
  };
}
