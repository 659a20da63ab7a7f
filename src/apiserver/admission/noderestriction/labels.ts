// Pure: which labels an agent may give to its own node.
const allowed = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);
const allowedDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const restricted = 'node-restriction.kubernetes.io';

const inDomain = (namespace: string, domain: string): boolean => namespace === domain || namespace.endsWith(`.${domain}`);

/** False for labels by which administrators keep pods away from nodes (KEP-279). */
export function nodeMaySet(label: string): boolean {
  const slash = label.indexOf('/');
  if (slash < 0) return true;
  const namespace = label.slice(0, slash);
  if (inDomain(namespace, restricted)) return false;
  if (!inDomain(namespace, 'kubernetes.io') && !inDomain(namespace, 'k8s.io')) return true;
  return allowed.has(label) || allowedDomains.some((domain) => inDomain(namespace, domain));
}

type Labels = Readonly<Record<string, string>> | undefined;

/** Keys that differ between two sets of labels, sorted. */
export function changedLabels(next: Labels, before: Labels): string[] {
  const keys = new Set([...Object.keys(next ?? {}), ...Object.keys(before ?? {})]);
  return [...keys].filter((key) => next?.[key] !== before?.[key]).sort();
}
