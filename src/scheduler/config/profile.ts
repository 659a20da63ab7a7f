// From a profile's configuration to its plugins: which are on at which extension point, with which arguments and weights.
import type { NodeAffinity, TopologySpreadConstraint } from '#api/core/v1/affinity.ts';
import { defaultPlugins, defaultWeights, type PluginDeps } from '../defaults.ts';
import type { Plugin, PluginSet } from '../framework.ts';
import { interPodAffinity } from '../plugins/interpodaffinity.ts';
import { nodeAffinityWith } from '../plugins/nodeaffinity.ts';
import { nodeResourcesFit } from '../plugins/noderesources.ts';
import { podTopologySpread } from '../plugins/podtopologyspread.ts';
import { volumeBinding } from '../plugins/volumebinding.ts';
import {
  leastAllocated,
  mostAllocated,
  nodeResourcesBalancedAllocation,
  requestedToCapacityRatio,
  type ResourceWeight,
  type ShapePoint,
  type Strategy,
} from '../plugins/resourcescores.ts';
import type { DefaultPreemptionArgs } from '../preemption/evaluate.ts';
import type { Point, ProfileConfig } from './config.ts';
import { SchedulerConfigError } from './reading.ts';

/** A profile, ready to be used. */
export interface Profile {
  readonly schedulerName: string;
  readonly set: PluginSet;
  /** Undefined: pods of this profile preempt nobody. */
  readonly preemption: DefaultPreemptionArgs | undefined;
  readonly percentageOfNodesToScore?: number;
}

type Args = Readonly<Record<string, unknown>>;

function strategyOf(args: Args): { strategy: Strategy; resources?: readonly ResourceWeight[] } {
  const given = (args['scoringStrategy'] ?? {}) as {
    type?: string;
    resources?: readonly ResourceWeight[];
    requestedToCapacityRatio?: { shape?: readonly ShapePoint[] };
  };
  const resources = given.resources?.map((item) => ({ name: item.name, weight: item.weight || 1 }));
  const more = resources === undefined ? {} : { resources };
  switch (given.type ?? 'LeastAllocated') {
    case 'LeastAllocated':
      return { strategy: leastAllocated, ...more };
    case 'MostAllocated':
      return { strategy: mostAllocated, ...more };
    case 'RequestedToCapacityRatio': {
      const shape = given.requestedToCapacityRatio?.shape ?? [];
      if (shape.length === 0) throw new SchedulerConfigError('requestedToCapacityRatio.shape: at least one point must be specified');
      const rising = shape.every((point, i) => i === 0 || point.utilization > (shape[i - 1] as ShapePoint).utilization);
      if (!rising) throw new SchedulerConfigError('requestedToCapacityRatio.shape: utilization values must be sorted in increasing order');
      return { strategy: requestedToCapacityRatio(shape), ...more };
    }
    default:
      throw new SchedulerConfigError(`scoringStrategy.type: unsupported value "${given.type ?? ''}"`);
  }
}

/** Plugins that take arguments, made anew with them. */
const factories: Readonly<Record<string, (args: Args, deps: PluginDeps) => Plugin | undefined>> = {
  VolumeBinding: ({ bindTimeoutSeconds }, { storage, writing }) =>
    writing && volumeBinding({ storage, ...writing }, typeof bindTimeoutSeconds === 'number' ? bindTimeoutSeconds * 1000 : undefined),
  NodeResourcesFit: (args) => {
    const { ignoredResources, ignoredResourceGroups } = args as { ignoredResources?: string[]; ignoredResourceGroups?: string[] };
    return nodeResourcesFit({
      ...strategyOf(args),
      ...(ignoredResources ? { ignoredResources } : {}),
      ...(ignoredResourceGroups ? { ignoredResourceGroups } : {}),
    });
  },
  NodeResourcesBalancedAllocation: (args) => nodeResourcesBalancedAllocation(args['resources'] as ResourceWeight[] | undefined),
  InterPodAffinity: (args, deps) => interPodAffinity(deps.namespaceLabels, args),
  NodeAffinity: (args) => nodeAffinityWith(args['addedAffinity'] as NodeAffinity | undefined),
  PodTopologySpread: (args, deps) => {
    const defaultConstraints = args['defaultConstraints'] as TopologySpreadConstraint[] | undefined;
    const defaultingType = (args['defaultingType'] ?? 'System') as 'System' | 'List';
    if (defaultingType === 'System' && (defaultConstraints?.length ?? 0) > 0)
      throw new SchedulerConfigError('PodTopologySpread.defaultingType: when .defaultConstraints are specified, this value must be List');
    return podTopologySpread(deps.defaultSelector, { defaultingType, ...(defaultConstraints ? { defaultConstraints } : {}) });
  },
};

