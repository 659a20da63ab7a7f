// The files of the records below `image_manager`: one for each image that is being pulled, one for each that was.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { intentText, type PulledRecord, readIntent, readRecord, recordText } from './records.ts';

export type FileNeeds = Pick<World, 'fs' | 'digest' | 'log'>;

/** What was found in a folder. */
export interface Found<T> {
  readonly read: ReadonlyMap<string, T>;
  /** Names of files that nobody can read. */
  readonly damaged: Set<string>;
}

/** Names of our files; whatever else lies there is left alone. */
const ours = /^sha256-[0-9a-f]{64}$/;

export class PullFiles {
  readonly #needs: FileNeeds;
  readonly #pulling: string;
  readonly #pulled: string;

  constructor(needs: FileNeeds, directory: string) {
    this.#needs = needs;
    this.#pulling = `${directory}/pulling`;
    this.#pulled = `${directory}/pulled`;
  }

  /** Name of the file for an image, or for what the runtime calls it. */
  name(key: string): string {
    return `sha256-${this.#needs.digest.sha256(key)}`;
  }

  async prepare(): Promise<void> {
    for (const folder of [this.#pulling, this.#pulled]) await this.#needs.fs.mkdir(folder, 0o700);
  }

  /** Images that were being pulled when the last agent ended. */
  intents(): Promise<Found<string>> {
    return this.#load(this.#pulling, readIntent, (image) => image);
  }

  records(): Promise<Found<PulledRecord>> {
    return this.#load(this.#pulled, readRecord, ({ imageRef }) => imageRef);
  }

  async #load<T>(folder: string, parse: (text: string) => T, keyOf: (value: T) => string): Promise<Found<T>> {
    const { fs, log } = this.#needs;
    const read = new Map<string, T>();
    const damaged = new Set<string>();
    for (const name of (await fs.list(folder)).filter((file) => ours.test(file))) {
      try {
        const value = parse(await fs.readText(`${folder}/${name}`));
        const key = keyOf(value);
        // A record under another's name says nothing about either.
        if (this.name(key) === name) read.set(key, value);
      } catch (error) {
        damaged.add(name);
        log.warn('cannot read a record of image pulls', { file: `${folder}/${name}`, error: messageOf(error) });
      }
    }
    return { read, damaged };
  }

  writeIntent(image: string): Promise<void> {
    return this.#needs.fs.write(`${this.#pulling}/${this.name(image)}`, intentText(image), { atomic: true, mode: 0o600 });
  }

  removeIntent(image: string): Promise<void> {
    return this.#needs.fs.remove(`${this.#pulling}/${this.name(image)}`);
  }

  writeRecord(record: PulledRecord): Promise<void> {
    return this.#needs.fs.write(`${this.#pulled}/${this.name(record.imageRef)}`, recordText(record), { atomic: true, mode: 0o600 });
  }

  removeRecord(imageRef: string): Promise<void> {
    return this.#needs.fs.remove(`${this.#pulled}/${this.name(imageRef)}`);
  }
}
