// Flags that name files: a detached process is elsewhere, so they must be named absolutely.
import { resolve } from 'node:path';

/** The flags and the arguments with the paths of these flags made absolute. */
export function absoluteFlags<F extends object>(
  flags: F,
  args: readonly string[],
  names: readonly (keyof F & string)[],
): { flags: F; args: readonly string[] } {
  let found = { flags, args };
  for (const key of names) {
    const given = flags[key];
    if (typeof given !== 'string') continue;
    const path = resolve(given);
    const name = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    found = {
      flags: { ...found.flags, [key]: path },
      args: found.args.map((arg, index) =>
        arg === given && found.args[index - 1] === name ? path : arg === `${name}=${given}` ? `${name}=${path}` : arg,
      ),
    };
  }
  return found;
}
