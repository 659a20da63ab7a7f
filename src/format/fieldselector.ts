// Field selectors: `metadata.name=x,status.phase!=Running`; `\` escapes `,`, `=` and itself in values.

/** One condition on one field. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Conditions on fields, all of which must hold. */
export interface FieldSelector {
  /** Selects everything. */
  readonly empty: boolean;
  readonly requirements: readonly FieldRequirement[];
  /** Absent fields count as empty text. */
  matches(fields: Readonly<Record<string, string | undefined>>): boolean;
  /** As `matches`, for callers that compute fields only when asked. */
  matchesBy(get: (field: string) => string | undefined): boolean;
  /** The value that the field must have, if the selector fixes it. */
  exact(field: string): string | undefined;
  toString(): string;
}

/** The text is not a field selector. */
export class FieldSelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FieldSelectorError';
  }
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescape(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  let out = '';
  for (let at = 0; at < value.length; at++) {
    const char = value[at] as string;
    if (char === '\\') {
      const next = value[++at];
      if (next !== '\\' && next !== ',' && next !== '=')
        throw new FieldSelectorError(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
      out += next;
    } else if (char === ',' || char === '=')
      throw new FieldSelectorError(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
    else out += char;
  }
  return out;
}

/** Escapes a value for use in a field selector's text. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

/** A selector of requirements. */
export function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  const matchesBy = (get: (field: string) => string | undefined): boolean =>
    requirements.every(({ field, operator, value }) => ((get(field) ?? '') === value) === (operator === '='));
  return {
    empty: requirements.length === 0,
    requirements,
    matchesBy,
    matches: (fields) => matchesBy((field) => (Object.hasOwn(fields, field) ? fields[field] : undefined)),
    exact: (field) => requirements.find((requirement) => requirement.field === field && requirement.operator === '=')?.value,
    toString: () => requirements.map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`).join(','),
  };
}

/** Parses a field selector; the empty text selects everything. Throws `FieldSelectorError` with Kubernetes' words. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === '') continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw new FieldSelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    requirements.push({ field, operator: operator === '!=' ? '!=' : '=', value: unescape(value) });
  }
  return fieldSelectorOf(requirements);
}
