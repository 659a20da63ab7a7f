// Impersonate-* headers: acting as somebody else, for those who may.
import { badRequest } from '#api/status.ts';
import type { HttpHeaders } from '#base/net.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Authorizer, AuthzAttributes } from '../chain.ts';
import { forbiddenError } from '../authz/authorizer.ts';
import {
  anonymous,
  authenticated,
  authenticatedGroup,
  serviceAccountGroups,
  splitServiceAccountUser,
  unauthenticatedGroup,
} from './groups.ts';

export interface Impersonation {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

const extraPrefix = 'impersonate-extra-';

// Repeated headers arrive joined; a group name never holds a comma.
const values = (header: string | undefined): string[] =>
  (header ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What the headers ask for; undefined without any. */
export function parseImpersonation(headers: HttpHeaders): Impersonation | undefined {
  const user = headers['impersonate-user'] ?? '';
  const uid = headers['impersonate-uid'] ?? '';
  const groups = values(headers['impersonate-group']);
  const extra: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(extraPrefix)) extra[unescape(name.slice(extraPrefix.length)).toLowerCase()] = values(value);
  }
  if (user === '' && uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  if (user === '') {
    throw badRequest(`requested ${JSON.stringify([...groups, ...Object.keys(extra)])} impersonation without impersonating a user`);
  }
  return { user, uid, groups, extra };
}

interface Right {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

function rightsNeeded(wanted: Impersonation): Right[] {
  const account = splitServiceAccountUser(wanted.user);
  const identity = 'authentication.k8s.io';
  return [
    account
      ? { group: '', resource: 'serviceaccounts', namespace: account.namespace, name: account.name }
      : { group: '', resource: 'users', name: wanted.user },
    ...wanted.groups.map((name) => ({ group: '', resource: 'groups', name })),
    ...Object.entries(wanted.extra).flatMap(([key, list]) =>
      list.map((name) => ({ group: identity, resource: 'userextras', subresource: key, name })),
    ),
    ...(wanted.uid ? [{ group: identity, resource: 'uids', name: wanted.uid }] : []),
  ];
}

/** The user that the impersonated one becomes. */
export function impersonatedUser(wanted: Impersonation): UserInfo {
  const account = splitServiceAccountUser(wanted.user);
  const groups = wanted.groups.length === 0 && account ? serviceAccountGroups(account.namespace) : wanted.groups;
  const user: UserInfo = {
    name: wanted.user,
    ...(wanted.uid ? { uid: wanted.uid } : {}),
    groups,
    ...(Object.keys(wanted.extra).length ? { extra: wanted.extra } : {}),
  };
  if (wanted.user === anonymous.name) {
    return groups.includes(unauthenticatedGroup) ? user : { ...user, groups: [...groups, unauthenticatedGroup] };
  }
  return groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup) ? user : authenticated(user);
}

/** Applies the headers: the user to go on as, or a 403 that says what is missing. */
export async function impersonate(user: UserInfo, headers: HttpHeaders, authorizer: Authorizer): Promise<UserInfo> {
  const wanted = parseImpersonation(headers);
  if (wanted === undefined) return user;
  for (const right of rightsNeeded(wanted)) {
    const attributes: AuthzAttributes = {
      user,
      verb: 'impersonate',
      isResource: true,
      version: 'v1',
      subresource: '',
      namespace: '',
      path: '',
      ...right,
    };
    // One right after the other: the first that is missing is the one that is told.
    // oxlint-disable-next-line no-await-in-loop
    const { decision } = await authorizer.authorize(attributes);
    if (decision === 'allow') continue;
    throw forbiddenError(attributes);
  }
  return impersonatedUser(wanted);
}
