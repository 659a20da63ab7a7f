// Sets of processors in the kernel's list form, `0-3,8`: pure.

/** The text is not a list of processors. */
export class CpusetError extends Error {}

/** The processors of a list; an empty text is the empty set. */
export function parseCpuset(text: string): ReadonlySet<number> {
  const cpus = new Set<number>();
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) throw new CpusetError(`${JSON.stringify(text)} is no list of processors`);
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.add(cpu);
  }
  return cpus;
}

/** The list of a set, in order and as short as can be. */
export function formatCpuset(cpus: Iterable<number>): string {
  const sorted = [...cpus].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    parts.push(end === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return parts.join(',');
}
