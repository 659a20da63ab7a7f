// What `--scheduler-config` means: one word for a ready-made configuration, or a file with a KubeSchedulerConfiguration.
import type { World } from '#base/world.ts';
import { parseYaml } from '#format/yaml.ts';
import { configByWord, readConfig, type SchedulerConfig, SchedulerConfigError } from '#scheduler/config/config.ts';
import { UsageError } from './options.ts';

/** Reads the configuration. Throws `UsageError` with the field that is wrong. */
export async function schedulerConfig(world: Pick<World, 'fs'>, given: string): Promise<SchedulerConfig> {
  const known = configByWord(given);
  if (known !== undefined) return known;
  const text = await world.fs.readText(given).catch(() => {
    throw new UsageError(`--scheduler-config must be default, spread, binpack or a file with a KubeSchedulerConfiguration, not "${given}"`);
  });
  try {
    return readConfig(parseYaml(text));
  } catch (error) {
    if (error instanceof SchedulerConfigError) throw new UsageError(`${given}: ${error.message}`);
    throw error;
  }
}
