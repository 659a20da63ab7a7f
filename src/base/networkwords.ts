// Failures of the network in the words of Kubernetes' own client, which people and tests look for.
import { codeOf, messageOf } from './errors.ts';

const unknownAuthority = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';

const sockets: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  UND_ERR_CONNECT_TIMEOUT: 'i/o timeout',
};

const certificates: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
};

/** Who the certificate is for instead, as far as the error tells. */
function wrongName(error: unknown, name: string): string {
  const names = /altnames: ([^\n]*)$/.exec(messageOf(error))?.[1] ?? '';
  const valid = names
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .filter((entry) => entry !== '')
    .join(', ');
  return `tls: failed to verify certificate: x509: certificate is valid for ${valid || 'nothing'}, not ${name}`;
}

/** Why a connection to `address` (`10.0.0.1:443`) could not be used; `name` is whom the certificate should have named. */
export function networkWords(error: unknown, address: string, name: string): string {
  const code = codeOf(error) ?? '';
  const socket = sockets[code];
  if (socket !== undefined) {
    const step = socket === 'i/o timeout' ? '' : code === 'ECONNRESET' ? 'read: ' : 'connect: ';
    return `dial tcp ${address}: ${step}${socket}`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${name}: no such host`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(error, name);
  if (code === 'UND_ERR_SOCKET') return 'EOF';
  if (code.startsWith('ERR_SSL_WRONG_VERSION') || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return certificates[code] ?? messageOf(error);
}
