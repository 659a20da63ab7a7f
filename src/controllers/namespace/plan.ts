// Pure: what a namespace's status says while its content is being deleted.
import { rfc3339 } from '#base/clock.ts';
import type { NamespaceCondition } from '#api/core/v1/namespace.ts';

/** What one pass over a namespace's content found. */
export interface Findings {
  readonly discoveryFailed: ReadonlyMap<string, string>;
  readonly deletionErrors: readonly string[];
  /** Instances left per resource, named `resource.group` as messages do (`pods.`). */
  readonly remaining: ReadonlyMap<string, number>;
  /** Instances left per finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

interface Verdict {
  readonly type: string;
  readonly failed: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Errors as Go prints an aggregate. */
function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}

function verdict(
  type: string,
  problem: { reason: string; message: string } | undefined,
  fine: { reason: string; message: string },
): Verdict {
  return { type, failed: problem !== undefined, ...(problem ?? fine) };
}

function verdicts(findings: Findings): Verdict[] {
  const { discoveryFailed, deletionErrors, remaining, finalizers } = findings;
  const failures = [...discoveryFailed].toSorted().map(([group, reason]) => `${group}: ${reason}`);
  const left = [...remaining].filter(([, count]) => count > 0).map(([resource, count]) => `${resource} has ${count} resource instances`);
  const held = [...finalizers].filter(([, count]) => count > 0).map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    verdict(
      'NamespaceDeletionDiscoveryFailure',
      failures.length
        ? {
            reason: 'DiscoveryFailed',
            message: `Discovery failed for some groups, ${failures.length} failing: unable to retrieve the complete list of server APIs: ${failures.join(', ')}`,
          }
        : undefined,
      { reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
    ),
    verdict('NamespaceDeletionGroupVersionParsingFailure', undefined, {
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    }),
    verdict(
      'NamespaceDeletionContentFailure',
      deletionErrors.length
        ? {
            reason: 'ContentDeletionFailed',
            message: `Failed to delete all resource types, ${deletionErrors.length} remaining: ${aggregate(deletionErrors.toSorted())}`,
          }
        : undefined,
      { reason: 'ContentDeleted', message: 'All content successfully deleted, may be waiting on finalization' },
    ),
    verdict(
      'NamespaceContentRemaining',
      left.length ? { reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${left.toSorted().join(', ')}` } : undefined,
      { reason: 'ContentRemoved', message: 'All content successfully removed' },
    ),
    verdict(
      'NamespaceFinalizersRemaining',
      held.length
        ? {
            reason: 'SomeFinalizersRemain',
            message: `Some content in the namespace has finalizers remaining: ${held.toSorted().join(', ')}`,
          }
        : undefined,
      { reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' },
    ),
  ];
}

/** The conditions after a pass; undefined when nothing changed. */
export function planConditions(
  current: readonly NamespaceCondition[] | undefined,
  findings: Findings,
  now: number,
): readonly NamespaceCondition[] | undefined {
  const next = new Map((current ?? []).map((condition) => [condition.type, condition]));
  let changed = false;
  for (const { type, failed, reason, message } of verdicts(findings)) {
    const status = failed ? 'True' : 'False';
    const known = next.get(type);
    if (known?.status === status && known.reason === reason && known.message === message) continue;
    next.set(type, { type, status, lastTransitionTime: rfc3339(now), reason, message });
    changed = true;
  }
  return changed ? [...next.values()] : undefined;
}

/** Milliseconds until a namespace with content left is looked at again: soon at first, then as rarely as upstream does. */
export function nextLook(passes: number): number {
  return Math.min(8000, 250 * 2 ** Math.min(passes, 10));
}
