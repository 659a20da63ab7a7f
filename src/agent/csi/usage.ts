// What CSI drivers tell of their volumes.
import type { World } from '#base/world.ts';
import type { VolumeUsage } from '../parts.ts';
import type { DriverUsage } from './driver.ts';
import type { CsiDrivers } from './drivers.ts';
import { readRecords } from './records.ts';

/** A driver's numbers in the summary's words: pure. */
export function usageWords(usage: readonly DriverUsage[]): Omit<VolumeUsage, 'name'> {
  const of = (unit: string): DriverUsage | undefined => usage.find((entry) => entry.unit === unit);
  const bytes = of('BYTES');
  const inodes = of('INODES');
  return {
    ...(bytes ? { availableBytes: bytes.available, capacityBytes: bytes.total, usedBytes: bytes.used } : {}),
    ...(inodes ? { inodesFree: inodes.available, inodes: inodes.total, inodesUsed: inodes.used } : {}),
  };
}

/** How full a published volume is; undefined when there is none at this path, or its driver cannot tell. */
export async function driverUsage(
  world: Pick<World, 'fs' | 'digest'>,
  about: { readonly dataDir: string; readonly drivers: Pick<CsiDrivers, 'get'> },
  of: { readonly uid: string; readonly path: string },
): Promise<Omit<VolumeUsage, 'name'> | undefined> {
  const record = (await readRecords(world, about.dataDir, of.uid)).find(({ target }) => target === of.path);
  if (!record) return undefined;
  const driver = about.drivers.get(record.driver);
  if (!(await driver.can('GET_VOLUME_STATS'))) return undefined;
  const { usage } = await driver.stats({
    volumeId: record.handle,
    volumePath: driver.path(record.target),
    stagingTargetPath: record.staging === undefined ? '' : driver.path(record.staging),
  });
  return usageWords(usage);
}
