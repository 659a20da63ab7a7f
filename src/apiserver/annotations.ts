// Notes that the stages of the chain leave on a request for the audit log.
import type { Context } from './chain.ts';

/** Adds a note; the first word on a key stands. */
export function annotate(ctx: Context, key: string, value: string): void {
  const notes = (ctx.annotations ??= new Map());
  if (!notes.has(key)) notes.set(key, value);
}
