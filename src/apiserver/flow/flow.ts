// API priority and fairness: every request takes seats of the priority level that its FlowSchema names, or waits in its
// flow's queue. Who floods the server waits behind himself.
import type { FlowSchema } from '#api/flowcontrol/v1/flowschema.ts';
import { FlowSchemas, PriorityLevelConfigurations } from '#api/refs.ts';
import { tooManyRequests } from '#api/status.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Backend, RequestInfo } from '../chain.ts';
import { Level, NoSeat } from './level.ts';
import { distinguisher, inPrecedence, schemaMatches } from './match.ts';
import { divide } from './shares.ts';
import { Turns } from './turns.ts';

/** What a request got: how it was classified, and its seats to give back. */
export interface Seat {
  readonly schema: string;
  readonly level: string;
  /** Gives the seats back; once. */
  release(): void;
}

export interface FlowOptions {
  /** Seats of the whole server. */
  readonly seats: number;
  /** Milliseconds that a request may wait. */
  readonly patience: number;
}

export interface FlowRequest {
  readonly user: UserInfo;
  readonly info: RequestInfo;
  /** Seats that it takes: more than one for lists of many objects. */
  readonly seats: number;
  /** Its client; the signal is looked at only when the request has to wait. */
  readonly call: { readonly signal: AbortSignal };
}

interface Known {
  readonly schemas: readonly FlowSchema[];
  readonly levels: ReadonlyMap<string, Level>;
}

const unlimited: Seat = { schema: '', level: '', release() {} };

export class FlowControl {
  readonly #backend: Backend;
  readonly #options: FlowOptions;
  readonly #turns: Turns;
  readonly #all = new Map<string, Level>();
  #known: Known | undefined;

  constructor(backend: Backend, options: FlowOptions) {
    this.#backend = backend;
    this.#options = options;
    this.#turns = new Turns(backend.world.clock);
    const changed = (): void => {
      this.#known = undefined;
    };
    backend.onChange(FlowSchemas, changed, changed);
    backend.onChange(PriorityLevelConfigurations, changed, changed);
  }

  /** Levels with their counts, for metrics. */
  get levels(): Iterable<Level> {
    return this.#all.values();
  }

  #load(): Known {
    const configurations = this.#backend.list(PriorityLevelConfigurations);
    const limits = divide(configurations, this.#options.seats);
    const levels = new Map<string, Level>();
    for (const configuration of configurations) {
      const { name } = configuration.metadata;
      let level = this.#all.get(name);
      if (!level)
        this.#all.set(name, (level = new Level(name, this.#backend.world.clock, (asking, seats) => this.#mayBorrow(asking, seats))));
      level.configure(configuration, limits.get(name) ?? { nominal: 0, lendable: 0, most: 0 });
      levels.set(name, level);
    }
    for (const [name, level] of this.#all) if (!levels.has(name) && level.running === 0 && level.waiting === 0) this.#all.delete(name);
    const schemas = inPrecedence(this.#backend.list(FlowSchemas)).filter(({ spec }) => levels.has(spec.priorityLevelConfiguration.name));
    return (this.#known = { schemas, levels });
  }

  /** Others keep what they use and what they do not lend; the rest is for who needs it. */
  #mayBorrow(asking: Level, seats: number): boolean {
    let free = this.#options.seats - asking.running - seats;
    for (const level of this.#all.values()) {
      if (level !== asking && !level.exempt) free -= Math.max(level.running, level.limits.nominal - level.limits.lendable);
      if (free < 0) return false;
    }
    return true;
  }

  /** How a request is classified. */
  classify(user: UserInfo, info: RequestInfo): { readonly schema: FlowSchema; readonly level: Level } | undefined {
    const { schemas, levels } = this.#known ?? this.#load();
    for (const schema of schemas) {
      if (!schemaMatches(schema, user, info)) continue;
      return { schema, level: levels.get(schema.spec.priorityLevelConfiguration.name) as Level };
    }
    return undefined;
  }

  /** How a request is classified that takes no seats, because it lasts. */
  note(user: UserInfo, info: RequestInfo): Seat {
    const found = this.classify(user, info);
    return found ? { schema: found.schema.metadata.uid ?? '', level: found.level.uid, release() {} } : unlimited;
  }

  /** Seats for a request; a promise only for one that has to wait. Throws StatusError 429 when there are none in time. */
  enter(request: FlowRequest): Seat | Promise<Seat> {
    const found = this.classify(request.user, request.info);
    if (!found) return unlimited;
    const { schema, level } = found;
    const { seats } = request;
    if (!level.take(seats)) return this.#wait(schema, level, request);
    const seat = this.#seat(schema, level, seats);
    return seats > 1 && !level.exempt ? this.#turns.next().then(() => seat) : seat;
  }

  #seat(schema: FlowSchema, level: Level, seats: number): Seat {
    let taken = true;
    return {
      schema: schema.metadata.uid ?? '',
      level: level.uid,
      release: () => {
        if (!taken) return;
        taken = false;
        if (seats > 1 && !level.exempt) this.#turns.done();
        level.release(seats);
        // What became free may be lent to others as well.
        level.dispatch();
        for (const other of this.#all.values()) if (other !== level && other.waiting > 0) other.dispatch();
      },
    };
  }

  async #wait(schema: FlowSchema, level: Level, { user, info, seats, call }: FlowRequest): Promise<Seat> {
    const flow = `${schema.metadata.name}\n${distinguisher(schema, user, info)}`;
    try {
      await level.wait(flow, seats, { limit: this.#options.patience, signal: call.signal });
    } catch (error) {
      if (!(error instanceof NoSeat)) throw error;
      throw tooManyRequests('Too many requests, please try again later.');
    }
    if (seats > 1) await this.#turns.next();
    return this.#seat(schema, level, seats);
  }
}
