// On which NUMA nodes devices could be had. Pure.
import { type Hint, hintsOf } from '../numa/hints.ts';
import type { NumaLayout } from '../numa/layout.ts';
import { everyMask, has, type Mask, sizeOf } from '../numa/mask.ts';
import type { PluginDevice } from './plugin.ts';

export interface DeviceChoice {
  readonly layout: NumaLayout;
  /** Every device of the resource. */
  readonly devices: readonly PluginDevice[];
  readonly free: readonly string[];
  /** Left by init containers of the pod: all of them must be in reach. */
  readonly own: readonly string[];
}

/** True when the plugin says of any device where it is. */
export const placed = (devices: readonly PluginDevice[]): boolean => devices.some(({ nodes }) => nodes.length > 0);

const near = (layout: NumaLayout, mask: Mask, device: PluginDevice | undefined): boolean =>
  device?.nodes.some((id) =>
    has(
      mask,
      layout.findIndex((node) => node.id === id),
    ),
  ) ?? false;

/** The devices that are near to a node of the mask. */
export const nearDevices = (layout: NumaLayout, mask: Mask, devices: readonly PluginDevice[]): ReadonlySet<string> =>
  new Set(devices.filter((device) => near(layout, mask, device)).map(({ id }) => id));

/** Hints for so many devices. */
export function deviceHints(wanted: number, { layout, devices, free, own }: DeviceChoice): Hint[] {
  if (free.length + own.length < wanted) return [];
  const says = new Set(devices.filter(({ nodes }) => nodes.length > 0).map(({ id }) => id));
  const kept = own.filter((id) => says.has(id));
  let smallest = layout.length;
  const masks: Mask[] = [];
  for (const mask of everyMask(layout.length)) {
    const inside = nearDevices(layout, mask, devices);
    if (inside.size >= wanted) smallest = Math.min(smallest, sizeOf(mask));
    if (!kept.every((id) => inside.has(id))) continue;
    if (kept.length + free.filter((id) => inside.has(id)).length >= wanted) masks.push(mask);
  }
  return hintsOf(masks, smallest);
}
