// A manifest file as a static pod: decoded, defaulted, checked and named as kubelet does it. Pure.
import type { Toleration } from '#api/core/v1/affinity.ts';
import { Pod } from '#api/core/v1/pod.ts';
import { fieldErrorText } from '#api/fielderror.ts';
import { decode, strictReason, validateCreate } from '#api/rules.ts';
import { isObject } from '#format/own.ts';
import { parseYaml } from '#format/yaml.ts';
import { apiReference } from './references.ts';
import { annotations } from './annotations.ts';

export interface ManifestSource {
  /** Path of the file. */
  readonly path: string;
  readonly nodeName: string;
  /** When the file was first seen, as `kubernetes.io/config.seen` tells it. */
  readonly seen: string;
  /** A short digest of a text: pods without a uid of their own get one that changes with the manifest. */
  readonly digest: (text: string) => string;
}

/** Static pods stay whatever befalls the node. */
const staysAnyway: Toleration = { operator: 'Exists', effect: 'NoExecute' };

function tolerations(own: readonly Toleration[] = []): readonly Toleration[] {
  const there = own.some(({ key, operator, effect }) => !key && operator === 'Exists' && effect === 'NoExecute');
  return there ? own : [...own, staysAnyway];
}

function podOf(value: Record<string, unknown>, source: ManifestSource): Pod {
  const { object, unknown } = decode<Pod>(Pod, value, { defaults: false });
  if (unknown.length > 0) throw new Error(strictReason(unknown));
  if (!object.metadata?.name) throw new Error('invalid pod: name is needed for the pod');
  const uid = object.metadata.uid || source.digest(`${JSON.stringify(object)}host:${source.nodeName}file:${source.path}`);
  const named = {
    ...object,
    metadata: {
      ...object.metadata,
      uid,
      name: `${object.metadata.name}-${source.nodeName.toLowerCase()}`,
      namespace: object.metadata.namespace || 'default',
      annotations: {
        ...object.metadata.annotations,
        [annotations.hash]: uid,
        [annotations.source]: 'file',
        [annotations.seen]: source.seen,
      },
    },
    spec: { ...object.spec, nodeName: source.nodeName, tolerations: tolerations(object.spec?.tolerations) },
    status: { phase: 'Pending' },
  };
  const { object: pod } = decode<Pod>(Pod, named);
  const errors = validateCreate(Pod, pod);
  if (errors.length > 0) {
    const texts = errors.map(fieldErrorText);
    throw new Error(`invalid pod: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`);
  }
  const what = apiReference(pod);
  if (what) throw new Error(`static pods may not reference ${what}`);
  return pod;
}

/** The pods of one file: a Pod or a PodList, in JSON or YAML. Throws when any of them cannot be taken. */
export function readManifest(text: string, source: ManifestSource): Pod[] {
  const value = parseYaml(text);
  if (!isObject(value)) throw new Error("couldn't parse as pod: Object 'Kind' is missing");
  const { apiVersion, kind } = value;
  if (apiVersion === 'v1' && kind === 'Pod') return [podOf(value, source)];
  const items = value['items'];
  if (apiVersion === 'v1' && (kind === 'PodList' || kind === 'List') && Array.isArray(items)) {
    return items.map((item: unknown) => {
      if (!isObject(item)) throw new Error('invalid pods list');
      return podOf(item, source);
    });
  }
  throw new Error(`couldn't parse as pod: it is ${String(apiVersion)}, Kind=${String(kind)}`);
}
