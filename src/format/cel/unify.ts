// Finding what type parameters stand for.
import { type CelType, Dyn, isDyn, isDynOrError, listOf, mapOf, opaque, sameType, typeOf } from './types.ts';

/** What is known about type parameters so far, by name. */
export class Bindings {
  readonly #known = new Map<string, CelType>();
  /** What was known before, to go back when an attempt fails. */
  readonly #trail: (readonly [string, CelType | undefined])[] = [];
  #next = 0;

  /** A parameter that nobody else uses. */
  fresh(): CelType {
    return { kind: 'param', name: `_var${this.#next++}` };
  }

  /** The type with its parameters replaced as far as they are known; the rest becomes dyn when `final`. */
  resolve(type: CelType, final = false): CelType {
    switch (type.kind) {
      case 'param': {
        const known = this.#known.get(type.name);
        if (known) return this.resolve(known, final);
        return final ? Dyn : type;
      }
      case 'list':
        return listOf(this.resolve(type.elem, final));
      case 'map':
        return mapOf(this.resolve(type.key, final), this.resolve(type.value, final));
      case 'opaque':
        return type.params.length ? opaque(type.name, ...type.params.map((each) => this.resolve(each, final))) : type;
      case 'type':
        return type.of ? typeOf(this.resolve(type.of, final)) : type;
      default:
        return type;
    }
  }

  /** True when a value of type `from` may stand where `to` is asked; learns parameters by that. */
  assign(from: CelType, to: CelType): boolean {
    const mark = this.#trail.length;
    if (this.#assign(from, to)) return true;
    this.#undo(mark);
    return false;
  }

  /** The same for lists of types: all or nothing. */
  assignAll(from: readonly CelType[], to: readonly CelType[]): boolean {
    if (from.length !== to.length) return false;
    const mark = this.#trail.length;
    for (let index = 0; index < from.length; index++) {
      if (this.#assign(from[index] as CelType, to[index] as CelType)) continue;
      this.#undo(mark);
      return false;
    }
    return true;
  }

  #learn(name: string, type: CelType): void {
    this.#trail.push([name, this.#known.get(name)]);
    this.#known.set(name, type);
  }

  #undo(mark: number): void {
    while (this.#trail.length > mark) {
      const [name, before] = this.#trail.pop() as [string, CelType | undefined];
      if (before) this.#known.set(name, before);
      else this.#known.delete(name);
    }
  }

  #assign(from: CelType, to: CelType): boolean {
    if (to.kind === 'param') {
      const done = this.#bind(to.name, from, to);
      if (done !== undefined) return done;
    }
    if (from.kind === 'param') {
      const done = this.#bind(from.name, to, from);
      if (done !== undefined) return done;
    }
    if (isDynOrError(from) || isDynOrError(to)) return true;
    if (from.kind === 'null') return nullable(to);
    switch (to.kind) {
      case 'wrapper':
        return from.kind === 'wrapper' ? from.of.kind === to.of.kind : from.kind === to.of.kind;
      case 'list':
        return from.kind === 'list' && this.#assign(from.elem, to.elem);
      case 'map':
        return from.kind === 'map' && this.#assign(from.key, to.key) && this.#assign(from.value, to.value);
      case 'opaque':
        return (
          from.kind === 'opaque' &&
          from.name === to.name &&
          from.params.length === to.params.length &&
          from.params.every((each, index) => this.#assign(each, to.params[index] as CelType))
        );
      case 'object':
        return from.kind === 'object' && from.name === to.name;
      case 'type':
        return from.kind === 'type';
      default:
        return from.kind === to.kind;
    }
  }

  /** Whether a parameter can stand for `other`; undefined: both are the same parameter or nothing was decided. */
  #bind(name: string, other: CelType, self: CelType): boolean | undefined {
    if (other.kind === 'param' && this.#root(other) === this.#root(self)) return true;
    const known = this.#known.get(name);
    if (known === undefined) {
      if (this.#occurs(name, other)) return false;
      this.#learn(name, other);
      return true;
    }
    if (this.#assign(other, known)) {
      // The wider of both is kept.
      if (!isDyn(known) && this.#moreGeneral(other, known) && !this.#occurs(name, other)) this.#learn(name, other);
      return true;
    }
    if (this.#assign(known, other) && !this.#occurs(name, other)) {
      this.#learn(name, other);
      return true;
    }
    return false;
  }

  #root(type: CelType): CelType | string {
    let current = type;
    for (;;) {
      if (current.kind !== 'param') return current;
      const known = this.#known.get(current.name);
      if (!known) return current.name;
      current = known;
    }
  }

  #moreGeneral(other: CelType, known: CelType): boolean {
    return isDyn(other) || (known.kind === 'null' && other.kind !== 'null') || (other.kind === 'wrapper' && known.kind !== 'wrapper');
  }

  #occurs(name: string, type: CelType): boolean {
    switch (type.kind) {
      case 'param': {
        if (type.name === name) return true;
        const known = this.#known.get(type.name);
        return known !== undefined && this.#occurs(name, known);
      }
      case 'list':
        return this.#occurs(name, type.elem);
      case 'map':
        return this.#occurs(name, type.key) || this.#occurs(name, type.value);
      case 'opaque':
        return type.params.some((each) => this.#occurs(name, each));
      case 'type':
        return type.of !== undefined && this.#occurs(name, type.of);
      default:
        return false;
    }
  }
}

function nullable(type: CelType): boolean {
  switch (type.kind) {
    case 'null':
    case 'opaque':
    case 'object':
    case 'duration':
    case 'timestamp':
    case 'wrapper':
      return true;
    default:
      return isDynOrError(type);
  }
}

/** The wider of two types of which one can be assigned to the other. */
export function widest(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : b;
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (isDynOrError(a) || a.kind === 'param') return true;
  if (isDynOrError(b) || b.kind === 'param') return false;
  if (a.kind === 'null') return b.kind === 'null';
  if (b.kind === 'null') return true;
  if (a.kind === 'wrapper') return true;
  if (a.kind === 'list' && b.kind === 'list') return lessSpecific(a.elem, b.elem);
  if (a.kind === 'map' && b.kind === 'map') return lessSpecific(a.key, b.key) && lessSpecific(a.value, b.value);
  if (a.kind === 'opaque' && b.kind === 'opaque' && a.name === b.name) {
    return a.params.every((each, index) => lessSpecific(each, b.params[index] ?? Dyn));
  }
  return sameType(a, b);
}
