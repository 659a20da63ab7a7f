// `extenders` of KubeSchedulerConfiguration: servers that have a say in where pods go, and how to reach them.
import { isExtendedResource } from '#api/core/v1/resources.rules.ts';
import { qualifiedName } from '#api/formats.ts';
import { messageOf } from '#base/errors.ts';
import { parseDuration } from '#format/duration.ts';
import { fields, flag, integer, items, known, SchedulerConfigError, text } from './reading.ts';

/** Certificates are PEM; those in the configuration itself stand for files. */
export interface ExtenderTls {
  readonly insecure: boolean;
  readonly serverName: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Paths that are still to be read. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
}

export interface ManagedResource {
  readonly name: string;
  readonly ignoredByScheduler: boolean;
}

/** An empty verb: the extender is not asked for that. */
export interface ExtenderConfig {
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly prioritizeVerb: string;
  readonly preemptVerb: string;
  readonly bindVerb: string;
  readonly weight: number;
  readonly enableHTTPS: boolean;
  readonly tls: ExtenderTls | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** It knows the nodes: it is told names alone. */
  readonly nodeCacheCapable: boolean;
  /** Only pods that ask for one of these are its business; none: all pods are. */
  readonly managedResources: readonly ManagedResource[];
  /** Scheduling goes on without it when it fails. */
  readonly ignorable: boolean;
}

const defaultTimeout = 5_000;

function durationAt(value: unknown, path: string): number {
  const given = text(value, path);
  if (given === '') return defaultTimeout;
  try {
    const ms = parseDuration(given);
    if (ms < 0) throw new Error('must not be negative');
    return ms || defaultTimeout;
  } catch (error) {
    throw new SchedulerConfigError(`${path}: Invalid value: "${given}": ${messageOf(error)}`);
  }
}

function pemAt(value: unknown, path: string): string {
  const given = text(value, path);
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(given)) throw new SchedulerConfigError(`${path}: must be base64`);
  return Buffer.from(given, 'base64').toString('utf8');
}

function tlsAt(value: unknown, path: string): ExtenderTls | undefined {
  if (value === undefined || value === null) return undefined;
  const given = fields(value, path);
  known(given, ['insecure', 'serverName', 'certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData'], path);
  const part = (name: 'ca' | 'cert' | 'key'): readonly [data: string, file: string] => {
    const data = pemAt(given[`${name}Data`], `${path}.${name}Data`);
    const file = text(given[`${name}File`], `${path}.${name}File`);
    return [data, data === '' ? file : ''];
  };
  const [ca, cert, key] = [part('ca'), part('cert'), part('key')];
  const there = ([data, file]: readonly [string, string]): boolean => data !== '' || file !== '';
  const insecure = flag(given['insecure'], `${path}.insecure`);
  if (insecure && there(ca))
    throw new SchedulerConfigError(`${path}: specifying a root certificates file with the insecure flag is not allowed`);
  if (there(cert) !== there(key)) throw new SchedulerConfigError(`${path}: a client certificate needs its key, and a key its certificate`);
  return {
    insecure,
    serverName: text(given['serverName'], `${path}.serverName`),
    ca: ca[0],
    cert: cert[0],
    key: key[0],
    files: { ca: ca[1], cert: cert[1], key: key[1] },
  };
}

function managedAt(value: unknown, path: string): ManagedResource {
  const given = fields(value, path);
  known(given, ['name', 'ignoredByScheduler'], path);
  const name = text(given['name'], `${path}.name`);
  const [wrong] = qualifiedName(name);
  const problem = wrong ?? (isExtendedResource(name) ? undefined : 'is an invalid extended resource name');
  if (problem !== undefined) throw new SchedulerConfigError(`${path}.name: Invalid value: "${name}": ${problem}`);
  return { name, ignoredByScheduler: flag(given['ignoredByScheduler'], `${path}.ignoredByScheduler`) };
}

