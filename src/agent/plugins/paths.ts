// The directory that plugins know by kubelet's name. Their pods mount parts of it; what they get is the agent's own
// directory, wherever that is, so that drivers made for kubelet work unchanged beside each other's clusters.

const kubeletDir = '/var/lib/kubelet';

/** A path of the machine for one that a pod or plugin names. */
export function ownPath(dataDir: string, path: string): string {
  if (path !== kubeletDir && !path.startsWith(`${kubeletDir}/`)) return path;
  return `${dataDir}${path.slice(kubeletDir.length)}`;
}

/** True for paths that plugins name as kubelet's. */
export const isKubelets = (path: string): boolean => ownPath('', path) !== path;

/** One of our paths, as a plugin knows it that names kubelet's. */
export function kubeletPath(dataDir: string, path: string): string {
  return path.startsWith(`${dataDir}/`) ? `${kubeletDir}${path.slice(dataDir.length)}` : path;
}
