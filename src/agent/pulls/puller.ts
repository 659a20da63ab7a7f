// Pulls take turns, and may come only so often: the registry and the disk are shared by all pods of the node.
import type { World } from '#base/world.ts';
import { Semaphore } from '#base/mutex.ts';
import { Histogram } from '#format/prometheus.ts';
import { orAborted } from '#base/signal.ts';
import { TokenBucket } from '#base/tokenbucket.ts';
import type { ImagePullOptions } from './options.ts';

/** How pods came to their images, for the metrics: labels as the metric has them. */
export interface ImageRequest {
  readonly pull_policy: string;
  readonly present_locally: 'true' | 'false' | 'unknown';
  readonly pull_required: 'true' | 'false' | 'unknown';
}

const mega = 1024 * 1024;
const giga = 1024 * mega;
/** The sizes of images by which the times of pulls are told, each from so many bytes on. */
const sizes: readonly (readonly [number, string])[] = [
  [100 * giga, 'GT100GB'],
  [60 * giga, '60GB-100GB'],
  [40 * giga, '40GB-60GB'],
  [30 * giga, '30GB-40GB'],
  [20 * giga, '20GB-30GB'],
  [10 * giga, '10GB-20GB'],
  [5 * giga, '5GB-10GB'],
  [giga, '1GB-5GB'],
  [500 * mega, '500MB-1GB'],
  [100 * mega, '100MB-500MB'],
  [10 * mega, '10MB-100MB'],
  [1, '0-10MB'],
];
const seconds = [1, 5, 10, 20, 30, 60, 180, 300, 600, 900, 1200, 1800, 2700, 3600];

export class ImagePuller {
  readonly #clock: Pick<World['clock'], 'monotonic'>;
  readonly #turns: Semaphore;
  readonly #pace: TokenBucket;
  /** Times of pulls, by the sizes of the images. */
  readonly durations = new Map<string, Histogram>();
  readonly #requests = new Map<string, { readonly request: ImageRequest; count: number }>();

  constructor(clock: Pick<World['clock'], 'monotonic'>, { parallel, qps, burst }: Pick<ImagePullOptions, 'parallel' | 'qps' | 'burst'>) {
    this.#clock = clock;
    this.#turns = new Semaphore(parallel ?? Number.POSITIVE_INFINITY);
    this.#pace = new TokenBucket(clock, { qps, burst });
  }

  /** Pulls when it is this one's turn, and fails when too many have come; resolves with how long the pull itself took. */
  async run<T>(pull: () => Promise<T>, signal: AbortSignal): Promise<{ readonly value: T; readonly took: number }> {
    signal.throwIfAborted();
    let begun = false;
    const turn = this.#turns.run(async () => {
      signal.throwIfAborted();
      begun = true;
      if (!this.#pace.take()) throw new Error('pull QPS exceeded');
      const began = this.#clock.monotonic();
      const value = await pull();
      return { value, took: this.#clock.monotonic() - began };
    });
    try {
      return await orAborted(turn, signal);
    } catch (error) {
      // Nobody waits for the turn of a pod that is gone; but how a pull has ended that had begun must be known.
      if (!begun) throw error;
      return await turn;
    }
  }

  /** Notes how long a pod has waited for a pull, by the image's size. */
  took(bytes: number, ms: number): void {
    const label = sizes.find(([from]) => bytes >= from)?.[1] ?? 'N/A';
    const histogram = this.durations.get(label) ?? new Histogram(seconds);
    this.durations.set(label, histogram);
    histogram.observe(ms / 1000);
  }

  /** Counts a pod's wish for an image. */
  count(request: ImageRequest): void {
    const key = JSON.stringify([request.pull_policy, request.present_locally, request.pull_required]);
    const known = this.#requests.get(key);
    if (known) known.count++;
    else this.#requests.set(key, { request, count: 1 });
  }

  get requests(): readonly { readonly request: ImageRequest; readonly count: number }[] {
    return [...this.#requests.values()];
  }
}
