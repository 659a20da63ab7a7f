// Credentials from plugins, kept for as long as the plugins say.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ServiceAccount } from '#api/core/v1/serviceaccount.ts';
import { parseReference, type Reference } from '../images/reference.ts';
import type { TokenSource, TrackedAuth } from '../parts.ts';
import type { PullServiceAccount } from '../pulls/records.ts';
import type { Provider, TokenAttributes } from './config.ts';
import { matchesImage } from './match.ts';
import { askPlugin, type PluginAnswer, type PluginRequest } from './plugin.ts';

export interface ProviderDeps {
  readonly world: Pick<World, 'clock' | 'digest' | 'exec' | 'log'>;
  readonly providers: readonly Provider[];
  /** Where the plugins are. */
  readonly directory: string;
  readonly tokens: TokenSource;
  readonly account: (namespace: string, name: string) => Promise<ServiceAccount>;
}

interface Held {
  readonly auth: PluginAnswer['auth'];
  readonly until: number;
}

/** What belongs to a pod in a request: undefined when the plugin is not for it. */
interface Identity {
  readonly request: Omit<PluginRequest, 'image'>;
  readonly key: string;
  /** Whose token the plugin gets: credentials are that account's only. */
  readonly account?: PullServiceAccount;
}

const nobody: Identity = { request: {}, key: '' };
const tokenSeconds = 600;

export class CredentialProviders {
  readonly #deps: ProviderDeps;
  readonly #held = new Map<string, Held>();
  readonly #asking = new Map<string, Promise<PluginAnswer>>();

  constructor(deps: ProviderDeps) {
    this.#deps = deps;
  }

  /** The credentials for an image that the plugins know, the most specific first. A plugin that fails is passed over. */
  async credentials(image: string, pod: Pod): Promise<readonly TrackedAuth[]> {
    const reference = parseReference(image);
    if (!reference) return [];
    const found: (readonly [string, TrackedAuth])[] = [];
    for (const provider of this.#deps.providers) {
      if (!provider.matchImages.some((pattern) => matchesImage(pattern, reference))) continue;
      try {
        const identity = provider.token ? await this.#identity(provider.token, pod) : nobody;
        if (!identity) continue;
        const source = identity.account ? { source: { kubernetesServiceAccounts: [identity.account] } } : {};
        for (const [pattern, credential] of Object.entries(await this.#ask(provider, reference, identity))) {
          if (matchesImage(pattern, reference)) found.push([pattern, { auth: credential, ...source }]);
        }
      } catch (error) {
        this.#deps.world.log.warn('a credential provider failed', { provider: provider.name, image, error: messageOf(error) });
      }
    }
    return found.toSorted(([a], [b]) => b.length - a.length).map(([, auth]) => auth);
  }

  async #ask(provider: Provider, reference: Reference, identity: Identity): Promise<PluginAnswer['auth']> {
    const image = `${reference.domain}/${reference.path}`;
    const now = this.#deps.world.clock.now();
    const keyOf = (type: string, of: string): string => `${provider.name} ${identity.key} ${type} ${of}`;
    const keys = { Image: keyOf('Image', image), Registry: keyOf('Registry', reference.domain), Global: keyOf('Global', '') };
    for (const [key, held] of this.#held) if (held.until <= now) this.#held.delete(key);
    for (const key of Object.values(keys)) {
      const held = this.#held.get(key);
      if (held) return held.auth;
    }
    // Pods that start together ask once.
    const asked = this.#asking.get(keys.Image) ?? this.#run(keys.Image, provider, { image, ...identity.request });
    const answer = await asked;
    const duration = answer.cacheDuration ?? provider.defaultCacheDuration;
    if (duration > 0) this.#held.set(keys[answer.cacheKeyType], { auth: answer.auth, until: this.#deps.world.clock.now() + duration });
    return answer.auth;
  }

  #run(key: string, provider: Provider, request: PluginRequest): Promise<PluginAnswer> {
    const { world, directory } = this.#deps;
    const asking = askPlugin(world, provider, { directory, request }).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  /** The pod's service account and a token of it (KEP-4412). */
  async #identity(wanted: TokenAttributes, pod: Pod): Promise<Identity | undefined> {
    const { tokens, account, world } = this.#deps;
    const name = pod.spec.serviceAccountName ?? '';
    const namespace = pod.metadata.namespace ?? '';
    if (name === '') return wanted.required ? undefined : nobody;
    const { metadata } = await account(namespace, name);
    const picked: Record<string, string> = {};
    for (const annotation of [...wanted.requiredAnnotations, ...wanted.optionalAnnotations]) {
      const value = metadata.annotations?.[annotation];
      if (value !== undefined) picked[annotation] = value;
      else if (wanted.requiredAnnotations.includes(annotation)) return undefined;
    }
    const { token } = await tokens.token(pod, { audience: wanted.audience, expirationSeconds: tokenSeconds });
    const { uid = '' } = metadata;
    const which = wanted.cacheType === 'Token' ? world.digest.sha256(token) : uid;
    const key = JSON.stringify([namespace, name, which, Object.entries(picked).sort()]);
    return {
      request: { serviceAccountToken: token, serviceAccountAnnotations: picked },
      key,
      account: { uid, namespace, name },
    };
  }
}
