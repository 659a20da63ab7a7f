import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExact, parseJson, parseJsonStrict } from './json.ts';
import { parseYaml, toYaml } from './yaml.ts';

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const readers = { parseJson, parseExact, strict: (text: string) => parseJsonStrict(text).value };

test('whole numbers of 64 bits keep their digits', () => {
  const property = fc.property(long, (value) => {
    const text = `{"a":[${value}],"b":{"c": ${value} }}`;
    for (const [name, read] of Object.entries(readers)) {
      const found = read(text) as { a: unknown[] };
      assert.equal(JSON.stringify(found), text.replaceAll(' ', ''), name);
      assert.equal(typeof found.a[0], Number.isSafeInteger(Number(value)) ? 'number' : 'bigint');
    }
    assert.equal(toYaml(parseJson(text)), `a:\n- ${value}\nb:\n  c: ${value}\n`);
    assert.deepEqual(parseYaml(toYaml(parseJson(text))), parseJson(text));
  });
  fc.assert(property, { examples: [[2n ** 53n], [2n ** 53n - 1n], [-(2n ** 53n)], [2n ** 63n - 1n], [-(2n ** 63n)], [10n ** 16n]] });
});

test('all other numbers are floating, as in Go', () => {
  for (const [text, wanted] of [
    ['9223372036854775808', '9223372036854776000'],
    ['-9223372036854775809', '-9223372036854776000'],
    ['18446744073709551616', '18446744073709552000'],
    ['9007199254740993.0', '9007199254740992'],
    ['9007199254740993e0', '9007199254740992'],
    ['1e16', '10000000000000000'],
    ['123456789012345678901234567890', '1.2345678901234568e+29'],
  ] as const) {
    for (const read of Object.values(readers)) {
      assert.equal(JSON.stringify(read(text)), wanted, text);
      assert.equal(JSON.stringify(read(`[1,${text}]`)), `[1,${wanted}]`, text);
    }
  }
  for (const read of [parseJson, readers.strict]) assert.throws(() => read(`[${'9'.repeat(400)}]`), /cannot unmarshal number 9+ into/);
  assert.throws(() => parseJson('[09007199254740993]'));
});

test('digits in texts are left alone', () => {
  const texts = ['9007199254740993', ':9007199254740993,', '{"a":9007199254740993}', '[ 9007199254740993'];
  assert.deepEqual(parseJson(JSON.stringify(texts)), texts);
  assert.deepEqual(parseYaml(toYaml(texts)), texts);
});

test('documents of any shape are read as they were written', () => {
  const value = fc.letrec((tie) => ({
    leaf: fc.oneof(
      long.filter((n) => !Number.isSafeInteger(Number(n))),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
      fc.string(),
      fc.constant(null),
      fc.boolean(),
    ),
    node: fc.oneof(
      { depthSize: 'small' },
      tie('leaf'),
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(value, (document) => {
      const text = JSON.stringify(document);
      for (const [name, read] of Object.entries(readers)) assert.equal(JSON.stringify(read(text)), text, name);
    }),
  );
});
