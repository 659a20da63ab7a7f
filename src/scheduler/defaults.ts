// The default profile: plugins in kube-scheduler's order, with its weights.
import type { PluginSet } from './framework.ts';
import { imageLocality } from './plugins/imagelocality.ts';
import { nodeAffinity } from './plugins/nodeaffinity.ts';
import { nodeName } from './plugins/nodename.ts';
import { nodePorts } from './plugins/nodeports.ts';
import { nodeResourcesBalancedAllocation, nodeResourcesFit } from './plugins/noderesources.ts';
import { nodeUnschedulable } from './plugins/nodeunschedulable.ts';
import { schedulingGates } from './plugins/schedulinggates.ts';
import { taintToleration } from './plugins/tainttoleration.ts';

/** The plugins of `default-scheduler`. */
export function defaultPlugins(): PluginSet {
  return {
    plugins: [
      schedulingGates,
      nodeUnschedulable,
      nodeName,
      taintToleration,
      nodeAffinity,
      nodePorts,
      nodeResourcesFit(),
      nodeResourcesBalancedAllocation,
      imageLocality,
    ],
    weights: { TaintToleration: 3, NodeAffinity: 2, NodeResourcesFit: 1, NodeResourcesBalancedAllocation: 1, ImageLocality: 1 },
  };
}
