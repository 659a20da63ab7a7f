// Forwarding to other name servers: over UDP and, for a cut answer, over TCP. A server that is slow gets a rival after a
// moment, one that failed is asked last for a while, so that a dead server costs a client nothing noticeable.
import { messageOf } from '#base/errors.ts';
import type { UdpSocket } from '#base/net.ts';
import type { World } from '#base/world.ts';

export interface Upstream {
  /** The raw answer of one of the servers (`address` or `address:port`) to a raw query, with the query's own id. */
  ask(query: Uint8Array, servers: readonly string[], overTcp: boolean): Promise<Uint8Array>;
  close(): Promise<void>;
}

const perServer = 2_000;
/** A server that has not answered by then gets a rival. */
const rivalAfter = 200;
/** For so long a server that failed is asked after the others. */
const distrust = 10_000;
const mostPending = 1_000;
const mostDistrusted = 100;

/** The name servers of a resolv.conf text. */
export function nameServers(resolvConf: string): string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '').filter((address) => address !== '');
}

/** Address and port of `192.0.2.1`, `192.0.2.1:5353`, `fd00::1` or `[fd00::1]:5353`. */
export function splitServer(server: string): { host: string; port: number } {
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(server) ?? /^([^:]+):(\d+)$/.exec(server);
  return { host: match?.[1] ?? server, port: Number(match?.[2] ?? 53) };
}

/** One query over TCP: a two-byte length, then the message (RFC 1035 §4.2.2). */
async function askTcp(world: Pick<World, 'net'>, server: string, query: Uint8Array): Promise<Uint8Array> {
  const socket = await world.net.connect(splitServer(server), perServer);
  try {
    await socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]));
    let buffered = Buffer.alloc(0);
    for await (const chunk of socket.readable) {
      buffered = Buffer.concat([buffered, chunk]);
      if (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0))
        return buffered.subarray(2, 2 + buffered.readUInt16BE(0));
    }
    throw new Error('connection closed');
  } finally {
    socket.destroy();
  }
}

/** Creates a forwarder; at most 1,000 questions wait at a time, more are refused at once. */
export function createUpstream(world: Pick<World, 'net' | 'clock' | 'random'>): Upstream {
  const pending = new Map<number, { from: string; done: (bytes: Uint8Array) => void }>();
  const sockets = new Map<string, Promise<UdpSocket>>();
  const distrusted = new Map<string, number>();

  /** One socket per family, opened by the first question that needs it. */
  function socketFor(host: string): Promise<UdpSocket> {
    const any = host.includes(':') ? '::' : '0.0.0.0';
    let socket = sockets.get(any);
    if (socket === undefined) {
      socket = world.net.listenUdp(any, 0, (bytes, port, address) => {
        if (bytes.length < 12) return;
        const waiting = pending.get((bytes[0] as number) * 256 + (bytes[1] as number));
        // Only who was asked may answer.
        if (waiting?.from === `${address} ${port}`) waiting.done(bytes);
      });
      sockets.set(any, socket);
      socket.catch(() => sockets.delete(any));
    }
    return socket;
  }

  function freeId(): number {
    // A random id on a shared socket is what keeps others from guessing an answer.
    for (;;) {
      const id = Math.floor(world.random.next() * 65_536);
      if (!pending.has(id)) return id;
    }
  }

  async function askUdp(server: string, query: Uint8Array): Promise<Uint8Array> {
    const { host, port } = splitServer(server);
    const socket = await socketFor(host);
    const id = freeId();
    const own = Uint8Array.from(query);
    own[0] = id >> 8;
    own[1] = id & 255;
    return new Promise((resolve, reject) => {
      const timer = world.clock.after(perServer, () => {
        pending.delete(id);
        reject(new Error(`${server} does not answer`));
      });
      pending.set(id, {
        from: `${host} ${port}`,
        done: (bytes) => {
          timer.cancel();
          pending.delete(id);
          const answer = Uint8Array.from(bytes);
          answer[0] = query[0] as number;
          answer[1] = query[1] as number;
          resolve(answer);
        },
      });
      socket.send(own, port, host);
    });
  }

  function inOrder(servers: readonly string[]): readonly string[] {
    const now = world.clock.monotonic();
    const bad = (server: string): boolean => (distrusted.get(server) ?? -Infinity) > now;
    return servers.some(bad) ? [...servers.filter((one) => !bad(one)), ...servers.filter(bad)] : servers;
  }

  return {
    ask(query, servers, overTcp) {
      if (pending.size >= mostPending) return Promise.reject(new Error('too many questions are waiting'));
      if (servers.length === 0) return Promise.reject(new Error('no name servers are known'));
      const order = inOrder(servers);
      return new Promise((resolve, reject) => {
        let next = 0;
        let open = 0;
        let settled = false;
        const start = (): void => {
          const server = order[next++];
          if (server === undefined || settled) return;
          open++;
          const rival = world.clock.after(rivalAfter, start);
          (overTcp ? askTcp(world, server, query) : askUdp(server, query)).then(
            (answer) => {
              rival.cancel();
              distrusted.delete(server);
              settled = true;
              resolve(answer);
            },
            (error: unknown) => {
              rival.cancel();
              if (distrusted.size >= mostDistrusted) distrusted.clear();
              distrusted.set(server, world.clock.monotonic() + distrust);
              if (--open === 0 && next >= order.length) reject(new Error(messageOf(error)));
              else start();
            },
          );
        };
        start();
      });
    },
    async close() {
      for (const socket of sockets.values()) await (await socket.catch(() => undefined))?.close();
    },
  };
}
