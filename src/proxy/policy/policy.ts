// Enforces NetworkPolicies on the pods of this node. Pods and namespaces are watched only once there is a policy.
import { converge } from '#base/converge.ts';
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { Namespace } from '#api/core/v1/namespace.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { Namespaces, NetworkPolicies, Pods } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Family } from '../front.ts';
import type { Nft } from '../nft.ts';
import { PolicyModel } from './model.ts';
import { compilePolicy, viewOf } from './select.ts';

export interface PolicyOptions {
  readonly informers: Informers;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly nft: Nft;
  readonly nodeName: string;
  /** The nftables table (family inet) that this owns. */
  readonly table: string;
  readonly families: readonly Family[];
}

export interface PolicyEnforcer extends Component {
  /**
   * Resolves when what the policies say about a pod of this node with these addresses holds in the kernel. To be awaited
   * between the moment at which the addresses are known and the start of the first container.
   */
  protect(pod: Pod, ips: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Something else changed the table: it is made anew. */
  repair(): void;
}

/** Starts enforcing. The rules outlive the process, so that pods stay protected while Tutti restarts. */
export function startPolicies(options: PolicyOptions): PolicyEnforcer {
  const { informers, world, nft, nodeName, table } = options;
  const policies = informers.of(NetworkPolicies);
  const model = new PolicyModel(table, options.families);
  /** Addresses that the agent told of, by the pod's uid: the API shows them later. */
  const told = new Map<string, readonly string[]>();
  const removers: (() => void)[] = [];
  let change = 0;
  let applied = -1;
  let whole = true;
  let following: Promise<void> | undefined;
  let complete = false;
  let failure: string | undefined;
  let stopped = false;

  const convergence = converge({
    clock: world.clock,
    isDone: () => applied >= change || !policies.synced || (following !== undefined && !complete),
    round,
    failed(error) {
      whole = true;
      failure = messageOf(error);
      world.log.error('network policies not applied', { error: failure });
    },
  });

  const changed = (): void => {
    change++;
    convergence.look();
  };

  function setPod(pod: Pod, gone: boolean): void {
    const key = keyOf(pod);
    const uid = pod.metadata.uid ?? '';
    if (gone) told.delete(uid);
    const view = gone ? undefined : viewOf(pod, told.get(uid));
    model.setPod(key, view);
    if (pod.spec.nodeName === nodeName) model.setLocal(key, view);
    changed();
  }
  function setNamespace(namespace: Namespace, gone: boolean): void {
    model.setNamespace(namespace.metadata.name, gone ? undefined : (namespace.metadata.labels ?? {}));
    changed();
  }

  /** From the first policy on, pods and namespaces are followed. */
  function follow(): Promise<void> {
    return (following ??= (async () => {
      const pods = informers.of(Pods);
      const namespaces = informers.of(Namespaces);
      await Promise.all([pods.whenSynced, namespaces.whenSynced]);
      if (stopped) return;
      removers.push(
        namespaces.onChange({
          added: (it) => setNamespace(it, false),
          updated: (it, previous) => {
            if (it.metadata.labels !== previous.metadata.labels) setNamespace(it, false);
          },
          deleted: (it) => setNamespace(it, true),
        }),
        pods.onChange({
          added: (it) => setPod(it, false),
          updated: (it, previous) => {
            if (differs(it, previous)) setPod(it, false);
          },
          deleted: (it) => setPod(it, true),
        }),
      );
      complete = true;
      changed();
    })());
  }

  removers.push(
    policies.onChange({
      added: (policy) => {
        model.setPolicy(compilePolicy(policy));
        void follow();
        changed();
      },
      updated: (policy) => {
        model.setPolicy(compilePolicy(policy));
        changed();
      },
      deleted: (policy) => {
        model.removePolicy(keyOf(policy));
        changed();
      },
    }),
  );

  async function round(): Promise<void> {
    const upTo = change;
    // Without any policy ever, all there may be is what an earlier life left.
    const text = following === undefined ? `add table inet ${table}\ndelete table inet ${table}\n` : model.text(whole);
    if (text !== '') await nft.apply(text);
    whole = following === undefined;
    failure = undefined;
    applied = upTo;
  }

  /** What is known now is in the kernel, or it all ends. */
  const untilApplied = (signal?: AbortSignal): Promise<void> => {
    const upTo = change;
    return convergence.until(() => stopped || applied >= upTo, signal);
  };

  const ready = policies.whenSynced.then(async () => {
    convergence.look();
    await untilApplied();
  });

  return {
    ready,
    health: () => failure,
    async protect(pod, ips, signal) {
      if (pod.spec.hostNetwork || ips.length === 0) return;
      await policies.whenSynced;
      // Most clusters have no policy: nothing to wait for, nothing to remember.
      if (following === undefined) return;
      const uid = pod.metadata.uid ?? '';
      const known = told.get(uid);
      if (known?.join() !== ips.join()) {
        told.set(uid, ips);
        const view = viewOf(pod, ips);
        model.setPod(keyOf(pod), view);
        model.setLocal(keyOf(pod), view);
        changed();
      }
      await untilApplied(signal);
    },
    repair() {
      whole = true;
      changed();
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      for (const remove of removers) remove();
      convergence.settle();
      await convergence[Symbol.asyncDispose]();
    },
  };
}

/** True when a change of a pod may matter to a policy. */
function differs(pod: Pod, previous: Pod): boolean {
  return (
    pod.metadata.labels !== previous.metadata.labels ||
    pod.metadata.uid !== previous.metadata.uid ||
    pod.spec.nodeName !== previous.spec.nodeName ||
    pod.status?.phase !== previous.status?.phase ||
    pod.status?.podIPs !== previous.status?.podIPs
  );
}
