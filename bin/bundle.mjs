// Makes one program of the sources, once for each state of them: loading a thousand modules one by one takes longer than
// everything else that a start does. The bundle lives in node_modules/.cache, beside what boot.cjs keeps of its byte code; without
// it the sources run as they are.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const week = 7 * 24 * 3600 * 1000;
/** Packages with native parts, and those that are loaded only when somebody needs them. */
const external = ['lmdb', '@grpc/grpc-js', 'pino', 'undici'];

/** What the sources are now: a hash over the names, sizes and times of all files. */
function stampOf(root) {
  let state = String(statSync(join(root, 'package.json')).mtimeMs);
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (!entry.name.endsWith('.test.ts')) {
        const { size, mtimeMs } = statSync(path);
        state += `${path} ${size} ${mtimeMs}\n`;
      }
    }
  };
  visit(join(root, 'src'));
  visit(join(root, 'bin'));
  return createHash('sha256').update(state).digest('hex').slice(0, 16);
}

/** Path of the bundled program; undefined when there is none and none can be made. */
export function bundleOf(root) {
  const folder = join(root, 'node_modules/.cache/tutti/bundle');
  try {
    const made = join(folder, stampOf(root));
    const program = join(made, 'main.cjs');
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
      entryPoints: { program: 'src/cmd/main.ts' },
      outdir: partial,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      external,
      // A function around the whole, for boot.cjs; only ASCII, so that the source takes one byte for each character.
      banner: { js: '(function (require, directory, url) {' },
      footer: { js: '})' },
      define: { 'import.meta.url': 'url', 'import.meta.dirname': 'directory' },
      charset: 'ascii',
      legalComments: 'none',
      minifyWhitespace: true,
      logLevel: 'silent',
    });
    // esbuild leaves regular expressions as they are.
    const source = join(partial, 'program.js');
    const escaped = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    writeFileSync(source, readFileSync(source, 'utf8').replace(/[\u0080-\uffff]/g, escaped));
    copyFileSync(join(root, 'bin/boot.cjs'), join(partial, 'main.cjs'));
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
