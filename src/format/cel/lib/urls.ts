// Kubernetes' library for URLs: absolute ones, and paths.
import { readCost, readEstimate } from '../costs.ts';
import { fn, free, type Library, method } from '../decls.ts';
import { Bool, listOf, mapOf, opaque, Str } from '../types.ts';
import { ArrayList, EntryMap, fail, OpaqueValue, type Value } from '../values.ts';

const type = opaque('kubernetes.URL');

interface Parts {
  readonly scheme: string;
  /** With the port, without user information. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly text: string;
}

class UrlValue extends OpaqueValue {
  readonly typeName = type.name;
  readonly parts: Parts;
  constructor(parts: Parts) {
    super();
    this.parts = parts;
  }
  equals(other: Value): boolean {
    return other instanceof UrlValue && other.parts.text === this.parts.text;
  }
}

const shape = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

/** The parts of a request URI: an absolute URI or an absolute path; undefined when the text is none. */
function parseUrl(text: string): Parts | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (text === '' || /[\x00-\x20\x7f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const match = shape.exec(text.split('#')[0] ?? '');
  if (!match) return undefined;
  const [, scheme = '', authority = '', path = '', query = ''] = match;
  if (scheme === '' && !path.startsWith('/')) return undefined;
  if (scheme !== '' && authority === '' && !path.startsWith('/')) return undefined;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (/[<>"{}|\\^` ]/.test(host)) return undefined;
  const port = /^(?:\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(host);
  if (!port || (port[1] !== undefined && !/^[0-9]*$/.test(port[1]))) return undefined;
  if (host.startsWith('[') !== host.includes(']')) return undefined;
  return { scheme: scheme.toLowerCase(), host, path, query, text };
}

function parse(text: string): UrlValue {
  const parts = parseUrl(text);
  return parts
    ? new UrlValue(parts)
    : fail(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`);
}

const hostname = (host: string): string => (host.startsWith('[') ? host.slice(1, host.indexOf(']')) : (host.split(':')[0] ?? ''));
const port = (host: string): string => /:([0-9]*)$/.exec(host.slice(host.indexOf(']') + 1))?.[1] ?? '';
/** Go writes a path with what must be escaped escaped. */
const escapedPath = (path: string): string => path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*%[\]]+/g, (part) => encodeURIComponent(part));

function unescape(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function query(text: string): EntryMap {
  const map = new EntryMap();
  for (const pair of text.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const equals = pair.indexOf('=');
    const key = unescape(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : unescape(pair.slice(equals + 1));
    const known = map.entries.get(key)?.value;
    if (known instanceof ArrayList) known.items.push(value);
    else map.entries.set(key, { key, value: new ArrayList([value]) });
  }
  return map;
}

const get = (name: string, result: Parameters<typeof method>[2], read: (parts: Parts) => Value) =>
  fn(
    name,
    method(`url_${name}`, [type], result, (url: UrlValue) => read(url.parts)),
  );
const costs = { cost: readCost(0), estimate: readEstimate(0) };

export const urls: Library = {
  types: [type],
  functions: [
    fn('url', free('string_to_url', [Str], type, parse, costs)),
    fn(
      'isURL',
      free('is_url_string', [Str], Bool, (text: string) => parseUrl(text) !== undefined),
    ),
    get('getScheme', Str, ({ scheme }) => scheme),
    get('getHost', Str, ({ host }) => host),
    get('getHostname', Str, ({ host }) => hostname(host)),
    get('getPort', Str, ({ host }) => port(host)),
    get('getEscapedPath', Str, ({ path }) => escapedPath(path)),
    get('getQuery', mapOf(Str, listOf(Str)), (parts) => query(parts.query)),
  ],
};
