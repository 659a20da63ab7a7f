// Front proxies: who holds a certificate of their authority says in headers for whom he asks.
import type { PeerCertificate } from '#base/net.ts';
import type { World } from '#base/world.ts';
import type { Authenticator } from '../chain.ts';
import { authenticated } from './groups.ts';

/** Names of headers are in any case. */
export interface RequestHeaders {
  /** PEM, of one authority or several. */
  readonly ca: string;
  /** Common names that are believed; empty: every certificate of the authority is. */
  readonly names: readonly string[];
  readonly user: readonly string[];
  readonly uid: readonly string[];
  readonly group: readonly string[];
  /** Prefixes; what follows is a key, escaped as in URLs. */
  readonly extra: readonly string[];
}

/** As Kubernetes' own aggregator has them. */
export const defaultHeaders: Omit<RequestHeaders, 'ca' | 'names'> = {
  user: ['X-Remote-User'],
  uid: ['X-Remote-Uid'],
  group: ['X-Remote-Group'],
  extra: ['X-Remote-Extra-'],
};

const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
const blocks = (pem: string): string[] => pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
const values = (text: string | undefined): string[] => (text ? text.split(/, */).filter((value) => value !== '') : []);

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Authenticates by headers, of those who may send them; has no opinion about anybody else. */
export function requestHeaderAuthenticator(world: Pick<World, 'clock' | 'pki'>, options: RequestHeaders): Authenticator {
  const authorities = blocks(options.ca);
  const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
  const [users, uids, groups, prefixes] = [lower(options.user), lower(options.uid), lower(options.group), lower(options.extra)];
  const known = new WeakMap<PeerCertificate, boolean>();
  const signed = (peer: PeerCertificate): boolean => {
    let result = known.get(peer);
    if (result === undefined) {
      const certificate = pemOf(peer.raw);
      known.set(peer, (result = authorities.some((authority) => world.pki.signedBy(certificate, authority))));
    }
    return result;
  };
  return ({ peer, headers }) => {
    const name = users.map((header) => headers[header]).find(Boolean);
    if (!peer || !name || peer.notAfter < world.clock.now()) return undefined;
    if (options.names.length > 0 && !options.names.includes(peer.commonName)) return undefined;
    if (!signed(peer)) return undefined;
    const uid = uids.map((header) => headers[header]).find(Boolean);
    const extra: Record<string, string[]> = {};
    for (const [header, text] of Object.entries(headers)) {
      const prefix = prefixes.find((candidate) => header.startsWith(candidate));
      if (prefix !== undefined) extra[unescaped(header.slice(prefix.length))] = values(text);
    }
    return authenticated({
      name,
      groups: groups.flatMap((header) => values(headers[header])),
      ...(uid ? { uid } : {}),
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    });
  };
}
