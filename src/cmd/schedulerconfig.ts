// What `--scheduler-config` means: one word for a ready-made configuration, or a file with a KubeSchedulerConfiguration.
import { dirname, resolve } from 'node:path';
import type { World } from '#base/world.ts';
import { parseYaml } from '#format/yaml.ts';
import { configByWord, readConfig, type SchedulerConfig } from '#scheduler/config/config.ts';
import { withTlsFiles } from '#scheduler/config/extenders.ts';
import { SchedulerConfigError } from '#scheduler/config/reading.ts';
import { UsageError } from './usage.ts';

/** Reads the configuration. Throws `UsageError` with the field that is wrong. */
export async function schedulerConfig(world: Pick<World, 'fs'>, given: string): Promise<SchedulerConfig> {
  const known = configByWord(given);
  if (known !== undefined) return known;
  const text = await world.fs.readText(given).catch(() => {
    throw new UsageError(`--scheduler-config must be default, spread, binpack or a file with a KubeSchedulerConfiguration, not "${given}"`);
  });
  try {
    const config = readConfig(parseYaml(text));
    if (config.extenders === undefined) return config;
    // A path is meant from where the configuration is: a process in the background is elsewhere.
    const beside = (path: string): string => resolve(dirname(given), path);
    return { ...config, extenders: await withTlsFiles(config.extenders, (path) => world.fs.readText(beside(path))) };
  } catch (error) {
    if (error instanceof SchedulerConfigError) throw new UsageError(`${given}: ${error.message}`);
    throw error;
  }
}
