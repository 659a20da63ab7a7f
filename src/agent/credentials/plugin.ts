// Asking a credential plugin: a request on its standard input, the answer on its standard output.
import type { World } from '#base/world.ts';
import { parseDuration } from '#format/duration.ts';
import { isObject } from '#format/own.ts';
import type { Provider } from './config.ts';

/** A plugin that takes longer is given up. */
const timeout = 60_000;

export interface Credential {
  readonly username: string;
  readonly password: string;
}

export interface PluginRequest {
  /** The image without tag and digest. */
  readonly image: string;
  readonly serviceAccountToken?: string;
  readonly serviceAccountAnnotations?: Readonly<Record<string, string>>;
}

export interface PluginAnswer {
  readonly cacheKeyType: 'Image' | 'Registry' | 'Global';
  /** Milliseconds that the answer holds; undefined: as the configuration has it. */
  readonly cacheDuration?: number;
  /** By pattern of the images that they are for. */
  readonly auth: Readonly<Record<string, Credential>>;
}

/** Reads what a plugin has printed: pure. Throws on anything that is not an answer in its version. */
export function readAnswer(text: string, apiVersion: string): PluginAnswer {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || value['kind'] !== 'CredentialProviderResponse')
    throw new Error('it did not answer with a CredentialProviderResponse');
  if (value['apiVersion'] !== apiVersion) {
    throw new Error(
      `apiVersion from credential plugin response did not match expected apiVersion:${apiVersion}, actual apiVersion:${String(value['apiVersion'])}`,
    );
  }
  const { cacheKeyType, cacheDuration, auth } = value;
  if (cacheKeyType !== 'Image' && cacheKeyType !== 'Registry' && cacheKeyType !== 'Global') {
    throw new Error(`credential provider plugin did not return a valid cacheKeyType: ${JSON.stringify(cacheKeyType)}`);
  }
  const credentials = Object.entries(isObject(auth) ? auth : {}).map(([pattern, entry]) => {
    const { username, password } = isObject(entry) ? entry : {};
    return [
      pattern,
      { username: typeof username === 'string' ? username : '', password: typeof password === 'string' ? password : '' },
    ] as const;
  });
  return {
    cacheKeyType,
    ...(typeof cacheDuration === 'string' ? { cacheDuration: parseDuration(cacheDuration) } : {}),
    auth: Object.fromEntries(credentials),
  };
}

/** Runs the plugin; rejects when it fails, takes too long or says what nobody understands. */
export async function askPlugin(
  { exec }: Pick<World, 'exec'>,
  provider: Provider,
  about: { readonly directory: string; readonly request: PluginRequest },
): Promise<PluginAnswer> {
  const request = { kind: 'CredentialProviderRequest', apiVersion: provider.apiVersion, ...about.request };
  const result = await exec.run(`${about.directory}/${provider.name}`, provider.args, {
    input: JSON.stringify(request),
    env: provider.env,
    timeout,
  });
  if (result.code !== 0) {
    throw new Error(`error execing credential provider plugin ${provider.name}: exit status ${result.code}: ${result.stderr.trim()}`);
  }
  return readAnswer(result.stdout, provider.apiVersion);
}
