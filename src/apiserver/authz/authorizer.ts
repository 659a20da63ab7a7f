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
  const undecided = (reasons: readonly string[]): Decision => ({
    decision: 'no-opinion',
    ...(reasons.length ? { reason: reasons.join('\n') } : {}),
  });
  /** Only authorizers that have to ask somebody cost the others a promise. */
  async function rest(attributes: AuthzAttributes, first: Promise<Decision>, next: number, reasons: string[]): Promise<Decision> {
    let decision = await first;
    for (let i = next; ; i++) {
      if (decision.decision !== 'no-opinion') return decision;
      if (decision.reason) reasons.push(decision.reason);
      if (i >= authorizers.length) return undecided(reasons);
      // oxlint-disable-next-line no-await-in-loop
      decision = await (authorizers[i] as Authorizer).authorize(attributes);
    }
  }
  return {
    authorize(attributes) {
      const reasons: string[] = [];
      for (let i = 0; i < authorizers.length; i++) {
        const decided = (authorizers[i] as Authorizer).authorize(attributes);
        if (decided instanceof Promise) return rest(attributes, decided, i + 1, reasons);
        if (decided.decision !== 'no-opinion') return decided;
        if (decided.reason) reasons.push(decided.reason);
      }
      return undecided(reasons);
    },
  };
}

/** Masters, node agents, then roles, then others. */
export function createAuthorizer(
  backend: Pick<Backend, 'peek' | 'list' | 'onChange'>,
  more: readonly Authorizer[] = [],
): { authorizer: Authorizer; rbac: Rbac } {
  const rbac = createRbac(backend);
  return { authorizer: firstOf(mastersAuthorizer, createNodeAuthorizer(backend), rbac, ...more), rbac };
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
