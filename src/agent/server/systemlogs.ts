// The node's own logs: what is below /var/log, as a kubelet shows it at /logs/.
import type { HttpReply } from '#base/net.ts';
import type { World } from '#base/world.ts';
import { HttpProblem } from './route.ts';

const piece = 256 * 1024;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (found) => escapes[found] as string);

/** The page of a directory: a link for each name; those of directories end with a slash. */
export function directoryPage(names: readonly string[]): string {
  const links = names.map((name) => `<a href="${name.split('/').map(encodeURIComponent).join('/')}">${escaped(name)}</a>\n`);
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`;
}

/** The path below the directory that a path of the API names, with nothing that leads out of it; undefined when it is malformed. */
export function pathBelow(path: string): string | undefined {
  let text: string;
  try {
    text = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (text.includes('\0')) return undefined;
  const names: string[] = [];
  for (const name of text.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.join('/');
}

/** Answers `/logs/…` (`path` is what follows `/logs`) from the files below `root`. Throws HttpProblem 404. */
export async function systemLogs({ fs }: Pick<World, 'fs'>, root: string, path: string, reply: HttpReply): Promise<void> {
  const below = pathBelow(path);
  const full = below === undefined || below === '' ? root : `${root}/${below}`;
  const found = below === undefined ? undefined : await fs.stat(full);
  if (found?.kind === 'directory') {
    // Links of the page are relative to it.
    if (!path.endsWith('/')) return reply.send(301, { location: `/logs${path}/` });
    const names = await fs.list(full);
    const shown = names.map(async (name) => ((await fs.stat(`${full}/${name}`))?.kind === 'directory' ? `${name}/` : name));
    return reply.send(200, { 'content-type': 'text/html; charset=utf-8' }, directoryPage(await Promise.all(shown)));
  }
  if (found?.kind !== 'file') throw new HttpProblem(404, '404 page not found');
  const file = await fs.open(full);
  const writer = reply.stream(200, { 'content-type': 'text/plain; charset=utf-8' });
  try {
    for (let at = 0; at < found.size; ) {
      // oxlint-disable-next-line no-await-in-loop -- one piece after the other
      const bytes = await file.read(at, Math.min(piece, found.size - at));
      if (bytes.length === 0) break;
      at += bytes.length;
      // oxlint-disable-next-line no-await-in-loop
      if (!writer.write(bytes)) await writer.drained();
    }
    writer.end();
  } catch (error) {
    writer.destroy();
    throw error;
  } finally {
    await file.close();
  }
}
