// Who may use the images of this node (KEP-2535): what was pulled is remembered with the credentials that pulled it, and a pod
// with others must show that they can pull it too. All records are kept in memory; the files are for the next agent.
import { rfc3339 } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import { KeyedMutex } from '#base/mutex.ts';
import type { World } from '#base/world.ts';
import { fullReference } from '../images/reference.ts';
import type { Runtime, RuntimeImage } from '../runtime.ts';
import { judge, needsCredentials, type PodCredentials } from './decision.ts';
import { PullFiles } from './files.ts';
import { type PullCredentials, type PulledRecord, recordAfter } from './records.ts';
import { imageName, mustVerify, type Verification } from './verification.ts';

export interface PullManagerDeps {
  readonly world: Pick<World, 'clock' | 'digest' | 'fs' | 'log'>;
  readonly runtime: Pick<Runtime, 'listImages'>;
  /** Where the records lie. */
  readonly directory: string;
  readonly verification: Verification;
}

/** How looks at the records have ended. */
export type CheckResult = 'credentialPolicyAllowed' | 'credentialRecordFound' | 'mustAuthenticate' | 'error';

const named = (image: string): string | undefined => {
  try {
    return fullReference(image);
  } catch {
    return undefined;
  }
};

export class PullManager {
  readonly #deps: PullManagerDeps;
  readonly #files: PullFiles;
  readonly #writing = new KeyedMutex();
  readonly #records = new Map<string, PulledRecord>();
  #damagedRecords = new Set<string>();
  /** Images that are being pulled, with how often; 0: an earlier agent has left it. */
  readonly #intents = new Map<string, number>();
  #damagedIntents = new Set<string>();
  readonly checks = new Map<CheckResult, number>();

  private constructor(deps: PullManagerDeps) {
    this.#deps = deps;
    this.#files = new PullFiles(deps.world, deps.directory);
  }

  /** Reads what earlier agents have left. */
  static async start(deps: PullManagerDeps): Promise<PullManager> {
    const manager = new PullManager(deps);
    await manager.#load();
    return manager;
  }

