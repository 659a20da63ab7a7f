// Runs the test suite: `npm test` for all of it, `npm test -- unit facts integration e2e` for parts.
// Pure tests share one process; tests that open ports or start containers get one each.
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { setPriority } from 'node:os';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { prepareMachine } from '../src/cli/setup.ts';
import { createWorld } from '../src/host/world.ts';

interface Part {
  readonly name: string;
  readonly files: readonly string[];
  readonly flags: readonly string[];
  /** Runs at the side of the next part, on what this leaves of the processors. */
  readonly aside?: boolean;
}

const root = resolve(import.meta.dirname, '..');
const glob = (...patterns: string[]): string[] => globSync(patterns, { cwd: root }).toSorted();

const own = ['--test-timeout=600000'];
/** Tests that judge how requests fare under load. */
const alone = /\/(demo|zerodrop)\//;
const parts: readonly Part[] = [
  { name: 'tidy', files: glob('test/tidy/*.test.ts'), flags: ['--test-isolation=none'] },
  // One process each: the stores' tests have the other processor meanwhile.
  { name: 'unit', files: glob('src/**/*.test.ts', 'examples/**/*.test.ts'), flags: ['--test-isolation=none'], aside: true },
  { name: 'facts', files: glob('test/facts/*.test.ts'), flags: ['--test-isolation=none'], aside: true },
  { name: 'store', files: glob('test/store/*.test.ts', 'test/host/*.test.ts'), flags: ['--test-concurrency=2', ...own] },
  // Servers and clients in one process, and lives on a clock of their own: how long a moment takes does not matter to them.
  { name: 'integration', files: glob('test/integration/**/*.test.ts'), flags: ['--test-concurrency=2', ...own], aside: true },
  { name: 'simulate', files: glob('test/simulate/*.test.ts'), flags: ['--test-concurrency=1', '--test-timeout=1200000'], aside: true },
  // Clusters have network namespaces of their own and mostly wait for their containers: two at a time.
  { name: 'e2e', files: glob('test/e2e/**/*.test.ts').filter((file) => !alone.test(file)), flags: ['--test-concurrency=2', ...own] },
  { name: 'e2e', files: glob('test/e2e/**/*.test.ts').filter((file) => alone.test(file)), flags: ['--test-concurrency=1', ...own] },
];

const asked = process.argv.slice(2);
const chosen = parts.filter((part) => (asked.length === 0 || asked.includes(part.name)) && part.files.length > 0);
for (const name of asked) {
  if (!parts.some((part) => part.name === name)) {
    console.error(`unknown part ${name}: choose from ${parts.map((part) => part.name).join(', ')}`);
    process.exit(2);
  }
}

if (chosen.some((part) => part.name === 'e2e')) {
  try {
    await prepareMachine(createWorld(), (line) => console.log(line));
  } catch (error) {
    console.error(`end-to-end tests need a machine that runs containers: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}

const own26 = resolve(root, 'node_modules/.bin/node');
const node = existsSync(own26) ? own26 : process.execPath;
const totals = { passed: 0, failed: 0, skipped: 0 };
/** What the runner says of failed tests, told once more at the end: a log may be cut off at its beginning. */
const failures: string[] = [];
let failed = false;

/** Runs a part and tells what it printed when it is through. */
async function run(part: Part): Promise<void> {
  const started = Date.now();
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', '--test', '--test-reporter=spec', ...part.flags, ...part.files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: resolve(root, 'node_modules/.cache/tutti/compile') },
  });
  if (part.aside && child.pid !== undefined) setPriority(child.pid, 10);
  const ended = new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  const printed = await text(child.stdout);
  const code = await ended;
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stdout.write(`\n== ${part.name} (${part.files.length} files, ${seconds} s)\n${printed}`);
  // Tests that start the runner themselves print such lines too: the last ones are the part's own.
  const count = (name: string): number => Number([...printed.matchAll(new RegExp(`^ℹ ${name} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
  totals.passed += count('pass');
  totals.failed += count('fail') + count('cancelled');
  const why = printed.lastIndexOf('\n✖ failing tests:');
  if (code !== 0) failures.push(`\n== failed in ${part.name}\n${why < 0 ? printed.slice(-2000) : printed.slice(why, why + 10_000)}`);
  totals.skipped += count('skipped');
  if (code !== 0) failed = true;
}

const aside: Promise<void>[] = [];
for (const part of chosen) {
  if (part.aside) {
    aside.push(run(part));
    continue;
  }
  await run(part);
  // Whoever asks for quiet after this part gets it.
  await Promise.all(aside.splice(0));
}
await Promise.all(aside);
process.stdout.write(failures.join('\n'));
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(failed || totals.passed === 0 ? 1 : 0);
