// How values of a configuration are read: each knows its path, so that a mistake names its field.

/** The configuration cannot be used; the text names the field. */
export class SchedulerConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SchedulerConfigError';
  }
}

/** A decoded object. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value, which must be an object. */
export function fields(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SchedulerConfigError(`${path}: must be an object`);
  return value as Fields;
}

/** The entries of a list that may be absent. */
export function items(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new SchedulerConfigError(`${path}: must be a list`);
  return value;
}

/** Refuses fields that are not there. */
export function known(value: Fields, names: readonly string[], path: string): void {
  for (const name of Object.keys(value)) if (!names.includes(name)) throw new SchedulerConfigError(`${path}: unknown field "${name}"`);
}

/** A whole number within bounds, if it is there. */
export function integer(value: unknown, [low, high]: readonly [number, number], path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw new SchedulerConfigError(`${path}: must be a whole number from ${low} to ${high}`);
  return value;
}

/** A text, empty when it is not there. */
export function text(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new SchedulerConfigError(`${path}: must be a text`);
  return value;
}

/** Yes or no; no when it is not there. */
export function flag(value: unknown, path: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new SchedulerConfigError(`${path}: must be true or false`);
  return value;
}
