// What the demo shows: a few lines that redraw themselves on a terminal, plain lines elsewhere.
import { styleText } from 'node:util';
import type { World } from '#base/world.ts';

export interface Screen {
  /** A step that begins. */
  step(text: string): void;
  /** Something that happened. */
  note(text: string): void;
  /** The state now; shown live on a terminal, every few seconds elsewhere. */
  live(text: string): void;
  close(): void;
}

const plainEvery = 5_000;

/** A screen on standard output. */
export function createScreen(world: Pick<World, 'clock'>): Screen {
  const terminal = process.stdout.isTTY === true;
  const start = world.clock.monotonic();
  const stamp = (): string => `${((world.clock.monotonic() - start) / 1000).toFixed(1).padStart(6)} s`;
  let drawn = false;
  let lastPlain = Number.NEGATIVE_INFINITY;
  const clear = (): void => {
    if (drawn) process.stdout.write('\r\u001b[2K');
    drawn = false;
  };
  const line = (text: string): void => {
    clear();
    process.stdout.write(`${text}\n`);
  };
  const paint = (format: 'bold' | 'dim' | 'cyan', text: string): string => (terminal ? styleText(format, text) : text);
  return {
    step: (text) => line(`${paint('dim', stamp())}  ${paint('bold', text)}`),
    note: (text) => line(`${paint('dim', stamp())}    ${text}`),
    live(text) {
      if (terminal) {
        clear();
        process.stdout.write(`${paint('dim', stamp())}    ${paint('cyan', text.slice(0, (process.stdout.columns ?? 120) - 14))}`);
        drawn = true;
      } else if (world.clock.monotonic() - lastPlain >= plainEvery) {
        lastPlain = world.clock.monotonic();
        line(`${stamp()}    ${text}`);
      }
    },
    close: clear,
  };
}
