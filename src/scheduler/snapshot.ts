// All nodes and what is booked on them, assumed pods included. One writer (the scheduler's own loop), so a cycle that
// runs without awaiting sees one consistent state and needs no copy.
import type { Node } from '#api/core/v1/node.ts';
import { Journal } from './batch.ts';
import { PodIndex } from './counts/index.ts';
import { NodeInfo } from './nodeinfo.ts';
import { countsAlike, type PodInfo } from './podinfo.ts';
import type { NamespaceLabels } from './selection.ts';

/** Read access for plugins. */
export interface Snapshot {
  /** Nodes that exist, in a stable order. */
  readonly nodes: readonly NodeInfo[];
  get(name: string): NodeInfo | undefined;
  /** On how many nodes an image is. */
  imageNodes(name: string): number;
  /** How many booked pods use a claim, by `namespace/name`. */
  claimUsers(key: string): number;
  /** Counts of pods by rules. */
  readonly index: PodIndex;
  /** Nodes with a PreferNoSchedule taint. */
  readonly softTaints: number;
  /** The lowest priority among booked pods; undefined when there are none. */
  readonly lowestPriority: number | undefined;
}

function differs(a: Node | undefined, b: Node): boolean {
  return a === undefined || a.metadata.labels !== b.metadata.labels || a.spec !== b.spec;
}

const softTaintsOf = (info: NodeInfo): number => (info.node?.spec.taints?.some((taint) => taint.effect === 'PreferNoSchedule') ? 1 : 0);

export class ClusterCache implements Snapshot {
  readonly #infos = new Map<string, NodeInfo>();
  /** uid → where a booked pod is. */
  readonly #placed = new Map<string, NodeInfo>();
  readonly #imageCounts = new Map<string, number>();
  readonly #priorities = new Map<number, number>();
  readonly #claimUsers = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  #slots = 0;
  #versions = 0;
  #list: readonly NodeInfo[] | undefined;
  nodesVersion = 0;
  softTaints = 0;
  readonly index: PodIndex;
  /** Every change of a node or of what is booked on it. */
  readonly journal = new Journal();

  constructor(labelsOf: NamespaceLabels = () => undefined) {
    this.index = new PodIndex(this, labelsOf);
  }

  get nodes(): readonly NodeInfo[] {
    this.#list ??= inTurns([...this.#infos.values()].filter((info) => info.node !== undefined));
    return this.#list;
  }

  get(name: string): NodeInfo | undefined {
    const info = this.#infos.get(name);
    return info?.node === undefined ? undefined : info;
  }

  imageNodes(name: string): number {
    return this.#imageCounts.get(name) ?? 0;
  }

  claimUsers(key: string): number {
    return this.#claimUsers.get(key) ?? 0;
  }

  get lowestPriority(): number | undefined {
    let lowest: number | undefined;
    for (const priority of this.#priorities.keys()) if (lowest === undefined || priority < lowest) lowest = priority;
    return lowest;
  }

  setNode(node: Node): NodeInfo {
    const info = this.#info(node.metadata.name);
    const isNew = info.node === undefined;
    if (differs(info.node, node)) this.nodesVersion++;
    if (isNew || zoneOf(info.node as Node) !== zoneOf(node)) this.#list = undefined;
    this.#change(info, node);
    return info;
  }

  removeNode(name: string): void {
    const info = this.#infos.get(name);
    if (info === undefined) return;
    this.nodesVersion++;
    this.#change(info, undefined);
    this.#drop(info);
    this.#list = undefined;
  }

  /** Books a pod on a node; a pod booked elsewhere moves. */
  place(pod: PodInfo, nodeName: string): void {
    const before = this.#placed.get(pod.uid);
    if (before !== undefined) {
      const known = before.pods.get(pod.uid);
      if (before.name === nodeName && known !== undefined && known.priority === pod.priority && countsAlike(known, pod)) {
        // The index knows pods by their facts' identity, so what it holds is changed with it.
        this.index.replaced(known, pod, before);
        before.replace(pod);
        return;
      }
      this.forget(pod);
    }
    const info = this.#info(nodeName);
    this.#placed.set(pod.uid, info);
    info.add(pod);
    this.journal.note(info);
    this.index.added(pod, info);
    this.#useClaims(pod, 1);
    this.#priorities.set(pod.priority, (this.#priorities.get(pod.priority) ?? 0) + 1);
  }

  forget({ uid }: Pick<PodInfo, 'uid'>): void {
    const info = this.#placed.get(uid);
    const known = info?.pods.get(uid);
    if (info === undefined || known === undefined) return;
    this.#placed.delete(uid);
    info.remove(known);
    this.journal.note(info);
    this.index.removed(known, info);
    this.#useClaims(known, -1);
    const left = (this.#priorities.get(known.priority) ?? 1) - 1;
    if (left === 0) this.#priorities.delete(known.priority);
    else this.#priorities.set(known.priority, left);
    this.#drop(info);
  }

  /** Where the pod is booked. */
  placeOf(uid: string): string | undefined {
    return this.#placed.get(uid)?.name;
  }

  /** The booked state of a pod. */
  placed(uid: string): PodInfo | undefined {
    return this.#placed.get(uid)?.pods.get(uid);
  }

  #change(info: NodeInfo, node: Node | undefined): void {
    this.#countImages(info, -1);
    this.softTaints -= softTaintsOf(info);
    info.setNode(node);
    info.version = ++this.#versions;
    this.journal.note(info);
    this.softTaints += softTaintsOf(info);
    this.#countImages(info, 1);
  }

  #info(name: string): NodeInfo {
    let info = this.#infos.get(name);
    if (info === undefined) {
      info = new NodeInfo(name, this.#freeSlots.pop() ?? this.#slots++);
      this.#infos.set(name, info);
    }
    return info;
  }

  #drop(info: NodeInfo): void {
    if (info.node !== undefined || info.pods.size > 0) return;
    this.#infos.delete(info.name);
    this.#freeSlots.push(info.slot);
  }

  #useClaims(pod: PodInfo, by: 1 | -1): void {
    for (const { key } of pod.claims) {
      const count = (this.#claimUsers.get(key) ?? 0) + by;
      if (count > 0) this.#claimUsers.set(key, count);
      else this.#claimUsers.delete(key);
    }
  }

  #countImages(info: NodeInfo, by: 1 | -1): void {
    for (const name of info.images.keys()) {
      const count = (this.#imageCounts.get(name) ?? 0) + by;
      if (count > 0) this.#imageCounts.set(name, count);
      else this.#imageCounts.delete(name);
    }
  }
}

function zoneOf(node: Node): string {
  const labels = node.metadata.labels ?? {};
  return `${labels['topology.kubernetes.io/region'] ?? ''}\0${labels['topology.kubernetes.io/zone'] ?? ''}`;
}

/** Nodes zone by zone in turns, so that a search that stops early has seen all zones alike (as kube-scheduler's node tree). */
function inTurns(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const info of nodes) {
    const zone = zoneOf(info.node as Node);
    const members = zones.get(zone);
    if (members === undefined) zones.set(zone, [info]);
    else members.push(info);
  }
  if (zones.size < 2) return nodes;
  const order: NodeInfo[] = [];
  const lists = [...zones.values()];
  for (let turn = 0; order.length < nodes.length; turn++)
    for (const list of lists) if (turn < list.length) order.push(list[turn] as NodeInfo);
  return order;
}
