// Kubernetes' library for semantic versions.
import { readCost, readEstimate } from '../costs.ts';
import { fn, free, type Library, method } from '../decls.ts';
import { Bool, Int, opaque, Str } from '../types.ts';
import { fail, OpaqueValue, type Value } from '../values.ts';

const type = opaque('kubernetes.Semver');

interface Version {
  readonly core: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
}

class SemverValue extends OpaqueValue {
  readonly typeName = type.name;
  readonly version: Version;
  constructor(version: Version) {
    super();
    this.version = version;
  }
  equals(other: Value): boolean {
    return other instanceof SemverValue && compareVersions(this, other) === 0;
  }
}

const part = '(0|[1-9][0-9]{0,18})';
const strict = new RegExp(String.raw`^${part}\.${part}\.${part}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$`);

/** `v01.2` becomes `1.2.0`. */
function normalized(text: string): string {
  const bare = text.trim().replace(/^v/, '');
  const cut = /[-+]/.exec(bare)?.index ?? bare.length;
  const numbers = bare.slice(0, cut).split('.');
  while (numbers.length < 3) numbers.push('0');
  return numbers.map((number) => number.replace(/^0+(?=[0-9])/, '')).join('.') + bare.slice(cut);
}

function read(text: string): Version | undefined {
  const match = strict.exec(text);
  if (!match) return undefined;
  const [, major = '0', minor = '0', patch = '0', pre, build] = match;
  const labels = pre?.split('.') ?? [];
  if (labels.some((label) => label === '' || /^0[0-9]+$/.test(label)) || build?.split('.').includes('')) return undefined;
  return { core: [BigInt(major), BigInt(minor), BigInt(patch)], pre: labels };
}

const versionOf = (text: string, normalize = false): Version | undefined => read(normalize ? normalized(text) : text);
function semver(text: string, normalize = false): SemverValue {
  const version = versionOf(text, normalize);
  return version ? new SemverValue(version) : fail('Invalid character(s) found in version, or not a semantic version');
}

function compareLabels(a: string, b: string): number {
  const numbers = [a, b].map((label) => /^[0-9]+$/.test(label));
  if (numbers[0] && numbers[1]) return Number(BigInt(a) - BigInt(b) > 0n) - Number(BigInt(a) - BigInt(b) < 0n);
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareVersions({ version: a }: SemverValue, { version: b }: SemverValue): number {
  for (const at of [0, 1, 2] as const) if (a.core[at] !== b.core[at]) return a.core[at] < b.core[at] ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0) return Number(a.pre.length === 0) - Number(b.pre.length === 0);
  for (let at = 0; at < Math.min(a.pre.length, b.pre.length); at++) {
    const order = compareLabels(a.pre[at] as string, b.pre[at] as string);
    if (order !== 0) return order;
  }
  return Math.sign(a.pre.length - b.pre.length);
}

const costs = { cost: readCost(0), estimate: readEstimate(0) };

export const semvers: Library = {
  types: [type],
  functions: [
    fn('semver', free('string_to_semver', [Str], type, semver, costs), free('string_bool_to_semver', [Str, Bool], type, semver, costs)),
    fn(
      'isSemver',
      free('is_semver_string', [Str], Bool, (text: string) => versionOf(text) !== undefined, costs),
      free(
        'is_semver_string_bool',
        [Str, Bool],
        Bool,
        (text: string, normalize: boolean) => versionOf(text, normalize) !== undefined,
        costs,
      ),
    ),
    fn(
      'isGreaterThan',
      method('semver_is_greater_than', [type, type], Bool, (a: SemverValue, b: SemverValue) => compareVersions(a, b) > 0),
    ),
    fn(
      'isLessThan',
      method('semver_is_less_than', [type, type], Bool, (a: SemverValue, b: SemverValue) => compareVersions(a, b) < 0),
    ),
    fn(
      'compareTo',
      method('semver_compare_to', [type, type], Int, (a: SemverValue, b: SemverValue) => BigInt(compareVersions(a, b))),
    ),
    ...(['major', 'minor', 'patch'] as const).map((name, at) =>
      fn(
        name,
        method(`semver_${name}`, [type], Int, ({ version }: SemverValue) => version.core[at] as bigint),
      ),
    ),
  ],
};
