// The network between a process and the API server. Requests and answers take time and may be lost, together or alone;
// events of one watch keep their order, different watches do not wait for each other; a link can be cut or go dead.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { ApiRequest, ApiResponse, Transport, UserInfo, WatchEvent } from '#client/transport.ts';
import { never, type Process } from './process.ts';
import { WatchStream } from './watchstream.ts';

/** How a link behaves; times in milliseconds. */
export interface Weather {
  /** Longest delay of a request, of an answer and of an event. */
  readonly delay: number;
  /** Share of the requests that never arrive, and of the answers that do not come back. */
  readonly loseRequest: number;
  readonly loseAnswer: number;
  /** Share of the events that come a second time, at once or after newer ones. */
  readonly repeat: number;
}

export const fair: Weather = { delay: 2, loseRequest: 0, loseAnswer: 0, repeat: 0 };

/** What passed over a link, for traces and invariants. `answer` is undefined when the server went down over it. */
export interface Passed {
  readonly process: string;
  readonly user: string;
  readonly request: ApiRequest;
  readonly answer: ApiResponse | undefined;
  /** The caller was never told. */
  readonly lost: boolean;
}

export interface LinkOptions {
  readonly process: Process;
  readonly random: Random;
  readonly time: Clock;
  /** The server as `user` reaches it; undefined while it is down. */
  server(user: UserInfo): Transport | undefined;
  /** The process sends a request. */
  issued(user: string, request: ApiRequest): void;
  /** It has arrived at the server. */
  arrived(request: ApiRequest): void;
  /** It was answered. */
  passed(passed: Passed): void;
}

const failure = (code: string): Error => Object.assign(new Error(`the connection failed: ${code}`), { code });

/** A request waits so long for an answer that does not come. */
const patience = 10_000;

export class Link {
  readonly #options: LinkOptions;
  readonly #watches = new Set<WatchStream>();
  readonly #underway = new Set<PromiseWithResolvers<never>>();
  #weather = fair;
  #severed = false;
  /** What answers wait for while the process is stopped. */
  #held: PromiseWithResolvers<void> | undefined;
  /** Requests that the process may still make before it is killed; undefined: as many as it likes. */
  #callsLeft: number | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    options.process.onKill(() => {
      for (const watch of this.#watches) watch.abandon();
    });
  }

  get severed(): boolean {
    return this.#severed;
  }

  get weather(): Weather {
    return this.#weather;
  }

  get isFair(): boolean {
    return this.#weather === fair;
  }

  setWeather(weather: Weather): void {
    this.#weather = weather;
  }

  /** Nothing passes any more, and nobody is told. */
  sever(): void {
    this.#severed = true;
    for (const watch of this.#watches) watch.stall();
  }

  mend(): void {
    this.#severed = false;
    for (const watch of this.#watches) watch.resume();
  }

  /** The process is stopped: what comes for it waits. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Breaks the watches that are open. */
  cutWatches(): void {
    for (const watch of this.#watches) watch.fail(failure('ECONNRESET'));
  }

  /** The server went down: whoever waits for it is told. */
  serverDown(): void {
    for (const call of this.#underway) call.reject(failure('ECONNRESET'));
    this.cutWatches();
  }

  /** Kills the process when it has made so many more requests: the last one may or may not have arrived. Undefined: no more. */
  killAfter(calls: number | undefined): void {
    this.#callsLeft = calls;
  }

  /** A transport that acts as `user`. */
  transport(user: UserInfo): Transport {
    return { send: (request) => this.#send(user, request) };
  }

  async #send(user: UserInfo, request: ApiRequest): Promise<ApiResponse> {
    const { process, random } = this.#options;
    if (!process.alive) return never();
    if (this.#callsLeft !== undefined && this.#callsLeft-- <= 0) {
      const arrives = random.next() < 0.5;
      if (arrives) void this.#serve(user, request, true).catch(() => undefined);
      process.kill();
      return never();
    }
    const { signal } = request;
    if (signal?.aborted) throw signal.reason;
    this.#options.issued(user.name, request);
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => undefined);
    const abort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([aborted.promise, this.#travel(user, request)]);
    } finally {
      signal?.removeEventListener('abort', abort);
      await this.#held?.promise;
      // What was asked for by a process that is gone is answered to nobody.
      if (!process.alive) await never();
    }
  }

  async #travel(user: UserInfo, request: ApiRequest): Promise<ApiResponse> {
    const { random } = this.#options;
    const { loseRequest, loseAnswer } = this.#weather;
    await this.#delay();
    if (this.#severed || random.next() < loseRequest) {
      await this.#wait(patience);
      throw failure('ETIMEDOUT');
    }
    const lost = random.next() < loseAnswer;
    const answer = await this.#serve(user, request, lost);
    if (lost) {
      await this.#wait(patience);
      throw failure('ECONNRESET');
    }
    await this.#delay();
    if (this.#severed) {
      await this.#wait(patience);
      throw failure('ETIMEDOUT');
    }
    return answer;
  }

  async #serve(user: UserInfo, request: ApiRequest, lost: boolean): Promise<ApiResponse> {
    const { process, passed, server } = this.#options;
    const transport = server(user);
    if (transport === undefined) throw failure('ECONNREFUSED');
    const call = Promise.withResolvers<never>();
    call.promise.catch(() => undefined);
    this.#underway.add(call);
    this.#options.arrived(request);
    const about = { process: process.name, user: user.name, request };
    const hangUp = new AbortController();
    try {
      const answer = await Promise.race([call.promise, transport.send({ ...request, signal: hangUp.signal })]);
      passed({ ...about, answer, lost });
      const { body } = answer;
      if (!('events' in body)) return answer;
      if (lost || !process.alive) hangUp.abort();
      return { ...answer, body: { events: this.#watch(body.events, hangUp) } };
    } catch (error) {
      passed({ ...about, answer: undefined, lost });
      throw error;
    } finally {
      this.#underway.delete(call);
    }
  }

  #watch(events: AsyncIterable<WatchEvent>, hangUp: AbortController): AsyncIterable<WatchEvent> {
    const { time, random } = this.#options;
    const stream = new WatchStream(events, {
      time,
      delay: () => random.next() ** 3 * this.#weather.delay,
      repeats: () => this.#weather.repeat > 0 && random.next() < this.#weather.repeat,
      held: () => this.#held?.promise,
      deadAfter: () => 15_000 + random.next() * 30_000,
      ended: () => {
        this.#watches.delete(stream);
        hangUp.abort(new Error('nobody reads any more'));
      },
    });
    this.#watches.add(stream);
    if (this.#severed) stream.stall();
    return stream;
  }

  /** Most messages are quick, a few take long. */
  #delay(): Promise<void> {
    return this.#wait(this.#options.random.next() ** 3 * this.#weather.delay);
  }

  /** The network's time goes on when the process is dead. */
  #wait(ms: number): Promise<void> {
    return this.#options.time.sleep(ms);
  }
}
