// Where the package is, whether the program runs from its sources or from a bundle below them.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of Tutti's own package.json. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'tutti') return folder;
    if (folder === dirname(folder)) throw new Error('the package of Tutti is not complete: its package.json is missing');
  }
}
