// The network between machines: HTTP servers by port, and who asks them. What weather a process has towards the API server, it
// has here as well. Who asks shows the API server's certificate: nobody else asks anything.
import type { Clock } from '#base/clock.ts';
import type { FetchOptions, FetchResponse, HttpHandlers, HttpReply, HttpServer, PeerCertificate } from '#base/net.ts';
import type { Random } from '#base/random.ts';
import type { Weather } from './link.ts';
import type { Process } from './process.ts';

export interface WireOptions {
  readonly time: Clock;
  readonly random: Random;
  /** How a process is connected; undefined: not at all. */
  weatherOf(process: string): Weather | undefined;
}

interface Served {
  readonly process: Process;
  readonly handlers: HttpHandlers;
}

const apiServer: PeerCertificate = {
  commonName: 'kube-apiserver-kubelet-client',
  organizations: [],
  serialNumber: '1',
  raw: new Uint8Array(),
  trusted: true,
  notAfter: Number.POSITIVE_INFINITY,
};
const firstPort = 10_250;
/** Milliseconds for which a connection is waited for. */
const patience = 10_000;

const failure = (code: string): Error => Object.assign(new Error(`the connection failed: ${code}`), { code });
async function* nothing(): AsyncGenerator<Uint8Array> {}

function responseOf(status: number, headers: FetchResponse['headers'], bytes: Uint8Array): FetchResponse {
  return {
    status,
    headers,
    body: (async function* () {
      yield bytes;
    })(),
    bytes: () => Promise.resolve(bytes),
    text: () => Promise.resolve(Buffer.from(bytes).toString('utf8')),
  };
}

export class Wire {
  readonly #options: WireOptions;
  /** A process keeps its port when it starts again. */
  readonly #ports = new Map<string, number>();
  readonly #served = new Map<number, Served>();

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** Serves until the process dies. */
  serve(process: Process, handlers: HttpHandlers): HttpServer {
    const port = this.#ports.get(process.name) ?? firstPort + this.#ports.size;
    this.#ports.set(process.name, port);
    this.#served.set(port, { process, handlers });
    return { port, useCertificate: () => undefined, close: () => Promise.resolve() };
  }

  /** Asks whoever serves the port of the URL. */
  async fetch(url: string, options: FetchOptions = {}): Promise<FetchResponse> {
    const { time, random, weatherOf } = this.#options;
    const { port, pathname, search } = new URL(url);
    const served = this.#served.get(Number(port));
    if (served?.process.alive !== true) throw failure('ECONNREFUSED');
    const weather = weatherOf(served.process.name);
    const pause = (): Promise<void> => time.sleep(random.next() ** 3 * (weather?.delay ?? 0));
    const lost = async (code: string): Promise<never> => {
      await time.sleep(patience);
      throw failure(code);
    };
    if (weather === undefined || random.next() < weather.loseRequest) return lost('ETIMEDOUT');
    await pause();
    if (!served.process.alive) throw failure('ECONNRESET');
    const response = await this.#ask(served, `${pathname}${search}`, options);
    if (random.next() < weather.loseAnswer || weatherOf(served.process.name) === undefined) return lost('ECONNRESET');
    await pause();
    return response;
  }

  #ask({ process, handlers }: Served, url: string, { method = 'GET', signal }: FetchOptions): Promise<FetchResponse> {
    return new Promise((resolve, reject) => {
      process.onKill(() => reject(failure('ECONNRESET')));
      const reply: HttpReply = {
        send: (status, headers, body = '') => resolve(responseOf(status, headers, Buffer.from(body))),
        stream() {
          throw new Error('streams are not simulated');
        },
      };
      const gone = signal ?? new AbortController().signal;
      handlers.request(
        { method, url, headers: {}, httpVersion: '1.1', remoteAddress: '127.0.0.1', peer: apiServer, signal: gone, body: nothing() },
        reply,
      );
    });
  }
}
