// Values of a pod's own fields, for environment variables and downward API files: pure.
import type { Pod } from '#api/core/v1/pod.ts';

/** A map as the downward API writes it: `key="value"` lines, sorted by key. */
export function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map?.[key])}`)
    .join('\n');
}

const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/;

/** The value of a field path; rejects what the downward API does not offer. */
export function podField(pod: Pod, path: string): string {
  const { metadata, spec, status } = pod;
  const match = subscript.exec(path);
  if (match) {
    const map = match[1] === 'metadata.labels' ? metadata.labels : metadata.annotations;
    return map?.[match[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    case 'spec.nodeName':
      return spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? '';
    case 'spec.restartPolicy':
      return spec.restartPolicy ?? '';
    case 'spec.schedulerName':
      return spec.schedulerName ?? '';
    case 'status.phase':
      return status?.phase ?? '';
    case 'status.hostIP':
      return status?.hostIP ?? '';
    case 'status.hostIPs':
      return (status?.hostIPs ?? []).map((entry) => entry.ip).join(',');
    case 'status.podIP':
      return status?.podIP ?? '';
    case 'status.podIPs':
      return (status?.podIPs ?? []).map((entry) => entry.ip).join(',');
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}
