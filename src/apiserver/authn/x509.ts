// Client certificates: the common name is the user, the organizations are the groups.
import { unauthorized } from '#api/status.ts';
import type { World } from '#base/world.ts';
import type { Authenticator } from '../chain.ts';
import { authenticated, credentialIdKey } from './groups.ts';

/** Authenticates by the certificate of the TLS connection. A certificate that nobody here signed is an error. */
export function x509Authenticator(world: Pick<World, 'clock' | 'digest'>): Authenticator {
  return ({ peer }) => {
    if (peer === undefined) return undefined;
    if (!peer.trusted || peer.commonName === '' || peer.notAfter < world.clock.now()) throw unauthorized();
    const id = world.digest.sha256(peer.raw);
    return authenticated({
      name: peer.commonName,
      groups: peer.organizations,
      extra: { [credentialIdKey]: [`X509SHA256=${id}`] },
    });
  };
}
