// A kubelet's configuration file (kubelet.config.k8s.io/v1beta1), as far as this agent has what it sets: pure.
import { isObject } from '#format/own.ts';
import { parseYaml } from '#format/yaml.ts';
import { addQuantity, quantityValue } from '#format/quantity.ts';
import type { AgentOptions } from '../options.ts';
import type { Taint } from '#api/core/v1/affinity.ts';
import { evictionDefaults } from '../eviction/thresholds.ts';
import { imageGcDefaults } from '../images/gcplan.ts';
import { plainPeriods, type ShutdownPeriod } from '../shutdown/plan.ts';
import { parseCpuset } from './cpuset.ts';
import { Fields, SettingsError } from './fields.ts';
import { imagePulls } from './imagepulls.ts';
import { withoutEffect } from './known.ts';
import { memoryManager, topologyManager } from './numa.ts';

export { SettingsError } from './fields.ts';

/** What a file sets, and the fields in it that mean nothing here. */
export interface KubeletSettings {
  readonly options: Partial<AgentOptions>;
  readonly ignored: readonly string[];
}

type Draft = { -readonly [K in keyof AgentOptions]?: AgentOptions[K] };

function shutdown(fields: Fields): readonly ShutdownPeriod[] | undefined {
  const whole = fields.duration('shutdownGracePeriod') ?? 0;
  const critical = fields.duration('shutdownGracePeriodCriticalPods') ?? 0;
  const byPriority = fields.objects('shutdownGracePeriodByPodPriority');
  if (byPriority !== undefined && byPriority.length > 0) {
    if (whole > 0 || critical > 0) {
      throw new SettingsError('cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time');
    }
    return byPriority.map((entry) => ({
      priority: entry.number('priority') ?? 0,
      seconds: entry.number('shutdownGracePeriodSeconds') ?? 0,
    }));
  }
  if (critical > whole) {
    throw new SettingsError(`shutdownGracePeriodCriticalPods ${critical / 1000}s must be <= shutdownGracePeriod ${whole / 1000}s`);
  }
  for (const [name, value] of [
    ['shutdownGracePeriod', whole],
    ['shutdownGracePeriodCriticalPods', critical],
  ] as const) {
    if (value > 0 && value < 1000) throw new SettingsError(`${name} ${value / 1000}s must be either zero or otherwise >= 1 sec`);
  }
  return whole > 0 ? plainPeriods(Math.floor(whole / 1000), Math.floor(critical / 1000)) : undefined;
}

/** What the system and Tutti themselves need, taken off what pods may use. */
function reserved(fields: Fields): Readonly<Record<string, string>> | undefined {
  const cpus = parseCpuset(fields.text('reservedSystemCPUs') ?? '').size;
  const parts = [fields.strings('systemReserved'), fields.strings('kubeReserved')];
  if (cpus === 0 && parts.every((part) => part === undefined)) return undefined;
  const sum: Record<string, string> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part ?? {})) sum[name] = sum[name] === undefined ? value : addQuantity(sum[name], value);
  }
  // Processors that are named stand for any amount of processor time.
  return cpus > 0 ? { ...sum, cpu: String(cpus) } : sum;
}

const enforcements = ['pods', 'system-reserved', 'kube-reserved', 'system-reserved-compressible', 'kube-reserved-compressible', 'none'];

/** Whether pods together are kept off what is reserved; the groups of others are not ours to limit. */
function enforceAllocatable(fields: Fields): boolean | undefined {
  const keys = fields.list('enforceNodeAllocatable');
  const other = keys?.find((key) => !enforcements.includes(key));
  if (other !== undefined) throw new SettingsError(`option ${JSON.stringify(other)} specified for enforceNodeAllocatable is not valid`);
  return keys?.includes('pods');
}

function eviction(fields: Fields): AgentOptions['eviction'] | undefined {
  const hard = fields.strings('evictionHard');
  const soft = fields.strings('evictionSoft');
  const softGrace = fields.strings('evictionSoftGracePeriod');
  const transition = fields.duration('evictionPressureTransitionPeriod');
  const maxPodGraceSeconds = fields.number('evictionMaxPodGracePeriod');
  if ([hard, soft, softGrace, transition, maxPodGraceSeconds].every((value) => value === undefined)) return undefined;
  return {
    ...evictionDefaults,
    // One hard threshold that is named drops the others, unless they are to be merged (KEP: mergeDefaultEvictionSettings).
    ...(hard ? { hard: fields.flag('mergeDefaultEvictionSettings') ? { ...evictionDefaults.hard, ...hard } : hard } : {}),
    ...(soft ? { soft } : {}),
    ...(softGrace ? { softGrace } : {}),
    ...(transition === undefined ? {} : { transition }),
    ...(maxPodGraceSeconds === undefined ? {} : { maxPodGraceSeconds }),
  };
}

function imageGc(fields: Fields): AgentOptions['imageGc'] | undefined {
  const highPercent = fields.number('imageGCHighThresholdPercent');
  const lowPercent = fields.number('imageGCLowThresholdPercent');
  const minimumAge = fields.duration('imageMinimumGCAge');
  const maximumAge = fields.duration('imageMaximumGCAge') ?? 0;
  if ([highPercent, lowPercent, minimumAge].every((value) => value === undefined) && maximumAge === 0) return undefined;
  const result = {
    highPercent: highPercent ?? imageGcDefaults.highPercent,
    lowPercent: lowPercent ?? imageGcDefaults.lowPercent,
    minimumAge: minimumAge ?? imageGcDefaults.minimumAge,
    ...(maximumAge === 0 ? {} : { maximumAge }),
  };
  if (maximumAge !== 0 && maximumAge <= result.minimumAge) {
    throw new SettingsError(`imageMaximumGCAge ${maximumAge / 1000}s must be greater than imageMinimumGCAge ${result.minimumAge / 1000}s`);
  }
  if (result.lowPercent >= result.highPercent) {
    throw new SettingsError(
      `imageGCLowThresholdPercent ${result.lowPercent} must be less than imageGCHighThresholdPercent ${result.highPercent}`,
    );
  }
  return result;
}

