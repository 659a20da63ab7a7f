// An authorizer outside: asked with a SubjectAccessReview when nobody before it has decided.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Authorizer, AuthzAttributes, Decision } from '../chain.ts';
import { callWebhook, type WebhookTarget } from '../webhook/client.ts';

const allowedLife = 300_000;
const refusedLife = 30_000;
const mostKept = 10_000;

function specOf(attributes: AuthzAttributes): object {
  const { user, verb, isResource, group, version, resource, subresource, namespace, name, path } = attributes;
  return {
    user: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: user.groups,
    ...(user.extra ? { extra: user.extra } : {}),
    ...(isResource
      ? {
          resourceAttributes: {
            verb,
            resource,
            ...(namespace ? { namespace } : {}),
            ...(group ? { group } : {}),
            version,
            ...(subresource ? { subresource } : {}),
            ...(name ? { name } : {}),
          },
        }
      : { nonResourceAttributes: { path, verb } }),
  };
}

/** Makes the authorizer. One that cannot be asked has no opinion. */
export function webhookAuthorizer(world: World, target: WebhookTarget): Authorizer {
  const kept = new Map<string, { readonly decision: Decision; readonly until: number }>();
  return {
    async authorize(attributes) {
      const spec = specOf(attributes);
      const key = JSON.stringify(spec);
      const now = world.clock.monotonic();
      const known = kept.get(key);
      if (known && known.until > now) return known.decision;
      let decision: Decision;
      try {
        const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec };
        const { status } = (await callWebhook(world, target, review, { timeout: 30_000 })) as {
          status?: { allowed?: boolean; denied?: boolean; reason?: string };
        };
        const reason = status?.reason ? { reason: status.reason } : {};
        decision = { decision: status?.allowed === true ? 'allow' : status?.denied === true ? 'deny' : 'no-opinion', ...reason };
      } catch (error) {
        world.log.warn('access not reviewed', { error: messageOf(error) });
        return { decision: 'no-opinion' };
      }
      if (kept.size >= mostKept) kept.delete(kept.keys().next().value ?? '');
      kept.set(key, { decision, until: now + (decision.decision === 'allow' ? allowedLife : refusedLife) });
      return decision;
    },
  };
}
