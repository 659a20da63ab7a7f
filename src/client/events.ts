// Tells what happens to objects, as Event objects. Telling never waits and never fails: it is on nobody's critical path.
import { rfc3339 } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Event } from '#api/core/v1/event.ts';
import type { ObjectReference } from '#api/core/v1/reference.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { Events } from '#api/refs.ts';
import { isNotFound, isTooManyRequests, StatusError } from '#api/status.ts';
import type { Client } from './client.ts';
import { Correlator, type Correlated, type EventFacts } from './correlator.ts';

export interface EventExtras {
  readonly action?: string;
  /** Part of the object that the event is about, e.g. `spec.containers{web}`. */
  readonly fieldPath?: string;
  readonly related?: ObjectReference;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Recorder extends AsyncDisposable {
  /** Queues an event about an object (or a reference to one). */
  event(
    about: KubeObject | ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    extras?: string | EventExtras,
  ): void;
  /** Resolves when everything queued so far is written or given up. */
  flush(): Promise<void>;
}

interface Pending {
  readonly facts: EventFacts;
  readonly extras: EventExtras;
  readonly at: number;
}

/** More than this waiting: new events are dropped. */
const capacity = 1000;
const maxTries = 12;
const retryDelay = 10_000;

/** A reference to an object, as events carry it. */
export function referenceTo(object: KubeObject, fieldPath?: string): ObjectReference {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    ...(object.kind ? { kind: object.kind } : {}),
    ...(namespace ? { namespace } : {}),
    name,
    ...(uid ? { uid } : {}),
    ...(object.apiVersion ? { apiVersion: object.apiVersion } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(fieldPath ? { fieldPath } : {}),
  };
}

class EventRecorder implements Recorder {
  readonly #client: Client;
  readonly #world: Pick<World, 'clock' | 'random' | 'log'>;
  readonly #source: { component: string; host?: string };
  readonly #correlator = new Correlator();
  readonly #abort = new AbortController();
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  #serial = 0;
  /** Events that found no room since the last time there was some. */
  #dropped = 0;

  constructor(client: Client, world: Pick<World, 'clock' | 'random' | 'log'>, source: { component: string; host?: string }) {
    this.#client = client;
    this.#world = world;
    this.#source = source;
  }

  event(
    about: KubeObject | ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    extras: string | EventExtras = {},
  ): void {
    if (this.#abort.signal.aborted) return;
    if (this.#pending.length >= capacity) {
      this.#dropped++;
      return;
    }
    const { component, host } = this.#source;
    const more = typeof extras === 'string' ? { action: extras } : extras;
    const involvedObject = 'metadata' in about ? referenceTo(about, more.fieldPath) : about;
    const source = host ? { component, host } : { component };
    const facts = { involvedObject, type, reason, message, source, reportingComponent: component, reportingInstance: host ?? '' };
    this.#pending.push({ facts, extras: more, at: this.#world.clock.now() });
    this.#running ??= this.#drain();
  }

  async flush(): Promise<void> {
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('recorder stops'));
    await this.#running;
  }

  async #drain(): Promise<void> {
    // Leave the caller's turn first: telling must not delay what is told.
    await Promise.resolve();
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const correlated = this.#correlator.correlate(next.facts, next.at);
      if (correlated !== undefined) await this.#deliver(next, correlated);
    }
    this.#running = undefined;
    if (this.#dropped > 0) this.#world.log.warn('events dropped: too many were waiting', { count: this.#dropped });
    this.#dropped = 0;
  }

  async #deliver(pending: Pending, correlated: Correlated): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#write(pending, correlated);
        return;
      } catch (error) {
        // A server that refuses will refuse again (the namespace goes away, say); one that cannot be reached may come back.
        const refused = error instanceof StatusError && error.code < 500 && !isTooManyRequests(error);
        if (refused || tries >= maxTries || this.#abort.signal.aborted) {
          if (!this.#abort.signal.aborted)
            this.#world.log.debug('event not written', { reason: pending.facts.reason, error: messageOf(error) });
          return;
        }
        const delay = retryDelay * (tries === 1 ? this.#world.random.next() : 1);
        await this.#world.clock.sleep(delay, this.#abort.signal).catch(() => undefined);
      }
    }
  }

  async #write(pending: Pending, correlated: Correlated): Promise<void> {
    const { previous, count, message } = correlated;
    const lastTimestamp = rfc3339(pending.at);
    const { signal } = this.#abort;
    const events = this.#client.resource(Events);
    if (previous !== undefined) {
      try {
        const { name, namespace } = previous;
        await events.patch(name, { count, lastTimestamp, message }, { type: 'strategic', namespace, signal });
        this.#correlator.written(correlated, previous);
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.#correlator.lost(correlated);
      }
    }
    const namespace = pending.facts.involvedObject.namespace || 'default';
    // Unique per process and instant, as client-go's nanoseconds are.
    const unique = (BigInt(pending.at) * 1_000_000n + BigInt(this.#serial++ % 1_000_000)).toString(16);
    const name = `${pending.facts.involvedObject.name ?? ''}.${unique}`;
    const { action, related, annotations } = pending.extras;
    const event: Draft<Event> = {
      metadata: { name, namespace, ...(annotations ? { annotations } : {}) },
      ...pending.facts,
      message,
      count,
      firstTimestamp: rfc3339(correlated.firstTimestamp),
      lastTimestamp,
      ...(action ? { action } : {}),
      ...(related ? { related } : {}),
    };
    await events.create(event, { namespace, signal });
    this.#correlator.written(correlated, { name, namespace });
  }
}

/** A recorder for one component. */
export function createRecorder(
  client: Client,
  world: Pick<World, 'clock' | 'random' | 'log'>,
  source: { readonly component: string; readonly host?: string },
): Recorder {
  return new EventRecorder(client, world, source);
}
