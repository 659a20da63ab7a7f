// Tells what happens to objects, as Event objects. Telling never waits and never fails: it is on nobody's critical path.
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Event } from '#api/core/v1/event.ts';
import type { ObjectReference } from '#api/core/v1/reference.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { Events } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { Client } from './client.ts';
import { EventQueue } from './eventqueue.ts';
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

interface Pending {
  readonly facts: EventFacts;
  readonly extras: EventExtras;
  readonly at: number;
  readonly signal: AbortSignal;
}

/**
 * Serial numbers for names of events, counted from a random one on: several recorders tell of the same object within the same
 * millisecond, and an event whose name is taken is lost.
 */
export function eventSerials(random: World['random']): () => number {
  let serial = Math.floor(random.next() * 1_000_000);
  return () => serial++;
}

/** The name of an event, told apart by `serial` from others of its millisecond, as client-go’s nanoseconds do. `at` in milliseconds, whole or not. */
export function eventName(about: ObjectReference, at: number, serial: number): string {
  const unique = (BigInt(Math.floor(at)) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16);
  return `${about.name ?? ''}.${unique}`;
}

class EventRecorder implements Recorder {
  readonly #client: Client;
  readonly #clock: World['clock'];
  readonly #source: { component: string; host?: string };
  readonly #correlator = new Correlator();
  readonly #queue: EventQueue;
  readonly #serial: () => number;

  constructor(client: Client, world: Pick<World, 'clock' | 'random' | 'log'>, source: { component: string; host?: string }) {
    this.#client = client;
    this.#clock = world.clock;
    this.#source = source;
    this.#serial = eventSerials(world.random);
    this.#queue = new EventQueue(world);
  }

  event(
    about: KubeObject | ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    extras: string | EventExtras = {},
  ): void {
    const { component, host } = this.#source;
    const more = typeof extras === 'string' ? { action: extras } : extras;
    const involvedObject = 'metadata' in about ? referenceTo(about, more.fieldPath) : about;
    const source = host ? { component, host } : { component };
    const facts = { involvedObject, type, reason, message, source, reportingComponent: component, reportingInstance: host ?? '' };
    const at = this.#clock.now();
    let correlated: { readonly result: Correlated | undefined } | undefined;
    this.#queue.push(reason, async (signal) => {
      // Once, however often it is tried: what is told twice counts twice.
      correlated ??= { result: this.#correlator.correlate(facts, at) };
      if (correlated.result !== undefined) await this.#write({ facts, extras: more, at, signal }, correlated.result);
    });
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#queue[Symbol.asyncDispose]();
  }

  async #write(pending: Pending, correlated: Correlated): Promise<void> {
    const { previous, count, message } = correlated;
    const lastTimestamp = rfc3339(pending.at);
    const { signal } = pending;
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
    const name = eventName(pending.facts.involvedObject, pending.at, this.#serial());
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
