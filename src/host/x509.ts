// Certificates: DER from base/x509.ts, keys and signatures from node:crypto.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  sign,
  verify,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { bitString, children, element, integer, read, sequence, time } from '#base/der.ts';
import type { CertInfo, IssueOptions, KeyPair, Pki } from '#base/pki.ts';
import { algorithmFor, extensions, type ExtensionOptions, name, parseRequest, requestInfo } from '#base/x509.ts';

const generate = promisify(generateKeyPair);
const day = 86_400_000;
// Clocks of machines differ a little.
const backdate = 5 * 60_000;

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function fromPem(label: string, text: string): Buffer {
  const match = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(text);
  if (match?.[1] === undefined) throw new Error(`PEM block type must be ${label}`);
  return Buffer.from(match[1], 'base64');
}

async function newKey(): Promise<{ key: string; privateKey: KeyObject; spki: Buffer }> {
  const { privateKey, publicKey } = await generate('ec', { namedCurve: 'prime256v1' });
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    privateKey,
    spki: publicKey.export({ format: 'der', type: 'spki' }),
  };
}

function keyType(key: KeyObject): 'ec' | 'rsa' {
  if (key.asymmetricKeyType === 'ec' || key.asymmetricKeyType === 'rsa') return key.asymmetricKeyType;
  throw new Error(`unsupported key type ${key.asymmetricKeyType}`);
}

function keyId(spki: Uint8Array): Buffer {
  const bits = children(read(spki))[1];
  return createHash('sha1')
    .update(bits?.body.subarray(1) ?? spki)
    .digest();
}

interface Body {
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: Omit<ExtensionOptions, 'subjectKeyId'>;
}

function certificate(signer: KeyObject, body: Body): string {
  const algorithm = algorithmFor(keyType(signer));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const tbs = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    body.issuer,
    sequence(time(body.notBefore), time(body.notAfter)),
    body.subject,
    body.spki,
    extensions({ ...body.extensions, subjectKeyId: keyId(body.spki) }),
  );
  return pem('CERTIFICATE', sequence(tbs, algorithm, bitString(sign('sha256', tbs, signer))));
}

/** What signing with an authority needs, from its certificate and key. */
function authority(ca: KeyPair): { signer: KeyObject; subject: Uint8Array; keyId: Buffer; notAfter: number } {
  const parsed = new X509Certificate(ca.cert);
  const fields = children(children(read(parsed.raw))[0] ?? read(parsed.raw));
  const subject = fields[5];
  if (subject === undefined) throw new Error('malformed CA certificate');
  return {
    signer: createPrivateKey(ca.key),
    subject: subject.raw,
    keyId: keyId(parsed.publicKey.export({ format: 'der', type: 'spki' })),
    notAfter: Date.parse(parsed.validTo),
  };
}

function unique(names: readonly string[] | undefined): string[] {
  return [...new Set(names)];
}

async function createCa(commonName: string, days = 3650): Promise<KeyPair> {
  const { key, privateKey, spki } = await newKey();
  const subject = name(commonName);
  const cert = certificate(privateKey, {
    issuer: subject,
    subject,
    spki,
    notBefore: Date.now() - backdate,
    notAfter: Date.now() + days * day,
    extensions: { authorityKeyId: keyId(spki), ca: true, usages: [] },
  });
  return { cert, key };
}

async function issue(ca: KeyPair, options: IssueOptions): Promise<KeyPair> {
  const { key, spki } = await newKey();
  const { signer, subject, keyId: authorityKeyId, notAfter } = authority(ca);
  const cert = certificate(signer, {
    issuer: subject,
    subject: name(options.commonName, unique(options.organizations)),
    spki,
    notBefore: Date.now() - backdate,
    notAfter: Math.min(Date.now() + (options.days ?? 365) * day, notAfter),
    extensions: { authorityKeyId, ca: false, usages: options.usages, dnsNames: unique(options.dnsNames), ips: unique(options.ips) },
  });
  return { cert, key };
}

async function createCsr(options: Omit<IssueOptions, 'usages' | 'days'>): Promise<{ csr: string; key: string }> {
  const { key, privateKey, spki } = await newKey();
  const info = requestInfo(name(options.commonName, unique(options.organizations)), spki, unique(options.dnsNames), unique(options.ips));
  return { key, csr: pem('CERTIFICATE REQUEST', sequence(info, algorithmFor('ec'), bitString(sign('sha256', info, privateKey)))) };
}

function parseSigned(csr: string): { parsed: ReturnType<typeof parseRequest>; publicKey: KeyObject; signed: boolean } {
  const parsed = parseRequest(fromPem('CERTIFICATE REQUEST', csr));
  const publicKey = createPublicKey({ key: Buffer.from(parsed.publicKey), format: 'der', type: 'spki' });
  const hash = parsed.hash === 'ed25519' ? null : parsed.hash;
  const signed = hash !== undefined && verify(hash, parsed.signedBytes, publicKey, parsed.signature);
  return { parsed, publicKey, signed };
}

function parseCert(cert: string): CertInfo {
  const parsed = new X509Certificate(cert);
  const { subject } = parsed.toLegacyObject() as { subject?: { CN?: string | string[]; O?: string | string[] } };
  const alternatives = (parsed.subjectAltName ?? '').split(', ');
  const taken = (prefix: string): string[] =>
    alternatives.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  return {
    commonName: [subject?.CN ?? ''].flat()[0] ?? '',
    organizations: subject?.O === undefined ? [] : [subject.O].flat(),
    dnsNames: taken('DNS:'),
    ips: taken('IP Address:'),
    issuer: parsed.issuer,
    serialNumber: parsed.serialNumber,
    notBefore: Date.parse(parsed.validFrom),
    notAfter: Date.parse(parsed.validTo),
    isCa: parsed.ca,
  };
}

export const realPki: Pki = {
  createCa,
  issue,
  createCsr,
  async signCsr(ca, csr, options) {
    const { parsed, publicKey, signed } = parseSigned(csr);
    if (!signed) throw new Error('the certificate request is not signed by its own key');
    const { signer, subject, keyId: authorityKeyId, notAfter } = authority(ca);
    return certificate(signer, {
      issuer: subject,
      subject: parsed.subject,
      spki: parsed.publicKey,
      notBefore: Date.now() - backdate,
      notAfter: Math.min(Date.now() + options.duration, notAfter),
      extensions: {
        authorityKeyId,
        ca: false,
        usages: options.usages,
        altNames: parsed.altNames,
        rsa: publicKey.asymmetricKeyType === 'rsa',
      },
    });
  },
  async parseCsr(csr) {
    const { parsed, signed } = parseSigned(csr);
    const { commonName, organizations, dnsNames, ips, emails, uris } = parsed;
    return { commonName, organizations, dnsNames, ips, emails, uris, signed };
  },
  parseCert,
  signedBy(cert, ca) {
    const child = new X509Certificate(cert);
    const parent = new X509Certificate(ca);
    return child.checkIssued(parent) && child.verify(parent.publicKey);
  },
  async generateKey(type) {
    const format = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } } as const;
    return type === 'ec'
      ? await generate('ec', { namedCurve: 'prime256v1', ...format })
      : await generate('rsa', { modulusLength: 2048, ...format });
  },
};
