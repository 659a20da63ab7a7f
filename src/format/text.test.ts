import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { formatDuration, formatDurationNanos, parseDuration, parseDurationNanos } from './duration.ts';
import { humanDuration } from './humanduration.ts';
import { scaledIntOrPercent } from './intorstring.ts';
import { parseJson, parseJsonStrict } from './json.ts';
import { sameJson } from './own.ts';
import { parseYaml, parseYamlAll, parseYamlStrict, toYaml } from './yaml.ts';

test('JSON errors read as in Go', () => {
  const table: readonly [string, string][] = [
    ['', 'unexpected end of JSON input'],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['01', "invalid character '1' after top-level value"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['['.repeat(1001), 'exceeded max depth'],
    [`${'[{"a":'.repeat(501)}`, 'exceeded max depth'],
    ['{"a":1e400}', 'json: cannot unmarshal number 1e400 into Go value of type float64'],
    ['[0, -1.5E+999]', 'json: cannot unmarshal number -1.5E+999 into Go value of type float64'],
    ['1e400', 'json: cannot unmarshal number 1e400 into Go value of type float64'],
  ];
  for (const [text, message] of table) assert.throws(() => parseJson(text), { name: 'JsonError', message }, text.slice(0, 20));
});

test('JSON keys said twice are named by path; __proto__ is a key like others', () => {
  const strict = parseJsonStrict('{"a":1,"b":[{"c":1,"c":2}],"a":2,"__proto__":{"x":1}}');
  assert.deepEqual(strict.duplicates, ['b[0].c', 'a']);
  assert.equal(Object.hasOwn(strict.value as object, '__proto__'), true);
  assert.equal(Object.getPrototypeOf(strict.value), Object.prototype);
  assert.equal(parseJson('"\\ud800"'), '\ufffd');
  // What looks like an immense number, and many braces, are none of it in a text.
  assert.deepEqual(parseJson('{"uid":"1e400-9E999"}'), { uid: '1e400-9E999' });
  assert.deepEqual(parseJson(`"${'{['.repeat(600)}"`), '{['.repeat(600));
  assert.deepEqual(parseJson(Buffer.from([0x22, 0xff, 0x22])), '\ufffd');
});

test('the strict scanner reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, null, 1);
      const strict = parseJsonStrict(text).value;
      // Large whole numbers are BigInts here; as JSON they are the same.
      assert.equal(JSON.stringify(strict), JSON.stringify(JSON.parse(text)));
      assert.equal(sameJson(parseJson(text), strict), true);
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('YAML scalars mean what go-yaml v2 says', () => {
  const text =
    'a: yes\nb: 0644\nc: "yes"\nd: [1_000, 0x1f, 1e3, 08, ~, .5, 2024-01-01, 1:30, 0o17, -0b11]\non: n\n1: 2\nj: !!str 123\nm: "0"\n';
  assert.deepEqual(parseYaml(text), {
    a: true,
    b: 420,
    c: 'yes',
    d: [1000, 31, 1000, 8, null, 0.5, '2024-01-01', '1:30', 15, -3],
    true: false,
    '1': 2,
    j: '123',
    m: '0',
  });
  assert.deepEqual(parseYaml('e: &x {k: v, l: w}\ng: {<<: *x, l: own}\n'), { e: { k: 'v', l: 'w' }, g: { k: 'v', l: 'own' } });
  assert.deepEqual(parseYamlAll('---\na: 1\n---\n# nothing\n---\nb: 2\n...\n'), [{ a: 1 }, { b: 2 }]);
  assert.equal(parseYaml(''), null);
});

test('YAML keys said twice', () => {
  const { value, duplicates } = parseYamlStrict('a: 1\nb:\n  c: 1\n  c: 2\na: 2\n');
  assert.deepEqual(value, { a: 2, b: { c: 2 } });
  assert.deepEqual(duplicates, ['line 4: key "c" already set in map', 'line 5: key "a" already set in map']);
});

test('bad YAML is refused, and so are bombs', () => {
  for (const text of ['a: b: c', '\ta: 1', 'a: *x', '{', 'a: .inf', '{a: 1}: 2', '[['.repeat(600)])
    assert.throws(() => parseYaml(text), { name: 'YamlError', message: /^error converting YAML to JSON: yaml: / }, text);
  let bomb = 'a0: &a0 [x,x,x,x,x,x,x,x,x]\n';
  for (let i = 1; i < 9; i++)
    bomb += `a${i}: &a${i} [${Array(9)
      .fill(`*a${i - 1}`)
      .join(',')}]\n`;
  assert.throws(() => parseYaml(bomb), { message: 'error converting YAML to JSON: yaml: document contains excessive aliasing' });
});

test('written YAML reads back the same, and looks like kubectl', () => {
  assert.equal(
    toYaml({ b: [{ z: '1', a: 'yes' }, []], a: { m: 'x\ny\n', t: '2024-01-01T00:00:00Z', e: '', n: 'n' } }),
    'a:\n  e: ""\n  m: |\n    x\n    "y"\n'.replace('"y"', 'y') +
      '  "n": "n"\n  t: "2024-01-01T00:00:00Z"\nb:\n- a: "yes"\n  z: "1"\n- []\n',
  );
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'yes',
      '0x1',
      '1_0',
      '<<',
      'a: b',
      '- x',
      '# c',
      '2024-01-01',
      '.5',
      'null',
      '~',
      'x\ny\n\n',
      ' lead',
      'trail ',
      "it's",
    ),
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      word,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(word, tie('node'), { maxKeys: 3 }),
    ),
  })).node;
  fc.assert(
    fc.property(value, (given) => {
      const normal = JSON.parse(JSON.stringify(given)) as unknown;
      assert.equal(sameJson(parseYaml(toYaml(normal)), normal), true);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('durations', () => {
  const table: readonly [string, number, string][] = [
    ['0', 0, '0s'],
    ['1h30m', 5_400_000, '1h30m0s'],
    ['1.5s', 1500, '1.5s'],
    ['100ms', 100, '100ms'],
    ['-1m', -60_000, '-1m0s'],
    ['2us', 0.002, '2µs'],
    ['1h0.5s', 3_600_500, '1h0m0.5s'],
  ];
  for (const [text, milliseconds, printed] of table) {
    assert.equal(parseDuration(text), milliseconds, text);
    assert.equal(formatDuration(milliseconds), printed);
    assert.equal(formatDurationNanos(parseDurationNanos(text)), printed);
  }
  assert.throws(() => parseDuration('1'), { message: 'time: missing unit in duration "1"' });
  assert.throws(() => parseDuration('1y'), { message: 'time: unknown unit "y" in duration "1y"' });
  assert.throws(() => parseDuration('x'), { message: 'time: invalid duration "x"' });
});

test('ages', () => {
  const s = 1000;
  const m = 60 * s;
  const h = 60 * m;
  const d = 24 * h;
  const table: readonly [number, string][] = [
    [-5 * s, '<invalid>'],
    [-s / 2, '0s'],
    [0, '0s'],
    [119 * s, '119s'],
    [120 * s, '2m'],
    [125 * s, '2m5s'],
    [10 * m + 5 * s, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [3 * h + 5 * m, '3h5m'],
    [8 * h + 5 * m, '8h'],
    [47 * h, '47h'],
    [48 * h, '2d'],
    [49 * h, '2d1h'],
    [8 * d + h, '8d'],
    [729 * d, '729d'],
    [730 * d, '2y'],
    [731 * d, '2y1d'],
    [8 * 365 * d + d, '8y'],
  ];
  for (const [milliseconds, text] of table) assert.equal(humanDuration(milliseconds), text);
});

test('percentages', () => {
  assert.equal(scaledIntOrPercent('25%', 10, 'up'), 3);
  assert.equal(scaledIntOrPercent('25%', 10, 'down'), 2);
  assert.equal(scaledIntOrPercent(7, 10, 'down'), 7);
  assert.throws(() => scaledIntOrPercent('x', 10, 'down'), {
    message: 'invalid value for IntOrString: invalid type: string is not a percentage',
  });
});

test('base64', () => {
  assert.equal(decodeBase64('aGk=')?.toString(), 'hi');
  assert.equal(decodeBase64('aGk'), undefined);
  assert.equal(decodeBase64('a-_='), undefined);
  assert.equal(encodeBase64('hi'), 'aGk=');
});
