// The default profile: plugins in kube-scheduler's order, with its weights.
import type { PluginSet } from './framework.ts';
import { dynamicResources, type DynamicResourcesDeps } from './plugins/dynamicresources.ts';
import { type GangDeps, gangScheduling } from './plugins/gangscheduling.ts';
import { imageLocality } from './plugins/imagelocality.ts';
import { interPodAffinity } from './plugins/interpodaffinity.ts';
import { nodeAffinity } from './plugins/nodeaffinity.ts';
import { nodeName } from './plugins/nodename.ts';
import { nodePorts } from './plugins/nodeports.ts';
import { nodeResourcesFit } from './plugins/noderesources.ts';
import { nodeUnschedulable } from './plugins/nodeunschedulable.ts';
import { type DefaultSelector, podTopologySpread } from './plugins/podtopologyspread.ts';
import { nodeResourcesBalancedAllocation } from './plugins/resourcescores.ts';
import { schedulingGates } from './plugins/schedulinggates.ts';
import { taintToleration } from './plugins/tainttoleration.ts';
import { nodeVolumeLimits } from './plugins/nodevolumelimits.ts';
import { volumeBinding, type VolumeBindingDeps } from './plugins/volumebinding.ts';
import { volumeRestrictions } from './plugins/volumerestrictions.ts';
import { volumeZone } from './plugins/volumezone.ts';
import type { NamespaceLabels } from './selection.ts';
import { noStorage, type Storage } from './volumes/storage.ts';

/** What plugins know of the cluster beside nodes and pods. */
export interface PluginDeps {
  readonly namespaceLabels: NamespaceLabels;
  readonly defaultSelector: DefaultSelector;
  readonly storage: Storage;
  /** Where gangs are scheduled (Workload API). */
  readonly gang?: GangDeps;
  /** What plugins that write need; absent: they only judge. */
  readonly writing?: Omit<VolumeBindingDeps, 'storage'> & DynamicResourcesDeps;
}

const noDeps: PluginDeps = { namespaceLabels: () => undefined, defaultSelector: () => undefined, storage: noStorage };

/** kube-scheduler's weights; plugins that are not named count once. */
export const defaultWeights: Readonly<Record<string, number>> = {
  TaintToleration: 3,
  NodeAffinity: 2,
  NodeResourcesFit: 1,
  PodTopologySpread: 2,
  InterPodAffinity: 2,
  NodeResourcesBalancedAllocation: 1,
  ImageLocality: 1,
};

/** The plugins of `default-scheduler`. */
export function defaultPlugins(deps: PluginDeps = noDeps): PluginSet {
  return {
    plugins: [
      schedulingGates,
      nodeUnschedulable,
      nodeName,
      taintToleration,
      nodeAffinity,
      nodePorts,
      nodeResourcesFit(),
      volumeRestrictions(deps.storage),
      nodeVolumeLimits(deps.storage),
      ...(deps.writing === undefined ? [] : [volumeBinding({ storage: deps.storage, ...deps.writing })]),
      volumeZone(deps.storage),
      podTopologySpread(deps.defaultSelector),
      interPodAffinity(deps.namespaceLabels),
      ...(deps.writing === undefined ? [] : [dynamicResources(deps.writing)]),
      nodeResourcesBalancedAllocation(),
      imageLocality,
      ...(deps.gang === undefined ? [] : [gangScheduling(deps.gang)]),
    ],
    weights: defaultWeights,
  };
}
