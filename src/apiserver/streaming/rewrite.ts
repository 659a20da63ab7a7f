// What comes back through the proxy must lead back through the proxy: redirects and links get the proxy's path in front.

export interface Rewriting {
  /** Path of the proxy itself, e.g. `/api/v1/namespaces/n/pods/p/proxy`. */
  readonly prefix: string;
  /** Host of the target, as in its URL. */
  readonly targetHost: string;
  /** Host that the client asked for. */
  readonly requestHost: string;
}

/** A link as the client must follow it. Links to elsewhere and relative ones stay. */
export function rewriteUrl(text: string, { prefix, targetHost, requestHost }: Rewriting): string {
  const match = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(text.trim());
  if (match === null) return text;
  const [, scheme, host, path = '', rest = ''] = match;
  if (scheme !== undefined && host === undefined) return text;
  if (host && host !== targetHost && host !== requestHost) return text;
  if (!path.startsWith('/')) return text;
  const origin = host && host === requestHost ? `${scheme ? `${scheme}:` : ''}//${host}` : '';
  if (path === prefix || path.startsWith(`${prefix}/`)) return `${origin}${path}${rest}`;
  return `${origin}${prefix}${path}${rest}`;
}

const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** An HTML page with its links rewritten. */
export function rewriteHtml(html: string, rewriting: Rewriting): string {
  return html.replace(/<([a-z][a-z0-9]*)\b([^<>]*)>/gi, (tag, name: string, attributes: string) => {
    const wanted = linkAttributes[name.toLowerCase()];
    if (wanted === undefined) return tag;
    const changed = attributes.replace(
      /([a-z-]+)(\s*=\s*)("[^"]*"|'[^']*')/gi,
      (whole, attribute: string, equals: string, quoted: string) => {
        if (!wanted.includes(attribute.toLowerCase())) return whole;
        const quote = quoted.charAt(0);
        return `${attribute}${equals}${quote}${rewriteUrl(quoted.slice(1, -1), rewriting)}${quote}`;
      },
    );
    return `<${name}${changed}>`;
  });
}
