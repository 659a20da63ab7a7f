import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Front } from './front.ts';
import { arrange, programme, RuleState } from './rules.ts';

const front = (over: Partial<Front> = {}): Front => ({
  kind: 'cluster',
  family: 'ip',
  address: '10.96.0.10',
  protocol: 'tcp',
  port: 80,
  backends: [{ address: '10.244.0.2', port: 8080 }],
  masquerade: true,
  ready: new Set(['10.244.0.2']),
  ...over,
});
const backends = (...last: number[]): Front['backends'] => last.map((n) => ({ address: `10.244.0.${n}`, port: 8080 }));
const config = { table: 'tutti', podRanges: { ip: '10.244.0.0/16' } };

test('arrange keeps indices dense and moves as few backends as possible', () => {
  assert.deepEqual(arrange(['a', 'b', 'c'], ['a', 'b', 'c']), ['a', 'b', 'c']);
  assert.deepEqual(arrange(['a', 'b', 'c'], ['b', 'c']), ['c', 'b']);
  assert.deepEqual(arrange(['a', 'b', 'c'], ['a', 'c', 'd']), ['a', 'd', 'c']);
  assert.deepEqual(arrange(['a'], []), []);
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 12 })), fc.uniqueArray(fc.integer({ min: 0, max: 12 })), (before, after) => {
      const result = arrange(before.map(String), after.map(String));
      assert.deepEqual(result.toSorted(), after.map(String).toSorted());
      const stayed = result.filter((key, index) => before[index] === Number(key)).length;
      const common = after.filter((key) => before.indexOf(key) >= 0 && before.indexOf(key) < after.length).length;
      assert.equal(stayed, common);
    }),
    { seed: 11, numRuns: 500 },
  );
});

test('an affinity backend keeps its slot while others come and go', () => {
  const first = programme(undefined, front({ affinity: 60, backends: backends(2, 3) }));
  const second = programme(first, front({ affinity: 60, backends: backends(3, 4) }));
  assert.equal(second.slots.get('10.244.0.3 . 8080'), first.slots.get('10.244.0.3 . 8080'));
  assert.equal(second.slots.get('10.244.0.4 . 8080'), 2);
});

test('a change sends only the elements that differ', () => {
  const state = new RuleState(config, 'ip');
  const added = state.change([], [front({ backends: backends(2, 3) })]);
  assert.match(added, /add chain ip tutti pick2/);
  assert.match(added, /add element ip tutti svc \{ 10\.96\.0\.10 \. tcp \. 80 : goto pick2 \}/);
  const removed = state.change([], [front({ backends: backends(3) })]);
  assert.match(removed, /delete element ip tutti eps \{ 10\.96\.0\.10 \. tcp \. 80 \. 0, 10\.96\.0\.10 \. tcp \. 80 \. 1 \}/);
  assert.match(removed, /add element ip tutti eps \{ 10\.96\.0\.10 \. tcp \. 80 \. 0 : 10\.244\.0\.3 \. 8080 \}/);
  assert.doesNotMatch(removed, /service-ips/);
  assert.equal(state.change([], [front({ backends: backends(3) })]), '');
});

test('a Service without backends keeps its address refused; elements that two fronts share go with the last', () => {
  const state = new RuleState(config, 'ip');
  state.change([], [front({ port: 80 }), front({ port: 81 })]);
  const first = state.change(['ip 10.96.0.10 tcp 80'], []);
  assert.doesNotMatch(first, /service-ips|hairpin/);
  const empty = state.change([], [front({ port: 81, backends: [] })]);
  assert.match(empty, /delete element ip tutti hairpin/);
  assert.doesNotMatch(empty, /service-ips/);
  assert.match(state.change(['ip 10.96.0.10 tcp 81'], []), /delete element ip tutti service-ips \{ 10\.96\.0\.10 \}/);
});
