// One webhook asked about one request.
import type { KubeObject } from '#api/object.ts';
import { badRequest, internal } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { goQuote } from '#format/goquote.ts';
import { annotate } from '../../annotations.ts';
import type { Resource } from '../../registry/resource.ts';
import { callWebhook } from '../../webhook/client.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import type { Hook, HookKind, Invocation } from './hooks.ts';
import { rejection, reviewOf, type Verdict, verdictOf } from './review.ts';

/** A webhook gave no usable answer: what happens then is its failure policy's business. */
export class HookFailure extends Error {}

/** The object as an equivalent resource serves it. */
export async function convert(object: KubeObject | undefined, from: Resource | undefined, to: Resource): Promise<KubeObject | undefined> {
  // Through /scale goes an object of another kind, which has no other versions.
  if (!object || !from || from === to || object.kind !== from.row.kind) return object;
  return to.fromStored(await from.toStorage(object));
}

const versions = ['v1', 'v1beta1'];

/** The newest version of AdmissionReview that both sides speak; configurations without one are refused when written. */
function reviewVersion(hook: Hook): string {
  return `admission.k8s.io/${hook.spec.admissionReviewVersions.find((version) => versions.includes(version)) ?? 'v1'}`;
}

/** What a webhook sees of the request's objects. */
export interface Views {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

/**
 * Asks. Warnings and audit annotations of the answer are kept. Throws StatusError when the webhook denies,
 * HookFailure when it cannot be asked or does not make sense.
 */
export async function ask(kind: HookKind, { hook, resource }: Invocation, attributes: AdmissionAttributes, views: Views): Promise<Verdict> {
  const { ctx, dryRun } = attributes;
  const { name, sideEffects, timeoutSeconds } = hook.spec;
  if (dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${goQuote(name)} does not support dry run`);
  }
  const { world } = ctx.backend;
  const uid = world.random.uuid();
  const apiVersion = reviewVersion(hook);
  const review = reviewOf(attributes, { uid, apiVersion, row: resource.row, ...views });
  let answer: unknown;
  try {
    answer = await callWebhook(world, hook.target, review, { timeout: (timeoutSeconds ?? 10) * 1000, signal: ctx.call.signal });
  } catch (error) {
    throw new HookFailure(`failed calling webhook ${goQuote(name)}: failed to call webhook: ${messageOf(error)}`, { cause: error });
  }
  let verdict: Verdict;
  try {
    verdict = verdictOf(answer, { uid, apiVersion, kind });
  } catch (error) {
    throw new HookFailure(`failed calling webhook ${goQuote(name)}: received invalid webhook response: ${messageOf(error)}`);
  }
  for (const [key, value] of Object.entries(verdict.annotations)) annotate(ctx, `${name}/${key}`, value);
  ctx.warnings.push(...verdict.warnings);
  if (!verdict.allowed) throw rejection(name, verdict.status);
  return verdict;
}

/** What is thrown for an error of a webhook; undefined: the failure policy lets the request pass. */
export function afterFailure(kind: HookKind, hook: Hook, attributes: AdmissionAttributes, error: unknown): unknown {
  if (!(error instanceof HookFailure)) return error;
  const { ctx } = attributes;
  if (hook.spec.failurePolicy !== 'Ignore') return internal(error.message, error);
  ctx.backend.world.log.warn('webhook failed open', { webhook: hook.spec.name, error: error.message });
  annotate(ctx, `failed-open.${kind}.webhook.admission.k8s.io/round_0_index_0`, hook.spec.name);
  return undefined;
}
