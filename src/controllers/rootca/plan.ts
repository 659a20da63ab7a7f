// Pure: the ConfigMap by which pods know the API server's authority.
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import type { Draft } from '#api/object.ts';

export const rootCaName = 'kube-root-ca.crt';

const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** What to write for a namespace; undefined when the present one is right. */
export function planRootCa(
  current: ConfigMap | undefined,
  namespace: string,
  ca: string,
): { create: Draft<ConfigMap> } | { update: ConfigMap } | undefined {
  const annotations = { 'kubernetes.io/description': description };
  const data = { 'ca.crt': ca };
  if (current === undefined) return { create: { metadata: { name: rootCaName, namespace, annotations }, data } };
  const keys = Object.keys(current.data ?? {});
  const described = current.metadata.annotations?.['kubernetes.io/description'] !== undefined;
  if (keys.length === 1 && current.data?.['ca.crt'] === ca && described) return undefined;
  return {
    update: { ...current, metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } }, data },
  };
}
