// The claims of pods for devices: which are to be made, who still has them reserved, and when they go. Pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, type Draft } from '#api/object.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { Pods } from '#api/refs.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import type { ResourceClaimTemplate } from '#api/resource/v1/resourceclaimtemplate.ts';
import { controllerRef } from '#client/ownership.ts';

export const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name';
/** Set by the scheduler when it allocates: the claim stays until it is deallocated. */
export const protection = 'resource.kubernetes.io/delete-protection';

type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number];

/** The claim that a pod's entry asks for by its template. */
export function claimFromTemplate(pod: Pod, { name }: PodClaim, template: ResourceClaimTemplate): Draft<ResourceClaim> {
  const { labels, annotations } = template.spec.metadata ?? {};
  return {
    metadata: {
      generateName: `${pod.metadata.name}-${name}-`,
      namespace: pod.metadata.namespace ?? '',
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [podClaimAnnotation]: name },
      ownerReferences: [controllerRef(pod, Pods)],
    },
    spec: template.spec.spec,
  };
}

export interface PodClaims {
  /** Entries whose claim must be made. */
  readonly missing: readonly PodClaim[];
  /** The names of the claims as the pod's status should tell them; undefined: it does. */
  readonly statuses: readonly { readonly name: string; readonly resourceClaimName?: string }[] | undefined;
}

/** What a pod's entries lack; `owned` are the claims that were made for the pod. */
export function planPod(pod: Pod, owned: readonly ResourceClaim[]): PodClaims {
  const missing: PodClaim[] = [];
  const known = pod.status.resourceClaimStatuses ?? [];
  const statuses: { name: string; resourceClaimName?: string }[] = [];
  let changed = false;
  for (const entry of pod.spec.resourceClaims ?? []) {
    if (entry.resourceClaimTemplateName === undefined) continue;
    const told = known.find(({ name }) => name === entry.name);
    const claim = owned.find(({ metadata }) => metadata.annotations?.[podClaimAnnotation] === entry.name);
    if (told !== undefined) statuses.push(told);
    else if (claim === undefined) missing.push(entry);
    else {
      statuses.push({ name: entry.name, resourceClaimName: claim.metadata.name });
      changed = true;
    }
  }
  return { missing, statuses: changed ? statuses : undefined };
}

export type ClaimStep =
  | { readonly type: 'keep' }
  | { readonly type: 'status'; readonly claim: ResourceClaim; readonly unprotect: boolean }
  | { readonly type: 'unprotect'; readonly claim: ResourceClaim }
  | { readonly type: 'delete' };

const withoutProtection = (claim: ResourceClaim): ResourceClaim => ({
  ...claim,
  metadata: { ...claim.metadata, finalizers: (claim.metadata.finalizers ?? []).filter((name) => name !== protection) },
});

/** A pod that is gone, or will not run (again), uses nothing. */
export function isDone(pod: Pod | undefined, uid: string): boolean {
  if (pod === undefined || pod.metadata.uid !== uid || isPodTerminal(pod)) return true;
  return pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName;
}

/** What becomes of a claim: reservations of finished pods end, then the allocation, then a claim made for a pod. */
export function planClaim(claim: ResourceClaim, podOf: (name: string) => Pod | undefined): ClaimStep {
  const reserved = claim.status.reservedFor ?? [];
  const valid = reserved.filter(
    ({ apiGroup, resource, name, uid }) => (apiGroup ?? '') !== '' || resource !== 'pods' || !isDone(podOf(name), uid),
  );
  const held = claim.metadata.finalizers?.includes(protection) ?? false;
  if (valid.length < reserved.length || (valid.length === 0 && claim.status.allocation !== undefined && held)) {
    const { allocation, ...rest } = claim.status;
    const keeps = valid.length > 0 || !held ? { ...rest, ...(allocation ? { allocation } : {}) } : rest;
    const status = { ...keeps, ...(valid.length > 0 ? { reservedFor: valid } : { reservedFor: undefined }) };
    return { type: 'status', claim: { ...claim, status } as ResourceClaim, unprotect: valid.length === 0 && held };
  }
  if (held && claim.metadata.deletionTimestamp !== undefined && claim.status.allocation === undefined)
    return { type: 'unprotect', claim: withoutProtection(claim) };
  const owner = controllerOf(claim);
  const generated = owner?.kind === 'Pod' && claim.metadata.annotations?.[podClaimAnnotation] !== undefined;
  if (valid.length === 0 && generated && claim.metadata.deletionTimestamp === undefined && isDone(podOf(owner.name), owner.uid))
    return { type: 'delete' };
  return { type: 'keep' };
}

export { withoutProtection };
