// Pure: which standard a namespace asks for, by its labels.
import { type FieldError, invalid } from '#api/fielderror.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface LevelVersion {
  readonly level: Level;
  /** Minor version of Kubernetes; undefined: the latest. */
  readonly minor?: number;
}

export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

const privileged: LevelVersion = { level: 'privileged' };
export const permissive: Policy = { enforce: privileged, audit: privileged, warn: privileged };

const levels: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const prefix = 'pod-security.kubernetes.io/';
type Labels = Readonly<Record<string, string>> | undefined;

/** Higher is stricter. */
export const strictness = (level: Level): number => levels.indexOf(level);
export const isLevel = (text: string): text is Level => (levels as readonly string[]).includes(text);
export const levelText = ({ level, minor }: LevelVersion): string => `${level}:${minor === undefined ? 'latest' : `v1.${minor}`}`;
export const sameLevel = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.minor === b.minor;

/** `latest` or `v1.N`; undefined for anything else. */
export function parseVersion(text: string): { readonly minor?: number } | undefined {
  if (text === 'latest') return {};
  const match = /^v1\.(0|[1-9]\d{0,3})$/.exec(text);
  return match ? { minor: Number(match[1]) } : undefined;
}

/** The policy of a namespace, and what is wrong with its labels. Who mistypes `enforce` gets the strictest. */
export function policyOf(
  labels: Labels,
  defaults: Policy = permissive,
): { readonly policy: Policy; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  const fail = (key: string, value: string, detail: string): void =>
    void errors.push(invalid(`metadata.labels[${prefix}${key}]`, value, detail));
  const read = (mode: keyof Policy, otherwise: LevelVersion, whenWrong: Level): LevelVersion => {
    let { level } = otherwise;
    let version: { readonly minor?: number } = otherwise.minor === undefined ? {} : { minor: otherwise.minor };
    const wanted = labels?.[prefix + mode];
    if (wanted !== undefined && isLevel(wanted)) level = wanted;
    else if (wanted !== undefined) {
      fail(mode, wanted, `must be one of ${levels.join(', ')}`);
      level = whenWrong;
    }
    const text = labels?.[`${prefix}${mode}-version`];
    if (text !== undefined) {
      const parsed = parseVersion(text);
      if (!parsed) fail(`${mode}-version`, text, 'must be "latest" or "v1.x"');
      version = parsed ?? {};
    }
    return { level, ...version };
  };
  const enforce = read('enforce', defaults.enforce, 'restricted');
  const audit = read('audit', defaults.audit, 'privileged');
  // Who enforces wants to hear of templates that cannot become pods, unless told otherwise.
  const explicit = labels?.[`${prefix}enforce`];
  const stricter = explicit !== undefined && isLevel(explicit) && strictness(enforce.level) > strictness(defaults.warn.level);
  const warn = read('warn', stricter && labels?.[`${prefix}warn`] === undefined ? enforce : defaults.warn, 'privileged');
  return { policy: { enforce, audit, warn }, errors };
}
