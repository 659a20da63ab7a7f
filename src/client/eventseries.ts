// Events as kube-scheduler tells them (events.k8s.io): what is told again within minutes is the series of the first event,
// written when it begins and when it ends, not each time.
import { rfc3339Micro, type Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Event } from '#api/core/v1/event.ts';
import type { ObjectReference } from '#api/core/v1/reference.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { Events } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { Client } from './client.ts';
import { EventQueue } from './eventqueue.ts';
import { type EventExtras, eventName, eventSerials, type Recorder, referenceTo } from './events.ts';

/** A series ends when nothing was added for so long, milliseconds; an event that was not repeated is forgotten then. */
const finishTime = 360_000;
/** A series that goes on is written so often. */
const refreshTime = 1_800_000;
/** More events than this are not remembered: the oldest are forgotten, and told anew when they come again. */
const capacity = 4096;
/** So many are forgotten at a time: finding the oldest of a map passes over all that were deleted before. */
const forgotten = 512;
const mostNote = 1024;

interface Told {
  readonly event: Draft<Event> & { readonly metadata: { readonly name: string; readonly namespace: string } };
  last: number;
  /** How often it was told; 1: no series yet. */
  count: number;
  /** When the series was written last. */
  written: number;
}

/** Remembers what one component tells, in order of first telling. */
class SeriesRecorder implements Recorder {
  readonly #client: Client;
  readonly #clock: World['clock'];
  readonly #reporter: { readonly reportingComponent: string; readonly reportingInstance: string };
  readonly #queue: EventQueue;
  readonly #told = new Map<string, Told>();
  #timer: Timer | undefined;
  readonly #serial: () => number;

  constructor(client: Client, world: Pick<World, 'clock' | 'random' | 'log'>, component: string, instance: string) {
    this.#client = client;
    this.#clock = world.clock;
    this.#reporter = { reportingComponent: component, reportingInstance: instance };
    this.#queue = new EventQueue(world);
    this.#serial = eventSerials(world.random);
  }

  event(
    about: KubeObject | ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    extras: string | EventExtras = {},
  ): void {
    const { action = '', related, fieldPath, annotations } = typeof extras === 'string' ? ({ action: extras } as EventExtras) : extras;
    const involvedObject = 'metadata' in about ? referenceTo(about, fieldPath) : about;
    const now = this.#clock.now();
    // The version counts, too: of an object that has changed it is told anew, with the words of now.
    const key = JSON.stringify([type, action, reason, involvedObject, related]);
    const known = this.#told.get(key);
    if (known !== undefined) {
      known.count++;
      known.last = now;
      if (known.count === 2) this.#writeSeries(known);
      return;
    }
    const told: Told = {
      event: {
        metadata: {
          name: eventName(involvedObject, now, this.#serial()),
          namespace: involvedObject.namespace || 'default',
          ...(annotations ? { annotations } : {}),
        },
        involvedObject,
        type,
        reason,
        message: message.slice(0, mostNote),
        action,
        eventTime: rfc3339Micro(now),
        ...this.#reporter,
        ...(related ? { related } : {}),
      },
      last: now,
      count: 1,
      written: now,
    };
    this.#told.set(key, told);
    if (this.#told.size > capacity) this.#forget();
    this.#timer ??= this.#clock.every(finishTime, () => this.#tidy());
    this.#queue.push(reason, async (signal) => {
      const { event } = told;
      await this.#client.resource(Events).create(event, { namespace: event.metadata.namespace, signal });
    });
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    await this.#queue[Symbol.asyncDispose]();
  }

  #forget(): void {
    let left = forgotten;
    for (const key of this.#told.keys()) {
      this.#told.delete(key);
      if (--left === 0) return;
    }
  }

  #writeSeries(told: Told): void {
    const { event } = told;
    const { name, namespace } = event.metadata;
    const series = { count: told.count, lastObservedTime: rfc3339Micro(told.last) };
    told.written = this.#clock.now();
    this.#queue.push(event.reason ?? '', async (signal) => {
      const events = this.#client.resource(Events);
      try {
        await events.patch(name, { series }, { type: 'strategic', namespace, signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // It has expired: told anew, with its series.
        await events.create({ ...event, series } as Draft<Event>, { namespace, signal });
      }
    });
  }

  /** Ends series to which nothing was added, refreshes those that go on, and forgets what was told once. */
  #tidy(): void {
    const now = this.#clock.now();
    for (const [key, told] of this.#told) {
      const over = now - told.last >= finishTime;
      if (told.count > 1 && (over ? told.count > 2 : now - told.written >= refreshTime)) this.#writeSeries(told);
      if (over) this.#told.delete(key);
    }
    if (this.#told.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** A recorder for one component; `instance` tells several of them apart. */
export function createSeriesRecorder(
  client: Client,
  world: Pick<World, 'clock' | 'random' | 'log'>,
  reporter: { readonly component: string; readonly instance: string },
): Recorder {
  return new SeriesRecorder(client, world, reporter.component, reporter.instance);
}
