// Which endpoint answers: plugged paths, plugged (sub)resources, then the registry.
import type { Endpoint, PathEndpoint, Plug, ResourceEndpoint } from './endpoint.ts';
import type { RequestInfo } from './chain.ts';

const reading: readonly string[] = ['GET', 'HEAD'];

/** True when a path endpoint takes the method. */
export function takesMethod(endpoint: PathEndpoint, method: string): boolean {
  return (endpoint.methods ?? reading).includes(method);
}

export class Router {
  readonly #paths = new Map<string, PathEndpoint>();
  readonly #below = new Map<string, PathEndpoint>();
  readonly #resources = new Map<string, ResourceEndpoint>();

  readonly #claims: NonNullable<Plug['claims']>[] = [];

  add(plug: Plug): void {
    if (plug.claims) this.#claims.push(plug.claims.bind(plug));
    for (const endpoint of plug.paths ?? []) {
      this.#paths.set(endpoint.path, endpoint);
      if (endpoint.below) this.#below.set(endpoint.path, endpoint);
    }
    for (const endpoint of plug.resources ?? []) {
      const { group, version = '*', resource, subresource } = endpoint;
      this.#resources.set(`${group}/${version}/${resource}/${subresource}`, endpoint);
    }
  }

  /** What answers a request instead of the registry; undefined: the registry does, or nobody. */
  endpoint(info: RequestInfo): Endpoint | undefined {
    for (const claims of this.#claims) {
      const endpoint = claims(info);
      if (endpoint) return endpoint;
    }
    return info.isResource ? this.resource(info) : this.path(info.path);
  }

  /** Every plain path that is served. */
  paths(): string[] {
    return [...this.#paths.keys()].sort();
  }

  path(path: string): PathEndpoint | undefined {
    const exact = this.#paths.get(path) ?? (path.length > 1 && path.endsWith('/') ? this.#paths.get(path.slice(0, -1)) : undefined);
    if (exact) return exact;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const below = this.#below.get(path.slice(0, end));
      if (below) return below;
    }
    return undefined;
  }

  resource(info: RequestInfo): Endpoint | undefined {
    if (this.#resources.size === 0) return undefined;
    const { group, version, resource, subresource } = info;
    return (
      this.#resources.get(`${group}/${version}/${resource}/${subresource}`) ?? this.#resources.get(`${group}/*/${resource}/${subresource}`)
    );
  }
}
