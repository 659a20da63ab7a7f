// The name server: UDP and TCP on the node's address, the cluster's zone first, everything else forwarded.
import { messageOf } from '#base/errors.ts';
import type { Socket } from '#base/net.ts';
import type { Component, World } from '#base/world.ts';
import {
  type DnsAnswer,
  type DnsQuery,
  answerLife,
  encodeAnswer,
  encodeError,
  encodeQuery,
  decodeAnswer,
  type DnsRecord,
  parseQuery,
  type Question,
} from '#format/dnsmessage.ts';
import { AnswerCache } from './cache.ts';
import { type CustomNames, noCustomNames, serversFor } from './custom.ts';
import { DnsMetrics, type Source } from './metrics.ts';
import type { Walk } from './searchpath.ts';
import { createUpstream } from './upstream.ts';
import type { ZoneResult } from './zone.ts';

export interface DnsServerOptions {
  readonly world: Pick<World, 'net' | 'clock' | 'random' | 'log'>;
  readonly address: string;
  readonly port: number;
  readonly zone: (question: Question) => ZoneResult;
  /** Another number whenever the zone may have changed; without it nothing of the zone is kept. */
  readonly zoneVersion?: () => number;
  readonly upstreams: readonly string[];
  readonly custom?: () => CustomNames;
  /** The names that are tried for a question whose name does not exist; without it, none are. */
  readonly walk?: (name: string) => Walk | undefined;
  /** True when the client at an address walks that way itself: it is spared the trips. */
  readonly walks?: (client: string, namespace: string) => boolean;
}

export interface DnsServer extends Component {
  readonly port: Promise<number>;
  /** Everything that is counted, as Prometheus text. */
  metrics(): string;
  readonly counters: { readonly queries: number; readonly kept: number; readonly forwarded: number; readonly failed: number };
}

/** How a question came, and from whom. */
interface Asked {
  readonly tcp: boolean;
  readonly from: string;
}

interface Answered {
  readonly reply: Uint8Array;
  readonly source: Source;
}

/** A TCP client may keep its connection this long without a question. */
const idleTime = 10_000;
const mostKept = 10_000;
/** Answers of others are kept for so long at most, in seconds: found names, and names that do not exist. */
const longestLife = { found: 30, missing: 5 };
/** So long a walk waits for others, in milliseconds: the client can go on by itself. */
const walkPatience = 250;
/** Others that kept a walk waiting are not asked by the next ones for so long. */
const walkDistrust = 10_000;
const walkLife = 5;
const failed: DnsAnswer = { rcode: 'SERVFAIL', authoritative: false, answers: [] };

/** The address records in another server's answer, with a life of ours. */
function aliased(raw: Uint8Array, ttl: number): DnsRecord[] {
  return decodeAnswer(raw).answers.flatMap((found): DnsRecord[] =>
    (found.type === 'A' || found.type === 'AAAA' || found.type === 'CNAME') && typeof found.data === 'string'
      ? [{ type: found.type, name: found.name, ttl, data: found.data }]
      : [],
  );
}

