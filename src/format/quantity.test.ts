import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  quantityFloat,
  quantityMilli,
  quantityValue,
  roundUpToMilli,
  subQuantity,
} from './quantity.ts';

test('quantities take their canonical form', () => {
  const table: readonly [string | number, string][] = [
    ['0', '0'],
    ['0m', '0'],
    ['-0', '0'],
    ['0.5', '500m'],
    [0.5, '500m'],
    [2, '2'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1024Mi', '1Gi'],
    ['1024Ki', '1Mi'],
    ['1023Ki', '1023Ki'],
    ['1Ki', '1Ki'],
    ['1024', '1024'],
    ['512Ki', '512Ki'],
    ['0.5Gi', '512Mi'],
    ['0.5Ki', '512'],
    ['1.5Gi', '1536Mi'],
    ['0.0001Ki', '102400u'],
    ['1.1Ki', '1126400m'],
    ['1000', '1k'],
    ['1000k', '1M'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['12e4', '120e3'],
    ['1e0', '1'],
    ['100e-3', '100e-3'],
    ['1e6', '1e6'],
    ['1E', '1E'],
    ['1000E', '1000E'],
    ['0.1n', '1n'],
    ['1.00000000001', '1000000001n'],
    ['-0.1n', '-1n'],
    ['+5', '5'],
    ['.5', '500m'],
    ['5.', '5'],
    ['007', '7'],
    ['-1', '-1'],
    ['-1500m', '-1500m'],
    ['9223372036854775807', '9223372036854775807'],
    ['16Ei', '9223372036854775807'],
    ['100000000000000000000', '100E'],
    ['4Ti', '4Ti'],
    ['1e-1000', '1e-9'],
    ['0.000001', '1u'],
    ['128974848', '128974848'],
    ['123Mi', '123Mi'],
    ['129e6', '129e6'],
    ['129M', '129M'],
    ['1n', '1n'],
    ['1u', '1u'],
  ];
  for (const [text, expected] of table) assert.equal(canonicalQuantity(text), expected, String(text));
});

test('what is no quantity is refused in the words of Kubernetes', () => {
  const format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  const table: readonly [string, string][] = [
    ['', format],
    ['abc', format],
    ['1 Gi', format],
    ['1.2.3', format],
    ['1Gib', format],
    ['1K', "unable to parse quantity's suffix"],
    ['1mi', "unable to parse quantity's suffix"],
    ['1kk', "unable to parse quantity's suffix"],
    ['1e99999', "unable to parse quantity's suffix"],
    ['--1', "unable to parse quantity's suffix"],
    ['1i', "unable to parse quantity's suffix"],
  ];
  for (const [text, message] of table) assert.throws(() => parseQuantity(text), { message }, text);
});

test('numbers are rounded up', () => {
  assert.equal(quantityMilli('100m'), 100);
  assert.equal(quantityMilli('1u'), 1);
  assert.equal(quantityMilli('1.0001'), 1001);
  assert.equal(quantityValue('100m'), 1);
  assert.equal(quantityValue('1Gi'), 1073741824);
  assert.equal(quantityValue('-100m'), -1);
  assert.equal(quantityFloat('250m'), 0.25);
  assert.equal(roundUpToMilli('1.0001'), '1001m');
  assert.equal(roundUpToMilli('0.5'), '500m');
});

test('arithmetic keeps the format of the left side unless it is zero', () => {
  assert.equal(addQuantity('1Gi', '1G'), '2073741824');
  assert.equal(addQuantity('0', '1Gi'), '1Gi');
  assert.equal(addQuantity('500m', '500m'), '1');
  assert.equal(subQuantity('2Gi', '1Gi'), '1Gi');
  assert.equal(subQuantity('1', '250m'), '750m');
  assert.equal(compareQuantity('1Gi', '1024Mi'), 0);
  assert.ok(compareQuantity('1', '999m') > 0);
});

test('canonical texts are fixed points and lose nothing', () => {
  const text = fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      fc.nat(1e9),
      fc.option(fc.nat(1e9)),
      fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'e3', 'e-2'),
    )
    .map(([sign, whole, part, suffix]) => `${sign}${whole}${part === null ? '' : `.${part}`}${suffix}`);
  fc.assert(
    fc.property(text, (value) => {
      const canonical = canonicalQuantity(value);
      assert.equal(parseQuantity(canonical).nano, parseQuantity(value).nano);
      assert.equal(formatQuantity(parseQuantity(canonical)), canonical);
      assert.equal(subQuantity(addQuantity(value, '1'), '1') === '0', parseQuantity(value).nano === 0n);
    }),
    { seed: 7, numRuns: 300 },
  );
});
