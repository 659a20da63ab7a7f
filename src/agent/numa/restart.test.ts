// What pods have outlives the agent: nothing of it is judged anew, moved or given to somebody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machine, pod, resource } from './testmachine.ts';

const refusal = { reason: 'TopologyAffinityError' };
/** What an agent keeps on the disk. */
const kept = ['/cpus', '/memory', '/devices/allocations.json'];

for (const policy of ['single-numa-node', 'restricted'] as const) {
  for (const scope of ['container', 'pod'] as const) {
    const config = { policy, scope };

    test(`${policy}, ${scope}: after a restart every pod has exactly what it had`, async () => {
      const before = await machine(2, config);
      const wishes = [
        { cpu: '2', memory: '5Gi', cards: 1 },
        { cpu: '1', memory: '1Gi' },
      ];
      const first = pod('first', ...wishes);
      const second = pod('second', { cpu: '3', memory: '6Gi', cards: 1 });
      await before.topology.admit(first);
      await before.topology.admit(second);
      const had = [before.has(first), before.has(first, 'c1'), before.has(second)];
      assert.deepEqual(had.slice(0, 2), ['1-2 0 card-0', '3 0 none']);
      assert.match(had[2] ?? '', /^4-6 1 (card-1|spare)$/);

      const after = await machine(2, config, before.files);
      const now = (): string[] => [after.has(first), after.has(first, 'c1'), after.has(second)];
      assert.deepEqual(now(), had);
      await after.topology.retain(() => true);
      await after.topology.admit(second);
      await after.topology.admit(first);
      assert.deepEqual(now(), had);
      assert.equal(after.topology.errors, 0);
      for (const file of kept) assert.equal(after.files.get(file), before.files.get(file));
      // The plugin has not come back: nothing can be given, but who has something may come in once more.
      assert.equal(after.devices.resources().allocatable[resource], '0');
      assert.equal(after.devices.admissible()[resource], '2');
      await assert.rejects(after.topology.admit(pod('hasty', { cpu: '1', memory: '1Gi', cards: 1 })), {
        reason: 'UnexpectedAdmissionError',
        message: /requested number of devices unavailable for example.com\/card. Requested: 1, Available: 0,/,
      });
      await after.topology.forget('hasty');
      // It comes back, and a card that somebody has does not work any more.
      await after.plugIn(['card-0']);
      assert.equal(after.devices.admissible()[resource], '2');
      assert.deepEqual(now(), had);
      // The same wishes, judged anew, are refused: nodes 0 and 1 have one processor left between them.
      await assert.rejects(after.topology.admit(pod('newcomer', ...wishes)), refusal);
      await after.topology.forget('newcomer');
      const small = pod('small', { cpu: '1', memory: '1Gi', cards: 1 });
      await after.topology.admit(small);
      assert.deepEqual([after.has(small), ...now()], ['7 1 ' + ((had[2] ?? '').endsWith('spare') ? 'card-1' : 'spare'), ...had]);
    });

    test(`${policy}, ${scope}: a pod that an earlier life had half equipped gets the rest beside it`, async () => {
      const before = await machine(2, config);
      await before.topology.admit(pod('other', { cpu: '1', memory: '1Gi', cards: 1 }));
      const wish = { cpu: '1', memory: '1Gi', cards: 1 };
      // The life ended after the first container.
      await before.topology.admit(pod('half', wish));
      const half = pod('half', wish, wish);
      const had = before.has(half);
      assert.match(had, /^4 1 (card-1|spare)$/);
      const after = await machine(2, config, before.files);
      await after.plugIn();
      await after.topology.admit(half);
      assert.equal(after.has(half), had);
      assert.equal(after.has(half, 'c1'), `5 1 ${had.endsWith('spare') ? 'card-1' : 'spare'}`);
    });
  }
}

test('what pods have left that are gone is free after a restart, before anybody is judged', async () => {
  const config = { policy: 'single-numa-node', scope: 'container' } as const;
  const before = await machine(2, config);
  await before.topology.admit(pod('gone', { cpu: '3', memory: '6Gi', cards: 1 }));
  await before.topology.admit(pod('there', { cpu: '4', memory: '6Gi', cards: 2 }));
  const after = await machine(2, config, before.files);
  await after.plugIn();
  const next = pod('next', { cpu: '3', memory: '6Gi', cards: 1 });
  // Both at once, as at a start.
  await Promise.all([after.topology.retain((uid) => uid === 'there'), after.topology.admit(next)]);
  assert.equal(after.has(next), '1-3 0 card-0');
  assert.equal(after.has(pod('there')), '4-7 1 card-1+spare');
});
