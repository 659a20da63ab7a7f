// The Accept header, as far as discovery and OpenAPI need it.

export interface MediaRange {
  /** `application/json`, lower case. */
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
  readonly quality: number;
}

/** The ranges of an Accept header, the most wanted first; order breaks ties. At most 64 are read. */
export function parseAccept(header: string | undefined): readonly MediaRange[] {
  const ranges = (header ?? '')
    .split(',', 64)
    .map((part): MediaRange => {
      const [type = '', ...rest] = part.split(';').map((text) => text.trim());
      const params: Record<string, string> = {};
      for (const text of rest) {
        const equals = text.indexOf('=');
        if (equals > 0) params[text.slice(0, equals).toLowerCase()] = text.slice(equals + 1).replace(/^"(.*)"$/, '$1');
      }
      const quality = Number(params['q'] ?? 1);
      return { type: type.toLowerCase(), params, quality: Number.isNaN(quality) ? 0 : quality };
    })
    .filter((range) => range.type !== '' && range.quality > 0);
  return ranges.sort((a, b) => b.quality - a.quality);
}