  /** How many images are being pulled, and how many records there are. */
  get sizes(): { readonly intents: number; readonly records: number } {
    return { intents: this.#intents.size, records: this.#records.size };
  }

  async #load(): Promise<void> {
    await this.#files.prepare();
    const [intents, records] = [await this.#files.intents(), await this.#files.records()];
    for (const [ref, record] of records.read) this.#records.set(ref, record);
    for (const image of intents.read.keys()) this.#intents.set(image, 0);
    this.#damagedRecords = records.damaged;
    this.#damagedIntents = intents.damaged;
    if (this.#intents.size > 0) await this.#settle();
  }

  /** Pulls that ended while no agent was there: nobody knows by whose credentials, so that every pod must show its own. */
  async #settle(): Promise<void> {
    const { runtime, world } = this.#deps;
    try {
      const images = await runtime.listImages();
      for (const image of this.#intents.keys()) {
        const full = named(image);
        const there = images.find(({ repoTags, repoDigests }) => full !== undefined && [...repoTags, ...repoDigests].includes(full));
        if (!there) continue;
        await this.#note(image, there.id);
        await this.#files.removeIntent(image);
        this.#intents.delete(image);
      }
    } catch (error) {
      world.log.warn('cannot settle the pulls that were interrupted', { error: messageOf(error) });
    }
  }

  async #note(image: string, imageRef: string, credentials?: PullCredentials): Promise<void> {
    const name = imageName(image);
    if (name === undefined) throw new Error(`invalid image name ${JSON.stringify(image)}`);
    await this.#writing.run(`record ${imageRef}`, async () => {
      const before = this.#records.get(imageRef);
      const now = rfc3339(this.#deps.world.clock.now());
      const after = recordAfter(before, { imageRef, name, now, ...(credentials ? { credentials } : {}) });
      if (after === before) return;
      await this.#files.writeRecord(after);
      this.#records.set(imageRef, after);
      this.#damagedRecords.delete(this.#files.name(imageRef));
    });
  }

  /** A pull begins; `pulled` or `failed` must follow. */
  async begins(image: string): Promise<void> {
    await this.#writing.run(`intent ${image}`, async () => {
      const count = this.#intents.get(image) ?? 0;
      if (count === 0) await this.#files.writeIntent(image);
      this.#intents.set(image, count + 1);
      this.#damagedIntents.delete(this.#files.name(image));
    });
  }

  /**
   * A pull has succeeded. When the record cannot be written, the mark that it began is left: the image counts as pulled here, and
   * the next agent makes a record of it.
   */
  async pulled(image: string, imageRef: string, credentials: PullCredentials): Promise<void> {
    try {
      await this.#note(image, imageRef, credentials);
    } catch (error) {
      this.#deps.world.log.error('failed to write image pulled record', { imageRef, error: messageOf(error) });
      return;
    }
    await this.failed(image);
  }

  /** A pull has failed. */
  async failed(image: string): Promise<void> {
    await this.#writing.run(`intent ${image}`, async () => {
      const count = this.#intents.get(image) ?? 0;
      if (count > 1) {
        this.#intents.set(image, count - 1);
        return;
      }
      try {
        await this.#files.removeIntent(image);
        this.#intents.delete(image);
      } catch (error) {
        this.#deps.world.log.error('failed to remove image pull intent', { image, error: messageOf(error) });
      }
    });
  }

  /** Whether a pod that wants the image, which is there, must pull it nevertheless. `credentials` is asked only when they decide. */
  async mustPull(image: string, imageRef: string, credentials: () => Promise<PodCredentials>): Promise<boolean> {
    let result: CheckResult = 'error';
    try {
      result = await this.#check(image, imageRef, credentials);
    } finally {
      this.checks.set(result, (this.checks.get(result) ?? 0) + 1);
    }
    return result === 'mustAuthenticate' || result === 'error';
  }

  /** Under whatever name the image is pulled. */
  #isPulling(image: string): boolean {
    return this.#intents.has(image) || [...this.#intents.keys()].some((one) => named(one) === named(image));
  }

  async #check(image: string, imageRef: string, credentials: () => Promise<PodCredentials>): Promise<CheckResult> {
    const record = this.#records.get(imageRef);
    if (this.#damagedRecords.has(this.#files.name(imageRef))) return 'error';
    if (!record && this.#damagedIntents.has(this.#files.name(image))) return 'error';
    const pulledHere = record !== undefined || this.#isPulling(image);
    if (!mustVerify(this.#deps.verification, image, pulledHere)) return 'credentialPolicyAllowed';
    const name = imageName(image);
    if (name === undefined) return 'error';
    const known = record?.credentialMapping[name];
    const pod = needsCredentials(record, name) ? await credentials() : { secrets: [] };
    const { allowed, note } = judge(known, pod);
    if (note) {
      await this.#note(image, imageRef, { kubernetesSecrets: [note] }).catch((error: unknown) =>
        this.#deps.world.log.error('failed to write an image pulled record', { image, imageRef, error: messageOf(error) }),
      );
    }
    return allowed ? 'credentialRecordFound' : 'mustAuthenticate';
  }

  /** Forgets images that are gone. `seen` are those that were there at `at`; what was pulled later is kept. */
  async prune(seen: readonly Pick<RuntimeImage, 'id'>[], at: number): Promise<void> {
    const there = new Set(seen.map(({ id }) => id));
    for (const [ref, { lastUpdatedTime }] of this.#records) {
      // The time is told to the second only.
      if (there.has(ref) || Date.parse(lastUpdatedTime) + 1000 >= at) continue;
      await this.#writing.run(`record ${ref}`, async () => {
        if (this.#records.get(ref)?.lastUpdatedTime !== lastUpdatedTime) return;
        await this.#files.removeRecord(ref);
        this.#records.delete(ref);
      });
    }
  }
}
