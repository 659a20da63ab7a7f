// The options of the CPU manager's static policy: pure.
import { readFlag } from '../numa/options.ts';

export interface CpuOptions {
  /** Whole cores only (`full-pcpus-only`). */
  readonly wholeCores: boolean;
  /** Reserved processors are for nobody (`strict-cpu-reservation`). */
  readonly strictReservation: boolean;
  /** Few last-level caches are shared (`prefer-align-cpus-by-uncorecache`). */
  readonly caches: boolean;
  /** Equal parts from each NUMA node (`distribute-cpus-across-numa`). */
  readonly distribute: boolean;
}

/** Options that Kubernetes has behind the gate CPUManagerPolicyAlphaOptions, which is closed. */
const alpha = new Set(['align-by-socket', 'distribute-cpus-across-cores']);
const known = new Set(['full-pcpus-only', 'strict-cpu-reservation', 'distribute-cpus-across-numa', 'prefer-align-cpus-by-uncorecache']);

/** Reads the options. Throws in kubelet's words. */
export function readCpuOptions(options: Readonly<Record<string, string>>): CpuOptions {
  for (const name of Object.keys(options)) {
    const quoted = JSON.stringify(name);
    if (alpha.has(name)) throw new Error(`CPU Manager Policy Alpha-level Options not enabled, but option ${quoted} provided`);
    if (!known.has(name)) throw new Error(`unknown CPU Manager Policy option: ${quoted}`);
  }
  const flag = (name: string): boolean => options[name] !== undefined && readFlag(name, options[name]);
  const distribute = flag('distribute-cpus-across-numa');
  const caches = flag('prefer-align-cpus-by-uncorecache');
  if (distribute && caches) {
    throw new Error(
      'static policy options prefer-align-cpus-by-uncorecache and distribute-cpus-across-numa can not be used at the same time',
    );
  }
  return {
    wholeCores: flag('full-pcpus-only'),
    strictReservation: flag('strict-cpu-reservation'),
    caches,
    distribute,
  };
}
