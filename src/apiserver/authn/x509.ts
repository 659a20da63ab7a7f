// Client certificates: the common name is the user, the organizations are the groups.
import { unauthorized } from '#api/status.ts';
import type { World } from '#base/world.ts';
import type { PeerCertificate } from '#base/net.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Authenticator } from '../chain.ts';
import { authenticated, credentialIdKey } from './groups.ts';

/** Authenticates by the certificate of the TLS connection. A certificate that nobody here signed is an error. */
export function x509Authenticator(world: Pick<World, 'clock' | 'digest'>): Authenticator {
  // A connection shows its certificate once, for all its requests.
  const users = new WeakMap<PeerCertificate, UserInfo>();
  return ({ peer }) => {
    if (peer === undefined) return undefined;
    if (!peer.trusted || peer.commonName === '' || peer.notAfter < world.clock.now()) throw unauthorized();
    let user = users.get(peer);
    if (user === undefined) {
      const extra = { [credentialIdKey]: [`X509SHA256=${world.digest.sha256(peer.raw)}`] };
      user = authenticated({ name: peer.commonName, groups: peer.organizations, extra });
      users.set(peer, user);
    }
    return user;
  };
}