function cpuManager(fields: Fields): AgentOptions['cpuManager'] | undefined {
  const policy = fields.text('cpuManagerPolicy');
  const reservedCpus = fields.text('reservedSystemCPUs') ?? '';
  const options = fields.strings('cpuManagerPolicyOptions') ?? {};
  if (policy !== undefined && policy !== 'none' && policy !== 'static')
    throw new SettingsError(`unknown policy: ${JSON.stringify(policy)}`);
  return policy === 'static' ? { policy, reservedCpus, options } : undefined;
}

function memoryQos(fields: Fields): AgentOptions['memoryQos'] | undefined {
  const throttlingFactor = fields.number('memoryThrottlingFactor') ?? 0.9;
  if (throttlingFactor <= 0 || throttlingFactor > 1) {
    throw new SettingsError(`memoryThrottlingFactor ${throttlingFactor} must be greater than 0 and less than or equal to 1.0`);
  }
  return fields.gates()['MemoryQoS'] ? { throttlingFactor } : undefined;
}

/** Only what belongs to the namespaces of a pod can be left to it. */
const namespaced = /^(kernel\.(sem|shm|msg)|fs\.mqueue\.|net\.)/;

function unsafeSysctls(fields: Fields): readonly string[] | undefined {
  const names = fields.list('allowedUnsafeSysctls')?.map((name) => name.replaceAll('/', '.'));
  const other = names?.find((name) => !namespaced.test(name));
  if (other !== undefined) throw new SettingsError(`the sysctls ${JSON.stringify(other)} are not known to be namespaced`);
  return names;
}

/** A number that must not be less than `least`. */
function count(fields: Fields, name: string, least: number): number | undefined {
  const value = fields.number(name);
  if (value !== undefined && value < least) throw new SettingsError(`${name} ${value} must not be less than ${least}`);
  return value;
}

/** -1 is every image. */
function statusImages(fields: Fields): number | undefined {
  const most = count(fields, 'nodeStatusMaxImages', -1);
  return most === -1 ? Number.POSITIVE_INFINITY : most;
}

function logSize(fields: Fields): number | undefined {
  const text = fields.text('containerLogMaxSize');
  return text === undefined ? undefined : quantityValue(text);
}

/** Reads the text of a configuration file, YAML or JSON. Throws SettingsError in kubelet's words. */
export function readKubeletConfiguration(text: string): KubeletSettings {
  const value = parseYaml(text);
  if (!isObject(value) || value['kind'] !== 'KubeletConfiguration' || value['apiVersion'] !== 'kubelet.config.k8s.io/v1beta1') {
    throw new SettingsError('it is not a KubeletConfiguration of kubelet.config.k8s.io/v1beta1');
  }
  const fields = new Fields(value);
  const restartMax = fields.object('crashLoopBackOff')?.duration('maxContainerRestartPeriod');
  const given: Draft = {
    staticPodPath: fields.text('staticPodPath'),
    fileCheckFrequency: fields.duration('fileCheckFrequency'),
    unsafeSysctls: unsafeSysctls(fields),
    maxPods: fields.number('maxPods'),
    // Nought is no limit of its own.
    podsPerCore: count(fields, 'podsPerCore', 0) || undefined,
    statusImages: statusImages(fields),
    providerId: fields.text('providerID'),
    podPidsLimit: fields.number('podPidsLimit'),
    clusterDns: fields.list('clusterDNS'),
    clusterDomain: fields.text('clusterDomain'),
    resolvConf: fields.text('resolvConf'),
    containerLogMaxSize: logSize(fields),
    containerLogMaxFiles: fields.number('containerLogMaxFiles'),
    registerNode: fields.flag('registerNode'),
    systemLogs: fields.flag('enableSystemLogHandler'),
    taints: fields.list<Taint>('registerWithTaints'),
    leaseDurationSeconds: fields.number('nodeLeaseDurationSeconds'),
    backoffInitial: restartMax === undefined ? undefined : Math.min(10_000, restartMax),
    backoffMax: restartMax,
    reserved: reserved(fields),
    enforceAllocatable: enforceAllocatable(fields),
    cpuQuota: fields.flag('cpuCFSQuota'),
    eviction: eviction(fields),
    runtimeRequestTimeout: fields.duration('runtimeRequestTimeout'),
    imageGc: imageGc(fields),
    imagePulls: imagePulls(fields),
    shutdown: shutdown(fields),
    cpuManager: cpuManager(fields),
    memoryManager: memoryManager(fields),
    topologyManager: topologyManager(fields),
    memoryQos: memoryQos(fields),
    seccompDefault: fields.flag('seccompDefault'),
  } as Draft;
  const left = fields.unread().filter((name) => name !== 'kind' && name !== 'apiVersion');
  const unknown = left.filter((name) => !withoutEffect.has(name));
  if (unknown.length > 0) {
    throw new SettingsError(`strict decoding error: ${unknown.map((name) => `unknown field ${JSON.stringify(name)}`).join(', ')}`);
  }
  const options = Object.fromEntries(Object.entries(given).filter(([, setting]) => setting !== undefined));
  return { options, ignored: left };
}
