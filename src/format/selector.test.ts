import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFieldSelector } from './fieldselector.ts';
import { everything, formatLabelSelector, nothing, parseSelector, selectorOf, selectorOfSet } from './selector.ts';

test('label selectors print as Kubernetes prints them', () => {
  const table: readonly [string, string][] = [
    ['', ''],
    ['a=b', 'a=b'],
    ['a==b', 'a==b'],
    ['b!=c,a=b', 'a=b,b!=c'],
    ['x in (b, a,a)', 'x in (a,b)'],
    ['x notin (a)', 'x notin (a)'],
    ['a', 'a'],
    ['!a', '!a'],
    [' a , !b ', 'a,!b'],
    ['x>1', 'x>1'],
    ['x<1', 'x<1'],
    ['a=', 'a='],
    ['a=,b', 'a=,b'],
    ['x in (,)', 'x in ()'],
    ['x in ()', 'x in ()'],
    ['in=in', 'in=in'],
    ['notin notin (in)', 'notin notin (in)'],
    ['example.com/a=b', 'example.com/a=b'],
  ];
  for (const [text, printed] of table) assert.equal(parseSelector(text).toString(), printed, text);
});

test('bad label selectors are refused in the words of Kubernetes', () => {
  const table: readonly [string, string][] = [
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a=b,', "found '', expected: identifier after ','"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a>b', `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be an integer`],
    ['a==(', "unable to parse requirement: found '(', expected: identifier"],
  ];
  for (const [text, message] of table) assert.throws(() => parseSelector(text), { message }, text);
  assert.throws(
    () => parseSelector('-a'),
    /^SelectorError: unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of/,
  );
  assert.throws(
    () => parseSelector('a=-b'),
    /^SelectorError: unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must be/,
  );
});

test('label selectors match', () => {
  const labels = { app: 'web', tier: 'front', n: '5' };
  const table: readonly [string, boolean][] = [
    ['', true],
    ['app=web', true],
    ['app=api', false],
    ['app!=api', true],
    ['missing!=x', true],
    ['app in (web,api)', true],
    ['app notin (web)', false],
    ['missing notin (web)', true],
    ['app', true],
    ['!app', false],
    ['!missing', true],
    ['n>4', true],
    ['n>5', false],
    ['n<6', true],
    ['app>1', false],
    ['toString', false],
    ['app=web,tier=back', false],
  ];
  for (const [text, expected] of table) assert.equal(parseSelector(text).matches(labels), expected, text);
  assert.equal(parseSelector('a').matches(undefined), false);
});

test('selector objects', () => {
  assert.equal(selectorOf(undefined), nothing);
  assert.equal(selectorOf(undefined).matches({}), false);
  assert.equal(selectorOf({}), everything);
  const object = {
    matchLabels: { tier: 'x', app: 'y' },
    matchExpressions: [
      { key: 'e', operator: 'In', values: ['b', 'a'] },
      { key: 'f', operator: 'DoesNotExist' },
    ],
  };
  assert.equal(selectorOf(object).toString(), 'app=y,e in (a,b),!f,tier=x');
  assert.equal(formatLabelSelector(object), 'app=y,e in (a,b),!f,tier=x');
  assert.equal(formatLabelSelector(undefined), '<none>');
  assert.throws(() => selectorOf({ matchExpressions: [{ key: 'a', operator: 'Like' }] }), {
    message: '"Like" is not a valid label selector operator',
  });
  assert.equal(selectorOfSet({ b: '1', a: '2' }).toString(), 'a=2,b=1');
  assert.equal(selectorOfSet(undefined).empty, true);
});

test('the printed selector selects the same', () => {
  const word = fc.constantFrom('a', 'b', 'in', 'notin', 'x.y/z', 'A_1');
  const requirement = fc.oneof(
    word,
    word.map((key) => `!${key}`),
    fc.tuple(word, fc.constantFrom('=', '==', '!='), fc.constantFrom('a', 'b', '')).map((parts) => parts.join('')),
    fc
      .tuple(word, fc.constantFrom(' in ', ' notin '), fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }))
      .map(([k, o, v]) => `${k}${o}(${v.join(',')})`),
  );
  const labels = fc.dictionary(word, fc.constantFrom('a', 'b', 'c', ''));
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), labels, (requirements, set) => {
      const selector = parseSelector(requirements.join(','));
      const again = parseSelector(selector.toString());
      assert.equal(again.toString(), selector.toString());
      assert.equal(again.matches(set), selector.matches(set));
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('field selectors', () => {
  const selector = parseFieldSelector('status.phase!=Running,metadata.name==a\\,b\\=c\\\\');
  assert.equal(selector.toString(), 'metadata.name=a\\,b\\=c\\\\,status.phase!=Running');
  assert.equal(selector.exact('metadata.name'), 'a,b=c\\');
  assert.equal(selector.exact('status.phase'), undefined);
  assert.equal(selector.matches({ 'metadata.name': 'a,b=c\\' }), true);
  assert.equal(selector.matches({ 'metadata.name': 'a,b=c\\', 'status.phase': 'Running' }), false);
  assert.equal(parseFieldSelector('').empty, true);
  assert.equal(parseFieldSelector('spec.nodeName=').matches({}), true);
  assert.throws(() => parseFieldSelector('a=b,c'), { message: "invalid selector: 'a=b,c'; can't understand 'c'" });
  assert.throws(() => parseFieldSelector('a=b=c'), { message: 'invalid field selector: unescaped character in value: 61' });
  assert.throws(() => parseFieldSelector('a=\\x'), { message: 'invalid field selector: invalid escape sequence: \\x' });
});
