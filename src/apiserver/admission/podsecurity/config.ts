// Pure: the PodSecurityConfiguration in an AdmissionConfiguration: defaults for namespaces without labels, and exemptions.
import { isLevel, type LevelVersion, parseVersion, type Policy } from './policy.ts';
import { defaultPodSecurity, type PodSecurityOptions } from './plugin.ts';

type Loose = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);

function levelOf(defaults: Loose, mode: string): LevelVersion {
  const level = defaults[mode] ?? 'privileged';
  const version = defaults[`${mode}-version`] ?? 'latest';
  if (typeof level !== 'string' || !isLevel(level)) throw new Error(`defaults.${mode}: must be one of privileged, baseline, restricted`);
  const parsed = typeof version === 'string' ? parseVersion(version) : undefined;
  if (!parsed) throw new Error(`defaults.${mode}-version: must be "latest" or "v1.x"`);
  return { level, ...parsed };
}

function names(exemptions: Loose, field: string): readonly string[] {
  const value = exemptions[field] ?? [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    throw new Error(`exemptions.${field}: must be a list of names`);
  return value as string[];
}

/** Reads an AdmissionConfiguration; throws an Error that says where it is wrong. Other plug-ins take no configuration. */
export function parsePodSecurity(value: unknown): PodSecurityOptions {
  if (!isObject(value) || value['kind'] !== 'AdmissionConfiguration')
    throw new Error('expected kind AdmissionConfiguration of apiserver.config.k8s.io/v1');
  const plugins = Array.isArray(value['plugins']) ? value['plugins'].filter(isObject) : [];
  const other = plugins.find(({ name }) => name !== 'PodSecurity');
  if (other) throw new Error(`plug-in ${JSON.stringify(other['name'])} takes no configuration`);
  const configuration = plugins[0]?.['configuration'];
  if (configuration === undefined) return defaultPodSecurity;
  if (!isObject(configuration) || configuration['kind'] !== 'PodSecurityConfiguration')
    throw new Error('PodSecurity: expected kind PodSecurityConfiguration');
  const defaults = isObject(configuration['defaults']) ? configuration['defaults'] : {};
  const exemptions = isObject(configuration['exemptions']) ? configuration['exemptions'] : {};
  const policy: Policy = { enforce: levelOf(defaults, 'enforce'), audit: levelOf(defaults, 'audit'), warn: levelOf(defaults, 'warn') };
  return {
    defaults: policy,
    exempt: {
      namespaces: names(exemptions, 'namespaces'),
      usernames: names(exemptions, 'usernames'),
      runtimeClasses: names(exemptions, 'runtimeClasses'),
    },
  };
}
