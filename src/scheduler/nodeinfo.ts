// A node with what is booked on it. Changed only by the cache; the cycle reads it.
import type { Node } from '#api/core/v1/node.ts';
import { quantityValue } from '#format/quantity.ts';
import type { Labels } from '#format/selector.ts';
import type { HostPort, PodInfo } from './podinfo.ts';
import { type Resources, resourcesOf, Tally } from './resources.ts';

const anyAddress = '0.0.0.0';
const noLabels: Labels = {};

/** Bytes of each image on a node, by name. */
function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const image of node.status.images ?? []) for (const name of image.names ?? []) images.set(name, Number(image.sizeBytes ?? 0));
  return images;
}

export class NodeInfo {
  readonly name: string;
  /** A small number that is this node's own while it is known. */
  readonly slot: number;
  /** Another number for every state of every node object; set by the cache. */
  version = 0;
  labels: Labels = noLabels;
  #node: Node | undefined;
  allocatable: Resources = resourcesOf(undefined);
  allowedPods = 0;
  images: ReadonlyMap<string, number> = new Map();
  readonly requested = new Tally();
  readonly nonZero = { cpu: 0, memory: 0 };
  readonly pods = new Map<string, PodInfo>();
  /** `protocol port` → address → how many pods. */
  readonly #ports = new Map<string, Map<string, number>>();

  constructor(name: string, slot = 0) {
    this.name = name;
    this.slot = slot;
  }

  /** Undefined while only pods of the node are known. */
  get node(): Node | undefined {
    return this.#node;
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.labels = node?.metadata.labels ?? noLabels;
    const list = node?.status.allocatable;
    this.allocatable = resourcesOf(list);
    this.allowedPods = list?.['pods'] === undefined ? 0 : quantityValue(list['pods']);
    this.images = node === undefined ? new Map() : imagesOf(node);
  }

  add(pod: PodInfo): void {
    const known = this.pods.get(pod.uid);
    if (known !== undefined) this.remove(known);
    this.pods.set(pod.uid, pod);
    this.#book(pod, 1);
  }

  remove(pod: PodInfo): void {
    const known = this.pods.get(pod.uid);
    if (known === undefined) return;
    this.pods.delete(pod.uid);
    this.#book(known, -1);
  }

  /** Puts a newer state of a booked pod in the place of the older one, which takes the same. */
  replace(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
  }

  /** True when one of the ports is taken (0.0.0.0 takes a port on every address). */
  conflicts(ports: readonly HostPort[]): boolean {
    return ports.some((port) => {
      const taken = this.#ports.get(`${port.protocol} ${port.port}`);
      if (taken === undefined) return false;
      return port.ip === anyAddress ? taken.size > 0 : taken.has(port.ip) || taken.has(anyAddress);
    });
  }

  #book(pod: PodInfo, sign: 1 | -1): void {
    this.requested.add(pod.requests, sign);
    this.nonZero.cpu += sign * pod.nonZero.cpu;
    this.nonZero.memory += sign * pod.nonZero.memory;
    for (const port of pod.ports) {
      const key = `${port.protocol} ${port.port}`;
      const taken = this.#ports.get(key) ?? new Map<string, number>();
      const count = (taken.get(port.ip) ?? 0) + sign;
      if (count > 0) taken.set(port.ip, count);
      else taken.delete(port.ip);
      if (taken.size > 0) this.#ports.set(key, taken);
      else this.#ports.delete(key);
    }
  }
}
