// Who may use the agent's API. Callers show a client certificate that the cluster's authority signed, or a token that the
// API server knows; the API server also says what they may do. Its answers are kept for a while.
import type { Clock } from '#base/clock.ts';
import type { HttpRequest, PeerCertificate } from '#base/net.ts';
import { SubjectAccessReviews, TokenReviews } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { accessOf, type AccessAttributes } from './access.ts';

export interface Refusal {
  readonly code: 401 | 403;
  readonly text: string;
}

interface Caller {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Milliseconds that an answer is believed. */
const believed = { token: 120_000, allowed: 300_000, denied: 30_000 } as const;
/** More answers than this are not kept: the oldest go. */
const keptAnswers = 1000;

class Answers<T> {
  readonly #clock: Clock;
  readonly #kept = new Map<string, { value: T; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): T | undefined {
    const found = this.#kept.get(key);
    return found && found.until > this.#clock.monotonic() ? found.value : undefined;
  }

  keep(key: string, value: T, ms: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, until: this.#clock.monotonic() + ms });
    if (this.#kept.size > keptAnswers) this.#kept.delete(this.#kept.keys().next().value ?? '');
  }
}

export interface AgentAuthOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  /** Common names of certificates whose holders may do everything, as members of system:masters may. */
  readonly allowedUsers: readonly string[];
}

export class AgentAuth {
  readonly #options: AgentAuthOptions;
  readonly #callers: Answers<Caller>;
  readonly #verdicts: Answers<boolean>;

  constructor(options: AgentAuthOptions) {
    this.#options = options;
    this.#callers = new Answers(options.clock);
    this.#verdicts = new Answers(options.clock);
  }

  /** Why a request is refused; undefined when it may go on. */
  async refusal(request: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'peer'>): Promise<Refusal | undefined> {
    const { peer } = request;
    if (peer?.trusted && this.#mayAll(peer)) return undefined;
    const caller = peer?.trusted
      ? { name: peer.commonName, groups: [...peer.organizations, 'system:authenticated'] }
      : await this.#byToken(request);
    if (!caller) return { code: 401, text: 'Unauthorized' };
    const access = accessOf(request.method, new URL(request.url, 'https://agent').pathname);
    for (const subresource of access.subresources) if (await this.#may(caller, access.verb, subresource)) return undefined;
    return { code: 403, text: forbidden(caller.name, access) };
  }

  #mayAll(peer: PeerCertificate): boolean {
    return peer.organizations.includes('system:masters') || this.#options.allowedUsers.includes(peer.commonName);
  }

  async #byToken(request: Pick<HttpRequest, 'headers'>): Promise<Caller | undefined> {
    const token = /^Bearer\s+(\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
    if (!token) return undefined;
    const known = this.#callers.get(token);
    if (known) return known;
    const { status } = await this.#options.client.resource(TokenReviews).create({ metadata: { name: '' }, spec: { token } });
    const user = status?.authenticated ? status.user : undefined;
    if (!user?.username) return undefined;
    const caller: Caller = {
      name: user.username,
      groups: user.groups ?? [],
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.extra ? { extra: user.extra } : {}),
    };
    this.#callers.keep(token, caller, believed.token);
    return caller;
  }

  async #may(caller: Caller, verb: string, subresource: string): Promise<boolean> {
    const key = JSON.stringify([caller, verb, subresource]);
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const { name: user, groups, uid, extra } = caller;
    const { status } = await this.#options.client.resource(SubjectAccessReviews).create({
      metadata: { name: '' },
      spec: {
        user,
        groups,
        ...(uid ? { uid } : {}),
        ...(extra ? { extra } : {}),
        resourceAttributes: { group: '', version: 'v1', resource: 'nodes', subresource, name: this.#options.nodeName, verb },
      },
    });
    const allowed = status?.allowed === true;
    this.#verdicts.keep(key, allowed, allowed ? believed.allowed : believed.denied);
    return allowed;
  }
}

const forbidden = (user: string, { verb, subresources }: AccessAttributes): string =>
  `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])`;
