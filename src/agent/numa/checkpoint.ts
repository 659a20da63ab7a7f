// Files in which promises to containers outlive the agent: JSON with the policy's name and a checksum.
import type { World } from '#base/world.ts';
import { fnv32a } from '#format/hash.ts';
import { isObject } from '#format/own.ts';

const corrupted = 'could not restore state from checkpoint: checkpoint is corrupted';

/** The text of a file. */
export const seal = (body: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...body, checksum: fnv32a(JSON.stringify(body)) });

/** What a file says; throws when it is damaged or of another policy. */
export function unseal(text: string, policy: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(corrupted, { cause: error });
  }
  if (!isObject(value)) throw new Error('could not restore state from checkpoint: it is not one');
  const { checksum, ...body } = value;
  if (body['policyName'] !== policy) {
    throw new Error(
      `could not restore state from checkpoint: configured policy ${JSON.stringify(policy)} differs from state checkpoint policy ${JSON.stringify(body['policyName'])}`,
    );
  }
  if (checksum !== fnv32a(JSON.stringify(body))) throw new Error(corrupted);
  return body;
}

/** Writes one file, each text after the one before. */
export class CheckpointFile {
  readonly #fs: World['fs'];
  readonly #path: string;
  #written: Promise<void> = Promise.resolve();

  constructor({ fs }: Pick<World, 'fs'>, path: string) {
    this.#fs = fs;
    this.#path = path;
  }

  /** Resolves when the text of this moment, or a newer one, is on the disk. */
  async save(text: () => string): Promise<void> {
    this.#written = this.#written.catch(() => undefined).then(() => this.#fs.write(this.#path, text(), { mode: 0o600, atomic: true }));
    await this.#written;
  }
}
