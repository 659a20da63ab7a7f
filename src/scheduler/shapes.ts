// What plugins say about nodes for pods of one shape, remembered: most pods of a cluster have many siblings, and most
// nodes have not changed since the last of them.
import type { Pod } from '#api/core/v1/pod.ts';
import { Recent } from '#base/recent.ts';
import type { Plugin, Rejection } from './framework.ts';
import type { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';

/** Remembered verdicts, over all shapes: about 20 bytes each. */
const mostCells = 1_000_000;

const noState = new Map<string, unknown>();

/** Keys of the specifications that were here last. */
const lately = new Recent<Pod['spec'], string>();

/** The parts of a pod that plugins marked `nodeOnly` look at. */
export function shapeKey({ pod: { spec } }: PodInfo): string {
  const known = lately.find(spec);
  if (known !== undefined) return known;
  const key = keyFor(spec);
  lately.add(spec, key);
  return key;
}

function keyFor(spec: Pod['spec']): string {
  const node = spec.affinity?.nodeAffinity;
  if (spec.nodeSelector === undefined && node === undefined && !spec.nodeName) return JSON.stringify(spec.tolerations ?? []);
  return JSON.stringify([spec.tolerations, spec.nodeSelector, node, spec.nodeName]);
}

/** Verdicts and raw scores of the `nodeOnly` plugins for one shape. */
export class Shape {
  readonly #filters: readonly Plugin[];
  readonly #scorers: readonly Plugin[];
  /** The version of the node that the verdict in a slot is about. */
  #versions = new Float64Array(64);
  readonly #rejections: (Rejection | undefined)[] = [];
  readonly #scores: number[][];

  constructor(filters: readonly Plugin[], scorers: readonly Plugin[]) {
    this.#filters = filters;
    this.#scorers = scorers;
    this.#scores = scorers.map(() => []);
  }

  get cells(): number {
    return this.#versions.length;
  }

  rejection(pod: PodInfo, node: NodeInfo): Rejection | undefined {
    if (this.#versions[node.slot] !== node.version) this.#work(pod, node);
    return this.#rejections[node.slot];
  }

  /** The raw score of a plugin for a node that the shape has not rejected. */
  score(plugin: number, node: NodeInfo): number {
    return (this.#scores[plugin] as number[])[node.slot] as number;
  }

  #work(pod: PodInfo, node: NodeInfo): void {
    const { slot } = node;
    if (slot >= this.#versions.length) {
      const larger = new Float64Array(Math.max(slot + 1, this.#versions.length * 2));
      larger.set(this.#versions);
      this.#versions = larger;
    }
    let rejection: Rejection | undefined;
    for (const plugin of this.#filters) {
      rejection = plugin.filter?.(pod, node, noState);
      if (rejection !== undefined) break;
    }
    this.#rejections[slot] = rejection;
    for (let i = 0; i < this.#scorers.length; i++)
      (this.#scores[i] as number[])[slot] = rejection === undefined ? ((this.#scorers[i] as Plugin).score?.(pod, node, noState) ?? 0) : 0;
    this.#versions[slot] = node.version;
  }
}

/** Shapes by their key; the one that was used longest ago goes when they remember too much. */
export class Shapes {
  readonly #shapes = new Map<string, Shape>();

  get(key: string, make: () => Shape): Shape {
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      shape = make();
      let cells = shape.cells;
      for (const known of this.#shapes.values()) cells += known.cells;
      for (const [oldest, known] of this.#shapes) {
        if (cells <= mostCells) break;
        cells -= known.cells;
        this.#shapes.delete(oldest);
      }
    } else this.#shapes.delete(key);
    this.#shapes.set(key, shape);
    return shape;
  }
}
