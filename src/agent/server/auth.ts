// Who may use the agent's API: holders of a client certificate that the cluster's authority signed, of the right name.
import type { PeerCertificate } from '#base/net.ts';

/** HTTP status of a refusal and its text; undefined when allowed. */
export function refusal(peer: PeerCertificate | undefined, allowedUsers: readonly string[]): { code: 401 | 403; text: string } | undefined {
  if (!peer?.trusted) return { code: 401, text: 'Unauthorized' };
  if (peer.organizations.includes('system:masters') || allowedUsers.includes(peer.commonName)) return undefined;
  return { code: 403, text: `Forbidden (user=${peer.commonName})` };
}
