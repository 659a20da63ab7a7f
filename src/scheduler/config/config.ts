// KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1), as far as it means something here, and how it is read.
import { type ExtenderConfig, readExtenders } from './extenders.ts';
import { fields, type Fields, integer, items, known, SchedulerConfigError } from './reading.ts';

/** A plugin by name; the weight counts where it scores. */
export interface PluginRef {
  readonly name: string;
  readonly weight?: number;
}

export interface PluginChoice {
  readonly enabled?: readonly PluginRef[];
  /** `*` disables all that are on by default. */
  readonly disabled?: readonly PluginRef[];
}

/** Extension points that can be configured. */
export const points = [
  'preEnqueue',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'postBind',
] as const;
export type Point = (typeof points)[number];

export interface ProfileConfig {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins: Readonly<Partial<Record<Point | 'multiPoint', PluginChoice>>>;
  /** Arguments by plugin name, checked by the plugin's own factory. */
  readonly args: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

export interface SchedulerConfig {
  readonly profiles: readonly ProfileConfig[];
  readonly percentageOfNodesToScore?: number;
  readonly podInitialBackoffSeconds?: number;
  readonly podMaxBackoffSeconds?: number;
  readonly extenders?: readonly ExtenderConfig[];
}

export const defaultSchedulerName = 'default-scheduler';
const plain: ProfileConfig = { schedulerName: defaultSchedulerName, plugins: {}, args: new Map() };

/** What is used without a configuration. */
export const defaultConfig: SchedulerConfig = { profiles: [plain] };

/** Whole configurations by one word. */
const words: Readonly<Record<string, SchedulerConfig>> = {
  default: defaultConfig,
  spread: defaultConfig,
  /** Fills nodes one after the other, so that the fewest are needed. */
  binpack: {
    profiles: [
      {
        ...plain,
        args: new Map([['NodeResourcesFit', { scoringStrategy: { type: 'MostAllocated' } }]]),
        plugins: {
          multiPoint: { enabled: [{ name: 'NodeResourcesFit', weight: 10 }] },
          // Both would work against it: they like nodes that are alike, and pods apart.
          score: { disabled: [{ name: 'NodeResourcesBalancedAllocation' }, { name: 'PodTopologySpread' }] },
        },
      },
    ],
  },
};

/** The configuration that a single word stands for. */
export function configByWord(word: string): SchedulerConfig | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined;
}

function refs(value: unknown, path: string): PluginRef[] {
  return items(value, path).map((item, i) => {
    const ref = fields(item, `${path}[${i}]`);
    known(ref, ['name', 'weight'], `${path}[${i}]`);
    if (typeof ref['name'] !== 'string' || ref['name'] === '') throw new SchedulerConfigError(`${path}[${i}].name: is required`);
    const weight = integer(ref['weight'], [0, 100], `${path}[${i}].weight`);
    return { name: ref['name'], ...(weight === undefined ? {} : { weight }) };
  });
}

function choices(value: unknown, path: string): ProfileConfig['plugins'] {
  if (value === undefined || value === null) return {};
  const given = fields(value, path);
  known(given, [...points, 'multiPoint', 'queueSort', 'bind'], path);
  const result: Partial<Record<Point | 'multiPoint', PluginChoice>> = {};
  for (const [point, choice] of Object.entries(given)) {
    const at = `${path}.${point}`;
    const parts = fields(choice, at);
    known(parts, ['enabled', 'disabled'], at);
    const [enabled, disabled] = [refs(parts['enabled'], `${at}.enabled`), refs(parts['disabled'], `${at}.disabled`)];
    if (point === 'queueSort' || point === 'bind') {
      const only = point === 'bind' ? 'DefaultBinder' : 'PrioritySort';
      for (const { name } of enabled) if (name !== only) throw new SchedulerConfigError(`${at}: only ${only} is there`);
      continue;
    }
    result[point as Point | 'multiPoint'] = { enabled, disabled };
  }
  return result;
}

