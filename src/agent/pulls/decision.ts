// Whether a pod may use an image that is on the node, by who has pulled it: pure.
import { type PulledRecord, type PullCredentials, type PullSecret, type PullServiceAccount, sameCoordinates } from './records.ts';

/** Credentials that a pod has for an image. */
export interface PodCredentials {
  readonly secrets: readonly PullSecret[];
  readonly serviceAccount?: PullServiceAccount;
}

/** More secrets than this are not noted for an image only because they were seen: pulls note theirs without a limit. */
const mostNoted = 100;

/** Whether only the pod's credentials can tell: whoever has pulled the image needed some. */
export function needsCredentials(record: PulledRecord | undefined, name: string): boolean {
  const known = record?.credentialMapping[name];
  return !known?.nodePodsAccessible && (known?.kubernetesSecrets !== undefined || known?.kubernetesServiceAccounts !== undefined);
}

/**
 * Whether the image was pulled by what the pod has: the same credentials in whatever secret, the same secret with whatever
 * credentials, or its service account. `note` is what should be remembered besides, so that the next change is followed too.
 */
export function judge(known: PullCredentials | undefined, pod: PodCredentials): { readonly allowed: boolean; readonly note?: PullSecret } {
  if (known?.nodePodsAccessible) return { allowed: true };
  const pulled = known?.kubernetesSecrets ?? [];
  const room = pulled.length < mostNoted;
  for (const secret of pod.secrets) {
    for (const one of pulled) {
      const sameHash = one.credentialHash !== '' && one.credentialHash === secret.credentialHash;
      const sameSecret = sameCoordinates(one, secret);
      if (sameHash) return { allowed: true, ...(!sameSecret && room ? { note: secret } : {}) };
      if (sameSecret && room) return { allowed: true, note: secret };
    }
  }
  const { serviceAccount } = pod;
  return {
    allowed: serviceAccount !== undefined && (known?.kubernetesServiceAccounts ?? []).some((one) => sameCoordinates(one, serviceAccount)),
  };
}
