// Calls to etcd. Several endpoints stand in for each other; what is asked again after a failure, and what never, is decided here.
import { Backoff } from '#base/backoff.ts';
import { messageOf } from '#base/errors.ts';
import { GrpcError, grpcCode, type GrpcChannel } from '#base/grpc.ts';
import type { TlsClientOptions } from '#base/net.ts';
import { linkSignals } from '#base/signal.ts';
import type { World } from '#base/world.ts';
import { StoreUnavailableError } from '../kv.ts';
import { type Method, methods, type WatchAnswer } from './messages.ts';

export interface EtcdServers {
  /** `http://host:port` or `https://host:port`. */
  readonly servers: readonly string[];
  readonly tls?: Pick<TlsClientOptions, 'ca' | 'cert' | 'key'>;
  /** Milliseconds for one call, and until a watch begins. Default 20 s. */
  readonly callTimeout?: number;
}

/** Milliseconds for all attempts at one call; each endpoint is asked once at least. */
const patience = 10_000;
/** Milliseconds between attempts. */
const pauses = { initial: 50, max: 1_000 };

function connect(world: Pick<World, 'grpc'>, server: string, tls: EtcdServers['tls']): GrpcChannel {
  const url = new URL(server);
  const target = `${url.hostname}:${url.port || '2379'}`;
  return world.grpc.connect(target, url.protocol === 'https:' ? { ...tls, serverName: url.hostname } : undefined);
}

/** Whether etcd has answered: it says so itself in the text. */
const isAnswer = (error: GrpcError): boolean => error.message.startsWith('etcdserver: ') || error.message.startsWith('auth: ');

/** Failures of the way to etcd, or of a member that has lost the others. */
function isOutage(error: unknown): error is GrpcError {
  if (!(error instanceof GrpcError)) return false;
  const { code } = error;
  if (code === grpcCode.unavailable || code === grpcCode.deadlineExceeded) return true;
  const broken = code === grpcCode.internal || code === grpcCode.cancelled || code === grpcCode.unknown;
  return broken && !isAnswer(error);
}

/** Whether the request cannot have left: there was no connection to send it on. */
const isUnsent = (error: GrpcError): boolean =>
  error.code === grpcCode.unavailable && /^(No connection established|Name resolution failed|the channel is closed)/.test(error.message);

export class EtcdClient {
  readonly #world: Pick<World, 'clock' | 'grpc' | 'log'>;
  readonly #servers: readonly string[];
  readonly #channels: readonly GrpcChannel[];
  readonly #callTimeout: number;
  readonly #closing = new AbortController();
  #current = 0;
  #problem: string | undefined;

  constructor(world: Pick<World, 'clock' | 'grpc' | 'log'>, { servers, tls, callTimeout = 20_000 }: EtcdServers) {
    this.#callTimeout = callTimeout;
    this.#world = world;
    this.#servers = servers;
    this.#channels = servers.map((server) => connect(world, server, tls));
  }

  /** Aborts when the client is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** What was wrong with the last call; undefined once one has succeeded again. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** A call that changes nothing: asked again, also elsewhere, for ten seconds. Throws `StoreUnavailableError` then. */
  read<Answer>(method: Method<Answer>, request: object): Promise<Answer> {
    return this.#call(method, request, () => true);
  }

  /**
   * A call that changes something: asked again only where it cannot have arrived. Throws `StoreUnavailableError` with
   * `fate` "unknown" when it may have been done.
   */
  write<Answer>(method: Method<Answer>, request: object): Promise<Answer> {
    return this.#call(method, request, isUnsent);
  }

  async #call<Answer>(method: Method<Answer>, request: object, again: (error: GrpcError) => boolean): Promise<Answer> {
    const bytes = method.encode(request);
    const { clock } = this.#world;
    const until = clock.monotonic() + patience;
    const backoff = new Backoff(pauses);
    for (let attempt = 1; ; attempt++) {
      const at = this.#current;
      try {
        // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
        const answer = await this.#channel(at).unary(method.path, bytes, { timeoutMs: this.#callTimeout, signal: this.closing });
        this.#problem = undefined;
        return method.decode(answer);
      } catch (error) {
        if (this.closing.aborted) throw new Error('the store is closed', { cause: error });
        if (!isOutage(error)) throw error;
        this.#failed(at, error);
        const pause = backoff.next();
        const over = clock.monotonic() + pause > until && attempt >= this.#channels.length;
        if (!again(error) || over) throw new StoreUnavailableError(error.message, again(error) ? 'none' : 'unknown', error);
        // oxlint-disable-next-line no-await-in-loop
        await clock.sleep(pause, this.closing).catch(() => {});
      }
    }
  }

  /** The answers to one watch, until it fails. Ends without an error when the signal aborts. */
  async *watch(create: object, signal: AbortSignal): AsyncGenerator<WatchAnswer> {
    const at = this.#current;
    using linked = linkSignals(signal, this.closing);
    // A connection may be made and nobody answer on it.
    const timer = this.#world.clock.after(this.#callTimeout, () => linked.abort());
    // etcd ends a watch whose request stream ends.
    async function* requests(): AsyncGenerator<Uint8Array> {
      yield methods.watch.encode({ create });
      await new Promise<void>((resolve) => {
        linked.signal.addEventListener('abort', () => resolve(), { once: true });
        if (linked.signal.aborted) resolve();
      });
    }
    try {
      // A member that has lost the others ends the watch instead of keeping it waiting.
      const options = { metadata: { hasleader: 'true' }, signal: linked.signal };
      for await (const bytes of this.#channel(at).bidi(methods.watch.path, requests(), options)) {
        timer.cancel();
        const answer = methods.watch.decode(bytes);
        if (!answer.canceled) this.#problem = undefined;
        else if (answer.compactRevision === 0) this.#failed(at, new Error(answer.cancelReason));
        yield answer;
      }
    } catch (error) {
      if (signal.aborted || this.closing.aborted) return;
      this.#failed(at, error);
      throw error;
    } finally {
      timer.cancel();
      linked.abort();
    }
  }

  /** Goes on with the next endpoint, unless somebody has done so already. */
  #failed(at: number, error: unknown): void {
    if (this.#problem === undefined) this.#world.log.warn('etcd does not answer', { server: this.#servers[at], error: messageOf(error) });
    this.#problem = `etcd at ${this.#servers[at]}: ${messageOf(error)}`;
    if (at === this.#current) this.#current = (at + 1) % this.#channels.length;
  }

  #channel(at: number): GrpcChannel {
    return this.#channels[at] as GrpcChannel;
  }

  close(): void {
    this.#closing.abort();
    for (const channel of this.#channels) channel.close();
  }
}
