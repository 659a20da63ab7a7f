// What one run of a decoder carries along: where it is, and what it found wrong.

/** The most unknown fields that are reported; further ones are dropped without a word. */
const maxUnknown = 100;

/** State of one decoding. Reused objects would leak between requests, so one is made per run. */
export class Session {
  readonly withDefaults: boolean;
  /** `unknown field "spec.foo"`, in order of appearance. */
  readonly unknown: string[] = [];
  /** The first type error, in the words of Go's decoder. */
  error: string | undefined;
  /** Field names, map keys and list indexes from the root; only `depth` of them count. */
  readonly stack: (string | number)[] = [];
  depth = 0;

  constructor(withDefaults: boolean) {
    this.withDefaults = withDefaults;
  }

  /** The path with list indexes: `spec.containers[0].image`. */
  indexedPath(): string {
    let text = '';
    for (let i = 0; i < this.depth; i++) {
      const part = this.stack[i] as string | number;
      text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
    }
    return text;
  }

  /** The path as Go's decoder tells it: no indexes. */
  goPath(): string {
    return this.stack
      .slice(0, this.depth)
      .filter((part) => typeof part === 'string')
      .join('.');
  }

  addUnknown(key: string): void {
    if (this.unknown.length >= maxUnknown) return;
    const at = this.indexedPath();
    this.unknown.push(`unknown field ${JSON.stringify(at === '' ? key : `${at}.${key}`)}`);
  }

  fail(message: string): undefined {
    this.error ??= message;
    return undefined;
  }
}
