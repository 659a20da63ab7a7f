// Names of users and groups that the system itself gives out.
import type { UserInfo } from '#client/transport.ts';

export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';
export const mastersGroup = 'system:masters';
export const nodesGroup = 'system:nodes';
export const serviceAccountsGroup = 'system:serviceaccounts';
export const serviceAccountPrefix = 'system:serviceaccount:';

/** Extra key under which the identity of the credential is told. */
export const credentialIdKey = 'authentication.kubernetes.io/credential-id';

/** Who a request without credentials is. */
export const anonymous: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] };

/** Everyone who is authenticated is in this group. */
export function authenticated(user: UserInfo): UserInfo {
  if (user.name === anonymous.name || user.groups.includes(authenticatedGroup)) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}

/** The user name of a ServiceAccount. */
export function serviceAccountUser(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

/** A user as AdmissionReviews and events of the audit log show it. */
export function userInfoOf(user: UserInfo): { username: string; uid?: string; groups: readonly string[]; extra?: UserInfo['extra'] } {
  const { name, uid, groups, extra } = user;
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra && Object.keys(extra).length > 0 ? { extra } : {}) };
}

/** Namespace and name in the user name of a ServiceAccount, or undefined. */
export function splitServiceAccountUser(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...more] = user.slice(serviceAccountPrefix.length).split(':');
  return namespace && name && more.length === 0 ? { namespace, name } : undefined;
}

/** A component of the system by its user name, with the groups that the name brings. */
export function componentUser(name: string): UserInfo {
  const account = splitServiceAccountUser(name);
  if (account) return authenticated({ name, groups: serviceAccountGroups(account.namespace) });
  return authenticated({ name, groups: name.startsWith('system:node:') ? [nodesGroup] : [] });
}

/** The groups of every ServiceAccount of a namespace. */
export function serviceAccountGroups(namespace: string): string[] {
  return [serviceAccountsGroup, `${serviceAccountsGroup}:${namespace}`];
}
