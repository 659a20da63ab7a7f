// Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4).

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

/** `count` bounds, each `factor` times the one before. */
export const exponential = (start: number, factor: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => start * factor ** index);

/** One series of a histogram. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** `bounds` grow; the last bucket, without a bound, is added. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    for (let i = 0; i < this.#bounds.length; i++) {
      if (value > (this.#bounds[i] as number)) continue;
      this.#counts[i] = (this.#counts[i] as number) + 1;
      return;
    }
  }

  lines(name: string, labels: Labels): string[] {
    const text = labelText(labels);
    const comma = text === '' ? '' : ',';
    let running = 0;
    const buckets = this.#bounds.map((bound, index) => {
      running += this.#counts[index] as number;
      return `${name}_bucket{${text}${comma}le="${bound}"} ${running}`;
    });
    return [
      ...buckets,
      `${name}_bucket{${text}${comma}le="+Inf"} ${this.#count}`,
      `${name}_sum${braced(text)} ${this.#sum}`,
      `${name}_count${braced(text)} ${this.#count}`,
    ];
  }
}

/** Gathers families of metrics into one text. */
export class MetricsText {
  readonly #lines: string[] = [];

  /** A family of plain numbers. */
  numbers(
    name: string,
    about: { readonly type: 'counter' | 'gauge'; readonly help: string },
    series: readonly (readonly [Labels, number])[],
  ): void {
    if (series.length === 0) return;
    this.#head(name, about.type, about.help);
    for (const [labels, value] of series) this.#lines.push(`${name}${braced(labelText(labels))} ${value}`);
  }

  /** A family of histograms. */
  histograms(name: string, help: string, series: readonly (readonly [Labels, Histogram])[]): void {
    if (series.length === 0) return;
    this.#head(name, 'histogram', help);
    for (const [labels, histogram] of series) this.#lines.push(...histogram.lines(name, labels));
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
