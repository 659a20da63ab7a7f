// Pure: which certificate requests are in order, who may have them without asking, and which have had their time.
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { CertUsage, CsrInfo } from '#base/pki.ts';

export const clientSigner = 'kubernetes.io/kube-apiserver-client';
export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving';
export const legacySigner = 'kubernetes.io/legacy-unknown';
const signers: ReadonlySet<string> = new Set([clientSigner, kubeletClientSigner, kubeletServingSigner, legacySigner]);

const nodePrefix = 'system:node:';
const nodesGroup = 'system:nodes';
const basicUsages = ['digital signature', 'key encipherment'];

type Csr = CertificateSigningRequest;

/** True when a condition of this type is set. */
export function csrIs(csr: Csr, type: 'Approved' | 'Denied' | 'Failed'): boolean {
  return csr.status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/** To be signed by us, now? */
export function toSign(csr: Csr): boolean {
  return (
    signers.has(csr.spec.signerName) && csrIs(csr, 'Approved') && !csrIs(csr, 'Denied') && !csrIs(csr, 'Failed') && !csr.status.certificate
  );
}

function usagesProblem(csr: Csr, main: string): string | undefined {
  const usages = new Set<string>(csr.spec.usages ?? []);
  const exact =
    usages.has(main) && usages.has('digital signature') && [...usages].every((usage) => usage === main || basicUsages.includes(usage));
  return exact ? undefined : `usages did not match [${[...basicUsages, main].join(' ')}]`;
}

function subjectProblem(info: CsrInfo): string | undefined {
  if (info.organizations.length !== 1 || info.organizations[0] !== nodesGroup) return 'subject organization is not system:nodes';
  if (!info.commonName.startsWith(nodePrefix)) return 'subject common name does not begin with system:node: ';
  return undefined;
}

/** Why the signer refuses this request; undefined when it is in order. */
export function signerProblem(csr: Csr, info: CsrInfo): string | undefined {
  const { signerName, usages = [] } = csr.spec;
  if (!info.signed) return 'the signature of the request is not valid';
  if (signerName === clientSigner) {
    if (!usages.includes('client auth')) return 'usages must include "client auth"';
    const strange = usages.find((usage) => usage !== 'client auth' && !basicUsages.includes(usage));
    return strange === undefined ? undefined : `usage ${JSON.stringify(strange)} is not permitted for this signer`;
  }
  if (signerName === kubeletClientSigner) {
    const named = [
      ['DNS', info.dnsNames],
      ['email', info.emails],
      ['IP', info.ips],
      ['URI', info.uris],
    ] as const;
    const extra = named.find(([, values]) => values.length > 0);
    return subjectProblem(info) ?? (extra ? `${extra[0]} subjectAltNames are not allowed` : undefined) ?? usagesProblem(csr, 'client auth');
  }
  if (signerName === kubeletServingSigner) {
    if (info.dnsNames.length === 0 && info.ips.length === 0) return 'at least one DNS or IP subjectAltName is required';
    if (info.emails.length > 0) return 'email subjectAltNames are not allowed';
    if (info.uris.length > 0) return 'URI subjectAltNames are not allowed';
    return subjectProblem(info) ?? usagesProblem(csr, 'server auth');
  }
  return undefined;
}

/** What the certificate may be used for. */
export function certUsages(csr: Csr): readonly CertUsage[] {
  const usages = csr.spec.usages ?? [];
  return [...(usages.includes('client auth') ? ['client' as const] : []), ...(usages.includes('server auth') ? ['server' as const] : [])];
}

/** Permissions, each of which suffices for approval without a human. */
export function approvalPermissions(csr: Csr, info: CsrInfo): readonly { readonly subresource: string; readonly message: string }[] {
  if (csr.spec.signerName !== kubeletClientSigner || signerProblem(csr, info) !== undefined) return [];
  const any = { subresource: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' };
  const self = { subresource: 'selfnodeclient', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' };
  return csr.spec.username === info.commonName ? [self, any] : [any];
}

/** A node asks for a serving certificate for itself, and names nothing but its own addresses. */
export function servesItself(csr: Csr, info: CsrInfo, node: Node | undefined): boolean {
  if (csr.spec.signerName !== kubeletServingSigner || node === undefined || signerProblem(csr, info) !== undefined) return false;
  if (csr.spec.username !== info.commonName || info.commonName !== `${nodePrefix}${node.metadata.name}`) return false;
  const own = new Set([node.metadata.name, ...(node.status.addresses ?? []).map(({ address }) => address)]);
  return [...info.dnsNames, ...info.ips].every((name) => own.has(name));
}

/** The node that a request is about. */
export function nodeNameOf(info: CsrInfo): string | undefined {
  return info.commonName.startsWith(nodePrefix) ? info.commonName.slice(nodePrefix.length) : undefined;
}

const hour = 3_600_000;

/** The time at which a request is to be deleted: decided ones after an hour, undecided ones after a day. */
export function expiry(csr: Csr): number {
  const created = Date.parse(csr.metadata.creationTimestamp ?? '') || 0;
  const decided = (csr.status.conditions ?? []).filter(({ type }) => type === 'Approved' || type === 'Denied' || type === 'Failed');
  if (decided.length === 0) return created + 24 * hour;
  const times = decided.map(({ lastUpdateTime }) => Date.parse(lastUpdateTime ?? '') || created);
  const done = csrIs(csr, 'Denied') || csrIs(csr, 'Failed') || Boolean(csr.status.certificate);
  return done ? Math.max(...times) + hour : created + 24 * hour;
}
