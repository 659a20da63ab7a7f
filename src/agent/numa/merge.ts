// From the hints of all to the one that all can live with, and whether a policy takes the container with it. Pure.
import type { Hint, Hints } from './hints.ts';
import type { NumaLayout } from './layout.ts';
import { allOf, byWidth, type Mask, placesOf, sizeOf } from './mask.ts';
import type { TopologyPolicy } from './options.ts';

export interface Verdict {
  readonly hint: Hint;
  readonly admit: boolean;
}

const anywhere: Hint = { nodes: undefined, preferred: true };
const nowhere: Hint = { nodes: undefined, preferred: false };

/** One list of hints for each resource. */
function lists(all: readonly Hints[]): (readonly Hint[])[] {
  return all.flatMap((hints) => {
    if (hints.size === 0) return [[anywhere]];
    return [...hints.values()].map((list) => {
      if (list === undefined) return [anywhere];
      return list.length === 0 ? [nowhere] : list;
    });
  });
}

/**
 * What comes out of all ways to take one hint of each list: the nodes that all of them share. It is preferred when all of them
 * are and name the very same nodes. Lists are folded one after the other, and alike results are kept once, so the effort grows
 * with the number of lists and not with the number of ways.
 */
function combine(choices: readonly (readonly Hint[])[], all: Mask): { preferred: ReadonlySet<Mask>; others: ReadonlySet<Mask> } {
  /** Undefined: nobody has named any nodes so far. */
  let agreed = new Set<Mask | undefined>([undefined]);
  let others = new Set<Mask>();
  for (const list of choices) {
    const nextAgreed = new Set<Mask | undefined>();
    const nextOthers = new Set<Mask>();
    for (const { nodes, preferred } of list) {
      for (const before of agreed) {
        const same = nodes === undefined || before === undefined || nodes === before;
        if (preferred && same) nextAgreed.add(nodes ?? before);
        else nextOthers.add((before ?? all) & (nodes ?? all));
      }
      for (const before of others) nextOthers.add(before & (nodes ?? all));
    }
    nextOthers.delete(0);
    agreed = nextAgreed;
    others = nextOthers;
  }
  return { preferred: new Set([...agreed].map((nodes) => nodes ?? all)), others };
}

/** The mean distance of a mask's nodes, those to themselves included. */
function meanDistance(layout: NumaLayout, mask: Mask): number {
  const places = placesOf(mask);
  const sum = places.flatMap((from) => places.map((to) => layout[from]?.distances[to] ?? 0)).reduce((a, b) => a + b, 0);
  return sum / places.length ** 2;
}

/** The most nodes that some resource needs at least; 0: none says. */
function widestNeed(choices: readonly (readonly Hint[])[]): number {
  const narrowest = choices.map((list) => {
    const sizes = list.flatMap(({ nodes }) => (nodes === undefined ? [] : [sizeOf(nodes)]));
    return sizes.length === 0 ? 0 : Math.min(...sizes);
  });
  return Math.max(0, ...narrowest);
}

const first = <T>(items: Iterable<T>, order: (a: T, b: T) => number): T | undefined => [...items].sort(order)[0];

function best(layout: NumaLayout, choices: readonly (readonly Hint[])[], closest: boolean): Hint {
  const all = allOf(layout.length);
  const { preferred, others } = combine(choices, all);
  const far = (mask: Mask): number => (closest ? meanDistance(layout, mask) : 0);
  const order = (a: Mask, b: Mask): number => sizeOf(a) - sizeOf(b) || far(a) - far(b) || byWidth(a, b);
  const good = first(preferred, order);
  if (good !== undefined) return { nodes: good, preferred: true };
  // Nobody's wish comes true whole: as many nodes as the neediest resource takes, else rather too few than too many.
  const need = widestNeed(choices);
  const missing = (mask: Mask): number => {
    const size = sizeOf(mask);
    return size <= need ? need - size : layout.length + size;
  };
  const fair = first(others, (a, b) => missing(a) - missing(b) || order(a, b));
  return { nodes: fair ?? all, preferred: false };
}

/** Merges what all providers hint, as the policy does it. */
export function mergeHints(
  about: { readonly policy: TopologyPolicy; readonly layout: NumaLayout; readonly preferClosest: boolean },
  all: readonly Hints[],
): Verdict {
  const { policy, layout } = about;
  const choices = lists(all);
  if (policy !== 'single-numa-node') {
    const hint = best(layout, choices, about.preferClosest);
    return { hint, admit: policy === 'best-effort' || hint.preferred };
  }
  const single = choices.map((list) => list.filter(({ nodes, preferred }) => preferred && (nodes === undefined || sizeOf(nodes) === 1)));
  const hint = best(layout, single, false);
  // All nodes are no wish: nobody asked for any, or the machine has one only.
  const nodes = hint.nodes === allOf(layout.length) ? undefined : hint.nodes;
  return { hint: { nodes, preferred: hint.preferred }, admit: hint.preferred };
}
