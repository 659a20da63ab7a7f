// Conditions of CustomResourceDefinitions.
import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '#api/apiextensions/v1/customresourcedefinition.ts';

export type Condition = CustomResourceDefinitionCondition;
export type ConditionFacts = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The condition of a type, if it is there. */
export function conditionOf(crd: CustomResourceDefinition, type: string): Condition | undefined {
  return crd.status.conditions?.find((condition) => condition.type === type);
}

/** True when the condition is there and true. */
export function isTrueCondition(crd: CustomResourceDefinition, type: string): boolean {
  return conditionOf(crd, type)?.status === 'True';
}

/** The conditions with some set; one that says the same stays as it is, and only a new status is a transition. */
export function withConditions(present: readonly Condition[], wanted: readonly ConditionFacts[], now: string): readonly Condition[] {
  const next = [...present];
  for (const facts of wanted) {
    const at = next.findIndex((condition) => condition.type === facts.type);
    const old = next[at];
    if (old && old.status === facts.status && old.reason === facts.reason && old.message === facts.message) continue;
    const lastTransitionTime = old?.status === facts.status ? old.lastTransitionTime : now;
    const condition = { ...facts, lastTransitionTime } as Condition;
    if (at < 0) next.push(condition);
    else next[at] = condition;
  }
  return next;
}
