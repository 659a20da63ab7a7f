// Pods that wait for victims to leave a node: the room that they will take is not given to others of lower priority.
import type { PodInfo } from './podinfo.ts';

export class Nominator {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();

  get size(): number {
    return this.#nodeOf.size;
  }

  /** Notes where a pod is to go; the empty name takes the note away. */
  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.uid);
    if (nodeName === '') return;
    this.#nodeOf.set(pod.uid, nodeName);
    const pods = this.#byNode.get(nodeName);
    if (pods === undefined) this.#byNode.set(nodeName, new Map([[pod.uid, pod]]));
    else pods.set(pod.uid, pod);
  }

  delete(uid: string): void {
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.#byNode.get(nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(nodeName);
  }

  nodeOf(uid: string): string {
    return this.#nodeOf.get(uid) ?? '';
  }

  /** Other pods nominated to the node with at least the pod's priority: their room counts as taken. */
  ahead(pod: PodInfo, nodeName: string): readonly PodInfo[] {
    const pods = this.#byNode.get(nodeName);
    if (pods === undefined) return [];
    return [...pods.values()].filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
  }

  /** Pods nominated to the node with a lower priority. */
  behind(pod: PodInfo, nodeName: string): readonly PodInfo[] {
    return [...(this.#byNode.get(nodeName)?.values() ?? [])].filter((other) => other.priority < pod.priority);
  }
}
