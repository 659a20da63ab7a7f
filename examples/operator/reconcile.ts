// One greeting: its page in a ConfigMap, its status, and the end of both.
import { ApiException, type CoreV1Api, type CustomObjectsApi, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { finalizer, type Greeting, group, home, kind, plural, stored } from './types.ts';

export interface Apis {
  readonly core: CoreV1Api;
  readonly custom: CustomObjectsApi;
  /** Shown on the pages: which version of the operator made them. */
  readonly version: string;
}

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const isGone = (error: unknown): boolean => error instanceof ApiException && error.code === 404;

/** The page of a greeting. */
export function pageOf({ spec }: Greeting, version: string): string {
  const lines = spec.lines.map((line) => `<p>${spec.loud ? line.toUpperCase() : line}</p>`);
  return [`<!-- operator ${version} -->`, ...lines, ''].join('\n');
}

/** Brings the world in line with a greeting. */
export async function reconcile({ core, custom, version }: Apis, greeting: Greeting): Promise<void> {
  const { name = '', namespace = '', uid = '', generation, finalizers = [], deletionTimestamp } = greeting.metadata;
  const address = { group, version: stored, plural, namespace, name };
  if (deletionTimestamp) {
    if (!finalizers.includes(finalizer)) return;
    await sayGoodbye(core, `${namespace}/${name}`);
    const left = finalizers.filter((one) => one !== finalizer);
    await custom.patchNamespacedCustomObject({ ...address, body: { metadata: { finalizers: left } } }, merge);
    return;
  }
  if (!finalizers.includes(finalizer)) {
    await custom.patchNamespacedCustomObject({ ...address, body: { metadata: { finalizers: [...finalizers, finalizer] } } }, merge);
  }
  const page = `${name}-page`;
  const body = {
    metadata: { name: page, namespace, ownerReferences: [{ apiVersion: `${group}/${stored}`, kind, name, uid, controller: true }] },
    data: { 'index.html': pageOf(greeting, version) },
  };
  try {
    const present = await core.readNamespacedConfigMap({ name: page, namespace });
    if (present.data?.['index.html'] !== body.data['index.html']) await core.replaceNamespacedConfigMap({ name: page, namespace, body });
  } catch (error) {
    if (!isGone(error)) throw error;
    await core.createNamespacedConfigMap({ namespace, body });
  }
  const status = { page, observedGeneration: generation };
  if (greeting.status?.page === page && greeting.status.observedGeneration === generation) return;
  await custom.patchNamespacedCustomObjectStatus({ ...address, body: { status } }, merge);
}

/** What must happen outside before a greeting may go: it is written into a list. */
async function sayGoodbye(core: CoreV1Api, name: string): Promise<void> {
  const list = { name: 'goodbyes', namespace: home };
  const key = name.replace('/', '.');
  try {
    const present = await core.readNamespacedConfigMap(list);
    await core.replaceNamespacedConfigMap({ ...list, body: { ...present, data: { ...present.data, [key]: 'goodbye' } } });
  } catch (error) {
    if (!isGone(error)) throw error;
    await core.createNamespacedConfigMap({ namespace: home, body: { metadata: { name: list.name }, data: { [key]: 'goodbye' } } });
  }
}
