// When a finished Job is to go (KEP-592). Pure.
import type { Job } from '#api/batch/v1/job.ts';

/** Milliseconds since the epoch; undefined while the Job runs, when it stays for good, and when it is going already. */
export function expiresAt({ metadata, spec, status }: Job): number | undefined {
  const seconds = spec.ttlSecondsAfterFinished;
  if (seconds === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const end = status.conditions?.find(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True');
  const at = Date.parse(end?.lastTransitionTime ?? '');
  return Number.isNaN(at) ? undefined : at + seconds * 1000;
}
