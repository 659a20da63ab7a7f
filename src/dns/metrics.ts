// What the name server counts, under CoreDNS's names. Noting an answer is cheap: it happens tens of thousands of times a second.
import { exponential, Histogram, type Labels, MetricsText } from '#format/prometheus.ts';

export type Source = 'kubernetes' | 'forward' | 'cache';
export interface Counters {
  readonly queries: number;
  readonly kept: number;
  readonly forwarded: number;
  readonly failed: number;
}

const types: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
};
const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;
const server = { server: 'dns://:53', view: '', zone: '.' };
const bounds = exponential(0.00025, 2, 16);

/** The type of a message's first question; 0 when there is none. */
export function questionType(bytes: Uint8Array): number {
  let at = 12;
  while (at < bytes.length) {
    const length = bytes[at] as number;
    if (length === 0) return at + 2 < bytes.length ? (bytes[at + 1] as number) * 256 + (bytes[at + 2] as number) : 0;
    // A pointer has no place in a question.
    if (length > 63) return 0;
    at += length + 1;
  }
  return 0;
}

export class DnsMetrics {
  readonly #requests = new Map<number, number>();
  readonly #responses = new Map<Source, number[]>();
  readonly #durations = new Histogram(bounds);
  readonly #forwards = new Histogram(bounds);
  readonly #family: '1' | '2';

  /** `address` is where the server listens. */
  constructor(address: string) {
    this.#family = address.includes(':') ? '2' : '1';
  }

  /** Notes a question and its answer, which took `ms`. */
  observe(query: Uint8Array, reply: Uint8Array, how: { readonly tcp: boolean; readonly source: Source; readonly ms: number }): void {
    const type = questionType(query);
    // Types without a name are one.
    const key = (type in types ? type : 0) * 2 + (how.tcp ? 1 : 0);
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    let counts = this.#responses.get(how.source);
    if (counts === undefined) this.#responses.set(how.source, (counts = [...rcodes.map(() => 0), 0]));
    const rcode = Math.min((reply[3] ?? 0) & 15, rcodes.length);
    counts[rcode] = (counts[rcode] as number) + 1;
    this.#durations.observe(how.ms / 1000);
  }

  /** Notes a question to another server that was answered. */
  forwarded(ms: number): void {
    this.#forwards.observe(ms / 1000);
  }

  render(counters: Counters, entries: number): string {
    const text = new MetricsText();
    const requests = [...this.#requests].map(([key, count]): [Labels, number] => [
      { family: this.#family, proto: key % 2 ? 'tcp' : 'udp', ...server, type: types[key >> 1] ?? 'other' },
      count,
    ]);
    const help = 'Counter of DNS requests made per zone, protocol and family.';
    text.numbers('coredns_dns_requests_total', { type: 'counter', help }, requests);
    const responses = [...this.#responses].flatMap(([plugin, counts]) =>
      counts.flatMap((count, index): [Labels, number][] =>
        count > 0 ? [[{ plugin, rcode: rcodes[index] ?? 'other', ...server }, count]] : [],
      ),
    );
    text.numbers('coredns_dns_responses_total', { type: 'counter', help: 'Counter of response status codes.' }, responses);
    text.histograms('coredns_dns_request_duration_seconds', 'Histogram of the time (in seconds) each request took per zone.', [
      [server, this.#durations],
    ]);
    const cache = { server: server.server, view: '', zones: '.' };
    const number = (name: string, about: string, labels: Labels, value: number): void =>
      text.numbers(`coredns_${name}`, { type: name.endsWith('_total') ? 'counter' : 'gauge', help: about }, [[labels, value]]);
    number('cache_requests_total', 'The count of cache requests.', cache, counters.queries);
    number('cache_hits_total', 'The count of cache hits.', { ...cache, type: 'success' }, counters.kept);
    number(
      'cache_misses_total',
      'The count of cache misses. Deprecated, derive misses from cache hits/requests counters.',
      cache,
      counters.queries - counters.kept,
    );
    number('cache_entries', 'The number of elements in the cache.', { ...cache, type: 'success' }, entries);
    number('forward_requests_failed_total', 'Counter of requests that no upstream server has answered.', {}, counters.failed);
    text.histograms('coredns_proxy_request_duration_seconds', 'Histogram of the time each request took.', [
      [{ proxy_name: 'forward' }, this.#forwards],
    ]);
    return String(text);
  }
}
