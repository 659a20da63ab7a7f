// Lives lives, tells which failed and how to live them again:
//   npm run test:simulate -- --seeds 2000 [--from 1] [--jobs 2]
//   npm run test:simulate -- --seed 17 [--trace FILE]
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { createWriteStream } from 'node:fs';
import { live } from './life.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'string' },
    jobs: { type: 'string', default: '1' },
  },
});

async function one(seed: string): Promise<boolean> {
  const out = values.trace === undefined ? undefined : createWriteStream(values.trace);
  const began = process.cpuUsage();
  const report = await live({ seed, ...(out ? { everyLine: (line: string) => void out.write(`${line}\n`) } : {}) });
  const { user, system } = process.cpuUsage(began);
  const took = `${((user + system) / 1e6).toFixed(1)} s of CPU, ${(report.lived / 60_000).toFixed(1)} min lived`;
  if (report.failure === undefined) {
    console.log(`seed ${seed}: ok, ${report.traceHash} (${report.traceLength} lines, ${took})`);
    return true;
  }
  console.log(`seed ${seed}: FAILED (${took})`);
  if (values.seed !== undefined) for (const line of report.tail) console.log(`  ${line}`);
  console.log(`  ${report.failure}\n  again: npm run test:simulate -- --seed ${seed}`);
  await new Promise((resolve) => (out ? out.end(resolve) : resolve(undefined)));
  return false;
}

/** Lives a share of the seeds in a process of its own; resolves with its exit code. */
function share(from: number, count: number): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, '--from', String(from), '--seeds', String(count)], {
    stdio: 'inherit',
  });
  return new Promise((done) => child.on('exit', (code) => done(code ?? 1)));
}

const first = Number(values.from);
const count = Number(values.seeds);
const jobs = Math.min(Number(values.jobs), count);
if (values.seed === undefined && jobs > 1) {
  const starts = Array.from({ length: jobs + 1 }, (_, i) => first + Math.floor((count * i) / jobs));
  const codes = await Promise.all(starts.slice(0, -1).map((from, i) => share(from, (starts[i + 1] ?? 0) - from)));
  process.exit(codes.some((code) => code !== 0) ? 1 : 0);
}
const seeds = values.seed !== undefined ? [values.seed] : Array.from({ length: count }, (_, i) => String(first + i));
let failed = 0;
for (const seed of seeds) if (!(await one(seed))) failed++;
console.log(`${seeds.length - failed} of ${seeds.length} lives ended well`);
process.exit(failed === 0 ? 0 : 1);
