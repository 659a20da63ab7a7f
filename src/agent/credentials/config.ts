// CredentialProviderConfig (kubelet.config.k8s.io/v1): which plugin knows the credentials of which images. Pure.
import { parseYaml } from '#format/yaml.ts';
import { isObject } from '#format/own.ts';
import { Fields, SettingsError } from '../settings/fields.ts';

/** A plugin is given a token of the pod's service account. */
export interface TokenAttributes {
  readonly audience: string;
  /** What credentials that came by a token are kept for: the account, or that very token. */
  readonly cacheType: 'ServiceAccount' | 'Token';
  /** Pods without a service account are nothing to the plugin. */
  readonly required: boolean;
  readonly requiredAnnotations: readonly string[];
  readonly optionalAnnotations: readonly string[];
}

export interface Provider {
  /** Name of the program in the directory of plugins. */
  readonly name: string;
  readonly matchImages: readonly string[];
  /** Milliseconds that an answer without a duration is kept. */
  readonly defaultCacheDuration: number;
  readonly apiVersion: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly token?: TokenAttributes;
}

const versions = new Set(['v1', 'v1beta1', 'v1alpha1'].map((version) => `credentialprovider.kubelet.k8s.io/${version}`));

function tokenAttributes(fields: Fields | undefined, at: string): TokenAttributes | undefined {
  if (!fields) return undefined;
  const audience = fields.text('serviceAccountTokenAudience') ?? '';
  if (audience === '') throw new SettingsError(`${at}.tokenAttributes.serviceAccountTokenAudience: Required value`);
  const cacheType = fields.text('cacheType');
  if (cacheType !== 'ServiceAccount' && cacheType !== 'Token') {
    throw new SettingsError(`${at}.tokenAttributes.cacheType: must be "ServiceAccount" or "Token", not ${JSON.stringify(cacheType ?? '')}`);
  }
  const required = fields.flag('requireServiceAccount');
  if (required === undefined) throw new SettingsError(`${at}.tokenAttributes.requireServiceAccount: Required value`);
  return {
    audience,
    cacheType,
    required,
    requiredAnnotations: fields.list('requiredServiceAccountAnnotationKeys') ?? [],
    optionalAnnotations: fields.list('optionalServiceAccountAnnotationKeys') ?? [],
  };
}

function provider(fields: Fields, at: string): Provider {
  const needed = <T>(value: T | undefined, name: string): T => {
    if (value === undefined) throw new SettingsError(`${at}.${name}: Required value`);
    return value;
  };
  const name = needed(fields.text('name'), 'name');
  if (name.includes('/') || name.includes(' ') || name === '.' || name === '..') {
    throw new SettingsError(`${at}.name: provider name cannot contain path separators or spaces: ${JSON.stringify(name)}`);
  }
  const apiVersion = needed(fields.text('apiVersion'), 'apiVersion');
  if (!versions.has(apiVersion)) throw new SettingsError(`${at}.apiVersion: ${JSON.stringify(apiVersion)} is not supported`);
  const matchImages = needed(fields.list('matchImages'), 'matchImages');
  if (matchImages.length === 0) throw new SettingsError(`${at}.matchImages: at least 1 item in matchImages is required`);
  const defaultCacheDuration = needed(fields.duration('defaultCacheDuration'), 'defaultCacheDuration');
  if (defaultCacheDuration < 0) throw new SettingsError(`${at}.defaultCacheDuration: must be greater than or equal to 0`);
  const token = tokenAttributes(fields.object('tokenAttributes'), at);
  if (token && apiVersion !== 'credentialprovider.kubelet.k8s.io/v1') {
    throw new SettingsError(
      `${at}.tokenAttributes: tokenAttributes is only supported for credentialprovider.kubelet.k8s.io/v1 API version`,
    );
  }
  const env = (fields.objects('env') ?? []).map((entry) => [entry.text('name') ?? '', entry.text('value') ?? ''] as const);
  return {
    name,
    apiVersion,
    matchImages,
    defaultCacheDuration,
    args: fields.list('args') ?? [],
    env: Object.fromEntries(env),
    ...(token ? { token } : {}),
  };
}

/** Reads the text of a configuration. Throws SettingsError that names the field. */
export function readProviders(text: string): readonly Provider[] {
  const value = parseYaml(text);
  const group = isObject(value) && /^kubelet\.config\.k8s\.io\/v1(alpha1|beta1)?$/.test(String(value['apiVersion']));
  if (!isObject(value) || !group || value['kind'] !== 'CredentialProviderConfig') {
    throw new SettingsError('it is not a CredentialProviderConfig of kubelet.config.k8s.io/v1');
  }
  const providers = (new Fields(value).objects('providers') ?? []).map((fields, index) => provider(fields, `providers[${index}]`));
  if (providers.length === 0) throw new SettingsError('providers: at least 1 item in plugins is required');
  const twice = providers.find((one, index) => providers.findIndex((other) => other.name === one.name) !== index);
  if (twice) throw new SettingsError(`providers: Duplicate value: ${JSON.stringify(twice.name)}`);
  return providers;
}
