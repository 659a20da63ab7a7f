// The mirrors of static pods: objects in the API that show what the node runs of its own accord. They are made for every
// static pod, made again when somebody deletes them, and go when their pod has ended.
import { messageOf } from '#base/errors.ts';
import type { Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { isMirrorPod } from '#api/podutil.ts';
import { Pods } from '#api/refs.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { annotations, fullName, isMirrorOf } from './annotations.ts';
import { planMirror } from './plan.ts';

const firstRetry = 1_000;
const lastRetry = 30_000;

/** One name: its static pod and its mirror, as far as each is there. */
interface Pair {
  pod: Pod | undefined;
  mirror: Pod | undefined;
  busy: boolean;
  again: boolean;
  retry: number;
  timer: Timer | undefined;
}

export interface MirrorDeps {
  readonly client: Client;
  readonly world: Pick<World, 'clock' | 'log'>;
  /** The node as the API has it: mirrors belong to it. */
  readonly node: () => Node | undefined;
  /** A static pod has this mirror now, or none. */
  readonly changed: (pod: Pod, mirror: Pod | undefined) => void;
}

/** The mirror of a static pod as it is to be made. */
export function mirrorOf(pod: Pod, node: Node): Draft<Pod> {
  const { name, namespace, labels, annotations: own = {} } = pod.metadata;
  return {
    metadata: {
      name,
      namespace,
      ...(labels ? { labels } : {}),
      annotations: { ...own, [annotations.mirror]: own[annotations.hash] ?? '' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid ?? '', controller: true }],
    },
    spec: pod.spec,
  } as Draft<Pod>;
}

const revision = (pod: Pod | undefined): number => Number(pod?.metadata.resourceVersion ?? '0');

export class MirrorPods {
  readonly #deps: MirrorDeps;
  readonly #pairs = new Map<string, Pair>();
  readonly #stop = new AbortController();
  /** Mirrors of pods that are not known yet are left alone until every static pod was read. */
  #complete = false;

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
  }

  #pair(name: string): Pair {
    const known = this.#pairs.get(name);
    if (known) return known;
    const pair: Pair = { pod: undefined, mirror: undefined, busy: false, again: false, retry: 0, timer: undefined };
    this.#pairs.set(name, pair);
    return pair;
  }

  /** A static pod is there, in this version. */
  want(pod: Pod): void {
    const pair = this.#pair(fullName(pod));
    pair.pod = pod;
    if (pair.mirror && isMirrorOf(pair.mirror, pod)) this.#deps.changed(pod, pair.mirror);
    this.#kick(fullName(pod));
  }

  /** Nothing is left of the static pod on the node. */
  release(pod: Pod): void {
    const pair = this.#pairs.get(fullName(pod));
    if (!pair || pair.pod?.metadata.uid !== pod.metadata.uid) return;
    pair.pod = undefined;
    this.#kick(fullName(pod));
  }

  /** Every static pod was named: mirrors without one may go. */
  complete(): void {
    this.#complete = true;
    for (const name of this.#pairs.keys()) this.#kick(name);
  }

  /** A mirror as the API has it now. */
  seen(mirror: Pod): void {
    const pair = this.#pair(fullName(mirror));
    const older = pair.mirror?.metadata.uid === mirror.metadata.uid && revision(mirror) < revision(pair.mirror);
    if (older) return;
    pair.mirror = mirror;
    if (pair.pod && isMirrorOf(mirror, pair.pod)) this.#deps.changed(pair.pod, mirror);
    this.#kick(fullName(mirror));
  }

  /** A mirror is gone from the API. */
  gone(mirror: Pod): void {
    const pair = this.#pairs.get(fullName(mirror));
    if (!pair || pair.mirror?.metadata.uid !== mirror.metadata.uid) return;
    pair.mirror = undefined;
    if (pair.pod) this.#deps.changed(pair.pod, undefined);
    this.#kick(fullName(mirror));
  }

  #kick(name: string): void {
    const pair = this.#pairs.get(name);
    if (!pair || this.#stop.signal.aborted) return;
    if (pair.busy) {
      pair.again = true;
      return;
    }
    pair.busy = true;
    void this.#bring(pair).finally(() => {
      pair.busy = false;
      if (pair.again) {
        pair.again = false;
        this.#kick(name);
      } else if (!pair.pod && !pair.mirror) this.#pairs.delete(name);
    });
  }

  async #bring(pair: Pair): Promise<void> {
    pair.timer?.cancel();
    try {
      await this.#step(pair);
      pair.retry = 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const name = (pair.pod ?? pair.mirror)?.metadata.name;
      this.#deps.world.log.warn('cannot bring the mirror of a static pod', { pod: name, error: messageOf(error) });
      pair.retry = Math.min(Math.max(firstRetry, pair.retry * 2), lastRetry);
      const again = (pair.pod ?? pair.mirror) as Pod;
      pair.timer = this.#deps.world.clock.after(pair.retry, () => this.#kick(fullName(again)));
    }
  }

  async #step(pair: Pair): Promise<void> {
    const pods = this.#deps.client.resource(Pods);
    const { signal } = this.#stop;
    const { pod, mirror } = pair;
    switch (planMirror(pod, mirror, this.#complete)) {
      case 'create': {
        const node = this.#deps.node();
        if (!pod || !node?.metadata.uid) throw new Error('the node is not registered yet');
        const { name, namespace = '' } = pod.metadata;
        try {
          this.seen(await pods.create(mirrorOf(pod, node), { namespace, signal }));
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
          // Of an earlier life, or of somebody who took the name: the one is taken over, the other must go first.
          const there = await pods.get(name, { namespace, signal });
          if (!isMirrorPod(there)) throw error;
          this.seen(there);
        }
        return;
      }
      case 'delete': {
        if (!mirror) return;
        const { name, namespace = '', uid = '' } = mirror.metadata;
        try {
          await pods.delete(name, { namespace, signal, options: { gracePeriodSeconds: 0, preconditions: { uid } } });
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        this.gone(mirror);
        return;
      }
      case 'keep':
    }
  }

  dispose(): void {
    this.#stop.abort(new Error('the agent stops'));
    for (const pair of this.#pairs.values()) pair.timer?.cancel();
  }
}
