// All nodes and what is booked on them, assumed pods included. One writer (the scheduler's own loop), so a cycle that
// runs without awaiting sees one consistent state and needs no copy.
import type { Node } from '#api/core/v1/node.ts';
import { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';

/** Read access for plugins. */
export interface Snapshot {
  /** Nodes that exist, in a stable order. */
  readonly nodes: readonly NodeInfo[];
  get(name: string): NodeInfo | undefined;
  /** On how many nodes an image is. */
  imageNodes(name: string): number;
}

export class ClusterCache implements Snapshot {
  readonly #infos = new Map<string, NodeInfo>();
  /** uid → node name of every booked pod. */
  readonly #placed = new Map<string, string>();
  readonly #imageCounts = new Map<string, number>();
  #list: NodeInfo[] | undefined;

  get nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#infos.values()].filter((info) => info.node !== undefined);
    return this.#list;
  }

  get(name: string): NodeInfo | undefined {
    const info = this.#infos.get(name);
    return info?.node === undefined ? undefined : info;
  }

  imageNodes(name: string): number {
    return this.#imageCounts.get(name) ?? 0;
  }

  setNode(node: Node): NodeInfo {
    const info = this.#info(node.metadata.name);
    this.#countImages(info, -1);
    if (info.node === undefined) this.#list = undefined;
    info.setNode(node);
    this.#countImages(info, 1);
    return info;
  }

  removeNode(name: string): void {
    const info = this.#infos.get(name);
    if (info === undefined) return;
    this.#countImages(info, -1);
    info.setNode(undefined);
    if (info.pods.size === 0) this.#infos.delete(name);
    this.#list = undefined;
  }

  /** Books a pod on a node; a pod booked elsewhere moves. */
  place(pod: PodInfo, nodeName: string): void {
    const before = this.#placed.get(pod.uid);
    if (before !== undefined && before !== nodeName) this.forget(pod);
    this.#placed.set(pod.uid, nodeName);
    this.#info(nodeName).add(pod);
  }

  forget(pod: PodInfo): void {
    const name = this.#placed.get(pod.uid);
    if (name === undefined) return;
    this.#placed.delete(pod.uid);
    const info = this.#infos.get(name);
    info?.remove(pod);
    if (info !== undefined && info.node === undefined && info.pods.size === 0) this.#infos.delete(name);
  }

  /** Where the pod is booked. */
  placeOf(uid: string): string | undefined {
    return this.#placed.get(uid);
  }

  #info(name: string): NodeInfo {
    let info = this.#infos.get(name);
    if (info === undefined) {
      info = new NodeInfo(name);
      this.#infos.set(name, info);
    }
    return info;
  }

  #countImages(info: NodeInfo, by: 1 | -1): void {
    for (const name of info.images.keys()) {
      const count = (this.#imageCounts.get(name) ?? 0) + by;
      if (count > 0) this.#imageCounts.set(name, count);
      else this.#imageCounts.delete(name);
    }
  }
}
