// Tokens that a webhook knows: it is asked with a TokenReview, and its answers are kept for a while.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { UserInfo } from '#client/transport.ts';
import { callWebhook, type WebhookTarget } from '../webhook/client.ts';
import { authenticated } from './groups.ts';
import type { ForeignTokens } from './oidc.ts';
import type { TokenVerdict } from './serviceaccount.ts';

const life = 120_000;
const mostKept = 10_000;

interface Review {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly error?: string;
    readonly audiences?: readonly string[];
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: UserInfo['extra'];
    };
  };
}

/** Asks the webhook about tokens. */
export function webhookTokens(world: World, target: WebhookTarget, audiences: readonly string[]): ForeignTokens {
  const kept = new Map<string, { readonly verdict: TokenVerdict; readonly until: number }>();
  return async (token) => {
    const now = world.clock.monotonic();
    const key = world.digest.sha256(token);
    const known = kept.get(key);
    if (known && known.until > now) return known.verdict;
    let verdict: TokenVerdict | undefined;
    try {
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token, audiences } };
      const { status } = (await callWebhook(world, target, review, { timeout: 30_000 })) as Review;
      const { username, uid, groups = [], extra } = status?.user ?? {};
      if (status?.authenticated === true && username) {
        const user = authenticated({ name: username, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) });
        verdict = { ok: true, user, audiences: status.audiences ?? audiences };
      } else if (status?.error) verdict = { ok: false, ours: true, error: status.error };
    } catch (error) {
      world.log.warn('token not reviewed', { error: messageOf(error) });
      return undefined;
    }
    if (verdict) {
      if (kept.size >= mostKept) kept.delete(kept.keys().next().value ?? '');
      kept.set(key, { verdict, until: now + life });
    }
    return verdict;
  };
}
