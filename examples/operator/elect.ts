// Leader election by a Lease: who holds it works; who cannot renew it in time must stop.
import { ApiException, type CoordinationV1Api, V1MicroTime, type V1Lease } from '@kubernetes/client-node';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Election {
  readonly api: CoordinationV1Api;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Seconds after which others may take over. */
  readonly duration: number;
}

const isCode = (error: unknown, code: number): boolean => error instanceof ApiException && error.code === code;

/** Takes or renews the lease; false while somebody else holds it. */
async function hold({ api, namespace, name, identity, duration }: Election): Promise<boolean> {
  const now = new Date();
  const spec = { holderIdentity: identity, leaseDurationSeconds: duration, renewTime: new V1MicroTime(now) };
  let lease: V1Lease;
  try {
    lease = await api.readNamespacedLease({ name, namespace });
  } catch (error) {
    if (!isCode(error, 404)) throw error;
    await api.createNamespacedLease({ namespace, body: { metadata: { name }, spec: { ...spec, acquireTime: spec.renewTime } } });
    return true;
  }
  const { holderIdentity, renewTime } = lease.spec ?? {};
  const fresh = renewTime !== undefined && now.getTime() - new Date(renewTime).getTime() < duration * 1000;
  if (holderIdentity && holderIdentity !== identity && fresh) return false;
  const taken =
    holderIdentity === identity ? lease.spec : { leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1, acquireTime: spec.renewTime };
  await api.replaceNamespacedLease({ name, namespace, body: { ...lease, spec: { ...taken, ...spec } } });
  return true;
}

/** Waits until the lease is ours, calls `lead`, renews meanwhile, and gives the lease up when the signal aborts. */
export async function whileLeading(election: Election, signal: AbortSignal, lead: (lost: AbortSignal) => Promise<void>): Promise<void> {
  const tryHold = (): Promise<boolean> => hold(election).catch(() => false);
  while (!signal.aborted && !(await tryHold())) await sleep(1000, undefined, { signal }).catch(() => undefined);
  if (signal.aborted) return;
  const lost = new AbortController();
  const leading = lead(AbortSignal.any([signal, lost.signal]));
  let renewed = Date.now();
  while (!signal.aborted) {
    await sleep((election.duration * 1000) / 3, undefined, { signal }).catch(() => undefined);
    if (await tryHold()) renewed = Date.now();
    else if (Date.now() - renewed > election.duration * 1000) break;
  }
  lost.abort();
  await leading;
  if (!signal.aborted) return;
  // Others need not wait until the lease runs out.
  const { api, name, namespace } = election;
  const lease = await api.readNamespacedLease({ name, namespace });
  if (lease.spec?.holderIdentity === election.identity) {
    await api.replaceNamespacedLease({ name, namespace, body: { ...lease, spec: { ...lease.spec, holderIdentity: '' } } });
  }
}
