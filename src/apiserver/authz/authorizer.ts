// The authorizers in their order, and the words of a refusal.
import { forbidden, type StatusError } from '#api/status.ts';
import { mastersGroup } from '../authn/groups.ts';
import type { Authorizer, AuthzAttributes, Backend, Decision } from '../chain.ts';
import { createNodeAuthorizer } from './node.ts';
import { createRbac, type Rbac } from './rbac.ts';

/** Administrators may do everything, whatever the roles say. */
export const mastersAuthorizer: Authorizer = {
  authorize: ({ user }) => (user.groups.includes(mastersGroup) ? { decision: 'allow' } : { decision: 'no-opinion' }),
};

/** Asks one after the other; the first allow or deny counts, the reasons of the others are kept. */
export function firstOf(...authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes): Promise<Decision> {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        // oxlint-disable-next-line no-await-in-loop
        const decision = await authorizer.authorize(attributes);
        if (decision.decision !== 'no-opinion') return decision;
        if (decision.reason) reasons.push(decision.reason);
      }
      return { decision: 'no-opinion', ...(reasons.length ? { reason: reasons.join('\n') } : {}) };
    },
  };
}

/** Masters, node agents, then roles. */
export function createAuthorizer(backend: Pick<Backend, 'peek' | 'list' | 'onChange'>): { authorizer: Authorizer; rbac: Rbac } {
  const rbac = createRbac(backend);
  return { authorizer: firstOf(mastersAuthorizer, createNodeAuthorizer(backend), rbac), rbac };
}

/** What a refusal says. */
export function forbiddenMessage(attributes: AuthzAttributes): string {
  const q = JSON.stringify;
  const { user, verb } = attributes;
  const who = `User ${q(user.name)}`;
  if (!attributes.isResource) return `${who} cannot ${verb} path ${q(attributes.path)}`;
  const resource = attributes.subresource ? `${attributes.resource}/${attributes.subresource}` : attributes.resource;
  const place = attributes.namespace ? `in the namespace ${q(attributes.namespace)}` : 'at the cluster scope';
  return `${who} cannot ${verb} resource ${q(resource)} in API group ${q(attributes.group)} ${place}`;
}

/** The 403 of a request that nobody allowed. */
export function forbiddenError(attributes: AuthzAttributes, reason?: string): StatusError {
  const message = reason ? `${forbiddenMessage(attributes)}: ${reason}` : forbiddenMessage(attributes);
  if (!attributes.isResource) return forbidden(undefined, '', message);
  return forbidden({ group: attributes.group, resource: attributes.resource }, attributes.name, message);
}
