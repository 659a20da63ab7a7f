// Certificates for nodes and users: approves what nodes may have, signs what is approved, clears away what is old.
import { rfc3339 } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { CsrInfo, KeyPair } from '#base/pki.ts';
import type { Component } from '#base/world.ts';
import type { CertificateSigningRequest } from '#api/certificates/v1/certificatesigningrequest.ts';
import { CertificateSigningRequests, Nodes, SubjectAccessReviews } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { approvalPermissions, certUsages, csrIs, expiry, nodeNameOf, servesItself, signerProblem, toSign } from './plan.ts';

export interface CsrConfig {
  readonly ca: KeyPair;
  /** Longest life of a certificate in milliseconds. Default one year. */
  readonly longest?: number;
  /** Approve serving certificates that a node asks for its own addresses. Default true. */
  readonly approveServing?: boolean;
}

type Csr = CertificateSigningRequest;

const year = 365 * 86_400_000;
/** Rights may be given after the request was made. */
const askAgain = 30_000;

/** Starts approver, signer and cleaner. */
export function startCsrController(deps: ControllerDeps & CsrConfig): Component {
  const { client, informers, world, ca } = deps;
  const longest = deps.longest ?? year;
  const requests = informers.of(CertificateSigningRequests);
  const nodes = informers.of(Nodes);
  const resource = client.resource(CertificateSigningRequests);

  async function allowed(csr: Csr, subresource: string, signal: AbortSignal): Promise<boolean> {
    const { username: user, uid, groups, extra } = csr.spec;
    const resourceAttributes = {
      group: 'certificates.k8s.io',
      resource: 'certificatesigningrequests',
      verb: 'create',
      version: '*',
      subresource,
    };
    const review = await client
      .resource(SubjectAccessReviews)
      .create({ spec: { user, uid, groups, extra, resourceAttributes } }, { signal });
    return review.status?.allowed ?? false;
  }

  async function reasonToApprove(csr: Csr, info: CsrInfo, signal: AbortSignal): Promise<string | undefined> {
    for (const { subresource, message } of approvalPermissions(csr, info)) if (await allowed(csr, subresource, signal)) return message;
    const node = nodes.lister.get(nodeNameOf(info) ?? '');
    const serving = deps.approveServing !== false && servesItself(csr, info, node);
    return serving ? "Auto approving kubelet serving certificate: it names only the node's own addresses." : undefined;
  }

  async function approve(csr: Csr, message: string, signal: AbortSignal): Promise<void> {
    const now = rfc3339(world.clock.now());
    const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message, lastUpdateTime: now, lastTransitionTime: now };
    const conditions = [...(csr.status.conditions ?? []), condition];
    await resource.update({ ...csr, status: { ...csr.status, conditions } }, { subresource: 'approval', signal });
  }

  async function sign(csr: Csr, info: CsrInfo | string, signal: AbortSignal): Promise<void> {
    const problem = typeof info === 'string' ? info : signerProblem(csr, info);
    if (problem !== undefined) {
      const now = rfc3339(world.clock.now());
      const failed = {
        type: 'Failed',
        status: 'True',
        reason: 'SignerValidationFailure',
        message: problem,
        lastUpdateTime: now,
        lastTransitionTime: now,
      };
      const conditions = [...(csr.status.conditions ?? []), failed];
      await resource.updateStatus({ ...csr, status: { ...csr.status, conditions } }, { signal });
      return;
    }
    const asked = csr.spec.expirationSeconds;
    const duration = asked === undefined ? longest : Math.min(longest, Math.max(600, asked) * 1000);
    const pem = await world.pki.signCsr(ca, requestText(csr), { usages: certUsages(csr), duration });
    const certificate = Buffer.from(pem, 'utf8').toString('base64');
    await resource.updateStatus({ ...csr, status: { ...csr.status, certificate } }, { signal });
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    const csr = requests.lister.getByKey(key);
    if (csr === undefined) return;
    const left = expiry(csr) - world.clock.now();
    try {
      if (left <= 0) {
        await resource.delete(key, { signal, options: { preconditions: { uid: csr.metadata.uid } } });
        return;
      }
      const undecided = !csrIs(csr, 'Approved') && !csrIs(csr, 'Denied');
      if (!undecided && !toSign(csr)) return { requeueAfter: left };
      const info = await world.pki.parseCsr(requestText(csr)).catch((error: unknown) => `unable to parse csr: ${messageOf(error)}`);
      if (!undecided) await sign(csr, info, signal);
      else if (typeof info !== 'string') {
        const message = await reasonToApprove(csr, info, signal);
        if (message !== undefined) await approve(csr, message, signal);
        else if (approvalPermissions(csr, info).length > 0) return { requeueAfter: Math.min(left, askAgain) };
      }
      return { requeueAfter: left };
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return { requeueAfter: 20 };
      throw error;
    }
  }

  const handle = startController({ name: 'csr', world, workers: 2, synced: allSynced(requests, nodes), reconcile });
  const look = ({ metadata }: Csr): void => handle.enqueue(metadata.name);
  return withCleanup(
    handle,
    requests.onChange({ added: look, updated: look }),
    // A serving certificate may have been asked for before the node said its addresses.
    nodes.onChange({
      added: () => lookUndecided(),
      updated: ({ status }, previous) => {
        if (status.addresses?.length !== previous.status.addresses?.length) lookUndecided();
      },
    }),
  );

  function lookUndecided(): void {
    for (const csr of requests.lister.list()) if (!csrIs(csr, 'Approved') && !csrIs(csr, 'Denied')) look(csr);
  }
}

const requestText = (csr: Csr): string => Buffer.from(csr.spec.request, 'base64').toString('utf8');
