// Forwarding to the machine's own name servers: each is tried in turn, over UDP and, for a cut answer, over TCP.
import { messageOf } from '#base/errors.ts';
import type { UdpSocket } from '#base/net.ts';
import type { World } from '#base/world.ts';

export interface Upstream {
  /** The raw answer to a raw query, with the query's own id; rejects when no server answers. */
  ask(query: Uint8Array, overTcp: boolean): Promise<Uint8Array>;
  close(): Promise<void>;
}

const perServer = 2_000;
const mostPending = 1_000;

/** The name servers of a resolv.conf text. */
export function nameServers(resolvConf: string): string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '').filter((address) => address !== '');
}

/** One query over TCP: a two-byte length, then the message (RFC 1035 §4.2.2). */
async function askTcp(world: Pick<World, 'net'>, server: string, query: Uint8Array): Promise<Uint8Array> {
  const socket = await world.net.connect({ host: server, port: 53 }, perServer);
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

/** Starts a forwarder; at most 1,000 questions wait at a time, more are refused at once. */
export async function startUpstream(world: Pick<World, 'net' | 'clock' | 'random'>, servers: readonly string[]): Promise<Upstream> {
  const pending = new Map<number, (bytes: Uint8Array) => void>();
  const open = async (host: string): Promise<UdpSocket> =>
    world.net.listenUdp(host, 0, (bytes) => {
      if (bytes.length < 12) return;
      pending.get((bytes[0] as number) * 256 + (bytes[1] as number))?.(bytes);
    });
  const four = servers.some((server) => !server.includes(':')) ? await open('0.0.0.0') : undefined;
  const six = servers.some((server) => server.includes(':')) ? await open('::') : undefined;

  function freeId(): number {
    // A random id on a shared socket is what keeps others from guessing an answer.
    for (;;) {
      const id = Math.floor(world.random.next() * 65_536);
      if (!pending.has(id)) return id;
    }
  }

  function askUdp(server: string, query: Uint8Array): Promise<Uint8Array> {
    const id = freeId();
    const own = Uint8Array.from(query);
    own[0] = id >> 8;
    own[1] = id & 255;
    return new Promise((resolve, reject) => {
      const timer = world.clock.after(perServer, () => {
        pending.delete(id);
        reject(new Error(`${server} does not answer`));
      });
      pending.set(id, (bytes) => {
        timer.cancel();
        pending.delete(id);
        const answer = Uint8Array.from(bytes);
        answer[0] = query[0] as number;
        answer[1] = query[1] as number;
        resolve(answer);
      });
      (server.includes(':') ? six : four)?.send(own, 53, server);
    });
  }

  return {
    async ask(query, overTcp) {
      if (pending.size >= mostPending) throw new Error('too many questions are waiting');
      let last = 'no name servers are known';
      for (const server of servers) {
        try {
          return overTcp ? await askTcp(world, server, query) : await askUdp(server, query);
        } catch (error) {
          last = messageOf(error);
        }
      }
      throw new Error(last);
    },
    async close() {
      await four?.close();
      await six?.close();
    },
  };
}
