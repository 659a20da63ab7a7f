// A scheduler extender: a server that may rule out nodes, give points, change what preemption chose, and bind.
import type { Container } from '#api/core/v1/container.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { World } from '#base/world.ts';
import type { ExtenderConfig } from '../config/extenders.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import { byImportance, type Candidate } from '../preemption/pick.ts';
import { type Destination, post } from './post.ts';
import {
  bindingArgs,
  checkBound,
  extenderArgs,
  type FilterAnswer,
  filterAnswer,
  preemptionAnswer,
  preemptionArgs,
  scoresAnswer,
} from './wire.ts';

/** Questions are given up when the signal aborts. */
export interface Extender {
  /** Its URL. */
  readonly name: string;
  /** Scheduling goes on without it when it fails. */
  readonly ignorable: boolean;
  readonly filters: boolean;
  readonly prioritizes: boolean;
  readonly preempts: boolean;
  readonly binds: boolean;
  /** Is the pod its business? */
  isInterested(pod: Pod): boolean;
  filter(pod: Pod, nodes: readonly NodeInfo[], signal: AbortSignal): Promise<Omit<FilterAnswer, 'nodes'> & { readonly nodes: NodeInfo[] }>;
  /** Points by node, weighted and in the measure of plugins. */
  prioritize(pod: Pod, nodes: readonly NodeInfo[], signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** What is left of the candidates, with the victims that it wants; a candidate without victims is told too. */
  preempt(
    pod: Pod,
    given: { readonly candidates: readonly Candidate[]; readonly nodeOf: (name: string) => NodeInfo | undefined },
    signal: AbortSignal,
  ): Promise<Candidate[]>;
  bind(pod: PodInfo, node: string, signal: AbortSignal): Promise<void>;
}

function destination({ urlPrefix, tls, enableHTTPS, timeout }: ExtenderConfig): Destination {
  // Whoever asks for HTTPS and names no authority takes any certificate.
  const insecure = tls?.insecure === true || (enableHTTPS && !tls?.ca);
  return {
    urlPrefix,
    timeout,
    tls: {
      ...(tls?.ca ? { ca: tls.ca } : {}),
      ...(tls?.cert ? { cert: tls.cert, key: tls.key } : {}),
      ...(tls?.serverName ? { serverName: tls.serverName } : {}),
      ...(insecure ? { insecure } : {}),
    },
  };
}

const nodesOf = (nodes: readonly NodeInfo[]): Node[] => nodes.flatMap(({ node }) => (node === undefined ? [] : [node]));

/** An extender that is asked over HTTP. */
export function httpExtender(world: Pick<World, 'net' | 'clock'>, config: ExtenderConfig): Extender {
  const { urlPrefix: name, nodeCacheCapable } = config;
  const managed = new Set(config.managedResources.map((resource) => resource.name));
  const to = destination(config);
  const asks = ({ resources }: Container): boolean =>
    [resources?.requests, resources?.limits].some((list) => Object.keys(list ?? {}).some((resource) => managed.has(resource)));
  const ask = (verb: string, body: unknown, signal: AbortSignal): Promise<unknown> =>
    post(world, to, { verb, body, signal, repeatable: true });
  return {
    name,
    ignorable: config.ignorable,
    filters: config.filterVerb !== '',
    prioritizes: config.prioritizeVerb !== '',
    preempts: config.preemptVerb !== '',
    binds: config.bindVerb !== '',
    isInterested: ({ spec }) => managed.size === 0 || [...spec.containers, ...(spec.initContainers ?? [])].some(asks),
    async filter(pod, nodes, signal) {
      const answer = filterAnswer(
        await ask(config.filterVerb, extenderArgs(pod, nodesOf(nodes), nodeCacheCapable), signal),
        nodeCacheCapable,
      );
      const byName = new Map(nodes.map((node) => [node.name, node]));
      const passed = answer.nodes.map((node) => {
        const known = byName.get(node);
        if (known === undefined)
          throw new Error(`extender "${name}" claims a filtered node "${node}" which is not found in the input node list`);
        return known;
      });
      return { ...answer, nodes: passed };
    },
    async prioritize(pod, nodes, signal) {
      const answer = await ask(config.prioritizeVerb, extenderArgs(pod, nodesOf(nodes), nodeCacheCapable), signal);
      return scoresAnswer(answer, config.weight);
    },
    async preempt(pod, { candidates, nodeOf }, signal) {
      const answer = await ask(config.preemptVerb, preemptionArgs(pod, candidates, nodeCacheCapable), signal);
      return preemptionAnswer(answer).map(({ node: nodeName, uids, violations }) => {
        const node = nodeOf(nodeName);
        if (node === undefined) throw new Error(`nodeinfo not found for node name "${nodeName}"`);
        const victims = uids.map((uid) => {
          const victim = node.pods.get(uid);
          if (victim === undefined)
            throw new Error(
              `extender: ${name} claims to preempt pod (UID: ${uid}) on node: ${nodeName}, but the pod is not found on that node`,
            );
          return victim;
        });
        return { node, victims: victims.toSorted(byImportance), violations };
      });
    },
    async bind(pod, node, signal) {
      // Said once: what was heard although the answer got lost must not be done twice.
      checkBound(await post(world, to, { verb: config.bindVerb, body: bindingArgs(pod, node), signal, repeatable: false }));
    },
  };
}
