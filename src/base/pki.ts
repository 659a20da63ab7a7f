// Certificates and keys as an argument (DESIGN law 1). Everything is PEM text.

/** A certificate and its private key (PKCS#8). */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export type CertUsage = 'server' | 'client';

export interface IssueOptions {
  readonly commonName: string;
  /** Kubernetes groups, for a client certificate. */
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  readonly usages: readonly CertUsage[];
  /** Life in days; at most the authority's own. Default 365. */
  readonly days?: number;
}

export interface SignOptions {
  readonly usages: readonly CertUsage[];
  /** Life in milliseconds. */
  readonly duration: number;
}

export interface CsrInfo {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
  /** True when the request is signed by its own key. */
  readonly signed: boolean;
}

export interface CertInfo {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
}

export interface Pki {
  /** A self-signed authority (EC P-256). */
  createCa(commonName: string, days?: number): Promise<KeyPair>;
  /** A new key and a certificate for it (EC P-256). */
  issue(ca: KeyPair, options: IssueOptions): Promise<KeyPair>;
  /** A new key and a request for a certificate. */
  createCsr(options: Omit<IssueOptions, 'usages' | 'days'>): Promise<{ csr: string; key: string }>;
  /** Signs a request: subject and alternative names are taken from it as they are. Throws when its signature is wrong. */
  signCsr(ca: KeyPair, csr: string, options: SignOptions): Promise<string>;
  /** Throws on anything that is not a PEM certificate request. */
  parseCsr(csr: string): Promise<CsrInfo>;
  /** Throws on anything that is not a PEM certificate. */
  parseCert(cert: string): CertInfo;
  /** True when `cert` was signed by `ca`. */
  signedBy(cert: string, ca: string): boolean;
  generateKey(type: 'ec' | 'rsa'): Promise<{ publicKey: string; privateKey: string }>;
}