function profile(value: unknown, path: string): ProfileConfig {
  const given = fields(value, path);
  known(given, ['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig'], path);
  const schedulerName = given['schedulerName'] ?? defaultSchedulerName;
  if (typeof schedulerName !== 'string' || schedulerName === '') throw new SchedulerConfigError(`${path}.schedulerName: must be a name`);
  const percentageOfNodesToScore = integer(given['percentageOfNodesToScore'], [0, 100], `${path}.percentageOfNodesToScore`);
  const args = new Map<string, Fields>();
  items(given['pluginConfig'], `${path}.pluginConfig`).forEach((item, i) => {
    const at = `${path}.pluginConfig[${i}]`;
    const entry = fields(item, at);
    known(entry, ['name', 'args'], at);
    if (typeof entry['name'] !== 'string') throw new SchedulerConfigError(`${at}.name: is required`);
    if (args.has(entry['name'])) throw new SchedulerConfigError(`${at}.name: Duplicate value: "${entry['name']}"`);
    const { kind: _kind, apiVersion: _version, ...rest } = fields(entry['args'] ?? {}, `${at}.args`);
    args.set(entry['name'], rest);
  });
  return {
    schedulerName,
    plugins: choices(given['plugins'], `${path}.plugins`),
    args,
    ...(percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore }),
  };
}

/** The profile with resources that extenders look after left out of NodeResourcesFit. */
function ignoring(given: ProfileConfig, ignoredResources: readonly string[]): ProfileConfig {
  const args = new Map(given.args);
  args.set('NodeResourcesFit', { ...args.get('NodeResourcesFit'), ignoredResources });
  return { ...given, args };
}

/** Reads a decoded KubeSchedulerConfiguration. Throws `SchedulerConfigError`. */
export function readConfig(document: unknown): SchedulerConfig {
  const given = fields(document, 'KubeSchedulerConfiguration');
  if (given['kind'] !== 'KubeSchedulerConfiguration' || given['apiVersion'] !== 'kubescheduler.config.k8s.io/v1')
    throw new SchedulerConfigError('kind KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1 is expected');
  const ours = ['profiles', 'percentageOfNodesToScore', 'podInitialBackoffSeconds', 'podMaxBackoffSeconds', 'extenders'];
  // Connection, election and profiling are matters of kube-scheduler's own process.
  const foreign = [
    'leaderElection',
    'clientConnection',
    'enableProfiling',
    'enableContentionProfiling',
    'parallelism',
    'delayCacheUntilActive',
  ];
  known(given, ['kind', 'apiVersion', ...ours, ...foreign], 'KubeSchedulerConfiguration');
  const profiles = items(given['profiles'], 'profiles').map((item, i) => profile(item, `profiles[${i}]`));
  const names = profiles.map((item) => item.schedulerName);
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) throw new SchedulerConfigError(`profiles[${i}].schedulerName: Duplicate value: "${name}"`);
  });
  const optional = {
    percentageOfNodesToScore: integer(given['percentageOfNodesToScore'], [0, 100], 'percentageOfNodesToScore'),
    podInitialBackoffSeconds: integer(given['podInitialBackoffSeconds'], [1, 86_400], 'podInitialBackoffSeconds'),
    podMaxBackoffSeconds: integer(given['podMaxBackoffSeconds'], [1, 86_400], 'podMaxBackoffSeconds'),
  };
  if ((optional.podMaxBackoffSeconds ?? 10) < (optional.podInitialBackoffSeconds ?? 1))
    throw new SchedulerConfigError('podMaxBackoffSeconds: must be greater than or equal to podInitialBackoffSeconds');
  const set = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  const extenders = readExtenders(given['extenders'], 'extenders');
  const ignored = extenders.flatMap(({ managedResources }) => managedResources.filter((item) => item.ignoredByScheduler));
  const own = profiles.length === 0 ? [plain] : profiles;
  return {
    profiles:
      ignored.length === 0
        ? own
        : own.map((item) =>
            ignoring(
              item,
              ignored.map(({ name }) => name),
            ),
          ),
    ...set,
    ...(extenders.length === 0 ? {} : { extenders }),
  };
}
