// Operators as closures.
import { compare, equal } from './compare.ts';
import { compareCost } from './costs.ts';
import { absorb, charge, type Step } from './frame.ts';
import { traversal } from './sizes.ts';
import { CelList, CelMap, EvalError, noSuchOverload } from './values.ts';

/** `&&` and `||`: whichever side decides counts, whatever the other raises. */
export function logic(first: Step, second: Step, decisive: boolean): Step {
  return (frame) => {
    let raised: EvalError | undefined;
    try {
      const left = first(frame);
      if (left === decisive) return decisive;
      if (typeof left !== 'boolean') raised = new EvalError('no such overload');
    } catch (error) {
      raised = absorb(error);
    }
    if (raised === undefined) {
      const right = second(frame);
      return typeof right === 'boolean' ? right : noSuchOverload();
    }
    try {
      if (second(frame) === decisive) return decisive;
    } catch (error) {
      absorb(error);
    }
    throw raised;
  };
}

export function equality(first: Step, second: Step, wanted: boolean): Step {
  return (frame) => {
    const left = first(frame);
    const right = second(frame);
    charge(frame, compareCost(left, right));
    frame.visited = 0;
    const same = equal(left, right, frame);
    if (frame.visited > 0) charge(frame, Math.ceil(frame.visited * traversal));
    return same === wanted;
  };
}

export function order(first: Step, second: Step, holds: (order: number) => boolean): Step {
  return (frame) => {
    const left = first(frame);
    const right = second(frame);
    charge(frame, compareCost(left, right));
    return holds(compare(left, right));
  };
}

export function membership(first: Step, second: Step): Step {
  return (frame) => {
    const item = first(frame);
    const whole = second(frame);
    if (whole instanceof CelList) {
      charge(frame, whole.size);
      frame.visited = 0;
      let found = false;
      for (let at = 0; at < whole.size && !found; at++) found = equal(whole.at(at), item, frame);
      if (frame.visited > 0) charge(frame, Math.ceil(frame.visited * traversal));
      return found;
    }
    charge(frame, 1);
    return whole instanceof CelMap ? whole.get(item) !== undefined : noSuchOverload();
  };
}
