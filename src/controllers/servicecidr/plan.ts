// What a range of Service addresses needs next: protection while addresses depend on it, and its condition (KEP-1880). Pure.
import { isInside, parseCidr } from '#api/addresses.ts';
import type { ServiceCIDR } from '#api/networking/v1/servicecidr.ts';

export const protection = 'networking.k8s.io/service-cidr-finalizer';
/**
 * So long after its deletion began a server may still hand out addresses of a range, in milliseconds: it reads the ranges
 * from its watch cache, which is behind by milliseconds.
 */
export const deletionGrace = 1_000;

const texts = {
  True: { reason: '', message: 'Kubernetes Service CIDR is ready' },
  False: {
    reason: 'Terminating',
    message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
  },
} as const;

export type Step =
  | { readonly do: 'nothing' }
  | { readonly do: 'finalizers'; readonly finalizers: readonly string[] }
  | { readonly do: 'condition'; readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }
  | { readonly do: 'wait'; readonly ms: number };

/** The other ranges in which all of this one lies, network by network. */
function isCovered(cidr: ServiceCIDR, others: readonly ServiceCIDR[]): boolean {
  const networks = others.flatMap(({ spec }) => (spec.cidrs ?? []).map(parseCidr)).filter((one) => one !== undefined);
  return (cidr.spec.cidrs ?? []).every((text) => {
    const own = parseCidr(text);
    return own !== undefined && networks.some((outer) => outer.prefix <= own.prefix && isInside(text.split('/')[0] ?? '', outer));
  });
}

/** True when an address would be left without a range. */
export function isNeeded(cidr: ServiceCIDR, all: readonly ServiceCIDR[], addresses: readonly string[]): boolean {
  const others = all.filter(({ metadata }) => metadata.name !== cidr.metadata.name);
  if (isCovered(cidr, others)) return false;
  const holds = (one: ServiceCIDR, address: string): boolean =>
    (one.spec.cidrs ?? []).some((text) => {
      const network = parseCidr(text);
      return network !== undefined && isInside(address, network);
    });
  return addresses.some((address) => holds(cidr, address) && !others.some((other) => holds(other, address)));
}

/** The next step for a range, given all ranges and the addresses that Services have; `now` in milliseconds. */
export function nextStep(cidr: ServiceCIDR, all: readonly ServiceCIDR[], addresses: readonly string[], now: number): Step {
  const { deletionTimestamp, finalizers = [] } = cidr.metadata;
  const present = cidr.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const become = (status: 'True' | 'False'): Step =>
    present === status ? { do: 'nothing' } : { do: 'condition', status, ...texts[status] };
  if (deletionTimestamp === undefined)
    return finalizers.includes(protection) ? become('True') : { do: 'finalizers', finalizers: [...finalizers, protection] };
  if (!finalizers.includes(protection)) return { do: 'nothing' };
  if (isNeeded(cidr, all, addresses)) return become('False');
  const ms = Date.parse(deletionTimestamp) + deletionGrace - now;
  return ms > 0 ? { do: 'wait', ms } : { do: 'finalizers', finalizers: finalizers.filter((one) => one !== protection) };
}
