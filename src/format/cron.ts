// Cron schedules: five fields (minute, hour, day of month, month, day of week) or an @macro. Parsed once, then asked for the
// next time. The same parser validates CronJobs and drives their controller.

/** A parsed schedule. */
export interface Schedule {
  /** Bits of the allowed values, by field. */
  readonly minute: ReadonlySet<number>;
  readonly hour: ReadonlySet<number>;
  readonly dayOfMonth: ReadonlySet<number>;
  readonly month: ReadonlySet<number>;
  readonly dayOfWeek: ReadonlySet<number>;
  /** True when a day field starts with `*`: then both must match, else either. */
  readonly bothDays: boolean;
  /** `@every`: a fixed distance instead of fields, in milliseconds. */
  readonly every?: number;
}

interface FieldSpec {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const fields: readonly FieldSpec[] = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of month', low: 1, high: 31 },
  {
    name: 'month',
    low: 1,
    high: 12,
    names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', low: 0, high: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

function numberOf(text: string, spec: FieldSpec): number {
  const named = spec.names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0 && text !== '') return named;
  if (!/^\d{1,4}$/.test(text))
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function rangeOf(text: string, spec: FieldSpec): number[] {
  const [span = '', step, ...more] = text.split('/');
  if (more.length) throw new Error(`too many slashes: ${text}`);
  const ends = span.split('-');
  if (ends.length > 2) throw new Error(`too many hyphens: ${text}`);
  const open = span === '*' || span === '?';
  const low = open ? spec.low : numberOf(ends[0] ?? '', spec);
  // `3/5` runs to the end of the field.
  const last = step === undefined ? low : spec.high;
  const high = open ? spec.high : ends[1] === undefined ? last : numberOf(ends[1], spec);
  const by = step === undefined ? 1 : numberOf(step, { ...spec, names: [] });
  if (low < spec.low) throw new Error(`beginning of range (${low}) below minimum (${spec.low}): ${text}`);
  if (high > spec.high) throw new Error(`end of range (${high}) above maximum (${spec.high}): ${text}`);
  if (low > high) throw new Error(`beginning of range (${low}) beyond end of range (${high}): ${text}`);
  if (by === 0) throw new Error(`step of range should be a positive number: ${text}`);
  const values: number[] = [];
  for (let value = low; value <= high; value += by) values.push(value);
  return values;
}

function fieldOf(text: string, spec: FieldSpec): ReadonlySet<number> {
  return new Set(text.split(',').flatMap((part) => rangeOf(part, spec)));
}

function everyOf(text: string): Schedule {
  const units: Readonly<Record<string, number>> = { h: 3600000, m: 60000, s: 1000, ms: 1 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) {
    throw new Error(`failed to parse duration @every ${text}: time: invalid duration ${JSON.stringify(text)}`);
  }
  const none: ReadonlySet<number> = new Set();
  const every = Math.max(1000, Math.floor(ms / 1000) * 1000);
  return { minute: none, hour: none, dayOfMonth: none, month: none, dayOfWeek: none, bothDays: true, every };
}

/** Parses a schedule; throws an Error that says what is wrong with it. */
export function parseCron(text: string): Schedule {
  if (text === '') throw new Error('empty spec string');
  if (text.startsWith('@every ')) return everyOf(text.slice('@every '.length));
  if (text.startsWith('@') && macros[text] === undefined) throw new Error(`unrecognized descriptor: ${text}`);
  const parts = (macros[text] ?? text).trim().split(/\s+/);
  if (parts.length !== fields.length) throw new Error(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = parts.map((part, index) => fieldOf(part, fields[index] as FieldSpec));
  const star = (part: string | undefined): boolean => /^[*?]/.test(part ?? '');
  return {
    minute: minute as ReadonlySet<number>,
    hour: hour as ReadonlySet<number>,
    dayOfMonth: dayOfMonth as ReadonlySet<number>,
    month: month as ReadonlySet<number>,
    dayOfWeek: dayOfWeek as ReadonlySet<number>,
    bothDays: star(parts[2]) || star(parts[4]),
  };
}
