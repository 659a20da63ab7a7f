// Pure: a pod held against a level of the Pod Security Standards.
import type { PodSpec } from '#api/core/v1/podspec.ts';
import { baselineChecks } from './baseline.ts';
import { type Check, type Finding, subjectOf } from './check.ts';
import type { LevelVersion } from './policy.ts';
import { restrictedChecks } from './restricted.ts';

/** Minor version that `latest` means. */
const latest = 35;

type Version = Check['versions'][number];

function versionAt({ versions }: Check, minor: number): Version | undefined {
  return versions.findLast(({ from }) => from <= minor);
}

/** The checks of a level at a version. */
function checksOf({ level, minor = latest }: LevelVersion): readonly Version[] {
  if (level === 'privileged') return [];
  const restricted =
    level === 'restricted' ? restrictedChecks.map((check) => versionAt(check, minor)).filter((found) => found !== undefined) : [];
  const overridden = new Set(restricted.flatMap(({ overrides = [] }) => overrides));
  const baseline = baselineChecks.filter(({ id }) => !overridden.has(id)).map((check) => versionAt(check, minor));
  return [...baseline.filter((found) => found !== undefined), ...restricted];
}

/** Everything that a pod breaks. */
export function evaluate(
  level: LevelVersion,
  annotations: Readonly<Record<string, string>> | undefined,
  spec: PodSpec,
): readonly Finding[] {
  const subject = subjectOf(annotations, spec);
  return checksOf(level)
    .map(({ run }) => run(subject))
    .filter((finding) => finding !== undefined);
}

/** Findings as refusals and warnings tell them. */
export function findingsText(findings: readonly Finding[]): string {
  return findings.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');
}

/** Findings without who is to blame. */
export function reasonsText(findings: readonly Finding[]): string {
  return findings.map(({ reason }) => reason).join(', ');
}
