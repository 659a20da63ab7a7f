// Raw sockets: TCP, TLS, Unix and UDP.
import { createSocket } from 'node:dgram';
import * as net from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Net, Socket, TlsClientOptions, UdpSocket } from '#base/net.ts';

async function* readAll(stream: Duplex): AsyncGenerator<Uint8Array> {
  try {
    // Leaving the loop early must not close the socket: the handler may hand it on (after a handshake, say).
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch {
    // a reset or destroyed peer is the end of the stream
  }
}

/** A node stream as our Socket. `head`: bytes already read that belong to it. */
export function toSocket(stream: Duplex, head?: Buffer): Socket {
  const socket = stream as Duplex & Partial<net.Socket>;
  stream.on('error', () => {});
  if (head !== undefined && head.length > 0) stream.unshift(head);
  const closed = new Promise<void>((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', () => resolve());
  });
  return {
    readable: { [Symbol.asyncIterator]: () => readAll(stream) },
    write(bytes) {
      const done = new Promise<void>((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      done.catch(() => {}); // who doesn't wait doesn't care; who waits sees the error
      return done;
    },
    end() {
      if (!stream.writableEnded) stream.end();
    },
    destroy: (error) => void stream.destroy(error),
    closed,
    remoteAddress: socket.remoteAddress,
    localPort: socket.localPort,
  };
}

/** node:tls options from ours. */
export function tlsOptions(options: TlsClientOptions, host?: string): tls.ConnectionOptions {
  const name = options.serverName ?? host;
  return {
    ca: options.ca,
    cert: options.cert,
    key: options.key,
    rejectUnauthorized: !options.insecure,
    // An address is no server name (RFC 6066).
    servername: name === undefined || net.isIP(name) ? '' : name,
    ...(options.serverName === undefined
      ? {}
      : {
          checkServerIdentity: (_host: string, certificate: tls.PeerCertificate) =>
            tls.checkServerIdentity(options.serverName ?? '', certificate),
        }),
  };
}

/** Connects; the time-out covers name resolution, TCP and TLS. */
export const connect: Net['connect'] = (target, timeout = 30_000) =>
  new Promise((resolve, reject) => {
    let stream: net.Socket;
    let ready = 'connect';
    if ('path' in target) {
      stream = net.connect({ path: target.path, allowHalfOpen: true });
    } else if (target.tls !== undefined) {
      ready = 'secureConnect';
      stream = tls.connect({
        host: target.host,
        port: target.port,
        allowHalfOpen: true,
        ...tlsOptions(target.tls, target.host),
      } as tls.ConnectionOptions);
    } else {
      stream = net.connect({ host: target.host, port: target.port, allowHalfOpen: true });
    }
    const timer = setTimeout(() => {
      const error = Object.assign(new Error('connect: i/o timeout'), { code: 'ETIMEDOUT' });
      stream.destroy(error);
    }, timeout);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    stream.once('error', failed);
    stream.once(ready, () => {
      clearTimeout(timer);
      stream.off('error', failed);
      stream.setNoDelay(true);
      resolve(toSocket(stream));
    });
  });

export const listenTcp: Net['listenTcp'] = (host, port, onSocket) =>
  new Promise((resolve, reject) => {
    const open = new Set<net.Socket>();
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (stream) => {
      open.add(stream);
      stream.once('close', () => open.delete(stream));
      onSocket(toSocket(stream));
    });
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', () => {}); // a failed accept (EMFILE) concerns one connection only
      resolve({
        port: (server.address() as net.AddressInfo).port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const stream of open) stream.destroy();
          }),
      });
    });
  });

export const listenUdp: Net['listenUdp'] = (host, port, onMessage) =>
  new Promise((resolve, reject) => {
    const socket = createSocket({ type: net.isIPv6(host) ? 'udp6' : 'udp4' });
    socket.once('error', reject);
    socket.on('message', (bytes, from) => onMessage(bytes, from.port, from.address));
    socket.bind(port, host, () => {
      socket.off('error', reject);
      socket.on('error', () => {}); // ICMP errors of single messages
      // An answer that is late finds the socket closed: nobody waits for it.
      let open = true;
      const result: UdpSocket = {
        port: socket.address().port,
        send: (bytes, toPort, address) => {
          if (open) socket.send(bytes, toPort, address, () => {});
        },
        close: () => {
          open = false;
          return new Promise((done) => socket.close(() => done()));
        },
      };
      resolve(result);
    });
  });

export const addresses: Net['addresses'] = () =>
  Object.entries(networkInterfaces()).flatMap(([name, entries]) =>
    (entries ?? []).map((entry) => ({
      name,
      address: entry.address,
      family: entry.family === 'IPv6' ? (6 as const) : (4 as const),
      internal: entry.internal,
      prefix: Number(entry.cidr?.split('/')[1] ?? 0),
    })),
  );
