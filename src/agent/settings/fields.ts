// Typed reading of a configuration's fields, which also knows what nobody has read: pure.
import { messageOf } from '#base/errors.ts';
import { parseDuration } from '#format/duration.ts';
import { isObject } from '#format/own.ts';

/** A configuration that cannot be taken. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SettingsError';
  }
}

export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #read = new Set<string>();

  constructor(values: Readonly<Record<string, unknown>>, path = '') {
    this.#values = values;
    this.#path = path;
  }

  #get<T>(name: string, what: string, is: (value: unknown) => value is T): T | undefined {
    this.#read.add(name);
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    if (!is(value)) throw new SettingsError(`${this.#path}${name} must be ${what}`);
    return value;
  }

  /** Whether the field is there. */
  has(name: string): boolean {
    return (this.#values[name] ?? undefined) !== undefined;
  }

  text(name: string): string | undefined {
    return this.#get(name, 'a string', (value) => typeof value === 'string');
  }

  number(name: string): number | undefined {
    return this.#get(name, 'a number', (value) => typeof value === 'number');
  }

  flag(name: string): boolean | undefined {
    return this.#get(name, 'true or false', (value) => typeof value === 'boolean');
  }

  list<T = string>(name: string): readonly T[] | undefined {
    return this.#get(name, 'a list', (value): value is T[] => Array.isArray(value));
  }

  strings(name: string): Readonly<Record<string, string>> | undefined {
    const isMap = (value: unknown): value is Record<string, string> =>
      isObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
    return this.#get(name, 'a map of strings', isMap);
  }

  /** Milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return parseDuration(text);
    } catch (error) {
      throw new SettingsError(`${this.#path}${name}: ${messageOf(error)}`);
    }
  }

  object(name: string): Fields | undefined {
    const value = this.#get(name, 'an object', isObject);
    return value && new Fields(value, `${this.#path}${name}.`);
  }

  objects(name: string): readonly Fields[] | undefined {
    return this.list<unknown>(name)?.map((value, index) => {
      if (!isObject(value)) throw new SettingsError(`${this.#path}${name}[${index}] must be an object`);
      return new Fields(value, `${this.#path}${name}[${index}].`);
    });
  }

  /** Feature gates that the configuration sets. */
  gates(): Readonly<Record<string, boolean>> {
    const isMap = (value: unknown): value is Record<string, boolean> =>
      isObject(value) && Object.values(value).every((entry) => typeof entry === 'boolean');
    return this.#get('featureGates', 'a map of true and false', isMap) ?? {};
  }

  /** Fields that are there and that nobody has asked for. */
  unread(): string[] {
    return Object.keys(this.#values).filter((name) => !this.#read.has(name));
  }
}
