// Bearer tokens, from the Authorization header or, for browsers, from a WebSocket subprotocol.
import { Secrets } from '#api/refs.ts';
import { unauthorized } from '#api/status.ts';
import type { HttpHeaders } from '#base/net.ts';
import type { Authenticator, Backend } from '../chain.ts';
import { bootstrapSecretName, bootstrapUser, parseBootstrapToken } from './bootstrap.ts';
import type { TokenVerifier } from './serviceaccount.ts';

const protocolPrefix = 'base64url.bearer.authorization.k8s.io.';

/** The token of a request, or undefined. */
export function bearerToken(headers: HttpHeaders): string | undefined {
  const header = /^bearer +(\S+)\s*$/i.exec(headers['authorization'] ?? '')?.[1];
  if (header !== undefined) return header;
  if (headers['upgrade']?.toLowerCase() !== 'websocket') return undefined;
  const protocol = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((text) => text.trim())
    .find((text) => text.startsWith(protocolPrefix));
  if (protocol === undefined) return undefined;
  return Buffer.from(protocol.slice(protocolPrefix.length), 'base64url').toString() || undefined;
}

/** Authenticates by token; a token that nobody knows is refused, it does not become anonymous. */
export function bearerAuthenticator(
  backend: Pick<Backend, 'world' | 'peek'>,
  verifier: TokenVerifier,
  audiences: readonly string[],
): Authenticator {
  return async ({ headers }) => {
    const token = bearerToken(headers);
    if (token === undefined) return undefined;
    const parts = parseBootstrapToken(token);
    if (parts !== undefined) {
      const secret = backend.peek(Secrets, bootstrapSecretName(parts.id), 'kube-system');
      const user = bootstrapUser(token, secret, backend.world.clock.now());
      if (user === undefined) throw unauthorized();
      return user;
    }
    const verdict = await verifier.verify(token, audiences);
    if (!verdict.ok) {
      backend.world.log.debug('bearer token refused', { error: verdict.error });
      throw unauthorized();
    }
    return verdict.user;
  };
}
