// When the change that endpoints show happened: the annotation from which programming latency is measured.
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import { readyCondition } from '#api/podutil.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Known {
  readonly service: string;
  readonly pods: ReadonlyMap<string, string>;
}

/** Remembers, per Service, the times that were already told. */
export class TriggerTimes {
  readonly #known = new Map<string, Known>();

  /** The earliest change since the last call for this Service, if there was one. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#known.get(key);
    const times: string[] = [];
    const now = new Map<string, string>();
    for (const pod of pods) {
      const time = readyCondition(pod.status)?.lastTransitionTime;
      if (time === undefined) continue;
      const id = pod.metadata.name;
      now.set(id, time);
      const known = before?.pods.get(id);
      if (known === undefined || time > known) times.push(time);
    }
    const created = service.metadata.creationTimestamp ?? '';
    if (created > (before?.service ?? '')) times.push(created);
    this.#known.set(key, { service: created, pods: now });
    return times.toSorted()[0];
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}
