// Files that say how the node is to be: a KubeletConfiguration, plugins that know credentials of registries.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { AgentOptions } from '#agent/options.ts';
import { readKubeletConfiguration } from '#agent/settings/kubeletconfiguration.ts';
import { UsageError } from './options.ts';

/** Paths, by the flags that name them. */
export interface NodeFlags {
  readonly kubeletConfig?: string;
  readonly imageCredentialProviderConfig?: string;
  readonly imageCredentialProviderBinDir?: string;
}

export const nodeFlags: readonly (keyof NodeFlags)[] = ['kubeletConfig', 'imageCredentialProviderConfig', 'imageCredentialProviderBinDir'];

/** Reads the files. Throws UsageError that names the one which is wrong. */
export async function loadNodeSettings(
  { fs, log }: { fs: World['fs']; log?: World['log'] },
  flags: NodeFlags,
): Promise<Partial<AgentOptions>> {
  const { kubeletConfig: path } = flags;
  if (path === undefined) return {};
  try {
    const { options, ignored } = readKubeletConfiguration(await fs.readText(path));
    if (ignored.length > 0) log?.warn('settings of the kubelet configuration that mean nothing here', { fields: ignored.join(', ') });
    return options;
  } catch (error) {
    const message = messageOf(error);
    throw new UsageError(message.includes(path) ? message : `${path}: ${message}`);
  }
}
