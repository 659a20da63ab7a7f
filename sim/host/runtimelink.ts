// The connection between an agent and its machine's runtime: when the agent's process is dead, nothing passes any more.
import type { RuntimeEvent } from '#agent/runtime.ts';
import type { SimRuntime } from '#agent/sim/runtime.ts';
import { never, type Process } from './process.ts';

async function* whileAlive(events: AsyncIterable<RuntimeEvent>, process: Process): AsyncGenerator<RuntimeEvent> {
  for await (const event of events) {
    if (!process.alive) await never();
    yield event;
  }
}

/** The runtime as one process reaches it. What was asked for before the process died is done, but answered to nobody. */
export function connectRuntime(runtime: SimRuntime, process: Process): SimRuntime {
  const through = (call: (...args: readonly unknown[]) => unknown) =>
    function (...args: readonly unknown[]): unknown {
      if (!process.alive) return never();
      const result = call.apply(runtime, args as unknown[]);
      if (!(result instanceof Promise)) return result;
      return result.then(
        (value) => (process.alive ? value : never()),
        (error) => (process.alive ? Promise.reject(error) : never()),
      );
    };
  const calls = Object.entries(runtime).map(([name, call]) => [name, through(call)]);
  return {
    ...(Object.fromEntries(calls) as SimRuntime),
    uses: () => runtime.uses(),
    answers: (address) => runtime.answers(address),
    events: (signal) => whileAlive(runtime.events(signal), process),
  };
}
