// matchConditions of webhooks. CEL is loaded when the first webhook has one.
import { forbidden } from '#api/status.ts';
import { lazy } from '#base/lazy.ts';
import type { MatchConditions } from '../../cel/matchconditions.ts';
import { type AdmissionAttributes, shownName } from '../plugin.ts';
import type { Views } from './call.ts';
import type { Hook, Invocation } from './hooks.ts';

const loadInput = lazy(() => import('../celinput.ts'));
const compiled = new WeakMap<Hook, Promise<MatchConditions>>();

function conditionsOf(hook: Hook): Promise<MatchConditions> {
  let conditions = compiled.get(hook);
  if (!conditions) {
    conditions = import('../../cel/matchconditions.ts').then(({ compileMatchConditions }) =>
      compileMatchConditions(hook.spec.matchConditions ?? []),
    );
    compiled.set(hook, conditions);
  }
  return conditions;
}

/**
 * True when the webhook's conditions hold for what it would see. When they cannot be told, its failure policy decides:
 * `Ignore` passes it by, `Fail` refuses the request (StatusError 403).
 */
export async function conditionsHold({ hook, resource }: Invocation, attributes: AdmissionAttributes, views: Views): Promise<boolean> {
  if (!hook.spec.matchConditions?.length) return true;
  const { celInput } = await loadInput();
  const outcome = await (await conditionsOf(hook)).evaluate(await celInput(attributes, resource, views));
  if (outcome.kind !== 'error') return outcome.kind === 'match';
  if (hook.spec.failurePolicy === 'Ignore') return false;
  const { row, name, object } = attributes;
  throw forbidden({ group: row.group, resource: row.resource }, name || (object ? shownName(object) : ''), outcome.message);
}
