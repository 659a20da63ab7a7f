// What a cluster's owner may change about names, in the ConfigMap `kube-dns` of kube-system, by the keys that Kubernetes
// documents: `stubDomains` (JSON: domain → name servers) and `upstreamNameservers` (JSON: list); ours is `rewrites` (JSON:
// name → name, answered as an alias) and `searchPaths` (`false`: pods walk down their search path themselves).

export interface CustomNames {
  readonly stubs: ReadonlyMap<string, readonly string[]>;
  readonly upstreams: readonly string[] | undefined;
  readonly rewrites: ReadonlyMap<string, string>;
  /** Go down the search path for pods. */
  readonly walk: boolean;
}

export const noCustomNames: CustomNames = { stubs: new Map(), upstreams: undefined, rewrites: new Map(), walk: true };

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');
const isServers = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '');

function entriesOf<T>(text: string, key: string, isValue: (value: unknown) => value is T): Map<string, T> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${key} must be a JSON object`);
  return new Map(
    Object.entries(value).map(([name, one]) => {
      if (!isValue(one)) throw new Error(`${key}: the value of ${JSON.stringify(name)} is of the wrong kind`);
      return [plain(name), one];
    }),
  );
}

/** Reads the ConfigMap's data. Throws on a mistake, which the caller logs: what was good before stays. */
export function parseCustomNames(data: Readonly<Record<string, string>> | undefined): CustomNames {
  const { stubDomains, upstreamNameservers, rewrites, searchPaths = 'true' } = data ?? {};
  if (searchPaths !== 'true' && searchPaths !== 'false') throw new Error('searchPaths must be true or false');
  const upstreams: unknown = upstreamNameservers === undefined ? undefined : JSON.parse(upstreamNameservers);
  if (upstreams !== undefined && !isServers(upstreams)) throw new Error('upstreamNameservers must be a JSON list of addresses');
  const names = entriesOf(rewrites ?? '{}', 'rewrites', (value) => typeof value === 'string');
  return {
    stubs: entriesOf(stubDomains ?? '{}', 'stubDomains', isServers),
    upstreams,
    rewrites: new Map([...names].map(([from, to]) => [from, plain(to)])),
    walk: searchPaths === 'true',
  };
}

/** The name servers for a name: those of the longest stub domain that it is in. */
export function serversFor(custom: CustomNames, name: string, otherwise: readonly string[]): readonly string[] {
  const labels = plain(name).split('.');
  for (let i = 0; i < labels.length; i++) {
    const servers = custom.stubs.get(labels.slice(i).join('.'));
    if (servers !== undefined) return servers;
  }
  return custom.upstreams ?? otherwise;
}