function urlAt(value: unknown, path: string): string {
  const given = text(value, path);
  if (!/^https?:\/\//.test(given) || !URL.canParse(given))
    throw new SchedulerConfigError(`${path}: Invalid value: "${given}": must be an http or https URL`);
  return given;
}

function extender(value: unknown, path: string): ExtenderConfig {
  const given = fields(value, path);
  const verbs = ['filterVerb', 'prioritizeVerb', 'preemptVerb', 'bindVerb'] as const;
  const others = ['weight', 'enableHTTPS', 'tlsConfig', 'httpTimeout', 'nodeCacheCapable', 'managedResources', 'ignorable'];
  known(given, ['urlPrefix', ...verbs, ...others], path);
  const [filterVerb, prioritizeVerb, preemptVerb, bindVerb] = verbs.map((name) => text(given[name], `${path}.${name}`)) as [
    string,
    string,
    string,
    string,
  ];
  const weight = integer(given['weight'], [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], `${path}.weight`) ?? 0;
  if (prioritizeVerb !== '' && weight <= 0)
    throw new SchedulerConfigError(`${path}.weight: Invalid value: ${weight}: must have a positive weight applied to it`);
  const managed = `${path}.managedResources`;
  return {
    urlPrefix: urlAt(given['urlPrefix'], `${path}.urlPrefix`),
    filterVerb,
    prioritizeVerb,
    preemptVerb,
    bindVerb,
    weight,
    enableHTTPS: flag(given['enableHTTPS'], `${path}.enableHTTPS`),
    tls: tlsAt(given['tlsConfig'], `${path}.tlsConfig`),
    timeout: durationAt(given['httpTimeout'], `${path}.httpTimeout`),
    nodeCacheCapable: flag(given['nodeCacheCapable'], `${path}.nodeCacheCapable`),
    managedResources: items(given['managedResources'], managed).map((item, i) => managedAt(item, `${managed}[${i}]`)),
    ignorable: flag(given['ignorable'], `${path}.ignorable`),
  };
}

/** Reads the list and refuses what cannot work together. Those that may be ignored come last, as they are asked last. */
export function readExtenders(value: unknown, path: string): readonly ExtenderConfig[] {
  const all = items(value, path).map((item, i) => extender(item, `${path}[${i}]`));
  const managed = new Set<string>();
  all.forEach(({ managedResources }, i) => {
    managedResources.forEach(({ name }, j) => {
      if (managed.has(name))
        throw new SchedulerConfigError(
          `${path}[${i}].managedResources[${j}].name: Invalid value: "${name}": duplicate extender managed resource name`,
        );
      managed.add(name);
    });
  });
  const binders = all.filter((one) => one.bindVerb !== '').length;
  if (binders > 1)
    throw new SchedulerConfigError(
      `${path}: Invalid value: "found ${binders} extenders implementing bind": only one extender can implement bind`,
    );
  return [...all.filter((one) => !one.ignorable), ...all.filter((one) => one.ignorable)];
}

/** The extenders with the certificates that their files hold. */
export function withTlsFiles(
  extenders: readonly ExtenderConfig[],
  readText: (path: string) => Promise<string>,
): Promise<readonly ExtenderConfig[]> {
  const load = async (file: string, given: string): Promise<string> => {
    if (file === '') return given;
    return readText(file).catch((error: unknown) => {
      throw new SchedulerConfigError(`extenders: unable to read ${file}: ${messageOf(error)}`);
    });
  };
  return Promise.all(
    extenders.map(async (one) => {
      if (one.tls === undefined) return one;
      const { files, ...tls } = one.tls;
      const [ca, cert, key] = await Promise.all([load(files.ca, tls.ca), load(files.cert, tls.cert), load(files.key, tls.key)]);
      return { ...one, tls: { ...tls, ca, cert, key, files: { ca: '', cert: '', key: '' } } };
    }),
  );
}
