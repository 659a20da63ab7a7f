// Keeps a prober for every probe of every running container, and their verdicts.
import type { World } from '#base/world.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Recorder } from '#client/events.ts';
import type { Runtime } from '../runtime.ts';
import type { ProbeResult, ProbeResults } from '../sync/planning.ts';
import { initContainers, isSidecar, uidOf } from '../sync/spec.ts';
import { latest, type PodState, type RuntimeContainer } from '../sync/state.ts';
import type { ProbeKind } from './judge.ts';
import type { Outcome } from './prober.ts';
import { ProbeWorker } from './worker.ts';

const kinds = ['startup', 'liveness', 'readiness'] as const;
const fields = { startup: 'startupProbe', liveness: 'livenessProbe', readiness: 'readinessProbe' } as const;
const names = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

interface Instance {
  readonly workers: ReadonlyMap<ProbeKind, ProbeWorker>;
}

interface PodProbes {
  pod: Pod;
  /** The pod is ending: only readiness goes on. */
  ending: boolean;
  readonly instances: Map<string, Instance>;
}

export class ProbeManager implements ProbeResults {
  readonly #world: World;
  readonly #runtime: Runtime;
  readonly #recorder: Recorder;
  readonly #changed: (uid: string) => void;
  readonly #pods = new Map<string, PodProbes>();
  readonly #instances = new Map<string, Instance>();

  constructor(deps: { world: World; runtime: Runtime; recorder: Recorder }, changed: (uid: string) => void) {
    this.#world = deps.world;
    this.#runtime = deps.runtime;
    this.#recorder = deps.recorder;
    this.#changed = changed;
  }

  #verdict(kind: ProbeKind, containerId: string): ProbeResult | undefined {
    return this.#instances.get(containerId)?.workers.get(kind)?.verdict;
  }
  startup(containerId: string): ProbeResult | undefined {
    return this.#verdict('startup', containerId);
  }
  liveness(containerId: string): ProbeResult | undefined {
    return this.#verdict('liveness', containerId);
  }
  readiness(containerId: string): ProbeResult | undefined {
    return this.#verdict('readiness', containerId);
  }

  /** How often each probe of a container came to which result. */
  counts(containerId: string): { kind: string; result: string; count: number }[] {
    return [...(this.#instances.get(containerId)?.workers ?? [])].flatMap(([kind, worker]) =>
      [...worker.counts].map(([result, count]) => ({ kind: names[kind], result, count })),
    );
  }

  /** Brings the probers in line with what runs of a pod. */
  sync(pod: Pod, state: PodState, about: { ips: readonly string[]; ending: boolean }): void {
    const uid = uidOf(pod);
    const known = this.#pods.get(uid) ?? { pod, ending: about.ending, instances: new Map<string, Instance>() };
    this.#pods.set(uid, known);
    known.pod = pod;
    known.ending = about.ending;
    const alive = new Set<string>();
    for (const container of [...initContainers(pod).filter(isSidecar), ...pod.spec.containers]) {
      const instance = latest(state, container.name);
      if (instance?.state !== 'running') continue;
      alive.add(instance.id);
      if (known.instances.has(instance.id) || !kinds.some((kind) => container[fields[kind]])) continue;
      this.#add(known, container, { instance, ip: about.ips[0] ?? '' });
    }
    for (const id of known.instances.keys()) if (!alive.has(id)) this.#drop(known, id);
  }

  #add(known: PodProbes, container: Container, about: { instance: RuntimeContainer; ip: string }): void {
    const { instance, ip } = about;
    const workers = new Map<ProbeKind, ProbeWorker>();
    const entry: Instance = { workers };
    known.instances.set(instance.id, entry);
    this.#instances.set(instance.id, entry);
    const started = (): boolean => (workers.get('startup')?.verdict ?? 'success') === 'success';
    for (const kind of kinds) {
      const probe = container[fields[kind]];
      if (!probe) continue;
      const worker = new ProbeWorker(
        { world: this.#world, runtime: this.#runtime },
        {
          kind,
          probe,
          target: { containerId: instance.id, container, ip },
          startedAt: instance.startedAt,
          allowed: () => {
            if (kind === 'startup') return !started() && !known.ending;
            return started() && (kind === 'readiness' || !known.ending);
          },
          changed: (verdict) => {
            if (kind === 'startup' && verdict === 'success') for (const other of workers.values()) if (other !== worker) other.trigger();
            this.#changed(uidOf(known.pod));
          },
          unhealthy: (outcome) => this.#tell(known.pod, container, { kind, outcome }),
        },
      );
      workers.set(kind, worker);
    }
  }

  #tell(pod: Pod, container: Container, about: { kind: ProbeKind; outcome: Outcome }): void {
    const name = names[about.kind];
    const init = initContainers(pod).some((candidate) => candidate.name === container.name);
    const fieldPath = `spec.${init ? 'initContainers' : 'containers'}{${container.name}}`;
    const { result, output } = about.outcome;
    if (result === 'warning') this.#recorder.event(pod, 'Warning', 'ProbeWarning', `${name} probe warning: ${output}`, { fieldPath });
    else if (result === 'failure') this.#recorder.event(pod, 'Warning', 'Unhealthy', `${name} probe failed: ${output}`, { fieldPath });
    else {
      const message = `${name} probe errored and resulted in unknown state: ${output}`;
      this.#recorder.event(pod, 'Warning', 'Unhealthy', message, { fieldPath });
    }
  }

  #drop(known: PodProbes, id: string): void {
    for (const worker of known.instances.get(id)?.workers.values() ?? []) worker.stop();
    known.instances.delete(id);
    this.#instances.delete(id);
  }

  /** Stops every prober of a pod. */
  remove(uid: string): void {
    const known = this.#pods.get(uid);
    if (!known) return;
    for (const id of known.instances.keys()) this.#drop(known, id);
    this.#pods.delete(uid);
  }

  dispose(): void {
    for (const uid of this.#pods.keys()) this.remove(uid);
  }
}
