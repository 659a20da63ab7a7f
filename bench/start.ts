// How long until a cluster is there: `tutti up --detach` on a fresh data directory, then its memory and processor time when idle.
// node bench/start.ts [--nodes none|real] [--idle SECONDS]        (real needs root)
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { nodes: { type: 'string', default: 'none' }, idle: { type: 'string', default: '10' } } });
const root = resolve(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
const tutti = (...args: string[]): string =>
  execFileSync(process.execPath, [join(root, 'bin/tutti.mjs'), ...args, '--data-dir', dir], { encoding: 'utf8' });
try {
  const start = performance.now();
  const said = tutti('up', '--detach', '--nodes', values.nodes, '--api-port', '0');
  const detachedMs = Math.round(performance.now() - start);
  const seconds = (pattern: RegExp): number | undefined =>
    pattern.test(said) ? Math.round(Number(pattern.exec(said)?.[1]) * 1000) : undefined;
  const { pid } = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as { pid: number };
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  await sleep(5_000);
  const before = ticks();
  await sleep(Number(values.idle) * 1000);
  const cpuPercent = Math.round(((ticks() - before) / Number(values.idle)) * 10) / 10;
  const rssMiB = Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
  const line = JSON.stringify({
    bench: 'start',
    nodes: values.nodes,
    apiReadyMs: seconds(/API server ready .*\((\d+\.\d+) s\)/),
    nodeReadyMs: seconds(/node \S+ ready \((\d+\.\d+) s\)/),
    detachedMs,
    idle: { rssMiB, cpuPercent },
  });
  console.log(line);
  appendFileSync(join(root, 'bench/history/start.jsonl'), `${line}\n`);
} finally {
  console.error(tutti('down').trim());
  rmSync(dir, { recursive: true, force: true });
}
