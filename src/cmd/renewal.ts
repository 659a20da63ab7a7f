// Certificates of a node are renewed while it runs, as kubelet does: some time between seven and nine tenths of their life,
// so that nodes that joined together do not ask together.
import { messageOf } from '#base/errors.ts';
import type { KeyPair } from '#base/pki.ts';
import type { World } from '#base/world.ts';

export interface Renewal {
  /** For the log. */
  readonly name: string;
  /** The certificate that is in use. */
  readonly pair: KeyPair;
  /** Asks for another; rejects when there is none to be had yet. */
  issue(): Promise<KeyPair>;
  /** Puts it to use. */
  use(pair: KeyPair): void;
}

/** Timers of a machine count to 2³¹ ms; waits are cut into pieces. */
const longestSleep = 24 * 3_600_000;
const retryDelay = { first: 60_000, longest: 3_600_000 };

/** When to ask for the next certificate, in milliseconds since the epoch; `share` is between 0 and 1. Pure. */
export function renewalTime(cert: { readonly notBefore: number; readonly notAfter: number }, share: number): number {
  return Math.round(cert.notBefore + (cert.notAfter - cert.notBefore) * (0.7 + 0.2 * share));
}

/** Renews until disposed of. Failures are retried: what is in use is good for a while yet. */
export function keepRenewed(world: Pick<World, 'clock' | 'random' | 'pki' | 'log'>, renewal: Renewal): AsyncDisposable {
  const stop = new AbortController();
  const { signal } = stop;

  async function sleepUntil(time: number): Promise<void> {
    for (let left = time - world.clock.now(); left > 0; left = time - world.clock.now())
      await world.clock.sleep(Math.min(left, longestSleep), signal);
  }

  async function run(): Promise<void> {
    let { pair } = renewal;
    for (;;) {
      await sleepUntil(renewalTime(world.pki.parseCert(pair.cert), world.random.next()));
      for (let delay = retryDelay.first; ; delay = Math.min(delay * 2, retryDelay.longest)) {
        signal.throwIfAborted();
        try {
          pair = await renewal.issue();
          break;
        } catch (error) {
          world.log.warn(`the ${renewal.name} certificate is not renewed`, { error: messageOf(error) });
          await world.clock.sleep(delay, signal);
        }
      }
      signal.throwIfAborted();
      renewal.use(pair);
      world.log.info(`the ${renewal.name} certificate was renewed`);
    }
  }
  const running = run().catch((error: unknown) => {
    if (!signal.aborted) world.log.error(`the ${renewal.name} certificate will not be renewed`, { error: messageOf(error) });
  });

  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('stopping'));
      await running;
    },
  };
}
