// The name server: UDP and TCP on the node's address, the cluster's zone first, everything else forwarded.
import { messageOf } from '#base/errors.ts';
import type { Socket } from '#base/net.ts';
import type { Component, World } from '#base/world.ts';
import {
  type DnsAnswer,
  type DnsQuery,
  encodeAnswer,
  encodeError,
  encodeQuery,
  decodeAnswer,
  type DnsRecord,
  parseQuery,
  type Question,
} from '#format/dnsmessage.ts';
import { startUpstream, type Upstream } from './upstream.ts';
import type { ZoneResult } from './zone.ts';

export interface DnsServerOptions {
  readonly world: Pick<World, 'net' | 'clock' | 'random' | 'log'>;
  readonly address: string;
  readonly port: number;
  readonly zone: (question: Question) => ZoneResult;
  readonly upstreams: readonly string[];
}

export interface DnsServer extends Component {
  readonly port: Promise<number>;
  readonly counters: { readonly queries: number; readonly forwarded: number; readonly failed: number };
}

/** A TCP client may keep its connection this long without a question. */
const idleTime = 10_000;
const failed: DnsAnswer = { rcode: 'SERVFAIL', authoritative: false, answers: [] };

/** Starts the server; `port` 0 picks a free one. */
export function startDnsServer(options: DnsServerOptions): DnsServer {
  const { world, zone } = options;
  const counters = { queries: 0, forwarded: 0, failed: 0 };
  const sockets = new Set<Socket>();
  let upstream: Upstream | undefined;
  let problem: string | undefined;

  async function forward(bytes: Uint8Array, tcp: boolean): Promise<Uint8Array | undefined> {
    counters.forwarded++;
    try {
      return await upstream?.ask(bytes, tcp);
    } catch (error) {
      counters.failed++;
      world.log.debug('name not forwarded', { error: messageOf(error) });
      return undefined;
    }
  }

  /** Follows an ExternalName: the CNAME, and the target's addresses where they can be had. */
  async function followed(query: DnsQuery, record: DnsRecord, target: string): Promise<DnsAnswer> {
    const base: DnsAnswer = { rcode: 'NOERROR', authoritative: true, answers: [record] };
    if (query.question.type !== 'A' && query.question.type !== 'AAAA') return base;
    const inside = zone({ name: target, type: query.question.type });
    if (inside.kind === 'answer') return { ...base, answers: [record, ...inside.answer.answers] };
    if (inside.kind === 'alias') return { ...base, answers: [record, inside.record] };
    const raw = await forward(encodeQuery(query.id, { name: target, type: query.question.type }), false);
    if (raw === undefined) return base;
    const more = decodeAnswer(raw).answers.flatMap((found): DnsRecord[] =>
      (found.type === 'A' || found.type === 'AAAA' || found.type === 'CNAME') && typeof found.data === 'string'
        ? [{ type: found.type, name: found.name, ttl: record.ttl, data: found.data }]
        : [],
    );
    return { ...base, answers: [record, ...more] };
  }

  async function answer(bytes: Uint8Array, tcp: boolean): Promise<Uint8Array | undefined> {
    counters.queries++;
    const parsed = parseQuery(bytes);
    if ('error' in parsed) return parsed.error === 'drop' ? undefined : encodeError(parsed.id, parsed.error);
    const { query } = parsed;
    const limit = tcp ? 0 : query.udpSize;
    const result = zone(query.question);
    if (result.kind === 'answer') return encodeAnswer(query, result.answer, limit);
    if (result.kind === 'alias') return encodeAnswer(query, await followed(query, result.record, result.target), limit);
    return (await forward(bytes, tcp)) ?? encodeAnswer(query, failed, limit);
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
          const reply = await answer(buffered.subarray(2, end), true);
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
    if (options.upstreams.length > 0) upstream = await startUpstream(world, options.upstreams);
    const udp = await world.net.listenUdp(options.address, options.port, (bytes, port, from) => {
      answer(bytes, false).then(
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
      await upstream?.close();
    },
  };
}
