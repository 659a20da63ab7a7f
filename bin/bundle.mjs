// Makes one program of the sources, once for each state of them: loading a thousand modules one by one takes longer than
// everything else that a start does. The bundle lives in node_modules/.cache; without it the sources run as they are.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const week = 7 * 24 * 3600 * 1000;

/** What the sources are now: a hash over the names, sizes and times of all files. */
function stampOf(root) {
  const hash = createHash('sha256');
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (!entry.name.endsWith('.test.ts')) {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${path} ${size} ${mtimeMs}\n`);
      }
    }
  };
  visit(join(root, 'src'));
  const { mtimeMs } = statSync(join(root, 'package.json'));
  return hash.update(String(mtimeMs)).digest('hex').slice(0, 16);
}

/** Path of the bundled program; undefined when there is none and none can be made. */
export function bundleOf(root) {
  const folder = join(root, 'node_modules/.cache/tutti/bundle');
  try {
    const made = join(folder, stampOf(root));
    const program = join(made, 'main.js');
    if (existsSync(program)) return program;
    mkdirSync(folder, { recursive: true });
    // Running programs may still load parts of an older bundle.
    for (const name of readdirSync(folder)) {
      const old = join(folder, name);
      if (Date.now() - statSync(old).mtimeMs > week) rmSync(old, { recursive: true, force: true });
    }
    const partial = mkdtempSync(join(folder, 'partial-'));
    const esbuild = createRequire(import.meta.url)('esbuild');
    esbuild.buildSync({
      absWorkingDir: root,
      entryPoints: ['src/cmd/main.ts'],
      outdir: partial,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      packages: 'external',
      logLevel: 'silent',
    });
    // Somebody else may have been faster: then theirs is as good.
    try {
      renameSync(partial, made);
    } catch {
      rmSync(partial, { recursive: true, force: true });
    }
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}
