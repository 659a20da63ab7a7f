// Values of the last versions stay in memory: watches are about to deliver them, and updates to read them.
import { Ring } from '#base/ring.ts';
import type { Version } from './versions.ts';

const countLimit = 4_096;
const byteLimit = 8 * 1024 * 1024;

export class RecentValues {
  readonly #ring = new Ring<Version>(countLimit);
  #bytes = 0;

  /** The version's value may be dropped from now on: the disk has it. */
  add(version: Version): void {
    if (version.value === undefined) return;
    this.#bytes += version.value.length;
    this.#drop(this.#ring.push(version));
    while (this.#bytes > byteLimit) this.#drop(this.#ring.shift());
  }

  #drop(version: Version | undefined): void {
    if (version?.value === undefined) return;
    this.#bytes -= version.value.length;
    version.value = undefined;
  }
}
