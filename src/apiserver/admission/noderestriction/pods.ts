// What agents may do to pods: mirror those of their own files, report on and remove those of their own node.
import type { Pod } from '#api/core/v1/pod.ts';
import type { ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import type { TokenRequest } from '#api/authentication/v1/tokenrequest.ts';
import { Nodes, Pods } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { changedLabels } from './labels.ts';

const mirror = 'kubernetes.io/config.mirror';
const q = JSON.stringify;

/** Why a mirror pod may not have what it asks for; undefined: it may. */
function references({ spec }: Pod): string | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const volumes = spec.volumes ?? [];
  const sources = volumes.flatMap((volume) => volume.projected?.sources ?? []);
  const env = containers.flatMap((container) => container.env ?? []);
  const from = containers.flatMap((container) => container.envFrom ?? []);
  if (spec.serviceAccountName) return 'a service account';
  const secrets =
    volumes.some((volume) => volume.secret) ||
    sources.some((source) => source.secret) ||
    env.some(({ valueFrom }) => valueFrom?.secretKeyRef) ||
    from.some((source) => source.secretRef) ||
    (spec.imagePullSecrets?.length ?? 0) > 0;
  if (secrets) return 'secrets';
  const configMaps =
    volumes.some((volume) => volume.configMap) ||
    sources.some((source) => source.configMap) ||
    env.some(({ valueFrom }) => valueFrom?.configMapKeyRef) ||
    from.some((source) => source.configMapRef);
  if (configMaps) return 'configmaps';
  if (volumes.some((volume) => volume.persistentVolumeClaim || volume.ephemeral)) return 'persistentvolumeclaims';
  if (sources.some((source) => source.serviceAccountToken)) return 'a service account token';
  return (spec.resourceClaims?.length ?? 0) > 0 ? 'resource claims' : undefined;
}

function owners(metadata: ObjectMeta, node: string, uid: string | undefined): string | undefined {
  const list = metadata.ownerReferences ?? [];
  const who = `node ${q(node)} can only create pods with`;
  if (list.length === 0) return `${who} an owner reference set to itself`;
  if (list.length > 1) return `${who} a single owner reference set to itself`;
  const [owner] = list;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) return `${who} an owner reference set to itself`;
  if (owner.controller !== true) return `${who} a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `node ${q(node)} must not set blockOwnerDeletion on an owner reference`;
  return uid === undefined || owner.uid === uid ? undefined : `node ${q(node)} UID mismatch: expected ${owner.uid} got ${uid}`;
}

/** Why a node may not do this to a pod; undefined: it may. */
export async function podProblem(
  { operation, subresource, object, oldObject, ctx, namespace, name }: AdmissionAttributes,
  node: string,
): Promise<string | undefined> {
  if (subresource === 'status') {
    const old = oldObject as Pod;
    if (old.spec.nodeName !== node) return `node ${q(node)} can only update pod status for pods with spec.nodeName set to itself`;
    return changedLabels(object?.metadata.labels, old.metadata.labels).length > 0
      ? `node ${q(node)} cannot update labels through pod status`
      : undefined;
  }
  if (subresource === 'eviction') {
    let pod = ctx.backend.peek(Pods, name, namespace);
    try {
      pod ??= await ctx.backend.get(Pods, name, namespace);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return undefined;
    }
    return pod.spec.nodeName === node ? undefined : `node ${q(node)} can only evict pods with spec.nodeName set to itself`;
  }
  if (subresource !== '') return `unexpected pod subresource ${q(subresource)}, only 'status' and 'eviction' are allowed`;
  if (operation === 'DELETE') {
    return (oldObject as Pod).spec.nodeName === node ? undefined : `node ${q(node)} can only delete pods with spec.nodeName set to itself`;
  }
  if (operation !== 'CREATE') return `unexpected operation ${q(operation)}, node ${q(node)} can only create and delete mirror pods`;
  const pod = object as Pod;
  if (pod.metadata.annotations?.[mirror] === undefined) {
    return `pod does not have ${q(mirror)} annotation, node ${q(node)} can only create mirror pods`;
  }
  if (pod.spec.nodeName !== node) return `node ${q(node)} can only create pods with spec.nodeName set to itself`;
  const owned = owners(pod.metadata, node, ctx.backend.peek(Nodes, node)?.metadata.uid);
  if (owned) return owned;
  const what = references(pod);
  return what && `node ${q(node)} can not create pods that reference ${what}`;
}

/** Why a node may not have this token of a service account. */
export async function tokenProblem({ object, ctx, namespace }: AdmissionAttributes, node: string): Promise<string | undefined> {
  const ref = (object as unknown as TokenRequest).spec?.boundObjectRef;
  if (!ref || (ref.apiVersion ?? 'v1') !== 'v1' || ref.kind !== 'Pod' || !ref.name) return 'node requested token not bound to a pod';
  if (!ref.uid) return 'node requested token with a pod binding without a uid';
  const pod = ctx.backend.peek(Pods, ref.name, namespace) ?? (await ctx.backend.get(Pods, ref.name, namespace));
  if (pod.metadata.uid !== ref.uid)
    return `the UID in the bound object reference (${ref.uid}) does not match the UID in record (${pod.metadata.uid}). The object might have been deleted and then recreated`;
  return pod.spec.nodeName === node ? undefined : 'node requested token bound to a pod scheduled on a different node';
}
