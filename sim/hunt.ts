// Looks for mistakes (see mutations.ts), one after the other: lives lives until a rule finds it. Run in a process of its own:
// node sim/hunt.ts [--most LIVES] NAME…
import { parseArgs } from 'node:util';
import { mutate, mutations } from './mutations.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { most: { type: 'string', default: '40' } } });
mutate();
// Only now: the code has to be loaded with the mistakes in it.
const { live } = await import('./life.ts');

/** True when the rule that has to find it does so within the lives allowed. */
async function hunt(name: string): Promise<boolean> {
  const mutation = mutations[name];
  if (mutation === undefined) throw new Error(`no mutation is called ${name}`);
  globalThis.mistake = name;
  const began = process.cpuUsage();
  const { first = 1 } = mutation;
  for (let seed = first; seed < first + Number(values.most); seed++) {
    const untilRest = !mutation.rule.startsWith('a quiet cluster');
    const steps = mutation.steps === undefined ? {} : { steps: mutation.steps };
    const { failure } = await live({ seed: `hunt-${seed}`, only: mutation.only, untilRest, ...steps });
    if (failure === undefined) continue;
    const { user, system } = process.cpuUsage(began);
    const found = failure.startsWith(mutation.rule);
    console.log(`${found ? 'found' : 'WRONG RULE'}: ${name}: life ${seed}, ${((user + system) / 1e6).toFixed(1)} s of CPU: ${failure}`);
    return found;
  }
  console.log(`NOT FOUND: ${name}: ${values.most} lives`);
  return false;
}

let failed = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(mutations)) if (!(await hunt(name))) failed++;
process.exit(failed === 0 ? 0 : 1);
