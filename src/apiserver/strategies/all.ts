// Strategies by `group/resource`, and the resources that are served in more than the stored version.
import type { Registry } from '../registry/registry.ts';
import type { Conversion } from '../registry/resource.ts';
import type { Strategy } from '../registry/strategy.ts';
import type { ResourceRow } from '../resources/row.ts';

const none: Strategy = {};
const strategies: ReadonlyMap<string, Strategy> = new Map<string, Strategy>();

/** What is special about a row's kind. */
export function strategyOf(row: ResourceRow): Strategy {
  return strategies.get(`${row.group}/${row.resource}`) ?? none;
}

/** How a row's version relates to the stored one; undefined when it is the stored one. */
export function conversionOf(_row: ResourceRow): Conversion | undefined {
  return undefined;
}

/** Brings shared pools (addresses, ports) in line with what is stored. */
export function repairAll(_registry: Registry): void {}
