// Writes a volume's files so that readers see all of them change at once: the files live in a directory with a new name
// each time, `..data` points to it, and the visible names point through `..data`. Swapping that one link is the update.
import type { World } from '#base/world.ts';
import { checkPath, type Payload, type PayloadFile } from './payload.ts';

type Needs = Pick<World, 'fs' | 'clock' | 'random'>;

/** What fsGroup makes of a file's or directory's owner and mode. */
export interface GroupOwner {
  readonly gid: number;
}

const current = '..data';
const staging = '..data_tmp';

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The directories that files need, parents first. */
function directoriesOf(paths: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/');
    for (let i = 1; i < parts.length; i++) found.add(parts.slice(0, i).join('/'));
  }
  return [...found].sort();
}

async function treeFiles({ fs }: Pick<World, 'fs'>, dir: string, prefix = ''): Promise<string[]> {
  const files: string[] = [];
  for (const name of await fs.list(dir)) {
    const info = await fs.lstat(`${dir}/${name}`);
    if (info?.kind === 'directory') files.push(...(await treeFiles({ fs }, `${dir}/${name}`, `${prefix}${name}/`)));
    else files.push(`${prefix}${name}`);
  }
  return files;
}

/** The mode that a read-only volume's file has for its group: read, as its owner may. */
const groupMode = (mode: number): number => mode | 0o440;

async function isCurrent({ fs }: Pick<World, 'fs'>, dir: string, about: { payload: Payload; owner?: GroupOwner }): Promise<boolean> {
  const target = await fs.readlink(`${dir}/${current}`).catch(() => undefined);
  if (target === undefined) return false;
  const present = await treeFiles({ fs }, `${dir}/${target}`);
  if (present.length !== about.payload.size) return false;
  for (const path of present) {
    const wanted = about.payload.get(path);
    const info = await fs.lstat(`${dir}/${target}/${path}`);
    if (!wanted || info?.kind !== 'file') return false;
    if (info.mode !== (about.owner ? groupMode(wanted.mode) : wanted.mode) || info.uid !== (wanted.uid ?? 0)) return false;
    if (info.gid !== (about.owner?.gid ?? 0) || info.size !== wanted.data.length) return false;
    if (!sameBytes(await fs.read(`${dir}/${target}/${path}`), wanted.data)) return false;
  }
  return true;
}

async function writeTree({ fs }: Pick<World, 'fs'>, dir: string, about: { payload: Payload; owner?: GroupOwner }): Promise<void> {
  const { payload, owner } = about;
  for (const sub of ['', ...directoriesOf(payload.keys())]) {
    const path = sub === '' ? dir : `${dir}/${sub}`;
    await fs.mkdir(path, 0o755);
    if (owner) {
      await fs.chown(path, 0, owner.gid);
      await fs.chmod(path, 0o2755);
    }
  }
  for (const [name, file] of payload) {
    const path = `${dir}/${name}`;
    await fs.write(path, file.data, { mode: file.mode });
    if (owner || file.uid !== undefined) await fs.chown(path, file.uid ?? 0, owner?.gid ?? 0);
    // After a change of owner, which clears bits of the mode.
    await fs.chmod(path, owner ? groupMode(file.mode) : file.mode);
  }
}

function timestamp(world: Pick<World, 'clock' | 'random'>): string {
  const time = new Date(world.clock.now()).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_');
  return `..${time}.${Buffer.from(world.random.bytes(5)).toString('hex')}`;
}

/** Makes the visible names match the payload: each is a link into `..data`. */
async function linkNames({ fs }: Pick<World, 'fs'>, dir: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of await fs.list(dir)) if (!name.startsWith('..') && !wanted.has(name)) await fs.remove(`${dir}/${name}`);
  for (const name of wanted) {
    const link = `${dir}/${name}`;
    if ((await fs.lstat(link)) === undefined) await fs.symlink(`${current}/${name}`, link);
  }
}

/** Makes `dir` hold exactly the payload. Nothing is touched when it does already. */
export async function writeAtomically(world: Needs, dir: string, about: { payload: Payload; owner?: GroupOwner }): Promise<void> {
  const { fs } = world;
  const clean = new Map<string, PayloadFile>();
  for (const [path, file] of about.payload) clean.set(checkPath(path), file);
  const content = { ...about, payload: clean };
  if (!(await isCurrent(world, dir, content))) {
    const before = await fs.readlink(`${dir}/${current}`).catch(() => undefined);
    const name = timestamp(world);
    await writeTree(world, `${dir}/${name}`, content);
    await fs.remove(`${dir}/${staging}`);
    await fs.symlink(name, `${dir}/${staging}`);
    await fs.rename(`${dir}/${staging}`, `${dir}/${current}`);
    if (before !== undefined) await fs.remove(`${dir}/${before}`);
  }
  await linkNames(world, dir, clean);
}
