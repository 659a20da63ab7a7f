// How exactly timers go off. The monitor thread of a Go program looks every 20 µs for system calls that take longer, and wakes other
// threads in their place; starting pods is made of such calls, so that the daemon and its shims are busy with that. A process whose
// timers may be late by a millisecond looks less often. Processes hand this down to those they start: whatever becomes a container
// is started through a script that makes its timers exact again.
const lateNanos = 1_000_000;

/** What a process has unless somebody has chosen otherwise. */
export const usualSlack = 50_000;

/** A command that is run with timers which may be late. */
export const withLateTimers = (command: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  `{ echo ${lateNanos} >/proc/self/timerslack_ns; } 2>/dev/null; exec "$@"`,
  'sh',
  ...command,
];

/** A script that runs a program with exact timers. */
export const exactTimers = (program: string, slack: number): string => `#!/bin/sh
# Written by the node's agent.
{ echo ${slack} >/proc/self/timerslack_ns; } 2>/dev/null
exec '${program.replaceAll("'", `'\\''`)}' "$@"
`;
