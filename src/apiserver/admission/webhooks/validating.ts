// ValidatingAdmissionWebhook: all webhooks that want a request are asked at the same time; one "no" is enough.
import type { Backend } from '../../chain.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { afterFailure, ask, convert } from './call.ts';
import { conditionsHold } from './conditions.ts';
import { Hooks, type Invocation } from './hooks.ts';
import { isAdmissionConfiguration } from './rules.ts';
import { selectorsMatch } from './select.ts';
import { shown } from './view.ts';

const known = new WeakMap<Backend, Hooks>();

function hooksOf(backend: Backend): Hooks {
  let hooks = known.get(backend);
  if (!hooks) known.set(backend, (hooks = new Hooks('validating', backend)));
  return hooks;
}

async function judge(invocation: Invocation, attributes: AdmissionAttributes): Promise<void> {
  const { hook, resource } = invocation;
  const { registry, row, object, oldObject } = attributes;
  try {
    if (!(await selectorsMatch(hook, attributes))) return;
    const own = registry.find(row.group, row.version, row.resource);
    const view = (one: typeof object) => convert(shown(one, attributes), own, resource);
    const views = { object: await view(object), oldObject: await view(oldObject) };
    if (await conditionsHold(invocation, attributes, views)) await ask('validating', invocation, attributes, views);
  } catch (error) {
    const thrown = afterFailure('validating', hook, attributes, error);
    if (thrown !== undefined) throw thrown;
  }
}

async function dispatch(wanting: readonly Invocation[], attributes: AdmissionAttributes): Promise<void> {
  const results = await Promise.allSettled(wanting.map((invocation) => judge(invocation, attributes)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

export const validatingWebhooks: AdmissionPlugin = {
  name: 'ValidatingAdmissionWebhook',
  handles: (row) => !isAdmissionConfiguration(row.group, row.resource),
  validate(attributes) {
    const { ctx, registry, row, operation, subresource } = attributes;
    const wanting = hooksOf(ctx.backend).wanting(registry, row, operation, subresource);
    return wanting.length === 0 ? undefined : dispatch(wanting, attributes);
  },
};
