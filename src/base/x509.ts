// X.509 names, extensions and requests as DER. Pure: signing is the caller's (host/x509.ts).
import { bitString, children, type DerNode, element, octetString, oid, oidText, read, sequence, tag, text } from './der.ts';
import type { CertUsage, CsrInfo } from './pki.ts';

const ids = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectKeyId: '2.5.29.14',
  authorityKeyId: '2.5.29.35',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  rsaSha256: '1.2.840.113549.1.1.11',
  extensionRequest: '1.2.840.113549.1.9.14',
} as const;

/** The signature algorithm of a key. */
export function algorithmFor(keyType: 'ec' | 'rsa'): Buffer {
  return keyType === 'ec' ? sequence(oid(ids.ecdsaSha256)) : sequence(oid(ids.rsaSha256), element(0x05));
}

/** The hash that a signature algorithm of a request means; undefined for one that we don't take. */
export function hashOf(algorithm: string): string | undefined {
  return {
    '1.2.840.10045.4.3.2': 'sha256',
    '1.2.840.10045.4.3.3': 'sha384',
    '1.2.840.10045.4.3.4': 'sha512',
    '1.2.840.113549.1.1.11': 'sha256',
    '1.2.840.113549.1.1.12': 'sha384',
    '1.2.840.113549.1.1.13': 'sha512',
    '1.3.101.112': 'ed25519',
  }[algorithm];
}

/** A distinguished name: organizations, then the common name, as Go writes it. */
export function name(commonName: string, organizations: readonly string[] = []): Buffer {
  const attribute = (id: string, value: string): Buffer => sequence(oid(id), element(tag.utf8, Buffer.from(value)));
  const parts: Buffer[] = [];
  if (organizations.length > 0) {
    // The members of a SET are sorted in DER.
    const members = organizations.map((organization) => attribute(ids.organization, organization)).sort(Buffer.compare);
    parts.push(element(tag.set, ...members));
  }
  if (commonName !== '') parts.push(element(tag.set, attribute(ids.commonName, commonName)));
  return sequence(...parts);
}

function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [element(tag.boolean, Buffer.from([0xff]))] : []), octetString(value));
}

/** The bytes of an IP address in text; undefined when it is none. */
export function ipBytes(address: string): Buffer | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (four) {
    const bytes = four.slice(1).map(Number);
    return bytes.every((byte) => byte < 256) ? Buffer.from(bytes) : undefined;
  }
  if (!/^[0-9a-fA-F:]+$/.test(address) || !address.includes(':')) return undefined;
  const [head = '', tail] = address.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all =
    tail === undefined ? left : [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0), ...right];
  if (all.length !== 8 || all.some((group) => !(group >= 0 && group <= 0xffff))) return undefined;
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  const long = groups.join(':');
  // The longest run of zero groups becomes '::' (RFC 5952).
  const runs = [...long.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const run = runs[0];
  if (run === undefined) return long;
  return `${long.slice(0, run.index)}::${long.slice(run.index + run[0].length).replace(/^:/, '')}`;
}

function altNames(dnsNames: readonly string[], ips: readonly string[]): Buffer {
  return sequence(
    ...dnsNames.map((dns) => element(0x82, Buffer.from(dns))),
    ...ips.map((address) => {
      const bytes = ipBytes(address);
      if (bytes === undefined) throw new Error(`not an IP address: ${address}`);
      return element(0x87, bytes);
    }),
  );
}

export interface ExtensionOptions {
  readonly subjectKeyId: Uint8Array;
  readonly authorityKeyId: Uint8Array;
  readonly ca: boolean;
  readonly usages: readonly CertUsage[];
  /** DER of a SubjectAltName, or names to make it from. */
  readonly altNames?: Uint8Array;
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  /** RSA keys may also encipher keys. */
  readonly rsa?: boolean;
}

