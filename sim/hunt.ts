// Looks for one mistake (see mutations.ts): lives lives until a rule finds it. Run in a process of its own:
// node sim/hunt.ts NAME [most lives]
import { mutate, mutations } from './mutations.ts';

const [name = '', most = '20'] = process.argv.slice(2);
const mutation = mutations[name];
if (mutation === undefined) throw new Error(`no mutation is called ${name}`);
mutate(mutation);
// Only now: the code has to be loaded with the mistake in it.
const { live } = await import('./life.ts');
let found = false;
for (let seed = 1; seed <= Number(most) && !found; seed++) {
  const { failure } = await live({ seed: `hunt-${seed}`, only: mutation.only });
  if (failure === undefined) continue;
  found = failure.startsWith(mutation.rule);
  console.log(`seed hunt-${seed}: ${failure}`);
  if (!found) break;
}
process.exit(found ? 0 : 1);
