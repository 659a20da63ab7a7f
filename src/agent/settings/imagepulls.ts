// The fields of a kubelet's configuration that are about pulling images: pure.
import { goQuote } from '#format/goquote.ts';
import { imagePullDefaults, type ImagePullOptions } from '../pulls/options.ts';
import { patternProblem, type Verification, verificationPolicies, type VerificationPolicy } from '../pulls/verification.ts';
import { type Fields, SettingsError } from './fields.ts';

const names = {
  serialize: 'serializeImagePulls',
  parallel: 'maxParallelImagePulls',
  qps: 'registryPullQPS',
  burst: 'registryBurst',
  policy: 'imagePullCredentialsVerificationPolicy',
  allowlist: 'preloadedImagesVerificationAllowlist',
} as const;

const gate = 'KubeletEnsureSecretPulledImages';

function whole(fields: Fields, name: string): number | undefined {
  const value = fields.number(name);
  if (value !== undefined && !Number.isInteger(value)) throw new SettingsError(`${name} must be a whole number`);
  return value;
}

function notNegative(fields: Fields, name: string, flag: string, usual: number): number {
  const value = whole(fields, name) ?? usual;
  if (value < 0) throw new SettingsError(`${name} (${flag}) ${value} must not be a negative number`);
  return value;
}

/** Pulls at once; undefined: no limit. Whoever allows several need not say that they do not wait for each other. */
function parallelPulls(fields: Fields): number | undefined {
  const most = whole(fields, names.parallel);
  const serialize = fields.flag(names.serialize) ?? (most === undefined || most < 2);
  if (most !== undefined && most < 1) throw new SettingsError(`${names.parallel} ${most} must be a positive number`);
  if (serialize && most !== undefined && most > 1) {
    throw new SettingsError(
      `${names.parallel} cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false`,
    );
  }
  return serialize ? 1 : most;
}

function verification(fields: Fields): Verification | undefined {
  const policy = fields.text(names.policy);
  const allowlist = fields.list(names.allowlist) ?? [];
  if (fields.gates()[gate] === false) {
    if (policy) throw new SettingsError(`${goTick(names.policy)} must not be set if ${gate} feature gate is not enabled`);
    if (allowlist.length > 0) throw new SettingsError(`${goTick(names.allowlist)} must not be set if ${gate} feature gate is not enabled`);
    return undefined;
  }
  if (policy && !(verificationPolicies as readonly string[]).includes(policy)) {
    const [a, b, c, d] = verificationPolicies.map(goQuote);
    throw new SettingsError(`option ${goQuote(policy)} specified for ${names.policy}. Valid options are ${a}, ${b}, ${c} or ${d}`);
  }
  if (allowlist.length > 0 && policy !== 'NeverVerifyAllowlistedImages') {
    throw new SettingsError(`can't set ${goTick(names.allowlist)} if ${goTick(names.policy)} is not "NeverVerifyAllowlistedImages"`);
  }
  for (const pattern of allowlist) {
    const problem = typeof pattern === 'string' ? patternProblem(pattern) : 'it must be a string';
    if (problem !== undefined) throw new SettingsError(`invalid image pattern in ${goTick(names.allowlist)}: ${problem}`);
  }
  return { policy: (policy || 'NeverVerifyPreloadedImages') as VerificationPolicy, allowlist };
}

const goTick = (text: string): string => `\`${text}\``;

/** How images are pulled; undefined when the file says nothing about it. Throws SettingsError in kubelet's words. */
export function imagePulls(fields: Fields): ImagePullOptions | undefined {
  const qps = notNegative(fields, names.qps, '--registry-qps', imagePullDefaults.qps);
  const burst = notNegative(fields, names.burst, '--registry-burst', imagePullDefaults.burst);
  const parallel = parallelPulls(fields);
  const verified = verification(fields);
  if (!Object.values(names).some((name) => fields.has(name)) && verified) return undefined;
  const { backoffInitial, backoffMax } = imagePullDefaults;
  return {
    qps,
    burst,
    backoffInitial,
    backoffMax,
    ...(parallel === undefined ? {} : { parallel }),
    ...(verified ? { verification: verified } : {}),
  };
}