/** The extensions block of a certificate. */
export function extensions(options: ExtensionOptions): Buffer {
  const list: Buffer[] = [];
  // keyCertSign + cRLSign + digitalSignature for an authority; digitalSignature (+ keyEncipherment) for others
  const bits = options.ca
    ? bitString(Buffer.from([0x86]), 1)
    : options.rsa
      ? bitString(Buffer.from([0xa0]), 5)
      : bitString(Buffer.from([0x80]), 7);
  list.push(extension(ids.keyUsage, true, bits));
  if (options.usages.length > 0)
    list.push(extension(ids.extendedKeyUsage, false, sequence(...options.usages.map((usage) => oid(ids[usage])))));
  list.push(extension(ids.basicConstraints, true, options.ca ? sequence(element(tag.boolean, Buffer.from([0xff]))) : sequence()));
  list.push(extension(ids.subjectKeyId, false, octetString(options.subjectKeyId)));
  if (!options.ca) list.push(extension(ids.authorityKeyId, false, sequence(element(0x80, options.authorityKeyId))));
  const dnsNames = options.dnsNames ?? [];
  const ips = options.ips ?? [];
  if (options.altNames !== undefined) list.push(extension(ids.subjectAltName, false, options.altNames));
  else if (dnsNames.length + ips.length > 0) list.push(extension(ids.subjectAltName, false, altNames(dnsNames, ips)));
  return element(0xa3, sequence(...list));
}

/** What a request asks for (to be signed): subject, key, alternative names. */
export function requestInfo(subject: Uint8Array, publicKey: Uint8Array, dnsNames: readonly string[], ips: readonly string[]): Buffer {
  const asked = dnsNames.length + ips.length === 0 ? [] : [extension(ids.subjectAltName, false, altNames(dnsNames, ips))];
  const attributes = asked.length === 0 ? [] : [sequence(oid(ids.extensionRequest), element(tag.set, sequence(...asked)))];
  return sequence(element(tag.integer, Buffer.from([0])), subject, publicKey, element(0xa0, ...attributes));
}

export interface ParsedCsr extends Omit<CsrInfo, 'signed'> {
  readonly subject: Uint8Array;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** DER of the SubjectAltName asked for. */
  readonly altNames: Uint8Array | undefined;
  readonly signedBytes: Uint8Array;
  readonly hash: string | undefined;
  readonly signature: Uint8Array;
}

function need(node: DerNode | undefined, wanted: number): DerNode {
  if (node === undefined || node.tag !== wanted) throw new Error('asn1: structure error: tags don’t match');
  return node;
}

function requestedExtensions(attributes: DerNode | undefined): Map<string, DerNode> {
  const result = new Map<string, DerNode>();
  if (attributes === undefined) return result;
  for (const attribute of children(need(attributes, 0xa0))) {
    const [id, values] = children(attribute);
    if (id === undefined || oidText(id) !== ids.extensionRequest) continue;
    const list = children(need(values, tag.set))[0];
    for (const entry of list === undefined ? [] : children(list)) {
      const parts = children(entry);
      const value = parts.at(-1);
      if (parts[0] !== undefined && value !== undefined) result.set(oidText(parts[0]), need(value, tag.octetString));
    }
  }
  return result;
}

/** Reads the DER of a certificate request; throws on anything else. */
export function parseRequest(der: Uint8Array): ParsedCsr {
  const outer = children(need(read(der), tag.sequence));
  const info = need(outer[0], tag.sequence);
  const algorithm = children(need(outer[1], tag.sequence))[0];
  const [, subject, publicKey, attributes] = children(info);
  const names = { commonName: '', organizations: [] as string[] };
  for (const set of children(need(subject, tag.sequence))) {
    for (const attribute of children(set)) {
      const [id, value] = children(attribute);
      if (id === undefined || value === undefined) continue;
      if (oidText(id) === ids.commonName) names.commonName = text(value);
      else if (oidText(id) === ids.organization) names.organizations.push(text(value));
    }
  }
  const alt = requestedExtensions(attributes).get(ids.subjectAltName)?.body;
  const general = alt === undefined ? [] : children(read(alt));
  const texts = (wanted: number): string[] => general.filter((entry) => entry.tag === wanted).map(text);
  return {
    ...names,
    dnsNames: texts(0x82),
    emails: texts(0x81),
    uris: texts(0x86),
    ips: general.filter((entry) => entry.tag === 0x87).map((entry) => ipText(entry.body)),
    subject: need(subject, tag.sequence).raw,
    publicKey: need(publicKey, tag.sequence).raw,
    altNames: alt,
    signedBytes: info.raw,
    hash: algorithm === undefined ? undefined : hashOf(oidText(algorithm)),
    signature: need(outer[2], tag.bitString).body.subarray(1),
  };
}
