// A store as simple as can be, to compare the engines with: every revision is a whole map.
import type { Compare, Operation } from '#store/kv.ts';

export interface ModelEntry {
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
}

export type ModelState = ReadonlyMap<string, ModelEntry>;

export class Model {
  readonly states = new Map<number, ModelState>([[1, new Map()]]);
  revision = 1;
  compacted = 0;

  get newest(): ModelState {
    return this.states.get(this.revision) ?? new Map();
  }

  txn(compare: readonly Compare[], operations: readonly Operation[]): boolean {
    const state = new Map(this.newest);
    for (const guard of compare) if ((state.get(guard.key)?.mod ?? 0) !== guard.modRevision) return false;
    const revision = this.revision + 1;
    let changed = false;
    for (const operation of operations) {
      const before = state.get(operation.key);
      if (operation.type === 'delete') {
        changed = state.delete(operation.key) || changed;
        continue;
      }
      changed = true;
      const value = Buffer.from(operation.value).toString();
      state.set(operation.key, { value, create: before?.create ?? revision, mod: revision, version: (before?.version ?? 0) + 1 });
    }
    if (changed) {
      this.revision = revision;
      this.states.set(revision, state);
    }
    return true;
  }

  /** Lines such as `put /a=1` or `delete /a` of one revision, sorted. */
  events(revision: number, prefix: string): string[] {
    const before = this.states.get(revision - 1) ?? new Map<string, ModelEntry>();
    const after = this.states.get(revision) ?? new Map<string, ModelEntry>();
    const lines: string[] = [];
    for (const [key, entry] of after) if (key.startsWith(prefix) && entry.mod === revision) lines.push(`put ${key}=${entry.value}`);
    for (const key of before.keys()) if (key.startsWith(prefix) && !after.has(key)) lines.push(`delete ${key}`);
    return lines.sort();
  }
}
