// Pure: how badly a zone is disrupted, and how fast its nodes may therefore be emptied.
import type { Node } from '#api/core/v1/node.ts';
import { readiness } from './health.ts';

export type ZoneState = 'normal' | 'partial' | 'full';

export interface ZoneRates {
  /** Nodes per second that may be emptied in a healthy zone. */
  readonly normal: number;
  /** The same in a large zone that is partly disrupted. */
  readonly secondary: number;
  /** Zones with at most this many nodes are not emptied at all while partly disrupted. */
  readonly largeZone: number;
  /** Share of nodes not ready from which a zone is partly disrupted. */
  readonly unhealthy: number;
}

export const defaultRates: ZoneRates = { normal: 0.1, secondary: 0.01, largeZone: 50, unhealthy: 0.55 };

/** The zone of a node by its topology labels. */
export function zoneOf({ metadata }: Node): string {
  const region = metadata.labels?.['topology.kubernetes.io/region'] ?? '';
  const zone = metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:${zone}`;
}

export interface Zones {
  /** Nodes per second that may be emptied, by zone. */
  readonly rates: ReadonlyMap<string, number>;
  /** No node is ready anywhere: more likely we are cut off than they are dead, and nothing is emptied. */
  readonly allDown: boolean;
}

/** The state of one zone. */
export function zoneState(ready: number, notReady: number, rates: ZoneRates): ZoneState {
  if (ready === 0 && notReady > 0) return 'full';
  if (notReady > 2 && notReady / (ready + notReady) >= rates.unhealthy) return 'partial';
  return 'normal';
}

interface Count {
  ready: number;
  notReady: number;
}

/** How many nodes of each zone are ready, kept node by node: a look at all of them for each would be too much. */
export class ZoneCounts {
  readonly #counts = new Map<string, Count>();

  add(node: Node): void {
    const zone = zoneOf(node);
    const count = this.#counts.get(zone) ?? { ready: 0, notReady: 0 };
    this.#counts.set(zone, count);
    if (readiness(node) === 'True') count.ready++;
    else count.notReady++;
  }

  /** Takes back what `add` counted. */
  remove(node: Node): void {
    const zone = zoneOf(node);
    const count = this.#counts.get(zone);
    if (count === undefined) return;
    if (readiness(node) === 'True') count.ready--;
    else count.notReady--;
    if (count.ready + count.notReady === 0) this.#counts.delete(zone);
  }

  /** What the zones allow. */
  assess(rates: ZoneRates = defaultRates): Zones {
    const allowed = new Map<string, number>();
    let allDown = this.#counts.size > 0;
    for (const [zone, { ready, notReady }] of this.#counts) {
      const state = zoneState(ready, notReady, rates);
      if (state !== 'full') allDown = false;
      allowed.set(zone, state !== 'partial' ? rates.normal : ready + notReady > rates.largeZone ? rates.secondary : 0);
    }
    return { rates: allowed, allDown };
  }

  /** The same while `next` is in the place of `counted`. */
  assessWith(counted: Node | undefined, next: Node): Zones {
    if (counted !== undefined) this.remove(counted);
    this.add(next);
    const zones = this.assess();
    this.remove(next);
    if (counted !== undefined) this.add(counted);
    return zones;
  }
}

/** One token bucket of size one per zone. */
export class EvictionPace {
  readonly #next = new Map<string, number>();

  /** 0: the node may be emptied now (and the token is taken); else milliseconds to wait; Infinity: not at all. */
  take(zone: string, rate: number, now: number): number {
    if (rate <= 0) return Number.POSITIVE_INFINITY;
    const next = this.#next.get(zone) ?? 0;
    if (next > now) return next - now;
    this.#next.set(zone, now + 1000 / rate);
    return 0;
  }
}
