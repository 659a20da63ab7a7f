// What a configuration says about the alignment of resources to NUMA nodes, and whether the machine can have it. Pure.
import { messageOf } from '#base/errors.ts';
import type { NumaLayout } from './layout.ts';
import { maxNodes } from './mask.ts';

export type TopologyPolicy = 'best-effort' | 'restricted' | 'single-numa-node';
export type TopologyScope = 'container' | 'pod';

/** The configuration of the topology manager where its policy is not `none`. */
export interface TopologyOptions {
  readonly policy: TopologyPolicy;
  readonly scope: TopologyScope;
  /** `prefer-closest-numa-nodes`, `max-allowable-numa-nodes`. */
  readonly options: Readonly<Record<string, string>>;
}

/** Nodes that a machine may have; hints are made for each set of them. */
const allowedNodes = 8;

const truths: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false])),
};

/** A value that is true or false. Throws in kubelet's words. */
export function readFlag(name: string, value: string): boolean {
  if (Object.hasOwn(truths, value)) return truths[value] as boolean;
  throw new Error(`bad value for option ${JSON.stringify(name)}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

function readCount(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

export interface PolicyOptions {
  readonly preferClosest: boolean;
  readonly maxNodes: number;
}

/** Reads the options of a policy. Throws in kubelet's words. */
export function readPolicyOptions(options: Readonly<Record<string, string>>): PolicyOptions {
  let preferClosest = false;
  let allowed = allowedNodes;
  for (const [name, value] of Object.entries(options)) {
    const quoted = JSON.stringify(name);
    if (name === 'prefer-closest-numa-nodes') {
      preferClosest = readFlag(name, value);
    } else if (name === 'max-allowable-numa-nodes') {
      try {
        allowed = readCount(value);
      } catch (error) {
        throw new Error(`unable to convert policy option to integer ${quoted}: ${messageOf(error)}`, { cause: error });
      }
      if (allowed < allowedNodes) throw new Error(`the minimum value of ${quoted} should not be less than ${allowedNodes}`);
    } else throw new Error(`unknown Topology Manager Policy option: ${quoted}`);
  }
  return { preferClosest, maxNodes: Math.min(allowed, maxNodes) };
}

/** What the policy's options say, if the machine goes with them. */
export function checkTopology(config: TopologyOptions, layout: NumaLayout): PolicyOptions {
  const options = readPolicyOptions(config.options);
  if (options.preferClosest && layout.some(({ distances }) => distances.length < layout.length)) {
    throw new Error('cannot discover NUMA topology: error getting NUMA distances from the kernel');
  }
  if (layout.length > options.maxNodes) throw new Error(`unsupported on machines with more than ${options.maxNodes} NUMA Nodes`);
  return options;
}
