// Conversion of custom resources between versions: None changes the apiVersion, Webhook asks one (ConversionReview). What comes
// back is checked: only labels and annotations of metadata may differ, and kind, name, namespace and uid may not.
import type { CustomResourceConversion } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { KubeObject } from '#api/object.ts';
import { parseApiVersion } from '#api/object.ts';
import { internal } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { goQuote } from '#format/goquote.ts';
import { isObject } from '#format/own.ts';
import type { Backend } from '../chain.ts';
import { callWebhook, targetOf, type WebhookTarget } from '../webhook/client.ts';

/** Turns objects into another version, in the same order. Rejects with StatusError. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>;

const group = 'apiextensions.k8s.io';
const timeout = 30_000;
const largestAnswer = 64 * 1024 * 1024;
/** Objects per call. */
const batch = 1000;

const gvkText = ({ apiVersion = '', kind = '' }: KubeObject): string => {
  const { group: name, version } = parseApiVersion(apiVersion);
  return `${name}/${version}, Kind=${kind}`;
};

interface Answer {
  readonly uid?: unknown;
  readonly convertedObjects?: unknown;
  readonly result?: { readonly status?: unknown; readonly message?: unknown };
}

/** The converted objects of a review; throws an Error that says what is wrong with it. */
export function readAnswer(review: unknown, wanted: { readonly apiVersion: string; readonly uid: string }): readonly unknown[] {
  const { apiVersion, kind, response } = (isObject(review) ? review : {}) as { apiVersion?: unknown; kind?: unknown; response?: Answer };
  if (apiVersion !== wanted.apiVersion || kind !== 'ConversionReview') {
    const expected = gvkText({ apiVersion: wanted.apiVersion, kind: 'ConversionReview' } as KubeObject);
    const found = gvkText({ apiVersion: String(apiVersion ?? ''), kind: String(kind ?? '') } as KubeObject);
    throw new Error(`expected webhook response of ${expected}, got ${found}`);
  }
  if (!isObject(response)) throw new Error('no response provided');
  if (response.uid !== wanted.uid)
    throw new Error(`expected response.uid=${goQuote(wanted.uid)}, got ${goQuote(String(response.uid ?? ''))}`);
  const { status, message } = (response as Answer).result ?? {};
  if (status !== 'Success') {
    throw new Error(
      typeof message === 'string' && message !== '' ? message : `response.result.status was '${String(status ?? '')}', not 'Success'`,
    );
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : [];
}

const isTexts = (value: unknown): boolean => isObject(value) && Object.values(value).every((text) => typeof text === 'string');

/** A converted object, checked against what was sent; metadata is the original's but for labels and annotations. */
export function checkConverted(original: KubeObject, converted: unknown, apiVersion: string): KubeObject {
  if (!isObject(converted)) throw new Error('invalid converted object: not an object');
  const object = converted as Partial<KubeObject> & Record<string, unknown>;
  if (object.apiVersion !== apiVersion) {
    throw new Error(`invalid groupVersion (expected ${apiVersion}, received ${String(object.apiVersion ?? '')})`);
  }
  if (object.kind !== original.kind) throw new Error(`must have the same kind: ${String(original.kind)} != ${String(object.kind ?? '')}`);
  const meta: unknown = object['metadata'];
  if (meta === undefined) throw new Error('missing metadata in converted object');
  if (!isObject(meta)) throw new Error('invalid metadata in converted object');
  for (const [field, name] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [before, after] = [original.metadata[field] ?? '', meta[field] ?? ''];
    if (before !== after) throw new Error(`must have the same ${name}: ${before} != ${String(after)}`);
  }
  const { labels: _, annotations: __, ...kept } = original.metadata;
  const own: Record<string, unknown> = {};
  for (const field of ['labels', 'annotations'] as const) {
    const value = meta[field];
    if (value === undefined || value === null) continue;
    if (!isTexts(value)) throw new Error(`invalid metadata.${field} in converted object`);
    own[field] = value;
  }
  return { ...object, metadata: { ...kept, ...own } } as KubeObject;
}

async function ask(
  backend: Backend,
  target: WebhookTarget,
  objects: readonly KubeObject[],
  wanted: { apiVersion: string; review: string },
) {
  const { world } = backend;
  const uid = world.random.uuid();
  const first = objects[0] as KubeObject;
  const failed = (what: string, error: unknown) => internal(`conversion webhook for ${gvkText(first)} ${what}: ${messageOf(error)}`, error);
  const request = { uid, desiredAPIVersion: wanted.apiVersion, objects };
  let converted: readonly unknown[];
  try {
    const body = { kind: 'ConversionReview', apiVersion: wanted.review, request };
    converted = readAnswer(await callWebhook(world, target, body, { timeout, limit: largestAnswer }), { apiVersion: wanted.review, uid });
  } catch (error) {
    throw failed('failed', error);
  }
  if (converted.length !== objects.length) {
    throw internal(`conversion webhook for ${gvkText(first)} returned ${converted.length} objects, expected ${objects.length}`);
  }
  return objects.map((original, index) => {
    try {
      return checkConverted(original, converted[index], wanted.apiVersion);
    } catch (error) {
      throw failed(`returned invalid converted object at index ${index}`, error);
    }
  });
}

/** The conversion of a definition; undefined when it is None. */
export function webhookConversion(backend: Backend, conversion: CustomResourceConversion | undefined): Convert | undefined {
  const webhook = conversion?.strategy === 'Webhook' ? conversion.webhook : undefined;
  if (!webhook?.clientConfig) return undefined;
  const target = targetOf(backend, webhook.clientConfig);
  const version = webhook.conversionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  return async (objects, apiVersion) => {
    const converted: KubeObject[] = [];
    for (let from = 0; from < objects.length; from += batch) {
      // oxlint-disable-next-line no-await-in-loop
      converted.push(...(await ask(backend, target, objects.slice(from, from + batch), { apiVersion, review: `${group}/${version}` })));
    }
    return converted;
  };
}
