// `npm run test:simulate -- --seeds 2000`: lives lives, tells which failed and how to live them again.
import { parseArgs } from 'node:util';
import { createWriteStream } from 'node:fs';
import { live } from './life.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
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

const first = Number(values.from);
const seeds = values.seed !== undefined ? [values.seed] : Array.from({ length: Number(values.seeds) }, (_, i) => String(first + i));
let failed = 0;
for (const seed of seeds) if (!(await one(seed))) failed++;
console.log(`${seeds.length - failed} of ${seeds.length} lives ended well`);
process.exit(failed === 0 ? 0 : 1);
