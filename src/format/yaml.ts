// YAML as Kubernetes reads and writes it. js-yaml finds the structure; what scalars mean, aliases, merge keys and keys
// said twice are decided here.
import {
  dump,
  EVENT_ID,
  type Event,
  getScalarValue,
  intJsonTag,
  JSON_SCHEMA,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type ScalarLayout,
  DEFAULT_SCALAR_STYLE_RULES,
  YAMLException,
} from 'js-yaml';
import { isObject, setOwn } from './own.ts';
import { isNumber, isWhole } from './wholenumber.ts';
import { resolvePlain } from './yamlscalar.ts';

/** The text is not YAML, or not YAML that is JSON in other clothes. */
export class YamlError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'YamlError';
  }
}

/** A document, and what a strict reader objects to. */
export interface StrictYaml {
  readonly value: unknown;
  /** Such as `line 3: key "a" already set in map`. */
  readonly duplicates: readonly string[];
}

const maxDepth = 1000;
const core = 'tag:yaml.org,2002:';

interface Anchor {
  readonly value: unknown;
  readonly size: number;
}

/** Aliases may not blow a document up: the share of nodes that come from aliases is limited as go-yaml limits it. */
function allowedAliasRatio(nodes: number): number {
  if (nodes <= 400_000) return 0.99;
  if (nodes >= 4_000_000) return 0.1;
  return 0.99 - 0.89 * ((nodes - 400_000) / 3_600_000);
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setOwn(out, key, copy(value[key]));
  return out;
}

class Reader {
  readonly source: string;
  readonly events: readonly Event[];
  at = 0;
  anchors = new Map<string, Anchor>();
  duplicates: string[] = [];
  nodes = 0;
  aliased = 0;

  constructor(source: string, events: readonly Event[]) {
    this.source = source;
    this.events = events;
  }

  fail(position: number, message: string): never {
    throw new YamlError(`line ${this.line(position)}: ${message}`);
  }

  line(position: number): number {
    let line = 1;
    for (let at = this.source.indexOf('\n'); at >= 0 && at < position; at = this.source.indexOf('\n', at + 1)) line++;
    return line;
  }

  /** The next document; its DOCUMENT event has been read. */
  document(): StrictYaml {
    this.anchors = new Map();
    this.duplicates = [];
    this.nodes = 0;
    this.aliased = 0;
    let value: unknown = null;
    while (this.events[this.at]?.type !== EVENT_ID.POP) value = this.node();
    this.at++;
    return { value, duplicates: this.duplicates };
  }

  node(): unknown {
    const event = this.events[this.at++];
    this.nodes++;
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return this.anchored(event, () => this.scalar(event));
      case EVENT_ID.SEQUENCE:
        return this.anchored(event, () => this.sequence());
      case EVENT_ID.MAPPING:
        return this.anchored(event, () => this.mapping(event.start));
      case EVENT_ID.ALIAS:
        return this.alias(this.source.slice(event.anchorStart, event.anchorEnd), event.anchorStart);
      default:
        throw new YamlError('unexpected end of the document');
    }
  }

  anchored(event: { readonly anchorStart: number; readonly anchorEnd: number }, read: () => unknown): unknown {
    if (event.anchorStart < 0) return read();
    const name = this.source.slice(event.anchorStart, event.anchorEnd);
    this.anchors.delete(name);
    const before = this.nodes;
    const value = read();
    this.anchors.set(name, { value, size: this.nodes - before + 1 });
    return value;
  }

  alias(name: string, position: number): unknown {
    const anchor = this.anchors.get(name);
    if (!anchor) this.fail(position, `unknown anchor '${name}' referenced`);
    this.nodes += anchor.size;
    this.aliased += anchor.size;
    if (this.aliased > 100 && this.nodes > 1000 && this.aliased / this.nodes > allowedAliasRatio(this.nodes))
      throw new YamlError('document contains excessive aliasing');
    return copy(anchor.value);
  }

  sequence(): unknown[] {
    const out: unknown[] = [];
    while (this.events[this.at]?.type !== EVENT_ID.POP) out.push(this.node());
    this.at++;
    return out;
  }

  mapping(start: number): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    const own = new Set<string>();
    const merged: unknown[] = [];
    for (let event = this.events[this.at]; event && event.type !== EVENT_ID.POP; event = this.events[this.at]) {
      const position = event.type === EVENT_ID.SCALAR ? event.valueStart : start;
      const isMerge = event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN && this.text(event) === '<<';
      const key = this.node();
      const value = this.node();
      if (isMerge) {
        merged.push(...(Array.isArray(value) ? value : [value]));
        if (merged.some((item) => !isObject(item))) this.fail(position, 'map merge requires map or sequence of maps as the value');
        continue;
      }
      const name = this.key(key, position);
      if (own.has(name)) this.duplicates.push(`line ${this.line(position)}: key ${JSON.stringify(name)} already set in map`);
      own.add(name);
      setOwn(out, name, value);
    }
    this.at++;
    for (const source of merged as Record<string, unknown>[])
      for (const key of Object.keys(source)) if (!Object.hasOwn(out, key)) setOwn(out, key, source[key]);
    return out;
  }

  key(key: unknown, position: number): string {
    if (typeof key === 'string') return key;
    if (isNumber(key) || typeof key === 'boolean') return String(key);
    return this.fail(position, `unsupported map key of type ${key === null ? 'null' : Array.isArray(key) ? 'sequence' : 'map'}`);
  }

  text(event: ScalarEvent): string {
    return getScalarValue(this.source, event);
  }

  scalar(event: ScalarEvent): unknown {
    const text = this.text(event);
    const tag = event.tagStart < 0 ? '' : this.source.slice(event.tagStart, event.tagEnd).replace(/^!!/, core);
    if (tag === '') return event.style === SCALAR_STYLE.PLAIN ? this.finite(resolvePlain(text), event) : text;
    if (tag === `${core}str` || tag === '!' || !tag.startsWith(core)) return text;
    if (tag === `${core}binary`) return Buffer.from(text, 'base64').toString('utf8');
    const value = this.finite(resolvePlain(text), event);
    const kind = tag.slice(core.length);
    const fits =
      kind === 'int'
        ? isWhole(value)
        : kind === 'float'
          ? isNumber(value)
          : kind === 'bool'
            ? typeof value === 'boolean'
            : kind === 'null'
              ? value === null
              : true;
    if (!fits) this.fail(event.valueStart, `cannot decode !!str \`${text}\` as a !!${kind}`);
    return kind === 'timestamp' ? text : value;
  }

  finite(value: ReturnType<typeof resolvePlain>, event: ScalarEvent): unknown {
    if (typeof value === 'number' && !Number.isFinite(value)) this.fail(event.valueStart, `${this.text(event)} has no JSON form`);
    return value;
  }
}

