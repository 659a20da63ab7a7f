// The API server's standard plug-ins: who asks (certificates, tokens), discovery, OpenAPI, reviews, tokens, streaming.
import type { World } from '#base/world.ts';
import { bearerAuthenticator } from '#apiserver/authn/bearer.ts';
import { identityPlug } from '#apiserver/authn/plug.ts';
import { createTokenVerifier, type TokenVerifier } from '#apiserver/authn/serviceaccount.ts';
import { x509Authenticator } from '#apiserver/authn/x509.ts';
import type { Authenticator, Backend } from '#apiserver/chain.ts';
import type { DiscoveredGroup } from '#apiserver/discovery/model.ts';
import { discoveryPlug } from '#apiserver/discovery/plug.ts';
import type { PlugFactory } from '#apiserver/endpoint.ts';
import { openApiPlug } from '#apiserver/openapi/plug.ts';
import type { ClusterPki } from '#apiserver/pki.ts';
import { streamingPlug } from '#apiserver/streaming/plug.ts';

export interface StandardOptions {
  readonly extraGroups: () => readonly DiscoveredGroup[];
  readonly domain: string;
}

export interface StandardParts {
  readonly issuer: string;
  readonly server: { readonly plugs: readonly PlugFactory[]; readonly authenticators: (backend: Backend) => readonly Authenticator[] };
}

/** Puts the plug-ins together for a cluster's keys. */
export function standardParts(world: World, pki: ClusterPki, options: StandardOptions): StandardParts {
  const issuer = `https://kubernetes.default.svc.${options.domain}`;
  const audiences = [issuer];
  let made: TokenVerifier | undefined;
  const verifier = (backend: Backend): TokenVerifier =>
    (made ??= createTokenVerifier({ keys: [pki.serviceAccount.publicKey], issuer, reads: backend, world }));
  return {
    issuer,
    server: {
      plugs: [
        discoveryPlug({ extraGroups: options.extraGroups }),
        identityPlug({ issuer, audiences, key: pki.serviceAccount, verifier }),
        openApiPlug(),
        streamingPlug({ client: pki.kubeletClient, ca: pki.ca.cert }),
      ],
      authenticators: (backend) => [x509Authenticator(world), bearerAuthenticator(backend, verifier(backend), audiences)],
    },
  };
}
