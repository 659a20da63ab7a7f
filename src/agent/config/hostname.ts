// A pod's host name and domain: pure.
import type { Pod } from '#api/core/v1/pod.ts';

const maxHostName = 63;
const maxFqdn = 64;

export interface HostName {
  readonly hostname: string;
  /** Empty without a subdomain. */
  readonly domain: string;
  /** What the kernel is told. */
  readonly kernelName: string;
}

/** Names of a pod. Rejects when the full name is wanted and too long. */
export function podHostName(pod: Pod, clusterDomain: string): HostName {
  const { hostname: wanted, hostnameOverride, subdomain, setHostnameAsFQDN } = pod.spec;
  if (hostnameOverride) return { hostname: hostnameOverride, domain: '', kernelName: hostnameOverride };
  const hostname = wanted || pod.metadata.name.slice(0, maxHostName).replace(/[-.]+$/, '');
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
  if (!setHostnameAsFQDN || !domain) return { hostname, domain, kernelName: hostname };
  const fqdn = `${hostname}.${domain}`;
  if (fqdn.length > maxFqdn) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${maxFqdn} characters is the max, ${fqdn.length} characters requested)`,
    );
  }
  return { hostname, domain, kernelName: fqdn };
}
