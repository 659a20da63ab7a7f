// The resource claims of pods and their containers: pure.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import type { ClaimRef, PreparedDevice } from './driver.ts';

/** A claim of a pod: the pod's own name for it, and the object's. */
export interface PodClaim {
  readonly name: string;
  readonly claimName: string;
}

/** What was prepared for a pod, claim by claim. */
export interface PreparedClaim {
  readonly podUid: string;
  /** The pod's own name for the claim. */
  readonly name: string;
  readonly claim: ClaimRef;
  readonly devices: Readonly<Record<string, readonly PreparedDevice[]>>;
}

/** The claims of a pod. Throws when one that comes from a template is not made yet. */
export function podClaims(pod: Pod): PodClaim[] {
  return (pod.spec.resourceClaims ?? []).flatMap(({ name, resourceClaimName, resourceClaimTemplateName }) => {
    if (resourceClaimName) return [{ name, claimName: resourceClaimName }];
    if (!resourceClaimTemplateName) return [];
    const status = pod.status?.resourceClaimStatuses?.find((candidate) => candidate.name === name);
    if (!status) throw new Error(`claim ${name}: ResourceClaim not created yet`);
    // A template may turn out to need no claim.
    return status.resourceClaimName ? [{ name, claimName: status.resourceClaimName }] : [];
  });
}

/** The drivers that must prepare a claim for a pod. Throws when the claim is not for this pod, or not allocated. */
export function driversOf(claim: ResourceClaim, podUid: string): string[] {
  const { name } = claim.metadata;
  if (!claim.status?.allocation) throw new Error(`ResourceClaim ${name} is not allocated`);
  if (!claim.status.reservedFor?.some(({ uid }) => uid === podUid)) {
    throw new Error(`pod (${podUid}) is not allowed to use ResourceClaim ${name}`);
  }
  return [...new Set((claim.status.allocation.devices?.results ?? []).map(({ driver }) => driver))];
}

/** The CDI devices that a container gets: of all its claims, or of the requests that it names. */
export function cdiDevices(container: Pick<Container, 'resources'>, prepared: readonly PreparedClaim[]): { readonly name: string }[] {
  const ids = (container.resources?.claims ?? []).flatMap(({ name, request }) =>
    prepared
      .filter((one) => one.name === name)
      .flatMap(({ devices }) => Object.values(devices).flat())
      // A request with alternatives is prepared as `request/alternative`.
      .filter(({ requestNames }) => !request || requestNames.some((one) => one === request || one.startsWith(`${request}/`)))
      .flatMap(({ cdiDeviceIds }) => cdiDeviceIds),
  );
  return [...new Set(ids)].map((name) => ({ name }));
}
