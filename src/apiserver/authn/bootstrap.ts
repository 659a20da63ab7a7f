// Bootstrap tokens: `<id>.<secret>`, kept as Secrets in kube-system, with which new nodes ask for certificates.
import type { Secret } from '#api/core/v1/secret.ts';
import type { UserInfo } from '#client/transport.ts';
import { authenticated } from './groups.ts';

export const bootstrapGroup = 'system:bootstrappers';
const secretType = 'bootstrap.kubernetes.io/token';
const pattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** Id and secret of something that looks like a bootstrap token. */
export function parseBootstrapToken(token: string): { id: string; secret: string } | undefined {
  const match = pattern.exec(token);
  return match ? { id: match[1] ?? '', secret: match[2] ?? '' } : undefined;
}

/** Name of the Secret that holds a bootstrap token. */
export function bootstrapSecretName(id: string): string {
  return `bootstrap-token-${id}`;
}

/** Compares without telling by its time where the texts differ. */
export function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** The user of a bootstrap token, judged by its Secret; undefined when it is not good for authentication. */
export function bootstrapUser(token: string, secret: Secret | undefined, now: number): UserInfo | undefined {
  const parts = parseBootstrapToken(token);
  if (parts === undefined || secret === undefined || secret.metadata.deletionTimestamp || secret.type !== secretType) return undefined;
  const value = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
  if (value('token-id') !== parts.id || !sameText(value('token-secret'), parts.secret)) return undefined;
  if (value('usage-bootstrap-authentication') !== 'true') return undefined;
  const expiration = value('expiration');
  if (expiration !== '' && !(Date.parse(expiration) > now)) return undefined;
  const extra = value('auth-extra-groups')
    .split(',')
    .filter((group) => group !== '');
  if (extra.some((group) => !groupPattern.test(group))) return undefined;
  return authenticated({ name: `system:bootstrap:${parts.id}`, groups: [bootstrapGroup, ...extra] });
}
