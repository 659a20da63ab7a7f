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
}

export interface DnsServer extends Component {
  readonly port: Promise<number>;
  readonly counters: { readonly queries: number; readonly kept: number; readonly forwarded: number; readonly failed: number };
}

/** A TCP client may keep its connection this long without a question. */
const idleTime = 10_000;
const mostKept = 10_000;
/** Answers of others are kept for so long at most, in seconds: found names, and names that do not exist. */
const longestLife = { found: 30, missing: 5 };
const failed: DnsAnswer = { rcode: 'SERVFAIL', authoritative: false, answers: [] };

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

  async function forward(bytes: Uint8Array, name: string, tcp: boolean): Promise<Uint8Array | undefined> {
    counters.forwarded++;
    try {
      return await upstream.ask(bytes, serversFor(custom(), name, options.upstreams), tcp);
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
    const more = decodeAnswer(raw).answers.flatMap((found): DnsRecord[] =>
      (found.type === 'A' || found.type === 'AAAA' || found.type === 'CNAME') && typeof found.data === 'string'
        ? [{ type: found.type, name: found.name, ttl: record.ttl, data: found.data }]
        : [],
    );
    return { ...base, answers: [record, ...more] };
  }

  /** An answer that needs nobody else, at once: most are of this kind and were given before. */
  function answerNow(bytes: Uint8Array, tcp: boolean): Uint8Array | 'drop' | undefined {
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
      return kept;
    }
    const parsed = parseQuery(bytes);
    if ('error' in parsed) return parsed.error === 'drop' ? 'drop' : encodeError(parsed.id, parsed.error);
    const { query } = parsed;
    if (custom().rewrites.size > 0 && custom().rewrites.has(query.question.name.toLowerCase())) return undefined;
    const result = zone(query.question);
    if (result.kind !== 'answer') return undefined;
    const reply = encodeAnswer(query, result.answer, tcp ? 0 : query.udpSize);
    if (present !== undefined) own.set(key, reply, Infinity);
    return reply;
  }

  async function answerLater(bytes: Uint8Array, tcp: boolean): Promise<Uint8Array | undefined> {
    const parsed = parseQuery(bytes);
    if ('error' in parsed) return undefined;
    const { query } = parsed;
    const limit = tcp ? 0 : query.udpSize;
    const { name } = query.question;
    const target = custom().rewrites.get(name.toLowerCase());
    if (target !== undefined) {
      const record: DnsRecord = { type: 'CNAME', name, ttl: 30, data: target };
      return encodeAnswer(query, await followed(query, record, target), limit);
    }
    const result = zone(query.question);
    if (result.kind === 'answer') return encodeAnswer(query, result.answer, limit);
    if (result.kind === 'alias') return encodeAnswer(query, await followed(query, result.record, result.target), limit);
    return (await ofOthers(bytes, name, tcp)) ?? encodeAnswer(query, failed, limit);
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
          const reply = answerNow(question, true) ?? (await answerLater(question, true));
          buffered = buffered.subarray(end);
          if (reply !== undefined && reply !== 'drop')
            await socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]));
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
      const at = answerNow(bytes, false);
      if (at === 'drop') return;
      if (at !== undefined) return udp.send(at, port, from);
      answerLater(bytes, false).then(
        (reply) => {
          if (reply !== undefined) udp.send(reply, port, from);
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
