// How a machine becomes a node of a cluster elsewhere: it checks the server by its bootstrap token, asks for a client
// certificate with it, makes its Node, and asks for a serving certificate as that node. What it got is kept: a restart
// needs no token.
import type { CertInfo, KeyPair } from '#base/pki.ts';
import type { World } from '#base/world.ts';
import { canonicalIp } from '#api/addresses.ts';
import { CertificateSigningRequests, ConfigMaps, Nodes } from '#api/refs.ts';
import { isAlreadyExists } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import {
  clusterInfoName,
  clusterInfoNamespace,
  type ClusterFacts,
  factsKey,
  isSignedBy,
  kubeconfigKey,
  signaturePrefix,
} from '#client/clusterinfo.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { parseYaml } from '#format/yaml.ts';
import { UsageError } from './usage.ts';

export interface JoinOptions {
  readonly server: string;
  /** Needed the first time. */
  readonly token: string;
  readonly nodeName: string;
  readonly nodeIps: readonly string[];
  /** Where authority, certificates and keys are kept. */
  readonly dir: string;
}

export interface Joined {
  readonly ca: string;
  readonly client: Client;
  readonly identity: KeyPair;
  readonly serving: KeyPair;
  readonly facts: ClusterFacts;
  /** Ask for the next certificates, and keep them. `client` uses the new identity by itself. */
  readonly renewals: { identity(): Promise<KeyPair>; serving(): Promise<KeyPair> };
}

/** A certificate with less left of it than this share of its life is replaced. */
const renewShare = 0.3;
const patience = 60_000;
/** A signature by a token that was just made takes milliseconds, and some seconds on a busy machine. */
const signaturePatience = 20_000;
const pollEvery = 100;

const files = (dir: string) => ({ ca: `${dir}/ca.crt`, client: `${dir}/node-client.pem`, serving: `${dir}/node-serving.pem` });

function parseToken(token: string): { id: string; secret: string } {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token);
  if (match === null) throw new UsageError('--token must be a bootstrap token, e.g. of `tutti token create`');
  return { id: match[1] ?? '', secret: match[2] ?? '' };
}

/** The authority of the cluster, believed because the token's secret signed it. */
async function discover(world: World, options: JoinOptions): Promise<string> {
  const token = parseToken(options.token);
  const anonymous = createClient(httpTransport(world.net, { server: options.server, tls: { insecure: true } }));
  const until = world.clock.monotonic() + signaturePatience;
  for (;;) {
    const info = await anonymous.resource(ConfigMaps).get(clusterInfoName, { namespace: clusterInfoNamespace });
    const text = info.data?.[kubeconfigKey] ?? '';
    const signature = info.data?.[`${signaturePrefix}${token.id}`];
    if (signature !== undefined) {
      if (!isSignedBy(world.digest, { text, signature }, token))
        throw new UsageError('the server does not know this token: what it says about itself is not signed with it');
      const file = parseYaml(text) as { clusters?: { cluster?: { 'certificate-authority-data'?: string } }[] };
      return Buffer.from(file.clusters?.[0]?.cluster?.['certificate-authority-data'] ?? '', 'base64').toString('utf8');
    }
    // A token that was made a moment ago is about to sign.
    if (world.clock.monotonic() > until) throw new UsageError(`the server has no signature by the token ${token.id}: has it expired?`);
    await world.clock.sleep(pollEvery);
  }
}

async function readPair(world: Pick<World, 'fs'>, path: string): Promise<KeyPair | undefined> {
  const text = await world.fs.readText(path).catch(() => '');
  const at = text.indexOf('-----BEGIN PRIVATE KEY-----');
  return at > 0 ? { cert: text.slice(0, at), key: text.slice(at) } : undefined;
}

/** True when a kept certificate is for this purpose, by this authority, and not about to end. */
function isGood(
  world: Pick<World, 'pki' | 'clock'>,
  about: { pair: KeyPair | undefined; ca: string; check(cert: CertInfo): boolean },
): boolean {
  if (about.pair === undefined) return false;
  try {
    const cert = world.pki.parseCert(about.pair.cert);
    const left = cert.notAfter - world.clock.now();
    return left > (cert.notAfter - cert.notBefore) * renewShare && about.check(cert) && world.pki.signedBy(about.pair.cert, about.ca);
  } catch {
    return false;
  }
}

interface Asked {
  readonly signerName: string;
  readonly usage: 'client auth' | 'server auth';
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
}

