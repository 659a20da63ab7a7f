// The API server's standard plug-ins: who asks (certificates, tokens), discovery, OpenAPI, reviews, tokens, streaming.
import type { World } from '#base/world.ts';
import { createAggregator } from '#apiserver/aggregator/plug.ts';
import { bearerAuthenticator } from '#apiserver/authn/bearer.ts';
import { identityPlug } from '#apiserver/authn/plug.ts';
import type { ForeignTokens } from '#apiserver/authn/oidc.ts';
import { createTokenVerifier, type TokenVerifier, withForeign } from '#apiserver/authn/serviceaccount.ts';
import { defaultHeaders, requestHeaderAuthenticator, type RequestHeaders } from '#apiserver/authn/requestheader.ts';
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
  /** Who knows tokens that are not ours. */
  readonly tokens?: readonly ForeignTokens[];
  /** Which front proxies are believed; default: the cluster's own. */
  readonly requestHeaders?: RequestHeaders | undefined;
}

export interface StandardParts {
  readonly issuer: string;
  readonly server: { readonly plugs: readonly PlugFactory[]; readonly authenticators: (backend: Backend) => readonly Authenticator[] };
}

/** Both lists as one, which stays the same value as long as they do: discovery caches by identity. */
function joined(...sources: readonly (() => readonly DiscoveredGroup[])[]): () => readonly DiscoveredGroup[] {
  let seen: readonly (readonly DiscoveredGroup[])[] = [];
  let all: readonly DiscoveredGroup[] = [];
  return () => {
    const now = sources.map((source) => source());
    if (now.some((list, index) => list !== seen[index])) [seen, all] = [now, now.flat()];
    return all;
  };
}

/** Puts the plug-ins together for a cluster's keys. */
export function standardParts(world: World, pki: ClusterPki, options: StandardOptions): StandardParts {
  const issuer = `https://kubernetes.default.svc.${options.domain}`;
  const audiences = [issuer];
  let made: TokenVerifier | undefined;
  const verifier = (backend: Backend): TokenVerifier =>
    (made ??= withForeign(
      createTokenVerifier({ keys: [pki.serviceAccount.publicKey], issuer, reads: backend, world }),
      options.tokens ?? [],
    ));
  const own: RequestHeaders = { ...defaultHeaders, ca: pki.frontProxyCa.cert, names: ['front-proxy-client'] };
  const requestHeaders = options.requestHeaders ?? own;
  const aggregator = createAggregator({
    client: pki.frontProxyClient,
    clientCa: pki.ca.cert,
    requestHeaders,
    extra: () => options.extraGroups().flatMap(({ group, versions }) => versions.map(({ version }) => ({ group, version }))),
  });
  return {
    issuer,
    server: {
      plugs: [
        discoveryPlug({ extraGroups: joined(options.extraGroups, aggregator.groups) }),
        aggregator.plug,
        identityPlug({ issuer, audiences, key: pki.serviceAccount, verifier }),
        openApiPlug({
          names: () => aggregator.groups().flatMap(({ group, versions }) => versions.map(({ version }) => `apis/${group}/${version}`)),
          documents: aggregator.documents,
        }),
        streamingPlug({ client: pki.kubeletClient, ca: pki.ca.cert }),
      ],
      authenticators: (backend) => [
        requestHeaderAuthenticator(world, requestHeaders),
        x509Authenticator(world),
        bearerAuthenticator(backend, verifier(backend), audiences),
      ],
    },
  };
}
