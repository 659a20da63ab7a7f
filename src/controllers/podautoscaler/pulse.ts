// Custom and external metrics are told by nobody: their values alone are asked for twice a second, so that an autoscaler looks
// closely only when one has moved.
import type { Clock } from '#base/clock.ts';
import type { MetricSpec } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { Moving } from './listening.ts';
import type { MetricSource } from './source.ts';

/** Milliseconds between two questions. */
const beat = 500;

/** The values of one metric now; undefined: it is told by others. */
function question(source: MetricSource, namespace: string, selector: string, spec: MetricSpec): (() => Promise<unknown>) | undefined {
  const { pods, object, external } = spec;
  if (spec.type === 'Pods' && pods !== undefined)
    // Measured again is not moved: times do not count.
    return async () => [...(await source.ofPods(namespace, selector, pods.metric))].map(([pod, { value }]) => [pod, value]);
  if (spec.type === 'Object' && object !== undefined) return () => source.ofObject(namespace, object.describedObject, object.metric);
  if (spec.type === 'External' && external !== undefined) return () => source.external(namespace, external.metric);
  return undefined;
}

/** Moves of those metrics that have to be asked for; undefined: there are none. */
export function pulseOf(
  source: MetricSource,
  clock: Clock,
  about: { readonly namespace: string; readonly selector: string; readonly specs: readonly MetricSpec[] },
): Moving | undefined {
  const { namespace, selector, specs } = about;
  const asked = specs.filter((spec) => question(source, namespace, selector, spec) !== undefined);
  if (asked.length === 0) return undefined;
  return {
    id: JSON.stringify([namespace, selector, asked]),
    async *moves(signal) {
      const questions = asked.flatMap((spec) => question(source, namespace, selector, spec) ?? []);
      for (let before = ''; ; ) {
        await clock.sleep(beat, signal);
        const now = JSON.stringify(await Promise.all(questions.map((ask) => ask())));
        if (now !== before) yield now;
        before = now;
      }
    },
  };
}
