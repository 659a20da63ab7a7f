// Pure: which victims would violate a PodDisruptionBudget.
import type { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import { type Selector, SelectorError, selectorOf } from '#format/selector.ts';
import type { PodInfo } from '../podinfo.ts';

function selectorFor(budget: PodDisruptionBudget): Selector | undefined {
  try {
    const selector = selectorOf(budget.spec.selector);
    return selector.empty || selector.nothing ? undefined : selector;
  } catch (error) {
    // A selector that cannot be read selects nothing; the budget's own controller reports it.
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** Splits pods, which come most important first, by whether a budget allows them to be disrupted one after the other. */
export function splitByBudgets(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { violating: PodInfo[]; harmless: PodInfo[] } {
  const left = budgets.map((budget) => budget.status.disruptionsAllowed ?? 0);
  const selectors = budgets.map(selectorFor);
  const violating: PodInfo[] = [];
  const harmless: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    budgets.forEach((budget, i) => {
      if (budget.metadata.namespace !== pod.namespace || selectors[i]?.matches(pod.labels) !== true) return;
      // An eviction of it has been granted already and is counted.
      if (budget.status.disruptedPods?.[pod.pod.metadata.name] !== undefined) return;
      left[i] = (left[i] as number) - 1;
      if ((left[i] as number) < 0) violates = true;
    });
    (violates ? violating : harmless).push(pod);
  }
  return { violating, harmless };
}
