// Where events go: a file with one line each, or a webhook in batches. Requests do not wait for either; what cannot be
// kept is counted and told.
import { messageOf } from '#base/errors.ts';
import type { Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { callWebhook, type WebhookTarget } from '../webhook/client.ts';

export interface AuditSink extends AsyncDisposable {
  /** Takes one event; immutable from now on. */
  write(event: object): void;
}

/** Milliseconds that a line may wait for others. */
const gathering = 20;
/** Events that wait at most; more are dropped. */
const mostWaiting = 10_000;

export interface FileOptions {
  readonly path: string;
  /** Bytes after which a file is put aside under the time of the change. */
  readonly maxSize?: number;
}

/** Appends events to a file. */
export class FileSink implements AuditSink {
  readonly #world: World;
  readonly #options: Required<FileOptions>;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;
  #size: number | undefined;
  #dropped = 0;

  constructor(world: World, options: FileOptions) {
    this.#world = world;
    this.#options = { maxSize: 100 * 1024 * 1024, ...options };
  }

  write(event: object): void {
    if (this.#lines.length >= mostWaiting) {
      this.#dropped++;
      return;
    }
    this.#lines.push(`${JSON.stringify(event)}\n`);
    this.#writing ??= this.#flush().finally(() => {
      this.#writing = undefined;
    });
  }

  async #flush(): Promise<void> {
    const { fs, log, clock } = this.#world;
    const { path, maxSize } = this.#options;
    // Everything that comes within some milliseconds becomes one write: opening the file costs more than a line.
    await clock.sleep(gathering);
    while (this.#lines.length > 0) {
      const bytes = Buffer.from(this.#lines.join(''));
      this.#lines = [];
      try {
        this.#size ??= (await fs.stat(path))?.size ?? 0;
        if (this.#size > 0 && this.#size + bytes.length > maxSize) {
          await fs.rename(path, `${path.replace(/(\.[^./]*)?$/, '')}-${new Date(clock.now()).toISOString().replaceAll(':', '-')}.log`);
          this.#size = 0;
        }
        await fs.write(path, bytes, { append: true, mode: 0o600 });
        this.#size += bytes.length;
        if (this.#dropped > 0) log.warn('audit events dropped', { count: this.#dropped });
        this.#dropped = 0;
      } catch (error) {
        log.error('audit log not written', { path, error: messageOf(error) });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }
}

const batchSize = 400;
const attempts = 4;

/** Posts EventLists. */
export class WebhookSink implements AuditSink {
  readonly #world: World;
  readonly #target: WebhookTarget;
  readonly #wait: number;
  readonly #waiting: object[] = [];
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #dropped = 0;
  #closed = false;

  constructor(world: World, target: WebhookTarget, wait = 1000) {
    this.#world = world;
    this.#target = target;
    this.#wait = wait;
  }

  write(event: object): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(event);
    if (this.#waiting.length >= batchSize) this.#start();
    else this.#timer ??= this.#world.clock.after(this.#wait, () => this.#start());
  }

  #start(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  async #send(): Promise<void> {
    const { clock, log } = this.#world;
    while (this.#waiting.length > 0) {
      const items = this.#waiting.splice(0, batchSize);
      for (let attempt = 1; ; attempt++) {
        try {
          await callWebhook(
            this.#world,
            this.#target,
            { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items },
            { timeout: 30_000 },
          );
          break;
        } catch (error) {
          if (attempt < attempts && !this.#closed) {
            await clock.sleep(500 * 2 ** attempt);
            continue;
          }
          log.error('audit events not delivered', { count: items.length + this.#dropped, error: messageOf(error) });
          this.#dropped = 0;
          break;
        }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#start();
    await this.#sending;
  }
}
