// Load on the example's Service: a steady rate of requests over kept-alive and new connections, each counted.
import { Agent, request } from 'node:http';
import type { World } from '#base/world.ts';

export interface LoadStats {
  readonly sent: number;
  /** Requests without a good answer in the end. */
  readonly failed: number;
  /** Requests that met a broken connection and were asked again. */
  readonly retried: number;
  /** Answers by the model version in them. */
  readonly byVersion: ReadonlyMap<string, number>;
  readonly lastError: string;
}

/** Rate and latency over the last few seconds. */
export interface LoadRate {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Load {
  stats(): LoadStats;
  rate(): LoadRate;
  /** Sends nothing new and waits for what is on its way. */
  stop(): Promise<void>;
}

const viewers = [
  'device=mobile&category=food',
  'device=desktop&category=finance',
  'device=tablet&category=travel',
  'device=mobile&category=sport',
];
const attempts = 4;
const retryDelay = 100;
const answerTimeout = 10_000;
const window = 3_000;

/** Starts sending `perSecond` requests to the addresses in turn; every tenth over a connection of its own. */
export function startLoad(
  world: Pick<World, 'clock'>,
  addresses: readonly { readonly host: string; readonly port: number }[],
  perSecond: number,
): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, scheduling: 'fifo' });
  const counts = { sent: 0, failed: 0, retried: 0, lastError: '' };
  const byVersion = new Map<string, number>();
  const recent: { at: number; took: number }[] = [];
  const pending = new Set<Promise<void>>();

  function once(n: number, fresh: boolean): Promise<string> {
    const { host, port } = addresses[n % addresses.length] as { host: string; port: number };
    return new Promise((resolve, reject) => {
      const call = request(
        { host, port, path: `/predict?${viewers[n % viewers.length]}`, agent: fresh ? false : agent, timeout: answerTimeout },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`))));
        },
      );
      call.on('timeout', () => call.destroy(new Error('no answer in time')));
      call.on('error', reject);
      call.end();
    });
  }

  async function ask(n: number): Promise<void> {
    counts.sent++;
    const start = world.clock.monotonic();
    for (let attempt = 1; ; attempt++) {
      try {
        const { model } = JSON.parse(await once(n, n % 10 === 0)) as { model: string };
        byVersion.set(model, (byVersion.get(model) ?? 0) + 1);
        recent.push({ at: world.clock.monotonic(), took: world.clock.monotonic() - start });
        return;
      } catch (error) {
        counts.lastError = error instanceof Error ? error.message : String(error);
        if (attempt === attempts) {
          counts.failed++;
          return;
        }
        counts.retried++;
        await world.clock.sleep(retryDelay * attempt);
      }
    }
  }

  let n = 0;
  const start = world.clock.monotonic();
  const timer = world.clock.every(5, () => {
    const due = Math.floor(((world.clock.monotonic() - start) / 1000) * perSecond);
    // When the service cannot keep up the rate gives way: requests must not pile up here without end.
    for (; n < due && pending.size < 256; n++) {
      const work = ask(n).finally(() => pending.delete(work));
      pending.add(work);
    }
    n = Math.max(n, due);
  });

  return {
    stats: () => ({ ...counts, byVersion }),
    rate() {
      const now = world.clock.monotonic();
      while (recent.length > 0 && (recent[0] as { at: number }).at < now - window) recent.shift();
      const took = recent.map((entry) => entry.took).toSorted((a, b) => a - b);
      const quantile = (q: number): number => took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0;
      return { perSecond: recent.length / (window / 1000), p50: quantile(0.5), p99: quantile(0.99) };
    },
    async stop() {
      timer.cancel();
      await Promise.all(pending);
      agent.destroy();
    },
  };
}