/** Starts the server; `port` 0 picks a free one. */
export function startDnsServer(options: DnsServerOptions): DnsServer {
  const { world, zone } = options;
  const counters = { queries: 0, kept: 0, forwarded: 0, failed: 0 };
  const sockets = new Set<Socket>();
  const upstream = createUpstream(world);
  const own = new AnswerCache(mostKept);
  const others = new AnswerCache(mostKept);
  /** Questions that are under way to other servers: who asks the same meanwhile waits for the same answer. */
  const asking = new Map<string, Promise<Uint8Array | undefined>>();
  const custom = options.custom ?? (() => noCustomNames);
  let version = -1;
  let problem: string | undefined;
  const metrics = new DnsMetrics(options.address);
  /** Monotonic; until then walks end inside the cluster's zone. */
  let stayInside = 0;

  async function forward(bytes: Uint8Array, name: string, tcp: boolean): Promise<Uint8Array | undefined> {
    counters.forwarded++;
    try {
      const began = world.clock.monotonic();
      const answer = await upstream.ask(bytes, serversFor(custom(), name, options.upstreams), tcp);
      metrics.forwarded(world.clock.monotonic() - began);
      return answer;
    } catch (error) {
      counters.failed++;
      world.log.debug('name not forwarded', { error: messageOf(error) });
      return undefined;
    }
  }

  /** Forwards a client's question, once for all who ask it at a time. */
  async function ofOthers(bytes: Uint8Array, name: string, tcp: boolean): Promise<Uint8Array | undefined> {
    const key = AnswerCache.key(bytes, tcp);
    const kept = others.get(key, bytes, world.clock.monotonic());
    if (kept !== undefined) {
      counters.kept++;
      return kept;
    }
    let answer = asking.get(key);
    if (answer === undefined) {
      answer = forward(bytes, name, tcp).finally(() => asking.delete(key));
      asking.set(key, answer);
      const found = await answer;
      if (found === undefined) return undefined;
      const missing = ((found[3] ?? 0) & 15) !== 0 || (found[6] === 0 && found[7] === 0);
      const life = Math.min(answerLife(found), missing ? longestLife.missing : longestLife.found);
      if (life > 0) others.set(key, found, world.clock.monotonic() + life * 1000);
      return found;
    }
    const shared = await answer;
    if (shared === undefined) return undefined;
    const copy = Uint8Array.from(shared);
    copy.set(bytes.subarray(0, 2));
    return copy;
  }

  /** Follows an ExternalName: the CNAME, and the target's addresses where they can be had. */
  async function followed(query: DnsQuery, record: DnsRecord, target: string): Promise<DnsAnswer> {
    const base: DnsAnswer = { rcode: 'NOERROR', authoritative: true, answers: [record] };
    if (query.question.type !== 'A' && query.question.type !== 'AAAA') return base;
    const inside = zone({ name: target, type: query.question.type });
    if (inside.kind === 'answer') return { ...base, answers: [record, ...inside.answer.answers] };
    if (inside.kind === 'alias') return { ...base, answers: [record, inside.record] };
    const raw = await ofOthers(encodeQuery(query.id, { name: target, type: query.question.type }), target, false);
    if (raw === undefined) return base;
    return { ...base, answers: [record, ...aliased(raw, record.ttl)] };
  }

  /** The answer of another server within a walk's patience. */
  async function soon(query: DnsQuery, name: string): Promise<Uint8Array | undefined> {
    if (options.upstreams.length === 0 || world.clock.monotonic() < stayInside) return undefined;
    const timeout = new AbortController();
    const late = world.clock.sleep(walkPatience, timeout.signal).then(
      () => void (stayInside = world.clock.monotonic() + walkDistrust),
      () => undefined,
    );
    const asked = ofOthers(encodeQuery(query.id, { name, type: query.question.type }), name, false);
    const found = await Promise.race([asked, late]);
    timeout.abort();
    return found ?? undefined;
  }

  /** Goes down the search path for the client; undefined when nothing is found, so that the client goes on by itself. */
  async function walked(query: DnsQuery, walk: Walk): Promise<DnsAnswer | undefined> {
    const alias = (target: string, ttl: number): DnsRecord => ({ type: 'CNAME', name: query.question.name, ttl, data: target });
    for (const name of walk.inside) {
      const result = zone({ name, type: query.question.type });
      if (result.kind === 'answer' && result.answer.rcode === 'NOERROR')
        return { ...result.answer, answers: [alias(name, walkLife), ...result.answer.answers] };
      if (result.kind === 'alias') {
        const more = await followed(query, result.record, result.target);
        return { ...more, answers: [alias(name, walkLife), ...more.answers] };
      }
    }
    for (const name of walk.outside) {
      const raw = await soon(query, name);
      if (raw === undefined) return undefined;
      const { rcode } = decodeAnswer(raw);
      if (rcode === 'NXDOMAIN') continue;
      if (rcode !== 'NOERROR') return undefined;
      return { rcode, authoritative: true, answers: [alias(name, walkLife), ...aliased(raw, walkLife)] };
    }
    return undefined;
  }

  /** The walk for a question that the zone has no name for, and whether this client makes it. */
  function walkFor({ question }: DnsQuery): Walk | undefined {
    return question.type === 'A' || question.type === 'AAAA' ? options.walk?.(question.name) : undefined;
  }

  /** An answer that needs nobody else, at once: most are of this kind and were given before. */
  function answerNow(bytes: Uint8Array, { tcp, from }: Asked): Answered | 'drop' | undefined {
    counters.queries++;
    const present = options.zoneVersion?.();
    if (present !== version || present === undefined) {
      own.clear();
      version = present ?? -1;
    }
    const key = AnswerCache.key(bytes, tcp);
    const kept = bytes.length < 12 ? undefined : own.get(key, bytes, 0);
    if (kept !== undefined) {
      counters.kept++;
      return { reply: kept, source: 'cache' };
    }
    const parsed = parseQuery(bytes);
    if ('error' in parsed) return parsed.error === 'drop' ? 'drop' : { reply: encodeError(parsed.id, parsed.error), source: 'kubernetes' };
    const { query } = parsed;
    if (custom().rewrites.size > 0 && custom().rewrites.has(query.question.name.toLowerCase())) return undefined;
    const result = zone(query.question);
    if (result.kind !== 'answer') return undefined;
    const walk = result.answer.rcode === 'NXDOMAIN' ? walkFor(query) : undefined;
    if (walk !== undefined && options.walks?.(from, walk.namespace)) return undefined;
    const reply = encodeAnswer(query, result.answer, tcp ? 0 : query.udpSize);
    // What others get for a name that may be walked for is theirs alone.
    if (present !== undefined && walk === undefined) own.set(key, reply, Infinity);
    return { reply, source: 'kubernetes' };
  }

  async function answerLater(bytes: Uint8Array, { tcp }: Asked): Promise<Answered | undefined> {
    const parsed = parseQuery(bytes);
    if ('error' in parsed) return undefined;
    const { query } = parsed;
    const { name } = query.question;
    const ours = (answer: DnsAnswer): Answered => ({ reply: encodeAnswer(query, answer, tcp ? 0 : query.udpSize), source: 'kubernetes' });
    const target = custom().rewrites.get(name.toLowerCase());
    if (target !== undefined) {
      const record: DnsRecord = { type: 'CNAME', name, ttl: 30, data: target };
      return ours(await followed(query, record, target));
    }
    const result = zone(query.question);
    if (result.kind === 'alias') return ours(await followed(query, result.record, result.target));
    if (result.kind === 'answer') {
      const walk = result.answer.rcode === 'NXDOMAIN' ? walkFor(query) : undefined;
      return ours((walk && (await walked(query, walk))) ?? result.answer);
    }
    const found = await ofOthers(bytes, name, tcp);
    return found === undefined ? ours(failed) : { reply: found, source: 'forward' };
  }

  /** Answers now or later, and counts it; 'drop' and undefined: nothing is to be said. */
  function answer(bytes: Uint8Array, asked: Asked): Uint8Array | Promise<Uint8Array | undefined> | undefined {
    const began = world.clock.monotonic();
    const count = ({ reply, source }: Answered): Uint8Array => {
      metrics.observe(bytes, reply, { tcp: asked.tcp, source, ms: world.clock.monotonic() - began });
      return reply;
    };
    const now = answerNow(bytes, asked);
    if (now === 'drop') return undefined;
    return now === undefined ? answerLater(bytes, asked).then((later) => later && count(later)) : count(now);
  }

  async function serveSocket(socket: Socket): Promise<void> {
    sockets.add(socket);
    let timer = world.clock.after(idleTime, () => socket.destroy());
    try {
      let buffered = Buffer.alloc(0);
      for await (const chunk of socket.readable) {
        timer.cancel();
        timer = world.clock.after(idleTime, () => socket.destroy());
        buffered = Buffer.concat([buffered, chunk]);
        while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
          const end = 2 + buffered.readUInt16BE(0);
          const question = buffered.subarray(2, end);
          const reply = await answer(question, { tcp: true, from: socket.remoteAddress ?? '' });
          buffered = buffered.subarray(end);
          if (reply !== undefined) await socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]));
        }
      }
    } catch (error) {
      world.log.debug('DNS connection ended', { error: messageOf(error) });
    } finally {
      timer.cancel();
      sockets.delete(socket);
      socket.destroy();
    }
  }

  const started = (async () => {
    const udp = await world.net.listenUdp(options.address, options.port, (bytes, port, from) => {
      const reply = answer(bytes, { tcp: false, from });
      if (reply === undefined) return;
      if (!(reply instanceof Promise)) return udp.send(reply, port, from);
      reply.then(
        (later) => {
          if (later !== undefined) udp.send(later, port, from);
        },
        (error: unknown) => world.log.error('DNS question failed', { error: messageOf(error) }),
      );
    });
    const tcp = await world.net.listenTcp(options.address, udp.port, (socket) => void serveSocket(socket));
    return { udp, tcp };
  })();
  started.catch((error: unknown) => {
    problem = messageOf(error);
  });

  return {
    ready: started.then(() => undefined),
    port: started.then(({ udp }) => udp.port),
    counters,
    metrics: () => metrics.render(counters, own.size + others.size),
    health: () => problem,
    async [Symbol.asyncDispose]() {
      const running = await started.catch(() => undefined);
      for (const socket of sockets) socket.destroy();
      await running?.udp.close();
      await running?.tcp.close();
      await upstream.close();
    },
  };
}
