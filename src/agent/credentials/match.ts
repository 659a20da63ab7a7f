// Whether a pattern of a credential provider is for an image: pure.
import type { Reference } from '../images/reference.ts';

const part = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replaceAll(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^.]*')
      .replaceAll('?', '[^.]')}$`,
  );

/**
 * A pattern is a host, whose parts between dots may be globs, with an optional port and an optional beginning of a path:
 * `*.dkr.ecr.*.amazonaws.com`, `registry.io:8080/team`. Both must have equally many parts and the same port.
 */
export function matchesImage(pattern: string, { domain, path }: Reference): boolean {
  const bare = pattern.replace(/^https?:\/\//, '');
  const slash = bare.indexOf('/');
  const [host = '', port = ''] = (slash < 0 ? bare : bare.slice(0, slash)).split(':');
  const prefix = slash < 0 ? '' : bare.slice(slash + 1);
  const [name = '', imagePort = ''] = domain.split(':');
  const globs = host.split('.');
  const parts = name.split('.');
  if (port !== imagePort || globs.length !== parts.length) return false;
  return globs.every((glob, index) => part(glob).test(parts[index] ?? '')) && path.startsWith(prefix);
}
