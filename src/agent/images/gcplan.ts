// Which images to remove when the disk fills up: pure.
import type { RuntimeImage } from '../runtime.ts';

export interface ImageGcOptions {
  /** Percent of the disk in use from which images are removed, and down to which. */
  readonly highPercent: number;
  readonly lowPercent: number;
  /** Milliseconds that an image is kept at least after it was first seen or last used. */
  readonly minimumAge: number;
  /** Milliseconds without use after which an image is removed however empty the disk is; left out: never. */
  readonly maximumAge?: number;
}

export const imageGcDefaults: ImageGcOptions = { highPercent: 85, lowPercent: 80, minimumAge: 2 * 60 * 1000 };

/** What is remembered of an image between two looks; times are of the monotonic clock. */
export interface ImageRecord {
  readonly firstSeen: number;
  readonly lastUsed: number;
}

/** Brings the records up to date; images that are gone are forgotten. */
export function noteImages(
  records: ReadonlyMap<string, ImageRecord>,
  images: readonly RuntimeImage[],
  about: { readonly inUse: ReadonlySet<string>; readonly now: number },
): Map<string, ImageRecord> {
  return new Map(
    images.map(({ id }) => {
      const known = records.get(id);
      const lastUsed = about.inUse.has(id) ? about.now : (known?.lastUsed ?? about.now);
      return [id, { firstSeen: known?.firstSeen ?? about.now, lastUsed }];
    }),
  );
}

/** Bytes to free so that the disk is no fuller than the low mark; 0 below the high mark. */
export function bytesToFree(usage: { readonly capacity: number; readonly available: number }, options: ImageGcOptions): number {
  const used = usage.capacity - usage.available;
  if (usage.capacity === 0 || used * 100 < usage.capacity * options.highPercent) return 0;
  return Math.ceil(used - (usage.capacity * options.lowPercent) / 100);
}

/**
 * Images to remove until so many bytes are free, those that were not used for the longest time first; and all that were not used
 * for more than `maximumAge`.
 */
export function imagesToRemove(
  images: readonly RuntimeImage[],
  records: ReadonlyMap<string, ImageRecord>,
  about: Pick<ImageGcOptions, 'minimumAge' | 'maximumAge'> & {
    readonly inUse: ReadonlySet<string>;
    readonly now: number;
    readonly bytes: number;
  },
): RuntimeImage[] {
  const record = (image: RuntimeImage): ImageRecord => records.get(image.id) ?? { firstSeen: about.now, lastUsed: about.now };
  const candidates = images
    .filter((image) => !image.pinned && !about.inUse.has(image.id) && about.now - record(image).firstSeen >= about.minimumAge)
    .toSorted((a, b) => record(a).lastUsed - record(b).lastUsed || record(a).firstSeen - record(b).firstSeen);
  const chosen: RuntimeImage[] = [];
  const { maximumAge = Number.POSITIVE_INFINITY } = about;
  let freed = 0;
  for (const image of candidates) {
    if (freed >= about.bytes && about.now - record(image).lastUsed <= maximumAge) break;
    chosen.push(image);
    freed += image.size;
  }
  return chosen;
}
