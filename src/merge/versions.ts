// The versions of a kind that managers speak: each manager's fields are looked at in the version in which it wrote them.
import type { Struct } from '#api/dsl.ts';
import type { OwnedObject } from './apply.ts';
import { type Changes, compareTyped, unchanged } from './compare.ts';
import { emptySet, type FieldSet, setOf } from './fieldset.ts';
import { type Shape, shapeOfStruct } from './shape.ts';

/** Another version of the kind. */
export interface OtherVersion {
  readonly struct: Struct;
  /** An object of the version at hand in that version. */
  to(object: OwnedObject): OwnedObject;
  /** And back. */
  from(object: OwnedObject): OwnedObject;
}

/** What a version is to an endpoint: its own struct, and how to find others. */
export interface Spoken {
  readonly apiVersion: string;
  readonly struct: Struct;
  /** Paths that this endpoint does not write, e.g. `[['status']]`: nobody comes to own them here. */
  readonly reset?: readonly (readonly string[])[];
  /** Undefined for a version whose fields are taken to be those of the version at hand. */
  version?(apiVersion: string): OtherVersion | undefined;
  /** Whether the kind has no such version any more: what managers said in it means nothing. */
  isGone?(apiVersion: string): boolean;
}

/** An object and its shape in some version. */
export interface Tongue {
  readonly shape: Shape;
  to(object: unknown): unknown;
  from(object: unknown): unknown;
}

const same = (object: unknown): unknown => object;

/** How a version is spoken. */
export function tongueOf(spoken: Spoken, apiVersion: string): Tongue {
  const other = apiVersion === spoken.apiVersion ? undefined : spoken.version?.(apiVersion);
  if (!other) return { shape: shapeOfStruct(spoken.struct), to: same, from: same };
  return {
    shape: shapeOfStruct(other.struct),
    to: (object) => other.to(object as OwnedObject),
    from: (object) => other.from(object as OwnedObject),
  };
}

/** What an endpoint does not write. */
export function ignoredSet({ reset }: Spoken): FieldSet {
  return reset?.length ? setOf(...reset.map((path) => path.map((name) => `f:${name}`))) : emptySet;
}

/** Two states of an object, compared in any version; each is compared once. */
export class Difference {
  readonly #known = new Map<string, Changes>();
  readonly #spoken: Spoken;
  readonly #before: unknown;
  readonly #after: unknown;

  constructor(spoken: Spoken, before: unknown, after: unknown) {
    this.#spoken = spoken;
    this.#before = before;
    this.#after = after;
  }

  /** Versions that are not known to differ share one comparison. */
  in(apiVersion: string): Changes {
    const spoken = this.#spoken;
    const other = apiVersion !== spoken.apiVersion && spoken.version?.(apiVersion) !== undefined;
    const key = other ? apiVersion : spoken.apiVersion;
    let changes = this.#known.get(key);
    if (!changes) {
      const { shape, to } = tongueOf(spoken, key);
      changes = without(compareTyped(to(this.#before), to(this.#after), shape), ignoredSet(spoken));
      this.#known.set(key, changes);
    }
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