/** Names that may be configured although they are no plugin objects here. */
const builtIn = ['PrioritySort', 'DefaultPreemption', 'DefaultBinder'];

interface Chosen {
  readonly names: readonly string[];
  readonly weights: Readonly<Record<string, number>>;
}

function chosenAt(point: Point, config: ProfileConfig, all: readonly string[]): Chosen {
  let names = [...all];
  const weights: Record<string, number> = {};
  for (const choice of [config.plugins.multiPoint, config.plugins[point]]) {
    const off = new Set((choice?.disabled ?? []).map((ref) => ref.name));
    names = off.has('*') ? [] : names.filter((name) => !off.has(name));
    for (const { name, weight } of choice?.enabled ?? []) {
      if (!names.includes(name)) names.push(name);
      if (weight !== undefined && weight > 0) weights[name] = weight;
    }
  }
  return { names, weights };
}

/** The plugin with only what is on: an extension point that is off is not there. */
function narrowed(plugin: Plugin, on: (point: Point) => boolean): Plugin {
  const rest: Partial<Record<keyof Plugin, unknown>> & Plugin = { ...plugin };
  const drop = (...keys: (keyof Plugin)[]): void => {
    for (const key of keys) delete rest[key];
  };
  if (!on('preEnqueue')) drop('preEnqueue');
  // What is worked out ahead of filters is used by scores, too: it goes only with both.
  if (!on('filter')) drop('filter');
  if (!on('score')) drop('preScore', 'score', 'normalize');
  if (!on('filter') && !on('score') && !on('preFilter')) drop('preFilter');
  if (!on('reserve')) drop('reserve', 'unreserve');
  if (!on('permit')) drop('permit');
  if (!on('preBind')) drop('preBind');
  if (!on('postBind')) drop('postBind');
  return rest;
}

/** Builds a profile. Throws `SchedulerConfigError` for plugins that do not exist and arguments that make no sense. */
export function buildProfile(config: ProfileConfig, deps: PluginDeps): Profile {
  const defaults = defaultPlugins(deps).plugins.map((plugin) => {
    const args = config.args.get(plugin.name);
    const factory = factories[plugin.name];
    return args === undefined ? plugin : (factory?.(args, deps) ?? plugin);
  });
  const all = defaults.map((plugin) => plugin.name);
  const exists = (name: string): boolean => all.includes(name) || builtIn.includes(name);
  for (const choice of Object.values(config.plugins))
    for (const { name } of choice.enabled ?? []) if (!exists(name)) throw new SchedulerConfigError(`plugin "${name}" does not exist`);
  for (const name of config.args.keys()) if (!exists(name)) throw new SchedulerConfigError(`pluginConfig: plugin "${name}" does not exist`);
  const at = (point: Point): Chosen => chosenAt(point, config, [...all, ...builtIn]);
  const chosen = new Map<Point, Chosen>();
  const on = (name: string) => (point: Point) => {
    let known = chosen.get(point);
    if (known === undefined) chosen.set(point, (known = at(point)));
    return known.names.includes(name);
  };
  const percentage = config.percentageOfNodesToScore;
  return {
    schedulerName: config.schedulerName,
    set: { plugins: defaults.map((plugin) => narrowed(plugin, on(plugin.name))), weights: { ...defaultWeights, ...at('score').weights } },
    preemption: on('DefaultPreemption')('postFilter') ? (config.args.get('DefaultPreemption') ?? {}) : undefined,
    ...(percentage === undefined ? {} : { percentageOfNodesToScore: percentage }),
  };
}
