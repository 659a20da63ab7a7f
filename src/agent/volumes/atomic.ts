// Writing a volume's files so that a container sees either all old or all new ones: the files are in a directory with a
// time in its name, `..data` points to it and is replaced in one step, and the names that users know point through `..data`.
import type { World } from '#base/world.ts';
import type { Payload } from './payload.ts';

const dataLink = '..data';
const nextLink = '..data_tmp';

type Needs = Pick<World, 'fs' | 'clock' | 'random'>;

async function sameAsPresent({ fs }: Needs, dir: string, payload: Payload): Promise<boolean> {
  const current = await fs.readlink(`${dir}/${dataLink}`).catch(() => undefined);
  if (current === undefined) return false;
  const present = await filesBelow({ fs }, `${dir}/${current}`, '');
  if (present.length !== payload.size) return false;
  for (const path of present) {
    const wanted = payload.get(path);
    if (wanted === undefined) return false;
    const file = `${dir}/${current}/${path}`;
    const [info, bytes] = await Promise.all([fs.lstat(file), fs.read(file)]);
    if (info?.mode !== wanted.mode || Buffer.compare(bytes, wanted.data) !== 0) return false;
  }
  return true;
}

async function filesBelow({ fs }: Pick<Needs, 'fs'>, dir: string, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await fs.list(`${dir}/${prefix}`)) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const info = await fs.lstat(`${dir}/${path}`);
    if (info?.kind === 'directory') found.push(...(await filesBelow({ fs }, dir, path)));
    else found.push(path);
  }
  return found;
}

/** Makes `dir` hold exactly the payload. `gid` owns the files where the pod has a group. Writes nothing when nothing changed. */
export async function writeAtomically(world: Needs, dir: string, payload: Payload, gid: number | undefined): Promise<void> {
  const { fs } = world;
  await fs.mkdir(dir, 0o755);
  if (await sameAsPresent(world, dir, payload)) return;
  const old = await fs.readlink(`${dir}/${dataLink}`).catch(() => undefined);
  const stamp = new Date(world.clock.now()).toISOString().replaceAll(/[-:T]/g, '_').replace('Z', '');
  const name = `..${stamp}.${Buffer.from(world.random.bytes(4)).readUInt32BE()}`;
  await fs.mkdir(`${dir}/${name}`, 0o755);
  await fs.chmod(`${dir}/${name}`, 0o755);
  const folders = new Set<string>();
  for (const [path, file] of payload) {
    const target = `${dir}/${name}/${path}`;
    const parts = path.split('/').slice(0, -1);
    for (let i = 1; i <= parts.length; i++) {
      const folder = parts.slice(0, i).join('/');
      if (folders.has(folder)) continue;
      folders.add(folder);
      await fs.mkdir(`${dir}/${name}/${folder}`, 0o755);
      await fs.chmod(`${dir}/${name}/${folder}`, 0o755);
    }
    await fs.write(target, file.data, { mode: file.mode });
    // The process's umask may have taken bits away.
    await fs.chmod(target, file.mode);
    if (gid !== undefined || file.uid !== undefined) await fs.chown(target, file.uid ?? 0, gid ?? 0);
  }
  if (gid !== undefined) for (const folder of ['', ...folders]) await fs.chown(`${dir}/${name}/${folder}`, 0, gid);
  await fs.remove(`${dir}/${nextLink}`);
  await fs.symlink(name, `${dir}/${nextLink}`);
  await fs.rename(`${dir}/${nextLink}`, `${dir}/${dataLink}`);

  const visible = new Set([...payload.keys()].map((path) => path.split('/')[0] as string));
  for (const entry of visible) {
    if ((await fs.lstat(`${dir}/${entry}`)) === undefined) await fs.symlink(`${dataLink}/${entry}`, `${dir}/${entry}`);
  }
  for (const entry of await fs.list(dir)) {
    if (entry === name || entry === dataLink || visible.has(entry)) continue;
    if (!entry.startsWith('..') || entry === old || entry.startsWith('..2')) await fs.remove(`${dir}/${entry}`);
  }
}
