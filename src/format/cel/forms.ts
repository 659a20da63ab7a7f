// Calls of functions: which of their forms a call takes.
import type { Overload } from './decls.ts';
import { charge, type Frame, type Step } from './frame.ts';
import { type Guard, guardOf } from './guards.ts';
import { fail, noSuchOverload, type Value } from './values.ts';

/** One form of a function, ready to be called. */
export interface Form {
  readonly guards: readonly Guard[];
  readonly cost: Overload['cost'];
  readonly impl: (...args: Value[]) => Value;
  accepts(values: readonly Value[]): boolean;
  run(frame: Frame, values: readonly Value[]): Value;
}

export function formOf(overload: Overload): Form {
  const guards = overload.params.map(guardOf);
  const impl = (overload.impl ?? (() => fail(`unbound function: ${overload.id}`))) as (...args: Value[]) => Value;
  const { cost } = overload;
  return {
    guards,
    cost,
    impl,
    accepts: (values) => guards.every((guard, at) => guard(values[at] as Value)),
    run(frame, values) {
      const result = impl(...values);
      charge(frame, cost ? cost(values, result) : 1);
      return result;
    },
  };
}

/** A call whose form is known; the usual numbers of arguments go without a list of them. */
export function single(form: Form, args: readonly Step[], unguarded: boolean): Step {
  const { impl, cost } = form;
  const guards: readonly Guard[] = unguarded ? form.guards.map(() => () => true) : form.guards;
  const [first, second] = args as [Step, Step];
  const [one, two] = guards as [Guard, Guard];
  if (args.length === 1) {
    return (frame) => {
      const a = first(frame);
      if (!one(a)) return noSuchOverload();
      const result = impl(a);
      charge(frame, cost ? cost([a], result) : 1);
      return result;
    };
  }
  if (args.length === 2) {
    return (frame) => {
      const a = first(frame);
      const b = second(frame);
      if (!one(a) || !two(b)) return noSuchOverload();
      const result = impl(a, b);
      charge(frame, cost ? cost([a, b], result) : 1);
      return result;
    };
  }
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    return unguarded || form.accepts(values) ? form.run(frame, values) : noSuchOverload();
  };
}