function readAll(text: string, onlyFirst: boolean): StrictYaml[] {
  try {
    const events = parseEvents(text.startsWith('\ufeff') ? text.slice(1) : text, { maxDepth });
    const reader = new Reader(text.startsWith('\ufeff') ? text.slice(1) : text, events);
    const documents: StrictYaml[] = [];
    while (reader.at < events.length && !(onlyFirst && documents.length > 0)) {
      reader.at++;
      documents.push(reader.document());
    }
    return documents;
  } catch (error) {
    const reason =
      error instanceof YAMLException
        ? `${error.mark ? `line ${error.mark.line + 1}: ` : ''}${error.reason}`
        : error instanceof YamlError
          ? error.message
          : undefined;
    if (reason === undefined) throw error;
    throw new YamlError(`error converting YAML to JSON: yaml: ${reason}`, { cause: error });
  }
}

/** The first document of a text; an empty text is null. Throws `YamlError`. */
export function parseYaml(text: string): unknown {
  return readAll(text, true)[0]?.value ?? null;
}

/** The first document, with the keys that were said more than once. */
export function parseYamlStrict(text: string): StrictYaml {
  return readAll(text, true)[0] ?? { value: null, duplicates: [] };
}

/** All documents of a text, empty ones left out. */
export function parseYamlAll(text: string): unknown[] {
  return readAll(text, false)
    .map((document) => document.value)
    .filter((value) => value !== null);
}

const schema = JSON_SCHEMA.withTags({
  ...intJsonTag,
  identify: (value: unknown) => typeof value === 'bigint' || intJsonTag.identify(value),
});

const timestamp = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt]|[ \t])/;

/** Strings that would read back as something else are put in double quotes, as go-yaml puts them. */
function quoteLookalikes(layout: ScalarLayout): void {
  const { node } = layout;
  if (
    node.tag === `${core}str` &&
    layout.style === SCALAR_STYLE.PLAIN &&
    (typeof resolvePlain(node.value) !== 'string' || node.value === '<<' || timestamp.test(node.value))
  )
    layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
}

const {
  applyQuoteFlowKeysOption,
  doubleQuoteForInvisibles,
  doubleQuoteWhitespaceOnly,
  tryLongOrMultilineAsBlock,
  quoteInvalidPlain,
  fallbackToDoubleQuoted,
} = DEFAULT_SCALAR_STYLE_RULES;

function multilineAsBlock(layout: ScalarLayout): void {
  if (layout.node.value.includes('\n')) tryLongOrMultilineAsBlock(layout);
}

/** Writes YAML as kubectl does: sorted keys, lists not indented, lines folded at 80. */
export function toYaml(value: unknown): string {
  return dump(value, {
    schema,
    noRefs: true,
    sortKeys: true,
    skipInvalid: true,
    seqNoIndent: true,
    lineWidth: 80,
    scalarStyleRules: [
      applyQuoteFlowKeysOption,
      quoteLookalikes,
      doubleQuoteForInvisibles,
      doubleQuoteWhitespaceOnly,
      multilineAsBlock,
      quoteInvalidPlain,
      fallbackToDoubleQuoted,
    ],
  });
}
