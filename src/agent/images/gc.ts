// Removes images that no container uses, when the disk fills up.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { PullManager } from '../pulls/manager.ts';
import type { Runtime, RuntimeImage } from '../runtime.ts';
import { pauseImage } from './pause/image.ts';
import { bytesToFree, type ImageGcOptions, type ImageRecord, imagesToRemove, noteImages } from './gcplan.ts';

const period = 5 * 60 * 1000;

export interface ImageGcDeps {
  readonly world: Pick<World, 'clock' | 'fs' | 'log'>;
  readonly runtime: Pick<Runtime, 'listImages' | 'listContainers' | 'removeImage'>;
  /** Directory on the file system of the images. */
  readonly directory: string;
  /** Tells of a failure, as an event of the node. */
  readonly failed: (reason: string, message: string) => void;
  /** Who has pulled the images: forgotten with them. */
  readonly records?: Pick<PullManager, 'prune'>;
}

export class ImageCollector {
  readonly #deps: ImageGcDeps;
  readonly #options: ImageGcOptions;
  #records = new Map<string, ImageRecord>();

  constructor(deps: ImageGcDeps, options: ImageGcOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps.world;
    while (!signal.aborted) {
      await this.collect().catch((error: unknown) => log.warn('cannot collect images', { error: messageOf(error) }));
      await clock.sleep(period, signal).catch(() => undefined);
    }
  }

  /** One look; frees what the marks ask for. */
  async collect(): Promise<void> {
    const usage = await this.#deps.world.fs.usage(this.#deps.directory);
    const wanted = bytesToFree(usage, this.#options);
    const freed = await this.#free(wanted, this.#options);
    if (freed < wanted) {
      const message = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
      this.#deps.failed('FreeDiskSpaceFailed', message);
    }
  }

  /** Removes every image that nothing uses; resolves with the bytes that they had. */
  removeUnused(): Promise<number> {
    return this.#free(Number.POSITIVE_INFINITY, { minimumAge: 0 });
  }

  async #free(bytes: number, { minimumAge, maximumAge }: Pick<ImageGcOptions, 'minimumAge' | 'maximumAge'>): Promise<number> {
    const { runtime, world, records } = this.#deps;
    const at = world.clock.now();
    const [all, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()]);
    // Sandboxes come from an image that no container uses, and that no registry has.
    const images = all.filter((image) => !image.repoTags.includes(pauseImage));
    const names = new Map(images.flatMap(({ id, repoTags, repoDigests }) => [...repoTags, ...repoDigests].map((name) => [name, id])));
    const inUse = new Set(
      containers.flatMap(({ imageRef, image }) => [imageRef, names.get(imageRef) ?? imageRef, names.get(image.image) ?? image.image]),
    );
    const now = world.clock.monotonic();
    this.#records = noteImages(this.#records, images, { inUse, now });
    const removed = new Set<RuntimeImage>();
    const ages = { minimumAge, ...(maximumAge === undefined ? {} : { maximumAge }) };
    for (const image of imagesToRemove(images, this.#records, { inUse, now, bytes, ...ages })) {
      try {
        await runtime.removeImage(image.id);
        removed.add(image);
      } catch (error) {
        world.log.warn('cannot remove an image', { image: image.id, error: messageOf(error) });
      }
    }
    await records?.prune(
      all.filter((image) => !removed.has(image)),
      at,
    );
    return [...removed].reduce((sum, { size }) => sum + size, 0);
  }
}
