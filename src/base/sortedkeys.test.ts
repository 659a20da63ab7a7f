// Ordered keys beside a plain sorted array.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from './seeded.ts';
import { SortedKeys } from './sortedkeys.ts';

test('random additions and deletions', () => {
  const random = seededRandom(7);
  const keys = new SortedKeys();
  const plain = new Set<string>();
  const some = (): string => `k${Math.floor(random.next() * 6000)}`;
  for (let round = 0; round < 20_000; round++) {
    // Grows at first, shrinks to nothing at the end.
    const key = some();
    if (random.next() < (round < 10_000 ? 0.8 : 0.1)) {
      if (!plain.has(key)) keys.add(key);
      plain.add(key);
    } else {
      keys.delete(key);
      plain.delete(key);
    }
    if (round % 1000 !== 0) continue;
    const sorted = [...plain].toSorted();
    const from = some();
    assert.deepEqual(
      [...keys.from(from)],
      sorted.filter((one) => one >= from),
    );
    assert.equal(keys.before(from), sorted.filter((one) => one < from).length);
  }
  for (const key of plain) keys.delete(key);
  assert.deepEqual([...keys.from('')], []);
  keys.add('again');
  assert.deepEqual([...keys.from('')], ['again']);
});

test('keys in order, loaded or added one by one', () => {
  const ordered = Array.from({ length: 5000 }, (_, i) => `k${String(i).padStart(5, '0')}`);
  const loaded = SortedKeys.from(ordered);
  const grown = new SortedKeys();
  for (const key of ordered) grown.add(key);
  for (const keys of [loaded, grown]) {
    assert.deepEqual([...keys.from('')], ordered);
    assert.equal(keys.before('k02500'), 2500);
    assert.equal(keys.before('\uffff'), 5000);
    assert.equal(keys.before(''), 0);
  }
  assert.deepEqual([...SortedKeys.from([]).from('')], []);
});

test('what changes while it is read', () => {
  const keys = SortedKeys.from(Array.from({ length: 3000 }, (_, i) => `k${String(i).padStart(5, '0')}`));
  const seen: string[] = [];
  for (const key of keys.from('k00100')) {
    seen.push(key);
    // What was read, what is read, and what comes next goes; others come before and behind.
    if (key === 'k00500') for (const gone of ['k00100', 'k00500', 'k00501']) keys.delete(gone);
    if (key === 'k00600') for (let i = 0; i < 1500; i++) keys.add(`k00000-${i}`);
    if (key === 'k00700') keys.add('k00700-a');
    if (key === 'k00800') for (let i = 900; i < 2990; i++) keys.delete(`k${String(i).padStart(5, '0')}`);
  }
  const expected = Array.from({ length: 3000 }, (_, i) => i)
    .filter((i) => i >= 100 && i !== 501 && (i < 900 || i >= 2990))
    .map((i) => `k${String(i).padStart(5, '0')}`);
  expected.splice(expected.indexOf('k00700') + 1, 0, 'k00700-a');
  assert.deepEqual(seen, expected);
});
