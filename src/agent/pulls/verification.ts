// Which images a pod may use without showing credentials, although they are on the node (KEP-2535): pure.
import { parseReference } from '../images/reference.ts';

export const verificationPolicies = ['NeverVerify', 'NeverVerifyPreloadedImages', 'NeverVerifyAllowlistedImages', 'AlwaysVerify'] as const;
export type VerificationPolicy = (typeof verificationPolicies)[number];

export interface Verification {
  readonly policy: VerificationPolicy;
  /** Images without tag and digest, or `registry/path/*`: who may be used by everybody under NeverVerifyAllowlistedImages. */
  readonly allowlist: readonly string[];
}

/** An image without tag and digest, with its domain: how records name it. Undefined when it is no reference. */
export function imageName(image: string): string | undefined {
  const reference = parseReference(image);
  return reference && `${reference.domain}/${reference.path}`;
}

/** What is wrong with a pattern of the list, in kubelet's words. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern !== pattern.trim()) return `leading/trailing spaces are not allowed: ${pattern}`;
  const wildcard = pattern.endsWith('/*');
  const bare = wildcard ? pattern.slice(0, -1) : pattern;
  if (bare === '') return `the supplied pattern is too short: ${pattern}`;
  if (bare.includes('*')) return `not a valid wildcard pattern, only patterns ending with '/*' are allowed: ${pattern}`;
  if (wildcard) return bare.length === 1 ? 'at least registry hostname is required' : undefined;
  const name = imageName(bare);
  if (name === undefined) return 'failed to parse as an image name: invalid reference format';
  return name === bare ? undefined : `neither tag nor digest is accepted in an image reference: ${pattern}`;
}

const listed = (allowlist: readonly string[], name: string): boolean =>
  allowlist.some((pattern) => (pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));

/** True when a pod must show that it may use the image. `pulledHere`: this node has pulled it, nobody has put it there. */
export function mustVerify({ policy, allowlist }: Verification, image: string, pulledHere: boolean): boolean {
  switch (policy) {
    case 'NeverVerify':
      return false;
    case 'NeverVerifyPreloadedImages':
      return pulledHere;
    case 'NeverVerifyAllowlistedImages': {
      const name = imageName(image);
      return name === undefined || !listed(allowlist, name);
    }
    case 'AlwaysVerify':
      return true;
  }
}
