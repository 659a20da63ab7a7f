// The directory of manifests, watched: every regular file in it that does not begin with a dot holds static pods.
import { messageOf } from '#base/errors.ts';
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { readManifest } from './manifest.ts';

type Needs = Pick<World, 'clock' | 'digest' | 'fs' | 'log'>;

export interface StaticFiles {
  /** A directory, or one file. */
  readonly path: string;
  readonly nodeName: string;
  /** Milliseconds between two looks where no change was noticed. */
  readonly checkEvery: number;
}

/** How long a burst of changes is waited for: an editor writes in several steps. */
const settle = 20;

export class StaticPodFiles {
  readonly #world: Needs;
  readonly #about: StaticFiles;
  /** What each file held when it could last be read. */
  readonly #last = new Map<string, { readonly text: string; readonly pods: readonly Pod[] }>();
  /** Files that cannot be read: since when (monotonic milliseconds), and why. */
  readonly #broken = new Map<string, { readonly since: number; readonly message: string }>();

  constructor(world: Needs, about: StaticFiles) {
    this.#world = world;
    this.#about = about;
  }

  async #paths(): Promise<string[]> {
    const { fs } = this.#world;
    const { path } = this.#about;
    const info = await fs.stat(path);
    if (info === undefined) return [];
    if (info.kind === 'file') return [path];
    const names = (await fs.list(path)).filter((name) => !name.startsWith('.'));
    const kinds = await Promise.all(names.map(async (name) => (await fs.stat(`${path}/${name}`))?.kind));
    return names.filter((_, index) => kinds[index] === 'file').map((name) => `${path}/${name}`);
  }

  /**
   * Every static pod that the files ask for now. A file that cannot be read keeps its pods until the next regular look, for it
   * may be half written; then they are gone, as kubelet has it.
   */
  async read(): Promise<readonly Pod[]> {
    const paths = await this.#paths();
    for (const known of [this.#last, this.#broken]) for (const path of known.keys()) if (!paths.includes(path)) known.delete(path);
    for (const path of paths) {
      try {
        await this.#readFile(path);
        this.#broken.delete(path);
      } catch (error) {
        this.#complain(path, messageOf(error));
      }
    }
    return paths.flatMap((path) => this.#last.get(path)?.pods ?? []);
  }

  async #readFile(path: string): Promise<void> {
    const { fs, clock, digest } = this.#world;
    const text = await fs.readText(path);
    if (this.#last.get(path)?.text === text) return;
    const source = {
      path,
      nodeName: this.#about.nodeName,
      seen: rfc3339(clock.now()),
      digest: (value: string) => digest.sha256(value).slice(0, 32),
    };
    this.#last.set(path, { text, pods: readManifest(text, source) });
  }

  #complain(path: string, message: string): void {
    const now = this.#world.clock.monotonic();
    const before = this.#broken.get(path);
    if (before?.message !== message) this.#world.log.error('could not process manifest file', { path, error: message });
    const since = before?.since ?? now;
    this.#broken.set(path, { since, message });
    if (now - since >= this.#about.checkEvery) this.#last.delete(path);
  }

  /** Tells of the pods at once and after every change, until the signal aborts. */
  async run(tell: (pods: readonly Pod[]) => void, signal: AbortSignal): Promise<void> {
    const { clock, fs, log } = this.#world;
    while (!signal.aborted) {
      const changed = new AbortController();
      const wake = (): void => changed.abort();
      let stop = (): void => undefined;
      try {
        stop = fs.watch(this.#about.path, wake);
      } catch {
        // Not there yet: the next look finds it.
      }
      try {
        tell(await this.read());
      } catch (error) {
        log.error('cannot read the manifests of static pods', { error: messageOf(error) });
      }
      await clock.sleep(this.#about.checkEvery, AbortSignal.any([signal, changed.signal])).catch(() => undefined);
      stop();
      if (changed.signal.aborted) await clock.sleep(settle, signal).catch(() => undefined);
    }
  }
}
