// Service account tokens for pods: asked for when needed, renewed at 80 % of their life or after a day.
import type { World } from '#base/world.ts';
import type { TokenRequest } from '#api/authentication/v1/tokenrequest.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { ServiceAccounts } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import type { TokenSource } from '../parts.ts';
import { uidOf } from '../sync/spec.ts';

interface Held {
  readonly token: string;
  readonly issued: number;
  readonly expires: number;
  readonly refreshAt: number;
}

const day = 24 * 3600 * 1000;

/** When a token that lives from `issued` to `expires` is to be replaced: pure. */
export function refreshTime(issued: number, expires: number): number {
  return Math.min(issued + (expires - issued) * 0.8, issued + day);
}

export class PodTokens implements TokenSource {
  readonly #client: Client;
  readonly #clock: World['clock'];
  readonly #held = new Map<string, Held>();
  readonly #asking = new Map<string, Promise<Held>>();

  constructor(client: Client, clock: World['clock']) {
    this.#client = client;
    this.#clock = clock;
  }

  async token(
    pod: Pod,
    request: { audience: string; expirationSeconds: number },
  ): Promise<{ token: string; refreshAt: number; expires: number }> {
    const key = `${uidOf(pod)}/${pod.spec.serviceAccountName ?? ''}/${request.audience}/${request.expirationSeconds}`;
    const held = this.#held.get(key);
    const now = this.#clock.now();
    if (held && now < held.refreshAt) return held;
    try {
      return await this.#ask(key, pod, request);
    } catch (error) {
      // An old token that is still good is better than none; ask again soon.
      if (held && now < held.expires) return { ...held, refreshAt: now + 10_000 };
      throw error;
    }
  }

  #ask(key: string, pod: Pod, request: { audience: string; expirationSeconds: number }): Promise<Held> {
    const running = this.#asking.get(key);
    if (running) return running;
    const asking = this.#request(pod, request)
      .then((held) => {
        this.#held.set(key, held);
        return held;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #request(pod: Pod, request: { audience: string; expirationSeconds: number }): Promise<Held> {
    const { name, namespace, uid } = pod.metadata;
    const body: TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: request.audience ? [request.audience] : [],
        expirationSeconds: request.expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
      },
    } as unknown as TokenRequest;
    const account = pod.spec.serviceAccountName || 'default';
    const answer = await this.#client.resource(ServiceAccounts).createSub<TokenRequest>(account, 'token', body, { namespace });
    const issued = this.#clock.now();
    const expires = Date.parse(answer.status?.expirationTimestamp ?? '') || issued + request.expirationSeconds * 1000;
    return { token: answer.status?.token ?? '', issued, expires, refreshAt: refreshTime(issued, expires) };
  }

  forget(podUid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${podUid}/`)) this.#held.delete(key);
  }
}
