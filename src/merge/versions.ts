// The versions of a kind that managers speak: each manager's fields are looked at in the version in which it wrote them.
import type { Struct } from '#api/dsl.ts';
import type { OwnedObject } from './apply.ts';
import { type Changes, compareTyped, unchanged } from './compare.ts';
import { emptySet, type FieldSet, setOf } from './fieldset.ts';
import { type Shape, shapeOfStruct } from './shape.ts';
import { skeletonOf } from './skeleton.ts';

/** A version of the kind. */
export interface Version {
  readonly struct: Struct;
  /** An object of any version of the kind in this one. Throws what stands in the way; the caller of the merge deals with it. */
  convert(object: OwnedObject): OwnedObject;
}

/** What a version is to an endpoint: its own struct, and how to find others. */
export interface Spoken {
  readonly apiVersion: string;
  readonly struct: Struct;
  /** Paths that this endpoint does not write, e.g. `[['status']]`: nobody comes to own them here. */
  readonly reset?: readonly (readonly string[])[];
  /** Undefined for a version whose fields are taken to be those of the version at hand; that one may be asked for too. */
  version?(apiVersion: string): Version | undefined;
  /** Whether the kind has no such version any more: what managers said in it means nothing. */
  isGone?(apiVersion: string): boolean;
}

/** How a version is spoken. */
export interface Tongue {
  readonly apiVersion: string;
  readonly struct: Struct;
  readonly shape: Shape;
  /** An object of any version in this one. */
  convert(object: OwnedObject): OwnedObject;
}

/** How a version is spoken; one that is not known to differ is spoken like the version at hand. */
export function tongueOf(spoken: Spoken, apiVersion: string): Tongue {
  const other = apiVersion === spoken.apiVersion ? undefined : spoken.version?.(apiVersion);
  if (other) {
    const { struct } = other;
    return { apiVersion, struct, shape: shapeOfStruct(struct), convert: (object) => other.convert(object) };
  }
  const { struct } = spoken;
  return {
    apiVersion: spoken.apiVersion,
    struct,
    shape: shapeOfStruct(struct),
    convert: (object) => spoken.version?.(spoken.apiVersion)?.convert(object) ?? object,
  };
}

/** An object in some version. */
export interface Said {
  readonly value: unknown;
  readonly tongue: Tongue;
}

/** The same object in another version. */
export function translate({ value, tongue: from }: Said, tongue: Tongue): Said {
  return { value: from.apiVersion === tongue.apiVersion ? value : tongue.convert(value as OwnedObject), tongue };
}

/** What an endpoint does not write. */
export function ignoredSet({ reset }: Spoken): FieldSet {
  return reset?.length ? setOf(...reset.map((path) => path.map((name) => `f:${name}`))) : emptySet;
}

/** Two states of an object of the version at hand. */
export interface States {
  /** Undefined before it was made. */
  readonly before: OwnedObject | undefined;
  readonly after: OwnedObject;
  /** What is left of a state to compare, in whatever version. */
  comparable(object: OwnedObject): unknown;
}

/** Two states of an object, compared in any version; each is compared once. */
export class Difference {
  readonly #known = new Map<string, Changes>();
  readonly #spoken: Spoken;
  readonly #states: States;

  constructor(spoken: Spoken, states: States) {
    this.#spoken = spoken;
    this.#states = states;
  }

  /** Versions that are not known to differ share one comparison. */
  in(apiVersion: string): Changes {
    const spoken = this.#spoken;
    const tongue = tongueOf(spoken, apiVersion);
    const known = this.#known.get(tongue.apiVersion);
    if (known) return known;
    const { before, after, comparable } = this.#states;
    const own = tongueOf(spoken, spoken.apiVersion);
    const inTongue = (value: OwnedObject): unknown => comparable(translate({ value, tongue: own }, tongue).value as OwnedObject);
    // What did not exist was in every version what a new object is.
    const start = before ? inTongue(before) : skeletonOf(tongue.struct);
    const changes = without(compareTyped(start, inTongue(after), tongue.shape), ignoredSet(spoken));
    this.#known.set(tongue.apiVersion, changes);
    return changes;
  }

  /** In the version at hand. */
  get own(): Changes {
    return this.in(this.#spoken.apiVersion);
  }
}

function without(changes: Changes, ignored: FieldSet): Changes {
  if (ignored.empty || unchanged(changes)) return changes;
  return {
    added: changes.added.recursiveDifference(ignored),
    modified: changes.modified.recursiveDifference(ignored),
    removed: changes.removed.recursiveDifference(ignored),
  };
}
