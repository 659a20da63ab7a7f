// Validation of references to fields of the pod: environment, downward API.
import { type FieldError, invalid, notSupported, required } from '#api/fielderror.ts';
import { qualifiedName } from '#api/formats.ts';
import { canonicalQuantity } from '#format/quantity.ts';
import type { ObjectFieldSelector, ResourceFieldSelector } from './reference.ts';

const convertible = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'spec.hostNetwork',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
  'status.nominatedNodeName',
]);
/** Fields that an environment variable may hold. */
export const envFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields that a file of the downward API may hold. */
export const volumeFields: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const resourceFields: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const divisors: readonly string[] = ['0', '1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** `metadata.labels['app']` is path `metadata.labels`, subscript `app`. */
export function splitFieldPath(path: string): { readonly path: string; readonly subscript?: string } {
  const match = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/.exec(path);
  return match ? { path: match[1] as string, subscript: match[2] as string } : { path };
}

/** Checks a fieldRef against the fields that are allowed there. */
export function checkFieldRef(ref: ObjectFieldSelector, allowed: readonly string[], at: string, errors: FieldError[]): void {
  if (!ref.apiVersion) errors.push(required(`${at}.apiVersion`));
  if (ref.fieldPath === '') {
    errors.push(required(`${at}.fieldPath`));
    return;
  }
  const { path, subscript } = splitFieldPath(ref.fieldPath);
  if (subscript !== undefined) {
    const key = path === 'metadata.annotations' ? subscript.toLowerCase() : subscript;
    for (const text of qualifiedName(key)) errors.push(invalid(at, subscript, text));
    return;
  }
  if (!convertible.has(path)) {
    const detail = `error converting fieldPath: field label not supported: ${path}`;
    errors.push(invalid(`${at}.fieldPath`, ref.fieldPath, detail));
  } else if (!allowed.includes(path)) errors.push(notSupported(`${at}.fieldPath`, path, allowed));
}

/** Checks a resourceFieldRef; in volumes the container must be named. */
export function checkResourceFieldRef(ref: ResourceFieldSelector, inVolume: boolean, at: string, errors: FieldError[]): void {
  if (inVolume && !ref.containerName) errors.push(required(`${at}.containerName`));
  if (ref.resource === '') errors.push(required(`${at}.resource`));
  else if (!resourceFields.includes(ref.resource) && !/^(limits|requests)\.hugepages-.+$/.test(ref.resource)) {
    errors.push(notSupported(`${at}.resource`, ref.resource, resourceFields));
  }
  const divisor = canonicalQuantity(ref.divisor ?? '0');
  const cpu = ref.resource.endsWith('.cpu');
  if (cpu ? !['0', '1', '1m'].includes(divisor) : !divisors.includes(divisor)) {
    const text = cpu
      ? "only divisor's values 1m and 1 are supported with the cpu resource"
      : "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource";
    errors.push(invalid(`${at}.divisor`, ref.resource, text));
  }
}
