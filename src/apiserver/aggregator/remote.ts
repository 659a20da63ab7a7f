// The API servers that answer for a group version instead of this one, and how they are called.
import type { APIService } from '#api/apiregistration/v1/apiservice.ts';
import { APIServices } from '#api/refs.ts';
import type { FetchOptions, FetchResponse, TlsClientOptions } from '#base/net.ts';
import type { KeyPair } from '#base/pki.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Backend } from '../chain.ts';
import { resolveService } from '../webhook/resolve.ts';

/** One aggregated API server, for one group version. */
export interface Remote {
  /** Of the APIService. */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly available: boolean;
  readonly priority: number;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  readonly tls: TlsClientOptions;
}

type Headers = Record<string, string | readonly string[] | undefined>;

/** How the other server knows whom it serves: only the holder of the front proxy's certificate is believed. */
export function identityHeaders(user: UserInfo): Headers {
  const headers: Headers = { 'x-remote-user': user.name, 'x-remote-group': user.groups };
  if (user.uid) headers['x-remote-uid'] = user.uid;
  for (const [key, values] of Object.entries(user.extra ?? {})) headers[`x-remote-extra-${encodeURIComponent(key).toLowerCase()}`] = values;
  return headers;
}

export const isAvailable = (service: APIService): boolean =>
  service.status?.conditions?.some(({ type, status }) => type === 'Available' && status === 'True') === true;

/** The remotes, as the watch cache has them. */
export class Remotes {
  readonly #backend: Backend;
  readonly #client: KeyPair;
  #known: ReadonlyMap<string, Remote> | undefined;

  constructor(backend: Backend, client: KeyPair) {
    this.#backend = backend;
    this.#client = client;
    const forget = (): void => {
      this.#known = undefined;
    };
    backend.onChange(APIServices, forget, forget);
  }

  #load(): ReadonlyMap<string, Remote> {
    const known = new Map<string, Remote>();
    for (const object of this.#backend.list(APIServices)) {
      const { service, group = '', version = '', caBundle, insecureSkipTLSVerify, groupPriorityMinimum } = object.spec;
      if (!service) continue;
      const { namespace = '', name = '', port = 443 } = service;
      known.set(`${group}/${version}`, {
        name: object.metadata.name,
        group,
        version,
        available: isAvailable(object),
        priority: groupPriorityMinimum,
        service: { namespace, name, port },
        tls: {
          ...this.#client,
          serverName: `${name}.${namespace}.svc`,
          ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString('utf8') } : {}),
          ...(insecureSkipTLSVerify ? { insecure: true } : {}),
        },
      });
    }
    return known;
  }

  all(): ReadonlyMap<string, Remote> {
    return (this.#known ??= this.#load());
  }

  find(group: string, version: string): Remote | undefined {
    const known = this.all();
    return known.size === 0 ? undefined : known.get(`${group}/${version}`);
  }

  /** Scheme, host and port of an endpoint. Throws StatusError when there is none. */
  origin({ service }: Remote): string {
    const { host, port } = resolveService(this.#backend, service.namespace, service.name, service.port);
    return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** Asks a remote on behalf of a user. */
  fetch(remote: Remote, path: string, user: UserInfo, options: FetchOptions = {}): Promise<FetchResponse> {
    return this.#backend.world.net.fetch(this.origin(remote) + path, {
      ...options,
      headers: { ...options.headers, ...identityHeaders(user) },
      tls: remote.tls,
    });
  }
}
