// The cluster's own certificates: two authorities, what the API server serves and calls with, and the admin's identity.
// Everything lives in one folder, is made at the first start, reused afterwards and renewed before it expires.
import { canonicalIp } from '#api/addresses.ts';
import { codeOf } from '#base/errors.ts';
import type { IssueOptions, KeyPair } from '#base/pki.ts';
import type { World } from '#base/world.ts';

export interface PkiOptions {
  /** Folder of the key material, e.g. `<dataDir>/pki`. */
  readonly dir: string;
  /** Addresses at which the API server is reached: the first Service address, the node's own, … */
  readonly ips: readonly string[];
  /** Names besides the usual ones (`kubernetes.default.svc`, `localhost`). */
  readonly dnsNames?: readonly string[];
  readonly clusterDomain: string;
}

/** A signing key and its public half, PEM. */
export interface SigningKey {
  readonly publicKey: string;
  readonly privateKey: string;
}

export interface ClusterPki {
  /** Signs client and serving certificates; clients trust it. */
  readonly ca: KeyPair;
  /** Signs the certificate with which we call aggregated API servers. */
  readonly frontProxyCa: KeyPair;
  readonly frontProxyClient: KeyPair;
  /** What the API server serves with. */
  readonly serving: KeyPair;
  /** What the API server calls node agents with. */
  readonly kubeletClient: KeyPair;
  /** The administrator: group system:masters. */
  readonly admin: KeyPair;
  readonly serviceAccount: SigningKey;
  /** A kept identity for a component or node; made on first use. */
  identity(name: string, options: Pick<IssueOptions, 'commonName' | 'organizations' | 'dnsNames' | 'ips' | 'usages'>): Promise<KeyPair>;
}

const day = 86_400_000;
const caDays = 3650;
const certDays = 365;
/** A certificate is renewed at start when less than this is left of it. */
const renewBefore = 60 * day;

/** Splits the PEM blocks of a file with a certificate and a key. */
function splitPair(text: string): KeyPair | undefined {
  const cert = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/.exec(text)?.[0];
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----\n?/.exec(text)?.[0];
  return cert && key ? { cert, key } : undefined;
}

async function readPair(world: Pick<World, 'fs'>, path: string): Promise<KeyPair | undefined> {
  try {
    return splitPair(await world.fs.readText(path));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const withNewline = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);

// Certificate and key share a file: a crash between two writes could never leave a pair that does not match.
async function writePair(world: Pick<World, 'fs'>, path: string, pair: KeyPair): Promise<void> {
  await world.fs.write(path, withNewline(pair.cert) + withNewline(pair.key), { mode: 0o600, atomic: true });
}

type Wanted = Pick<IssueOptions, 'commonName' | 'organizations' | 'dnsNames' | 'ips' | 'usages'>;

/** True when a stored certificate can still be used for what is wanted. */
function usable(world: Pick<World, 'pki' | 'clock'>, pair: KeyPair, ca: KeyPair, wanted: Wanted): boolean {
  const info = world.pki.parseCert(pair.cert);
  if (info.notAfter - world.clock.now() < renewBefore || !world.pki.signedBy(pair.cert, ca.cert)) return false;
  const ips = new Set(info.ips.map((ip) => canonicalIp(ip) ?? ip));
  return (
    info.commonName === wanted.commonName &&
    (wanted.organizations ?? []).every((name) => info.organizations.includes(name)) &&
    info.organizations.length === (wanted.organizations ?? []).length &&
    (wanted.dnsNames ?? []).every((name) => info.dnsNames.includes(name)) &&
    (wanted.ips ?? []).every((ip) => ips.has(canonicalIp(ip) ?? ip))
  );
}

async function authority(world: World, path: string, commonName: string): Promise<KeyPair> {
  const found = await readPair(world, path);
  if (found !== undefined && world.pki.parseCert(found.cert).notAfter - world.clock.now() > renewBefore) return found;
  const pair = await world.pki.createCa(commonName, caDays);
  await writePair(world, path, pair);
  return pair;
}

async function certificate(world: World, path: string, ca: KeyPair, wanted: Wanted): Promise<KeyPair> {
  const found = await readPair(world, path);
  if (found !== undefined && usable(world, found, ca, wanted)) return found;
  const pair = await world.pki.issue(ca, { ...wanted, days: certDays });
  await writePair(world, path, pair);
  return pair;
}

async function signingKey(world: World, path: string): Promise<SigningKey> {
  try {
    const text = await world.fs.readText(path);
    const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----\n?/.exec(text)?.[0];
    const publicKey = /-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----\n?/.exec(text)?.[0];
    if (privateKey && publicKey) return { privateKey, publicKey };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const key = await world.pki.generateKey('rsa');
  await world.fs.write(path, withNewline(key.privateKey) + withNewline(key.publicKey), { mode: 0o600, atomic: true });
  return key;
}

/** The names and addresses that the serving certificate must cover. */
export function servingNames(options: Pick<PkiOptions, 'ips' | 'dnsNames' | 'clusterDomain'>): { dnsNames: string[]; ips: string[] } {
  const dnsNames = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${options.clusterDomain}`,
    'localhost',
    ...(options.dnsNames ?? []),
  ];
  return { dnsNames: [...new Set(dnsNames)], ips: [...new Set(['127.0.0.1', '::1', ...options.ips])] };
}

/** Loads the key material of a cluster, making what is absent, expired or does not fit any more. */
export async function ensurePki(world: World, options: PkiOptions): Promise<ClusterPki> {
  const { dir } = options;
  const file = (name: string): string => `${dir}/${name}.pem`;
  await world.fs.mkdir(dir, 0o700);
  const [ca, frontProxyCa, serviceAccount] = await Promise.all([
    authority(world, file('ca'), 'kubernetes'),
    authority(world, file('front-proxy-ca'), 'front-proxy-ca'),
    signingKey(world, file('service-account')),
  ]);
  const names = servingNames(options);
  const client = (name: string, signer: KeyPair, commonName: string, organizations: readonly string[]): Promise<KeyPair> =>
    certificate(world, file(name), signer, { commonName, organizations, usages: ['client'] });
  const [serving, kubeletClient, admin, frontProxyClient] = await Promise.all([
    certificate(world, file('serving'), ca, { commonName: 'kube-apiserver', ...names, usages: ['server'] }),
    client('kubelet-client', ca, 'kube-apiserver-kubelet-client', ['system:masters']),
    client('admin', ca, 'kubernetes-admin', ['system:masters']),
    client('front-proxy-client', frontProxyCa, 'front-proxy-client', []),
  ]);
  // For people and scripts: the authority's certificate alone, readable.
  await world.fs.write(`${dir}/ca.crt`, ca.cert, { mode: 0o644, atomic: true });
  return {
    ca,
    frontProxyCa,
    frontProxyClient,
    serving,
    kubeletClient,
    admin,
    serviceAccount,
    identity: (name, wanted) => certificate(world, file(name), ca, wanted),
  };
}