/** Asks for a certificate and waits until it is signed. */
async function request(world: World, client: Client, options: JoinOptions, asked: Asked): Promise<KeyPair> {
  const { csr, key } = await world.pki.createCsr({
    commonName: `system:node:${options.nodeName}`,
    organizations: ['system:nodes'],
    ...(asked.dnsNames ? { dnsNames: asked.dnsNames } : {}),
    ...(asked.ips ? { ips: asked.ips } : {}),
  });
  const requests = client.resource(CertificateSigningRequests);
  const made = await requests.create({
    metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(csr, 'utf8').toString('base64'),
      signerName: asked.signerName,
      usages: ['digital signature', asked.usage],
    },
  });
  const until = world.clock.monotonic() + patience;
  for (;;) {
    const { status } = await requests.get(made.metadata.name);
    if (status.certificate) return { cert: Buffer.from(status.certificate, 'base64').toString('utf8'), key };
    const refused = status.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (refused) throw new Error(`the certificate request ${made.metadata.name} was refused: ${refused.message ?? refused.reason ?? ''}`);
    if (world.clock.monotonic() > until)
      throw new Error(
        `nobody has signed the certificate request ${made.metadata.name}: \`kubectl certificate approve ${made.metadata.name}\` may help`,
      );
    await world.clock.sleep(pollEvery);
  }
}

/** The Node with its addresses: serving certificates are given for addresses of known nodes only. */
async function registerAddresses(client: Client, { nodeName, nodeIps }: JoinOptions): Promise<void> {
  const nodes = client.resource(Nodes);
  const addresses = [...nodeIps.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: nodeName }];
  await nodes.create({ metadata: { name: nodeName, labels: { 'kubernetes.io/hostname': nodeName } }, spec: {} }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
  const body = { status: { addresses: [...addresses, { $patch: 'replace' }] } };
  await nodes.patch(nodeName, body, { type: 'strategic', subresource: 'status' });
}

/** Joins, or takes up what an earlier life of this node was given. */
export async function join(world: World, options: JoinOptions): Promise<Joined> {
  const { fs } = world;
  const at = files(options.dir);
  await fs.mkdir(options.dir, 0o700);
  const keep = async (path: string, pair: KeyPair): Promise<KeyPair> => {
    const cert = pair.cert.endsWith('\n') ? pair.cert : `${pair.cert}\n`;
    await fs.write(path, `${cert}${pair.key}`, { mode: 0o600, atomic: true });
    return pair;
  };
  const known = await fs.readText(at.ca).catch(() => undefined);
  if (known === undefined && options.token === '') throw new UsageError('--token is needed the first time that this machine joins');
  const ca = known ?? (await discover(world, options));
  if (known === undefined) await fs.write(at.ca, ca, { atomic: true });

  let identity = await readPair(world, at.client);
  const isMine = (cert: CertInfo): boolean => cert.commonName === `system:node:${options.nodeName}`;
  const clientAs = (user: { token?: string; pair?: () => KeyPair | undefined }): Client =>
    createClient(
      httpTransport(world.net, {
        server: options.server,
        tls: () => ({ ca, ...user.pair?.() }),
        ...(user.token ? { token: user.token } : {}),
        userAgent: 'tutti-agent',
      }),
    );
  const forClient = { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usage: 'client auth' } as const;
  const client = clientAs({ pair: () => identity });
  if (!isGood(world, { pair: identity, ca, check: isMine })) {
    // A certificate that is about to end still proves who asks for the next one.
    const old = identity !== undefined && options.token === '' ? client : clientAs({ token: options.token });
    identity = await keep(at.client, await request(world, old, options, forClient));
  }
  if (identity === undefined) throw new Error('no client certificate');
  await registerAddresses(client, options);
  const ips = options.nodeIps.map((address) => canonicalIp(address) ?? address);
  const forServer = {
    signerName: 'kubernetes.io/kubelet-serving',
    usage: 'server auth',
    dnsNames: [options.nodeName],
    ips: options.nodeIps,
  } as const;
  let serving = await readPair(world, at.serving);
  if (!isGood(world, { pair: serving, ca, check: (cert) => isMine(cert) && ips.every((ip) => cert.ips.includes(ip)) }))
    serving = await keep(at.serving, await request(world, client, options, forServer));
  if (serving === undefined) throw new Error('no serving certificate');
  const info = await client.resource(ConfigMaps).get(clusterInfoName, { namespace: clusterInfoNamespace });
  return {
    ca,
    client,
    identity,
    serving,
    facts: JSON.parse(info.data?.[factsKey] ?? '{}') as ClusterFacts,
    renewals: {
      // The client takes what it finds there at its next request.
      identity: async () => (identity = await keep(at.client, await request(world, client, options, forClient))),
      serving: async () => keep(at.serving, await request(world, client, options, forServer)),
    },
  };
}
