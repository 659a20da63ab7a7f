// Completion indexes as text: `0-2,5`.
import type { Pod } from '#api/core/v1/pod.ts';

export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';

/** The index of a pod, if it has one. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The numbers in `0-2,5`; text that is not of this form gives nothing. */
export function parseIndexes(text: string | undefined): number[] {
  const numbers: number[] = [];
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const last = Number(match[2] ?? match[1]);
    for (let index = Number(match[1]); index <= last; index++) numbers.push(index);
  }
  return numbers;
}

/** The shortest text; a run of two or more is written with a dash when it has at least three, else with a comma. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].toSorted((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (end + 1 < sorted.length && sorted[end + 1] === (sorted[end] as number) + 1) end++;
    if (end === i) parts.push(String(sorted[i]));
    else if (end === i + 1) parts.push(`${sorted[i]},${sorted[end]}`);
    else parts.push(`${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return parts.join(',');
}
