// Files that say how the node is to be: a KubeletConfiguration, plugins that know credentials of registries.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { readProviders } from '#agent/credentials/config.ts';
import type { AgentOptions } from '#agent/options.ts';
import { readKubeletConfiguration } from '#agent/settings/kubeletconfiguration.ts';
import { UsageError } from './usage.ts';

/** Paths, by the flags that name them. */
export interface NodeFlags {
  readonly kubeletConfig?: string;
  readonly imageCredentialProviderConfig?: string;
  readonly imageCredentialProviderBinDir?: string;
}

export const nodeFlags: readonly (keyof NodeFlags)[] = ['kubeletConfig', 'imageCredentialProviderConfig', 'imageCredentialProviderBinDir'];

type Needs = { readonly fs: World['fs']; readonly log?: World['log'] };

async function kubeletSettings({ fs, log }: Needs, path: string): Promise<Partial<AgentOptions>> {
  const { options, ignored } = readKubeletConfiguration(await fs.readText(path));
  if (ignored.length > 0) log?.warn('settings of the kubelet configuration that mean nothing here', { fields: ignored.join(', ') });
  return options;
}

async function credentialSettings({ fs }: Needs, path: string, directory: string): Promise<Partial<AgentOptions>> {
  const providers = readProviders(await fs.readText(path));
  for (const { name } of providers) {
    if ((await fs.stat(`${directory}/${name}`)) === undefined)
      throw new Error(`plugin binary executable ${directory}/${name} did not exist`);
  }
  return { credentialProviders: { providers, directory } };
}

async function named(path: string, read: () => Promise<Partial<AgentOptions>>): Promise<Partial<AgentOptions>> {
  try {
    return await read();
  } catch (error) {
    const message = messageOf(error);
    throw new UsageError(message.includes(path) ? message : `${path}: ${message}`);
  }
}

/** Reads the files. Throws UsageError that names the one which is wrong. What has no effect is told to `log`. */
export async function loadNodeSettings(needs: Needs, flags: NodeFlags): Promise<Partial<AgentOptions>> {
  const { kubeletConfig, imageCredentialProviderConfig: config, imageCredentialProviderBinDir: directory } = flags;
  if ((config === undefined) !== (directory === undefined)) {
    throw new UsageError('--image-credential-provider-config and --image-credential-provider-bin-dir go together');
  }
  return {
    ...(kubeletConfig === undefined ? {} : await named(kubeletConfig, () => kubeletSettings(needs, kubeletConfig))),
    ...(config === undefined || directory === undefined ? {} : await named(config, () => credentialSettings(needs, config, directory))),
  };
}
