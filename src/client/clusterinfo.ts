// The ConfigMap `cluster-info` in kube-public: the server and its authority, for nodes that know nothing but a bootstrap
// token. Everybody may read it; a signature made with each token's secret tells holders of that token that it is genuine.
import type { Digest } from '#base/net.ts';

export const clusterInfoNamespace = 'kube-public';
export const clusterInfoName = 'cluster-info';
/** Key of the kubeconfig in the ConfigMap. */
export const kubeconfigKey = 'kubeconfig';
/** Key of what nodes need to know besides (JSON, see `ClusterFacts`); read again once the server is trusted. */
export const factsKey = 'facts';
export const signaturePrefix = 'jws-kubeconfig-';

/** What a node needs to know of the cluster. */
export interface ClusterFacts {
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly clusterDns: string;
  readonly domain: string;
}

const blockSize = 64;

/** HMAC-SHA-256 (RFC 2104) with a key of at most one block. */
function hmac(digest: Pick<Digest, 'sha256'>, key: string, text: string): Buffer {
  const bytes = Buffer.alloc(blockSize);
  bytes.write(key, 'utf8');
  const pad = (value: number): Buffer => Buffer.from(bytes.map((byte) => byte ^ value));
  const inner = Buffer.from(digest.sha256(Buffer.concat([pad(0x36), Buffer.from(text, 'utf8')])), 'hex');
  return Buffer.from(digest.sha256(Buffer.concat([pad(0x5c), inner])), 'hex');
}

/** The signature of a text by a bootstrap token: a JSON web signature (RFC 7515) with the payload left out. */
export function signClusterInfo(
  digest: Pick<Digest, 'sha256'>,
  text: string,
  token: { readonly id: string; readonly secret: string },
): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: token.id })).toString('base64url');
  const payload = Buffer.from(text, 'utf8').toString('base64url');
  return `${header}..${hmac(digest, token.secret, `${header}.${payload}`).toString('base64url')}`;
}

/** True when the signature was made for this text by the holder of the token. */
export function isSignedBy(
  digest: Pick<Digest, 'sha256'>,
  about: { readonly text: string; readonly signature: string },
  token: { readonly id: string; readonly secret: string },
): boolean {
  const [head = '', , mark = ''] = about.signature.split('.');
  const payload = Buffer.from(about.text, 'utf8').toString('base64url');
  return mark !== '' && hmac(digest, token.secret, `${head}.${payload}`).toString('base64url') === mark;
}
