// Client certificates of TLS connections, read once per connection.
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '#base/net.ts';

const known = new WeakMap<TLSSocket, PeerCertificate | 'none'>();

function first(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

/** The client's certificate; `trusted` says whether its chain ends in the client CA. */
export function peerOf(socket: TLSSocket, hasClientCa: boolean): PeerCertificate | undefined {
  const before = known.get(socket);
  if (before !== undefined) return before === 'none' ? undefined : before;
  const certificate = socket.getPeerCertificate?.(false);
  if (certificate?.raw === undefined) {
    known.set(socket, 'none');
    return undefined;
  }
  const organizations = certificate.subject.O as string | string[] | undefined;
  const peer: PeerCertificate = {
    commonName: first(certificate.subject.CN),
    organizations: organizations === undefined ? [] : Array.isArray(organizations) ? organizations : [organizations],
    serialNumber: certificate.serialNumber,
    raw: certificate.raw,
    // Without a client CA node would have judged by the public authorities: nobody is trusted then.
    trusted: hasClientCa && socket.authorized,
    notAfter: Date.parse(certificate.valid_to),
  };
  known.set(socket, peer);
  return peer;
}
