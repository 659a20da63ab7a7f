// DefaultBinder and what surrounds it: the part of an attempt that talks to the API, after a node has been found.
import { messageOf } from '#base/errors.ts';
import { Pods } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { Recorder } from '#client/events.ts';
import { boundByExtender, type Round } from './extenders/rounds.ts';
import type { CycleState, PluginSet } from './framework.ts';
import type { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';

/** A pod with a node that is booked but not yet bound. */
export interface Assumed {
  readonly info: PodInfo;
  readonly node: NodeInfo;
  readonly state: CycleState;
  readonly set: PluginSet;
}

/** What went wrong, in the words of the event; undefined: the pod is bound. `gone`: it no longer exists. */
export type BindProblem = { readonly message: string; readonly gone: boolean } | undefined;

/** DefaultBinder: tells the API. */
async function bindDefault(client: Client, { info, node }: Assumed): Promise<void> {
  const { name } = info.pod.metadata;
  const { namespace, uid } = info;
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { kind: 'Node', name: node.name },
  };
  await client.resource(Pods).createSub(name, 'binding', body, { namespace });
}

/** Gives back what plugins have reserved, last first. */
export function unreserve({ info, node, state, set }: Assumed): void {
  for (const plugin of set.plugins.toReversed()) plugin.unreserve?.(info, node, state);
}

export interface BindDeps {
  readonly client: Client;
  readonly recorder: Recorder;
  /** Extenders that the pod is the business of. */
  readonly round?: Round | undefined;
}

/** Does the plugins' last work and binds the pod. Never rejects. */
export async function bindPod({ client, recorder, round }: BindDeps, assumed: Assumed): Promise<BindProblem> {
  const { info, node, state, set } = assumed;
  let step = '';
  try {
    for (const plugin of set.plugins) {
      const work = plugin.preBind?.(info, node, state);
      if (work === undefined) continue;
      step = `running PreBind plugin "${plugin.name}": `;
      await work;
    }
    step = '';
    if (round === undefined || !(await boundByExtender(round, info, node.name))) {
      step = 'running Bind plugin "DefaultBinder": ';
      await bindDefault(client, assumed);
    }
  } catch (error) {
    return { message: `${step}${messageOf(error)}`, gone: isNotFound(error) };
  }
  recorder.event(info.pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${node.name}`, 'Binding');
  for (const plugin of set.plugins) plugin.postBind?.(info, node);
  return undefined;
}
