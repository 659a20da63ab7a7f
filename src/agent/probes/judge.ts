// Counts a probe's outcomes until they count: pure.
import type { Probe } from '#api/core/v1/probe.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export type Verdict = 'success' | 'failure' | 'unknown';

/** What holds before the first attempt. */
export const initialVerdict: Readonly<Record<ProbeKind, Verdict>> = { startup: 'unknown', liveness: 'success', readiness: 'failure' };

export class ProbeJudge {
  readonly #probe: Probe;
  #last: Verdict | undefined;
  #run = 0;
  verdict: Verdict;

  constructor(kind: ProbeKind, probe: Probe) {
    this.#probe = probe;
    this.verdict = initialVerdict[kind];
  }

  /** Notes an attempt; true when the verdict changed. */
  note(result: 'success' | 'failure'): boolean {
    this.#run = this.#last === result ? this.#run + 1 : 1;
    this.#last = result;
    const threshold = result === 'success' ? (this.#probe.successThreshold ?? 1) : (this.#probe.failureThreshold ?? 3);
    if (this.#run < threshold || this.verdict === result) return false;
    this.verdict = result;
    return true;
  }
}
