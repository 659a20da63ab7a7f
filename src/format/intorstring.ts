// Values that are a number or a percentage, as in `maxUnavailable: 25%`.

/** A value that is neither a number nor a percentage. */
export class IntOrStringError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'IntOrStringError';
  }
}

/** The percentage in a text such as `25%`, or undefined. */
export function percentOf(value: string | number): number | undefined {
  const match = typeof value === 'string' ? /^([+-]?[0-9]+)%$/.exec(value) : null;
  return match ? Number(match[1]) : undefined;
}

/** The number itself, or the percentage of `total`, rounded up or down. */
export function scaledIntOrPercent(value: string | number, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  if (percent === undefined) {
    const detail = value.endsWith('%')
      ? `invalid value ${JSON.stringify(value.slice(0, -1))}: invalid syntax`
      : 'string is not a percentage';
    throw new IntOrStringError(`invalid value for IntOrString: invalid type: ${detail}`);
  }
  const scaled = (percent * total) / 100;
  return round === 'up' ? Math.ceil(scaled) : Math.floor(scaled);
}
