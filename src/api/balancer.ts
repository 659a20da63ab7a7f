// What the built-in load balancer's two halves agree on: the controller that gives addresses, and the nodes that announce them.
import type { Node } from './core/v1/node.ts';
import type { Service } from './core/v1/service.ts';
import { isConditionTrue } from './podutil.ts';

/** The classes that ask for a way by name; a Service without a class gets the pool, if there is one, else the nodes. */
export const nodesClass = 'tutti.dev/nodes';
export const poolClass = 'tutti.dev/pool';
const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Where the addresses of a Service come from; undefined: it is not for this balancer. */
export function sourceOf({ spec }: Service, hasPool: boolean): 'nodes' | 'pool' | undefined {
  if (spec.type !== 'LoadBalancer') return undefined;
  if (spec.loadBalancerClass === undefined) return hasPool ? 'pool' : 'nodes';
  if (spec.loadBalancerClass === nodesClass) return 'nodes';
  return spec.loadBalancerClass === poolClass && hasPool ? 'pool' : undefined;
}

/** True when a node may take traffic for balancers. */
export function isBalanced({ metadata, status, spec }: Node): boolean {
  if (metadata.labels?.[excluded] !== undefined || spec.unschedulable === true) return false;
  return isConditionTrue(status.conditions, 'Ready');
}
