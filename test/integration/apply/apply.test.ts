// Plays every scenario against a whole API server in memory. Each request is a second later than the one before.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rfc3339 } from '#base/clock.ts';
import { createWorld } from '#host/world.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { establish } from '../../support/definitions.ts';
import { things } from './kinds.ts';
import * as bookkeeping from './bookkeeping.ts';
import * as builtin from './builtin.ts';
import * as leaves from './leaves.ts';
import * as lists from './lists.ts';
import * as parts from './parts.ts';
import * as subresources from './subresources.ts';
import * as workloads from './workloads.ts';
import { Run, type Scenarios } from './script.ts';

const tables: Readonly<Record<string, Scenarios>> = {
  ...leaves,
  ...parts,
  ...lists,
  ...builtin,
  ...workloads,
  ...bookkeeping,
  ...subresources,
};

describe('apply', () => {
  let api: TestApi;
  let tick: () => string;
  before(async () => {
    const world = createWorld({ logLevel: 'warn' });
    let at = Date.UTC(2026, 0, 1);
    api = await startTestApi({ world: { ...world, clock: { ...world.clock, now: () => at } } });
    tick = () => rfc3339((at += 1_000));
    await establish(api.client, things);
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  let count = 0;
  for (const [about, table] of Object.entries(tables)) {
    describe(about, () => {
      for (const [name, [kind, ...steps]] of Object.entries(table)) {
        const id = `s${++count}`;
        it(name, async () => {
          await new Run(api, kind, { name: id, tick }).play(steps);
        });
      }
    });
  }

  it('are two hundred and more', () => {
    const all = Object.values(tables).flatMap((table) => Object.keys(table));
    assert.ok(all.length >= 200, String(all.length));
  });
});
