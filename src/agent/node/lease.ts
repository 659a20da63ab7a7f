// The node's heartbeat: a Lease of its name in kube-node-lease, renewed every quarter of its life.
import { rfc3339Micro } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Lease } from '#api/coordination/v1/lease.ts';
import type { Node } from '#api/core/v1/node.ts';
import { Leases } from '#api/refs.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';

const namespace = 'kube-node-lease';
const tries = 5;

export class NodeLease {
  readonly #client: Client;
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #nodeName: string;
  readonly #seconds: number;
  readonly #node: () => Node | undefined;
  #lease: Lease | undefined;

  constructor(
    deps: { client: Client; world: Pick<World, 'clock' | 'log'> },
    about: { nodeName: string; leaseDurationSeconds: number; node: () => Node | undefined },
  ) {
    this.#client = deps.client;
    this.#world = deps.world;
    this.#nodeName = about.nodeName;
    this.#seconds = about.leaseDurationSeconds;
    this.#node = about.node;
  }

  /** Renews until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const period = (this.#seconds * 1000) / 4;
    while (!signal.aborted) {
      const began = this.#world.clock.monotonic();
      await this.#renew(signal);
      const wait = Math.max(0, period - (this.#world.clock.monotonic() - began));
      await this.#world.clock.sleep(wait, signal).catch(() => undefined);
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    for (let left = tries; left > 0 && !signal.aborted; left--) {
      try {
        await this.#write(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        // Somebody else wrote or removed it, or its namespace is yet to be made: look again.
        this.#lease = undefined;
        if (!isConflict(error) && !isNotFound(error)) {
          this.#world.log.warn('cannot renew the node lease', { error: messageOf(error) });
        }
        await this.#world.clock.sleep(isConflict(error) ? 10 : 200, signal).catch(() => undefined);
      }
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const leases = this.#client.resource(Leases);
    const renewTime = rfc3339Micro(this.#world.clock.now());
    const spec = { holderIdentity: this.#nodeName, leaseDurationSeconds: this.#seconds, renewTime };
    this.#lease ??= await leases.get(this.#nodeName, { namespace, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
    if (this.#lease) {
      this.#lease = await leases.update({ ...this.#lease, spec: { ...this.#lease.spec, ...spec } }, { namespace, signal });
      return;
    }
    const node = this.#node();
    const owner = node?.metadata.uid
      ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: this.#nodeName, uid: node.metadata.uid }] }
      : {};
    try {
      this.#lease = await leases.create({ metadata: { name: this.#nodeName, namespace, ...owner }, spec }, { namespace, signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
