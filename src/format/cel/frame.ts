// What a running expression carries along.
import { CostError, EvalError, type Value } from './values.ts';

/** Values of variables by their full names. */
export type Activation = Readonly<Record<string, Value | undefined>>;

export interface Frame {
  readonly variables: Activation;
  /** Variables of comprehensions, by slot. */
  readonly locals: Value[];
  cost: number;
  readonly limit: number;
  /** Items inside others that comparisons have looked at. */
  visited: number;
}

/** A compiled node. */
export type Step = (frame: Frame) => Value;

/** Adds to the cost; stops the expression when it has used up its limit. */
export function charge(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw new CostError();
}

/** The error, if it is one of the expression; everything else goes on up. */
export function absorb(error: unknown): EvalError {
  if (error instanceof EvalError) return error;
  throw error;
}
