// Pure: which events are one event. Repeated events are counted, similar ones merged, floods dropped.
import type { Event } from '#api/core/v1/event.ts';

/** What is to be told, without name and times. */
export type EventFacts = Pick<
  Event,
  'involvedObject' | 'type' | 'reason' | 'message' | 'source' | 'reportingComponent' | 'reportingInstance'
>;

/** What to write: a new event, or a further occurrence of one that was written before. */
export interface Correlated {
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: number;
  readonly key: string;
  /** Name and namespace of the event to patch. */
  readonly previous?: { readonly name: string; readonly namespace: string };
}

interface Bucket {
  tokens: number;
  at: number;
}
interface Similar {
  messages: Set<string>;
  last: number;
}
interface Seen {
  count: number;
  first: number;
  name: string;
  namespace: string;
}

const capacity = 4096;
const spamBurst = 25;
const spamRefillMs = 300_000;
const maxSimilar = 10;
const similarWindowMs = 600_000;

/** A map that forgets what was used longest ago. */
class Recent<V> {
  readonly #map = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) {
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > capacity) this.#map.delete(this.#map.keys().next().value as string);
  }

  delete(key: string): void {
    this.#map.delete(key);
  }
}

function objectKey(facts: EventFacts): string {
  const { kind, namespace, name, uid, apiVersion } = facts.involvedObject;
  return [facts.source?.component, facts.source?.host, kind, namespace, name, uid, apiVersion].join('\0');
}

function similarKey(facts: EventFacts): string {
  return [objectKey(facts), facts.type, facts.reason, facts.reportingComponent, facts.reportingInstance].join('\0');
}

/** Remembers what was told; bounded to 4096 entries of each kind. */
export class Correlator {
  readonly #spam = new Recent<Bucket>();
  readonly #similar = new Recent<Similar>();
  readonly #seen = new Recent<Seen>();

  /** Undefined: the source floods this object and the event is dropped. */
  correlate(facts: EventFacts, now: number): Correlated | undefined {
    if (this.#floods(objectKey(facts), now)) return undefined;
    const group = similarKey(facts);
    const message = facts.message ?? '';
    const known = this.#similar.get(group);
    const similar: Similar = known === undefined || now - known.last > similarWindowMs ? { messages: new Set(), last: now } : known;
    similar.messages.add(message);
    similar.last = now;
    this.#similar.set(group, similar);
    const merged = similar.messages.size >= maxSimilar;
    if (merged) similar.messages.delete(similar.messages.values().next().value as string);
    const text = merged ? `(combined from similar events): ${message}` : message;
    const key = merged ? group : [group, facts.involvedObject.fieldPath, message].join('\0');
    const seen = this.#seen.get(key);
    if (seen === undefined) return { message: text, count: 1, firstTimestamp: now, key };
    const { name, namespace } = seen;
    return { message: text, count: seen.count + 1, firstTimestamp: seen.first, key, previous: { name, namespace } };
  }

  /** Tells what was written, so that the next occurrence can be counted onto it. */
  written(correlated: Correlated, event: { readonly name: string; readonly namespace: string }): void {
    this.#seen.set(correlated.key, {
      count: correlated.count,
      first: correlated.firstTimestamp,
      name: event.name,
      namespace: event.namespace,
    });
  }

  /** The event that was counted onto has expired. */
  lost(correlated: Correlated): void {
    this.#seen.delete(correlated.key);
  }

  #floods(key: string, now: number): boolean {
    const bucket = this.#spam.get(key) ?? { tokens: spamBurst, at: now };
    bucket.tokens = Math.min(spamBurst, bucket.tokens + (now - bucket.at) / spamRefillMs);
    bucket.at = now;
    this.#spam.set(key, bucket);
    if (bucket.tokens < 1) return true;
    bucket.tokens--;
    return false;
  }
}
