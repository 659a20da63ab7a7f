// Names in proxy paths: `name`, `name:port` or `scheme:name:port`; and which container is meant.
import { parseIPv4, parseIPv6 } from '#api/addresses.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { badRequest } from '#api/status.ts';

export interface ProxyName {
  readonly scheme: '' | 'http' | 'https';
  readonly name: string;
  /** Number or name; may be empty. */
  readonly port: string;
}

/** Takes a proxy name apart; undefined when it has no such form. */
export function parseProxyName(text: string): ProxyName | undefined {
  const parts = text.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return first ? { scheme: '', name: first, port: '' } : undefined;
  if (parts.length === 2) return first ? { scheme: '', name: first, port: second } : undefined;
  if (parts.length !== 3 || second === '' || !['', 'http', 'https'].includes(first)) return undefined;
  return { scheme: first as ProxyName['scheme'], name: second, port: third };
}

/** The container that a request means: the named one, or the only one. */
export function containerOf(pod: Pod, wanted: string | null): string {
  const names = (list: readonly { readonly name: string }[] | undefined): string[] => (list ?? []).map((container) => container.name);
  const main = names(pod.spec?.containers);
  const init = names(pod.spec?.initContainers);
  const { name } = pod.metadata;
  if (wanted) {
    if ([...main, ...init, ...names(pod.spec?.ephemeralContainers)].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  if (main.length === 1) return main[0] ?? '';
  if (main.length === 0) throw badRequest(`a container name must be specified for pod ${name}`);
  const also = init.length ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${also}`);
}

/** Refuses addresses through which a pod could make the server talk to itself or to its own network. */
export function checkProxyable(ip: string): void {
  const v4 = parseIPv4(ip);
  const v6 = v4 ? undefined : parseIPv6(ip);
  if (!v4 && !v6) throw badRequest('address not allowed');
  const [a = 0, b = 0, c = 0] = v4 ?? [];
  const bad4 = v4 !== undefined && (a === 127 || (a === 169 && b === 254) || (a === 224 && b === 0 && c === 0));
  const first = v6?.[0] ?? 0;
  const loopback = v6 !== undefined && v6.slice(0, 7).every((group) => group === 0) && v6[7] === 1;
  const bad6 = v6 !== undefined && (loopback || (first & 0xffc0) === 0xfe80 || first === 0xff01 || first === 0xff02);
  if (bad4 || bad6) throw badRequest('address not allowed');
}
