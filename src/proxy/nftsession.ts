// One `nft -i` that is kept running: a small change costs half a millisecond there, where a program that starts for each
// costs ten. It says nothing when all is well, so that each script is followed by a word that it must complain about.
import type { Child } from '#base/exec.ts';
import type { Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';

/** Longer scripts, and those with blocks, are for a program of their own: the session reads letter by letter. */
const longest = 8_192;
const patience = 30_000;

export interface NftSession extends AsyncDisposable {
  /** Applies a short script in one transaction; rejects with nft's words. Scripts are applied in the order of the calls. */
  apply(text: string): Promise<void>;
}

/** True for scripts that a session takes. */
export const isShort = (text: string): boolean => text.length <= longest && !text.includes('{\n');

/** A script as one line, which is what makes it one transaction. */
export const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, '; ');

/**
 * What nft has said about a script, once it has complained about the word behind it: undefined until then, '' for no error.
 * Pure.
 */
export function verdict(output: string, word: string): string | undefined {
  const complaint = new RegExp(`^Error:[^\\n]*\\n${word}\\b`, 'm').exec(output);
  if (complaint === null) return undefined;
  const before = output.slice(0, complaint.index);
  const first = before.search(/^Error:/m);
  return first < 0 ? '' : before.slice(first).trim();
}

/** Starts nothing yet: the program runs from the first script on, and again after it has ended. */
export function createNftSession(world: Pick<World, 'exec' | 'clock'>): NftSession {
  let child: Child | undefined;
  let output = '';
  let count = 0;
  let heard: (() => void) | undefined;
  let tail: Promise<void> = Promise.resolve();
  let stopped = false;

  function running(): Child {
    if (child !== undefined) return child;
    // Through the shell both streams are one, in the order in which they were written.
    const mine = world.exec.spawn('sh', ['-c', 'exec nft -i 2>&1'], {
      onOutput: (text) => {
        output += text;
        heard?.();
      },
    });
    child = mine;
    void mine.exited.then(() => {
      if (child === mine) child = undefined;
      heard?.();
    });
    return mine;
  }

  async function run(text: string): Promise<void> {
    if (stopped) throw new Error('nft: stopped');
    const mine = running();
    const word = `end_${++count}_`;
    output = '';
    mine.write(`${oneLine(text)}\n${word}\n`);
    let timer: Timer | undefined;
    const said = await new Promise<string>((resolve) => {
      const look = (): void => {
        const found = verdict(output, word);
        if (found !== undefined) resolve(found);
        else if (child !== mine) resolve(output.trim() || 'the session has ended');
      };
      heard = look;
      timer = world.clock.after(patience, () => {
        mine.kill('SIGKILL');
        resolve('no answer');
      });
      look();
    });
    timer?.cancel();
    heard = undefined;
    if (said !== '') throw new Error(`nft: ${said.slice(0, 2_000)}`);
  }

  return {
    apply(text) {
      const mine = tail.then(() => run(text));
      tail = mine.catch(() => undefined);
      return mine;
    },
    async [Symbol.asyncDispose]() {
      await tail;
      stopped = true;
      child?.endInput();
      await child?.exited;
    },
  };
}
