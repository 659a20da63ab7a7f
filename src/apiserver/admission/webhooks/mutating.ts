// MutatingAdmissionWebhook: webhooks one after the other, each on what the one before it made of the object.
import type { KubeObject } from '#api/object.ts';
import { internal } from '#api/status.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { messageOf } from '#base/errors.ts';
import { goQuote } from '#format/goquote.ts';
import { parseJson } from '#format/json.ts';
import { applyJsonPatch, parseJsonPatch } from '#merge/jsonPatch.ts';
import { structOfKind } from '#api/walk/protobuf.ts';
import { decodeValue } from '../../body.ts';
import { apiVersionOf } from '#api/object.ts';
import type { Backend } from '../../chain.ts';
import type { Registry } from '../../registry/registry.ts';
import type { AdmissionAttributes, AdmissionPlugin, Round } from '../plugin.ts';
import { afterFailure, ask, convert } from './call.ts';
import { conditionsHold } from './conditions.ts';
import { Hooks, type Invocation } from './hooks.ts';
import { kindOf } from './review.ts';
import { isAdmissionConfiguration } from './rules.ts';
import { selectorsMatch } from './select.ts';
import { shown, written } from './view.ts';

const known = new WeakMap<Backend, Hooks>();

function hooksOf(backend: Backend): Hooks {
  let hooks = known.get(backend);
  if (!hooks) known.set(backend, (hooks = new Hooks('mutating', backend)));
  return hooks;
}

/** Applies the text of a JSON patch to what the webhook saw, and reads the result as the kind that it must be. */
function patchedView(
  text: string,
  seen: KubeObject | undefined,
  attributes: AdmissionAttributes,
  { hook, resource }: Invocation,
): KubeObject | undefined {
  const operations = parseJsonPatch(parseJson(text));
  if (operations.length === 0) return undefined;
  if (!seen) {
    throw new Error(
      `admission webhook ${goQuote(hook.spec.name)} attempted to modify the object, which is not supported for this operation`,
    );
  }
  const value = applyJsonPatch(seen as never, operations);
  const gvk = kindOf(resource.row, attributes.subresource);
  const struct = (gvk.kind === resource.row.kind ? undefined : structOfKind(apiVersionOf(gvk), gvk.kind)) ?? resource.row.struct;
  return decodeValue(value, { struct, ...gvk }, 'Ignore', () => {});
}

/** The changed object; undefined: unchanged; `passed by`: the webhook did not want the request after all. */
async function callOne(
  invocation: Invocation,
  attributes: AdmissionAttributes,
  registry: Registry,
): Promise<KubeObject | undefined | 'passed by'> {
  const { row, object, oldObject } = attributes;
  const own = registry.find(row.group, row.version, row.resource);
  const seen = await convert(shown(object, attributes), own, invocation.resource);
  const seenOld = await convert(shown(oldObject, attributes), own, invocation.resource);
  const views = { object: seen, oldObject: seenOld };
  if (!(await conditionsHold(invocation, attributes, views))) return 'passed by';
  const { patch } = await ask('mutating', invocation, attributes, views);
  if (patch === '') return undefined;
  let view: KubeObject | undefined;
  try {
    view = patchedView(patch, seen, attributes, invocation);
  } catch (error) {
    throw internal(messageOf(error), error);
  }
  if (!view || !object || semanticEqual(view, seen)) return undefined;
  const back = own ? await convert(view, invocation.resource, own) : view;
  return written(keepOwners(back as KubeObject, object), object, attributes);
}

/** Who owns which field is not for webhooks to say. */
function keepOwners(changed: KubeObject, before: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = changed.metadata;
  const { managedFields } = before.metadata;
  return { ...changed, metadata: { ...metadata, ...(managedFields ? { managedFields } : {}) } };
}

async function dispatch(wanting: readonly Invocation[], attributes: AdmissionAttributes, round: Round): Promise<KubeObject | undefined> {
  // Other plug-ins have worked on the object since the webhooks saw it last.
  if (round.again && attributes.object !== round.lastOutput) round.requireAgain();
  let current = attributes;
  for (const invocation of wanting) {
    const { hook } = invocation;
    if (round.again && !round.wantsAgain(hook.id)) continue;
    try {
      if (!(await selectorsMatch(hook, current))) continue;
      const changed = await callOne(invocation, current, attributes.registry);
      if (changed === 'passed by') continue;
      if (changed) {
        current = { ...current, object: changed };
        round.requireAgain();
        round.changed = true;
      }
      if (hook.spec.reinvocationPolicy === 'IfNeeded') round.called(hook.id);
    } catch (error) {
      const thrown = afterFailure('mutating', hook, current, error);
      if (thrown !== undefined) throw thrown;
    }
  }
  round.lastOutput = current.object;
  return current === attributes ? undefined : current.object;
}

export const mutatingWebhooks: AdmissionPlugin = {
  name: 'MutatingAdmissionWebhook',
  handles: (row) => !isAdmissionConfiguration(row.group, row.resource),
  admit(attributes, round) {
    const { ctx, registry, row, operation, subresource } = attributes;
    const wanting = hooksOf(ctx.backend).wanting(registry, row, operation, subresource);
    return wanting.length === 0 ? undefined : dispatch(wanting, attributes, round);
  },
};
